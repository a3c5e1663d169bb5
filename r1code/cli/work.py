"""The commands that let the model work: `-p` and `fix`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Generator, Sequence

    from r1code.app.stopped import Resumable
    from r1code.app.task import Answer, Task
    from r1code.app.workshop import Workshop
    from r1code.config import Config
    from r1code.control import Control
    from r1code.events import Event
    from r1code.log import Entry
    from r1code.profiles import Profile
    from r1code.repo.git import Git
    from r1code.reports.ending import Ending
    from r1code.ui.ask import Person
    from r1code.ui.listener import Listener


def work(options: argparse.Namespace) -> int:
    from pathlib import Path

    from msgspec.structs import replace

    from r1code.app.folders import state_folder
    from r1code.app.guided import guide_of
    from r1code.app.piped import piped
    from r1code.app.sandboxes import network_of
    from r1code.app.signals import cancel_on_signals
    from r1code.app.stopped import with_its_model
    from r1code.app.tests import Where
    from r1code.app.trust import Trust, under_trust
    from r1code.cli.first import first_run
    from r1code.cli.fix import at_revision, configured, no_command, with_logged_command
    from r1code.cli.tests import with_found_tests
    from r1code.control import Control
    from r1code.repo.git import Git
    from r1code.reports.ending import ending_of
    from r1code.ui.truster import person_at_terminal

    if options.command == "fix" and options.at is not None:
        return at_revision(options, work)
    _refuse_nothing(options)
    if options.command != "fix" or not options.check:
        first_run(options)
    git = Git.find(Path(options.folder), state_folder())
    task = task_of(options, git)
    flags = vars(options) if task.continues is None else with_its_model(vars(options), task.continues)
    revision = trusted_revision(options)
    wanted, answers = options.reports or (), task.answer is not None
    ending = ending_of(task.command, wanted, git, state_folder(), json=options.json, answers=answers)
    control = Control()
    with cancel_on_signals(control), guide_of(git, state_folder(), revision) as guide:
        config = configured(flags, guide.root, task.part)
        config = without_model(config) if task.only_tests else config
        # Nobody is asked, and nothing is downloaded, for what cannot be.
        network_of(config)
        person = person_at_terminal(control, json=options.json)
        trust = Trust(guide, state_folder())
        if task.command != "fix":
            task = replace(task, piped=piped(sys.stdin, control, _note))
        allowed = under_trust(config, trust, person, for_now=options.trust or revision is not None)
        config, told = allowed.config, None
        if task.command != "plan":
            where = Where(files=guide, part=task.part)
            config, told = with_found_tests(config, git, state_folder(), control, where=where)
        if config.test is None:
            config, told = with_logged_command(config, task.symptoms)
    if options.command == "fix" and config.test is None:
        raise no_command(task.symptoms, allowed.told)
    going_on = "" if task.continues is None else f"the session {task.continues.folder.name} goes on"
    told = "\n".join(filter(None, (guiding(revision), allowed.told, told, going_on)))
    task = replace(task, instructions=allowed.instructions)
    if options.worktree is None:
        return run_session(git, config, task, json=options.json, told=told, ending=ending)[0]
    from r1code.cli.git import guard_of, in_worktree

    return in_worktree(
        git,
        options.worktree,
        guard_of(git, config).hide(task.text) or "fix",
        lambda linked, end: run_session(
            linked, config, task, json=options.json, told=told, ending=ending.after(end)
        )[0],
    )


def without_model(config: Config) -> Config:
    """Nobody is asked for a model, none is made ready, and no key is needed."""
    from msgspec.structs import replace

    unset = dict.fromkeys(("base_url", "model_name", "effort", "think", "planner", "record"))
    return replace(config, profile="scripted", replies=os.devnull, **unset)


def trusted_revision(options: argparse.Namespace) -> str | None:
    """The one whose files say how to work here; None: those of the work tree do. Raises UsageError."""
    from r1code.errors import UsageError

    revision: str | None = options.trust_from if options.command == "fix" else None
    if revision is not None and options.trust:
        raise UsageError(
            "two kinds of files would be trusted",
            why="--trust is about those of this work tree, --trust-from about those of a revision",
            hint="use one of them: --trust-from where the work tree is a stranger's",
        )
    return revision


def guiding(said: str | None) -> str:
    """What a person is told of the revision; empty: there is none."""
    return "" if said is None else f"how to work here is said by {said}, not by this work tree"


def _refuse_nothing(options: argparse.Namespace) -> None:
    from r1code.errors import UsageError

    if options.command != "fix" and not options.prompt.strip():
        raise UsageError(
            "the task is empty",
            why=f"{options.command or '-p'} has no text",
            hint=f"say what to do: r1code {options.command or '-p'} 'Add a --quiet option'",
        )


def _note(text: str) -> None:
    from r1code.ui.messages import localized

    print(localized(f"note: {text}"), file=sys.stderr, flush=True)


def task_of(options: argparse.Namespace, git: Git) -> Task:
    """What is asked for. Raises UsageError, for a plan that cannot be read or written."""
    from pathlib import Path

    from r1code.app.plans import place_for, read_plan
    from r1code.app.task import Task
    from r1code.cli.fix import check_clean, part_of, symptoms_of
    from r1code.errors import UsageError

    if options.watch:
        raise UsageError(
            "a single task watches no files", why="--watch is about the REPL", hint="r1code --watch, without -p"
        )
    if options.output_schema is not None and (options.command is not None or options.mode == "plan"):
        raise UsageError(
            "there is no answer that a schema could be about",
            why="--output-schema is about what -p TASK ends with",
            hint="use it with -p, in act mode",
        )
    if options.command == "fix":
        if options.continues is not None:
            raise UsageError(
                "a repair cannot go on with a session",
                why="fix proves its patch from a baseline of its own",
                hint="r1code --continue -p 'Make the tests pass', or r1code fix without --continue",
            )
        check_clean(options, git)
        symptoms = symptoms_of(options, git)
        return Task(command="fix", only_tests=options.check, symptoms=symptoms, part=part_of(options, git))
    continues = None if options.continues is None else going_on(options, git)
    if options.mode == "plan":
        keep = place_for(git.root, options.prompt, options.plan)
        return Task(command="plan", text=options.prompt, keep=keep, continues=continues)
    plan = None if options.plan is None else read_plan(Path(options.plan))
    answer = None
    if options.output_schema is not None:
        from r1code.app.answers import Answer

        answer = Answer.load(Path(options.output_schema))
    return Task(command="prompt", text=options.prompt, plan=plan, continues=continues, answer=answer)


def going_on(options: argparse.Namespace, git: Git) -> Resumable:
    """The session that gets the task. Raises UsageError and StateError."""
    from r1code.app.folders import state_folder
    from r1code.app.sessions.listing import find
    from r1code.app.stopped import continued_session, last_session
    from r1code.errors import UsageError

    if options.worktree is not None:
        raise UsageError(
            "no session can go on in a new worktree",
            why="it knows the files of the folder that it worked in",
            hint="leave out --worktree, or --continue",
        )
    sessions = state_folder() / "sessions"
    folder = find(sessions, options.continues) if options.continues else last_session(sessions, git.root)
    return continued_session(folder, git.root)


def run_session(
    git: Git,
    config: Config,
    task: Task,
    *,
    json: bool,
    told: str = "",
    ending: Ending | None = None,
) -> tuple[int, tuple[Entry, ...]]:
    """Runs one session, which begins with what is `told`; its exit code, and its log."""
    from contextlib import suppress

    from msgspec.structs import replace

    from r1code.app.automatic import finishing
    from r1code.app.backend import chosen_profile, planner_profile
    from r1code.app.folders import state_folder
    from r1code.app.sandboxes import network_of, prune_containers, with_sandbox
    from r1code.app.signals import cancel_on_signals
    from r1code.app.traces import traced
    from r1code.app.vault import veiled
    from r1code.app.workshop import Workshop
    from r1code.cli.git import automatic_commits
    from r1code.cli.rules import consent
    from r1code.control import Control
    from r1code.events import Notice
    from r1code.reports.ending import Ending, Wanted

    control, ending = Control(), ending or Ending(task.command, Wanted(), state_folder(), logs=False)
    listener = _listener(git, config, task, json=json, is_taken=ending.uses_stdout)

    def say(text: str) -> None:
        with suppress(OSError):
            listener.on(Notice(text=text))

    with cancel_on_signals(control), ending.around(say):
        if told:
            say(told)
        # Nothing runs while a plan is made: no engine is needed, and no consent to do without a sandbox.
        runs = task.command != "plan"
        config = with_sandbox(config, say, control) if runs else replace(config, allow_host_exec=True)
        network_of(config)
        approver = consent(config, control, json=json)
        profile, planner = chosen_profile(config)[1], planner_profile(config)
        if task.replayed is None:
            ready(config, [profile, *([planner[1]] if planner else [])], say, control)
        if config.sandbox == "docker" and runs:
            # What a killed r1code left behind goes now; and without an engine nothing is started.
            prune_containers(state_folder(), control)
        workshop = Workshop(git, config, task, state=state_folder(), say=say, approver=approver)
        if config.sandbox == "docker" and runs:
            from r1code.cli.sandbox import image_of

            workshop.image = image_of(git, config, say, control)
        try:
            with (
                traced(config, say),
                workshop.opened(control),
                ending.within(workshop.session, workshop.vault.hide, git, say),
            ):
                if (bound := workshop.bound) is not None:
                    say(bound)
                if config.keep_days is not None:
                    _expire(config.keep_days, say)
                commits = automatic_commits(workshop, config, say) if task.replayed is None else []
                events = finishing(_events(workshop, config, task, control), [*commits, *ending.ends], say)
                events = veiled(events, workshop.vault.hide)
                return _listen(events, listener, None if json else task.answer), workshop.session.entries
        finally:
            listener.close()


def _expire(days: float, say: Callable[[str], None]) -> None:
    from r1code.app.folders import state_folder
    from r1code.app.sessions.change import expire

    if old := expire(state_folder() / "sessions", days):
        say(f"{old} session{'' if old == 1 else 's'} deleted: not used for {days:g} days (keep_days)")


def _events(workshop: Workshop, config: Config, task: Task, control: Control) -> Generator[Event, None, None]:
    from r1code.app.symptoms import hidden
    from r1code.app.variants import parallel_of, variants_of
    from r1code.budget import Meter
    from r1code.config import DETECTED
    from r1code.repair.approach import Approach
    from r1code.repair.check import check
    from r1code.repair.repair import Repair
    from r1code.repair.stopped import Stopped
    from r1code.repair.verify import Verifying
    from r1code.repo.ancestry import Ancestry

    if task.command == "verify":
        return Verifying(workshop, workshop.session, config.test or "").run(task.patch, control)
    meter = Meter(workshop.budget)
    approach = Approach(
        command=config.test,
        variants=variants_of(config, workshop.profile),
        parallel=parallel_of(config, workshop.profile),
        pick=config.pick,
        answer=task.answer,
        seed=config.seed,
        dry_run=config.dry_run,
        plan=task.plan,
        found=config.origins.get("test") == DETECTED,
        symptoms=tuple(hidden(one, workshop.vault.hide) for one in task.symptoms),
        ancestry=Ancestry(workshop.guard.git, workshop.store, lambda path: bool(workshop.tree.hides(path))),
        part=task.part,
        stopped=None if task.resumed is None else Stopped.of(workshop.session, workshop.store),
    )
    if task.only_tests:
        return check(workshop, workshop.session, config.test or "", control, left=approach.stopped)
    repair = Repair(workshop, workshop.session, meter, approach)
    if task.command == "fix":
        return repair.fix(config.test or "", control)
    if task.command == "plan":
        return repair.plan(task.text, control)
    return repair.prompt(task.text, control)


def _listener(git: Git, config: Config, task: Task, *, json: bool, is_taken: bool) -> Listener:
    """Who is told what goes on. `is_taken`: standard output gets something else. Raises UsageError."""
    from pathlib import Path

    from r1code.app.diary import check_files
    from r1code.ui.listener import listener_for

    check_files(config, git)
    # A program that waits for the answer reads that alone.
    stream = sys.stdout if json or (task.answer is None and not is_taken) else sys.stderr
    listener = listener_for(
        stream, json=json, color=config.color, theme=config.theme, ci=bool(os.environ.get("CI"))
    )
    from r1code.ui.serial import Serial

    if config.log_file is None:
        return Serial(listener)
    from r1code.app.diary import Diary
    from r1code.ui.logged import Logged

    return Serial(Logged(listener, Diary(Path(config.log_file))))


def _listen(events: Generator[Event, None, None], listener: Listener, answer: Answer | None) -> int:
    """The exit code. `answer`: what the last turn ended with is printed, if it is as it should be."""
    from r1code.events import Finished, TurnEnded
    from r1code.types import ExitCode

    code, text = ExitCode.INTERNAL, ""
    try:
        for event in events:
            listener.on(event)
            if isinstance(event, Finished):
                code = event.exit_code
            elif isinstance(event, TurnEnded):
                text = event.text
    finally:
        # When the listener fails, the turn still ends in order, and before its session is closed.
        events.close()
    if answer is not None and code == ExitCode.OK:
        print(answer.told(text))
    return code


def ready(
    config: Config,
    profiles: Sequence[Profile],
    say: Callable[[str], None],
    control: Control,
    *,
    person: Person | None = None,
) -> None:
    """Makes the embedded model ready, where it is one of those that answer. Raises as ensure_weights."""
    local = [one for one in profiles if one.provider == "local"]
    if not local:
        return
    from r1code.app.model import describe_model, ensure_weights

    chosen = "" if config.profile else "no model was chosen: using the embedded one, "
    say(chosen + describe_model(local[0]))
    ensure_weights(lambda what: config.yes or agrees(what, control, person), say, control)


def agrees(what: str, control: Control, person: Person | None = None) -> bool:
    """Whether a person agrees to a download: `person`, or whoever sits at the terminal, if anybody does."""
    from r1code.ui.ask import Choice, at_terminal

    person = person or at_terminal()
    choices = (Choice("y", "yes, download it"), Choice("n", "no"))
    return person is not None and person.ask("Download the model?", what, choices, control, deny="n") == "y"
