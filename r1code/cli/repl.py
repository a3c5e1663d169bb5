"""The REPL: `r1code` in a terminal, without a task."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Generator, Mapping
    from contextlib import AbstractContextManager

    from r1code.app.custom import Custom
    from r1code.app.desk import Desk
    from r1code.app.task import Task
    from r1code.app.watching import Watching
    from r1code.app.workshop import Workshop
    from r1code.config import Config
    from r1code.control import Control
    from r1code.repo.git import Git
    from r1code.ui.ask import Person


def repl(options: argparse.Namespace) -> int:
    """Talks with a person until they leave."""
    from argparse import Namespace
    from pathlib import Path

    from r1code.app.folders import state_folder, user_config
    from r1code.cli.first import first_run
    from r1code.config import load_config
    from r1code.events import Notice
    from r1code.ui.repl.commands import COMMANDS
    from r1code.ui.repl.completion import Completions
    from r1code.ui.repl.drafts import Drafts, project_of
    from r1code.ui.repl.facts import Facts
    from r1code.ui.repl.looks import looks_of
    from r1code.ui.repl.painting import Paint, colors_of
    from r1code.ui.repl.question import ScreenPerson
    from r1code.ui.repl.repl import LOCAL, Repl
    from r1code.ui.repl.screen import Screen
    from r1code.ui.repl.typed import Typed
    from r1code.ui.themes import theme_of

    first_run(options)
    # What the project's file says is read later, with git at hand; how this looks is not for it to say.
    config = load_config(flags=vars(options), environ=os.environ, user_file=user_config(), project=None)
    about = {name: command.about for name, command in COMMANDS.items()} | LOCAL
    screen = Screen(
        Paint(colors=colors_of(config.color, os.environ), theme=theme_of(config.theme, os.environ)),
        Facts(
            project=Path(options.folder).resolve().name,
            profile=config.profile or "",
            think=config.think or "",
            mode=options.mode or "act",
        ),
        history=Typed(state_folder() / "typed.jsonl"),
        completer=Completions(about, lambda: screen.paths, lambda: screen.symbols),
        looks=looks_of(config, os.environ),
    )

    def say(text: str) -> None:
        screen.post(Notice(text=text))

    def opened(control: Control, session: str) -> AbstractContextManager[Desk]:
        given = Namespace(**{**vars(options), "continues": session}) if session else options
        return _opened(given, control, ScreenPerson(screen.post), say)

    drafts = Drafts(state_folder() / "drafts", project_of(Path(options.folder)))
    Repl(screen, opened, about, drafts).run()
    return 0


_FOR_TASKS = ("dry_run", "candidates")
"""Settings that a conversation does not follow."""


def _refuse_ignored(options: argparse.Namespace, config: Config, say: Callable[[str], None]) -> None:
    """Raises UsageError for what was asked for now and would be ignored; of the user's file it is only said."""
    from r1code.errors import UsageError

    named = [
        f"--{name.replace('_', '-')}"
        for name in ("worktree", "plan", "output_schema")
        if getattr(options, name, None)
    ]
    wanted = [name for name in _FOR_TASKS if name in config.origins and getattr(config, name)]
    # Who wants nothing changed must not learn by a footnote that it is.
    asked = [name for name in wanted if name == "dry_run" or config.origins[name] == "a flag"]
    named += [f"--{name.replace('_', '-')}" for name in asked]
    if named:
        raise UsageError(
            f"{' and '.join(named)} cannot be used in the REPL",
            why="that is about one task from its start to its end",
            hint="name the task with -p TASK, or leave it out; /plan and /undo are there",
        )
    if wanted:
        say(f"settings for single tasks do not count here: {', '.join(wanted)}")


@contextmanager
def _opened(
    options: argparse.Namespace, control: Control, person: Person, say: Callable[[str], None]
) -> Generator[Desk, None, None]:
    """The session of a conversation, while the block runs. Raises R1CodeError."""
    from contextlib import ExitStack, closing
    from functools import partial
    from pathlib import Path

    from r1code.app.around import Around
    from r1code.app.desk import Desk
    from r1code.app.diary import Diary, check_files
    from r1code.app.folders import state_folder
    from r1code.app.ran import Runs
    from r1code.app.traces import traced
    from r1code.app.workshop import Workshop
    from r1code.budget import Meter
    from r1code.cli.git import commits_after_turns
    from r1code.cli.rules import consent
    from r1code.config import DETECTED
    from r1code.repair.conversation import Conversation, Terms
    from r1code.ui.ask import Choice
    from r1code.ui.repl.asking import Asking
    from r1code.ui.truster import ask_trust

    wanted = _configured(options, control, person, say)
    git, config = wanted.git, wanted.config
    check_files(config, git)
    approver = consent(config, control, json=False, person=person)
    workshop = Workshop(git, config, wanted.task, state=state_folder(), say=say, approver=approver)
    if config.sandbox == "docker":
        from r1code.app.sandboxes import prune_containers
        from r1code.cli.sandbox import image_of

        # What a killed r1code left behind goes now; and without an engine nothing is started.
        prune_containers(state_folder(), control)
        workshop.image = image_of(git, config, say, control, person=person)
    with traced(config, say), workshop.opened(control):
        if (bound := workshop.bound) is not None:
            say(f"each turn: {bound}")
        terms = Terms(command=config.test, found=config.origins.get("test") == DETECTED)
        talk = Conversation(
            workshop,
            workshop.session,
            terms,
            meter=lambda: Meter(workshop.budget),
            seed=config.seed,
            after=commits_after_turns(workshop, config, say),
        )

        def ask(title: str, detail: str, choices: Mapping[str, str], control: Control) -> str:
            return person.ask(title, detail, [Choice(*pair) for pair in choices.items()], control, deny="")

        around = Around(
            git=git,
            state=state_folder(),
            say=say,
            ask=ask,
            trusts=partial(ask_trust, person=person),
            trusted=options.trust,
        )
        with closing(talk), ExitStack() as stack:
            desk = Desk(workshop, talk, around, config=config)
            asking = Asking(person)
            desk.runs = Runs(workshop, talk, asking.agrees)
            talk.asks = asking.chosen
            if config.log_file is not None:
                desk.diary = stack.enter_context(closing(Diary(Path(config.log_file))))
            desk.customs = _customs(wanted.offered, say)
            with _watched(desk, _watching(git, workshop, say) if wanted.watches else None, control, say):
                yield desk


def _watching(git: Git, workshop: Workshop, say: Callable[[str], None]) -> Watching:
    from r1code.app.watching import Watching

    return Watching(git, workshop.tree, say)


@contextmanager
def _watched(
    desk: Desk, watching: Watching | None, control: Control, say: Callable[[str], None]
) -> Generator[None, None, None]:
    """While the block runs, comments in files can start turns. Raises UsageError and Cancelled."""
    from contextlib import closing

    if watching is None:
        yield
        return
    with closing(watching):
        watching.begin(control)
        desk.watching = watching
        say("watching: a comment that ends with AI! is done, one with AI? answered, when you save its file")
        yield


def _customs(offered: Mapping[str, bytes], say: Callable[[str], None]) -> Mapping[str, Custom]:
    """The commands of people's own, by name; what is wrong with them is said."""
    from r1code.app.custom import read_commands, user_files
    from r1code.app.folders import user_commands
    from r1code.ui.repl.commands import COMMANDS
    from r1code.ui.repl.repl import LOCAL

    found = read_commands(user_files(user_commands()), offered, reserved={*COMMANDS, *LOCAL, "exit"})
    for text in found.wrong:
        say(text)
    return found.commands


class _Wanted(NamedTuple):
    git: Git
    config: Config
    task: Task
    offered: Mapping[str, bytes]
    """The project's command files."""
    watches: bool
    """Comments in its files start turns."""


def _configured(
    options: argparse.Namespace, control: Control, person: Person, say: Callable[[str], None]
) -> _Wanted:
    """What the user and the project want, as far as a person trusts the project. Raises R1CodeError."""
    from functools import partial
    from pathlib import Path

    from r1code.app.backend import chosen_profile, planner_profile
    from r1code.app.folders import state_folder, user_config
    from r1code.app.sandboxes import network_of, with_sandbox
    from r1code.app.stopped import with_its_model
    from r1code.app.task import Task
    from r1code.app.trust import Trust, is_trusted, under_trust
    from r1code.cli.tests import with_found_tests
    from r1code.cli.work import going_on, ready
    from r1code.config import load_config
    from r1code.repo.git import Git
    from r1code.ui.truster import ask_trust

    git = Git.find(Path(options.folder), state_folder())
    continues = None if options.continues is None else going_on(options, git)
    flags = vars(options) if continues is None else with_its_model(vars(options), continues)
    config = load_config(flags=flags, environ=os.environ, user_file=user_config(), project=git.root)
    _refuse_ignored(options, config, say)
    network_of(config)
    asked = partial(ask_trust, control=control, person=person)
    trust = Trust(git, state_folder())
    allowed = under_trust(config, trust, asked, for_now=options.trust, offers=True)
    wish = ["comments in its files start turns, when the files change (--watch)"]
    watches = options.watch and is_trusted(trust, wish, asked, for_now=options.trust)
    if options.watch and not watches:
        say("files are not watched: this folder is not trusted (r1code trust, or --trust)")
    config, told = with_found_tests(allowed.config, git, state_folder(), control, person=person)
    again = "" if continues is None else f"the session {continues.folder.name} goes on; Ctrl-O shows it"
    for text in filter(None, (allowed.told, told, again)):
        say(text)
    config = with_sandbox(config, say, control)
    network_of(config)
    planner = planner_profile(config)
    profiles = [chosen_profile(config)[1], *([planner[1]] if planner else [])]
    ready(config, profiles, say, control, person=person)
    task = Task(command="chat", instructions=allowed.instructions, continues=continues)
    return _Wanted(git, config, task, allowed.offered, watches)
