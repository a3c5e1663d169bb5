"""The command line: flags to configuration to wired objects to exit code."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Generator, Sequence

    from r1code.app.automatic import AtEnd
    from r1code.app.checkpoints import Checkpoints
    from r1code.app.workshop import Task, Workshop
    from r1code.config import Config
    from r1code.control import Control
    from r1code.events import Event
    from r1code.repo.git import Git
    from r1code.session import Entry
    from r1code.ui.listener import Listener


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code; README.md has the table."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words == ["--version"]:
        # Answered before anything else is loaded.
        from r1code import __version__

        print(f"r1code {__version__}")
        return 0
    from r1code.errors import Cancelled, R1CodeError
    from r1code.options import parser
    from r1code.types import ExitCode
    from r1code.ui.safe import safe

    options = parser().parse_args(words)
    try:
        return _run(options)
    except Cancelled:
        return ExitCode.INTERRUPTED
    except R1CodeError as error:
        print(f"r1code: {safe(str(error))}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # Whoever read the output went away; nothing more can be said to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(options: argparse.Namespace) -> int:
    if options.version:
        return main(["--version"])
    handlers = {
        "sandbox": _sandbox,
        "profiles": _profiles,
        "tests": _tests,
        "model": _model,
        "replay": _replay,
        "undo": _go,
        "redo": _go,
        "rewind": _go,
        "checkpoints": _checkpoints,
        "apply": _apply,
    }
    if options.command in handlers:
        return handlers[options.command](options)
    if options.command in {"diff", "commit", "branch", "trust", "worktree"}:
        from r1code import cli_git

        return int(getattr(cli_git, options.command)(options))
    if options.command == "approvals":
        from r1code.cli_rules import approvals

        return approvals(options)
    if options.command == "fix" or options.prompt is not None:
        return _work(options)
    from r1code.errors import UsageError

    raise UsageError(
        "there is nothing to do",
        why="neither a task nor a command was given",
        hint="r1code -p 'TASK', or r1code fix --test 'pytest -q'; r1code --help shows all",
    )


def _work(options: argparse.Namespace) -> int:
    from pathlib import Path

    from r1code.app.signals import cancel_on_signals
    from r1code.app.workshop import Task, state_folder, user_config
    from r1code.cli_tests import with_found_tests
    from r1code.config import load_config
    from r1code.control import Control
    from r1code.errors import UsageError
    from r1code.repo.git import Git

    if options.command != "fix" and not options.prompt.strip():
        raise UsageError(
            "the task is empty", why="-p has no text", hint="say what to do: r1code -p 'Add a --quiet option'"
        )
    git = Git.find(Path(options.folder), state_folder())
    config = load_config(flags=vars(options), environ=os.environ, user_file=user_config(), project=git.root)
    control = Control()
    with cancel_on_signals(control):
        config, told = with_found_tests(config, git, state_folder(), control)
    if options.command == "fix" and config.test is None:
        raise UsageError(
            "there is no test command",
            why="fix needs to know how the tests are run, and nothing in the repository shows it",
            hint="r1code fix --test 'pytest -q', or set test = \"pytest -q\" in .r1code/config.toml",
        )
    task = Task(command="fix") if options.command == "fix" else Task(command="prompt", text=options.prompt)
    if options.worktree is None:
        return _session(git, config, task, json=options.json, told=told)[0]
    from r1code.cli_git import in_worktree

    return in_worktree(
        git,
        options.worktree,
        task.text or "fix",
        lambda linked, end: _session(linked, config, task, json=options.json, told=told, at_ends=[end])[0],
    )


def _session(
    git: Git, config: Config, task: Task, *, json: bool, told: str = "", at_ends: Sequence[AtEnd] = ()
) -> tuple[int, tuple[Entry, ...]]:
    """Runs one session, which begins with what is `told`; its exit code, and its log."""
    from contextlib import suppress

    from r1code.app.automatic import finishing
    from r1code.app.signals import cancel_on_signals
    from r1code.app.vault import veiled
    from r1code.app.workshop import Workshop, chosen_profile, prune_containers, state_folder
    from r1code.cli_git import automatic_commits
    from r1code.cli_rules import consent
    from r1code.control import Control
    from r1code.events import Notice
    from r1code.ui.listener import listener_for

    control = Control()
    listener = listener_for(sys.stdout, json=json, color=config.color, ci=bool(os.environ.get("CI")))

    def say(text: str) -> None:
        with suppress(OSError):
            listener.on(Notice(text=text))

    with cancel_on_signals(control):
        if told:
            say(told)
        approver = consent(config, control, json=json)
        profile = chosen_profile(config)[1]
        if profile.provider == "local" and task.replayed is None:
            from r1code.app.model import describe_model, ensure_weights

            chosen = "" if config.profile else "no model was chosen: using the embedded one, "
            say(chosen + describe_model(profile))
            ensure_weights(lambda what: config.yes or _agrees(what, control), say, control)
        if config.sandbox == "docker":
            # What a killed r1code left behind goes now; and without an engine nothing is started.
            prune_containers(state_folder(), control)
        workshop = Workshop(git, config, task, state=state_folder(), say=say, approver=approver)
        if config.sandbox == "docker":
            from r1code.cli_sandbox import image_of

            workshop.image = image_of(git, config, say, control)
        try:
            with workshop.opened(control):
                if task.replayed is None:
                    at_ends = [*automatic_commits(git, workshop, config, say), *at_ends]
                events = finishing(_events(workshop, config, task, control), at_ends, say)
                events = veiled(events, workshop.vault.hide)
                return _listen(events, listener), workshop.session.entries
        finally:
            listener.close()


def _events(workshop: Workshop, config: Config, task: Task, control: Control) -> Generator[Event, None, None]:
    from r1code.app.tests import DETECTED
    from r1code.budget import Meter
    from r1code.repair.repair import Plan, Repair
    from r1code.types import Budget

    steps = workshop.steps if config.steps is None else config.steps
    meter = Meter(Budget(steps=steps, seconds=config.seconds, tokens=config.tokens))
    plan = Plan(
        command=config.test,
        candidates=config.candidates,
        seed=config.seed,
        dry_run=config.dry_run,
        found=config.origins.get("test") == DETECTED,
    )
    repair = Repair(workshop, workshop.session, meter, plan)
    if task.command == "fix":
        return repair.fix(config.test or "", control)
    return repair.prompt(task.text, control)


def _replay(options: argparse.Namespace) -> int:
    """Does a recorded session again, and compares the two logs."""
    from contextlib import closing
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from r1code.app.workshop import Replayed, Task, state_folder
    from r1code.config import load_config
    from r1code.errors import ProviderError
    from r1code.repair.replay import ReplayedProvider, first_difference
    from r1code.repo.git import Git
    from r1code.session import Session
    from r1code.types import ExitCode
    from r1code.ui.safe import safe

    named = Path(options.log)
    folder = named.parent if named.is_file() else named
    if not folder.is_dir():
        folder = state_folder() / "sessions" / options.log
    with closing(Session.load(folder)) as recorded, TemporaryDirectory(dir=state_folder()) as scratch:
        opened = recorded.opened
        config = load_config(
            flags={
                **opened.settings,
                "color": options.color or "auto",
                "allow_host_exec": options.allow_host_exec,
            },
            environ={},
            user_file=Path(os.devnull),
            project=None,
        )
        replayed = Replayed(session=recorded, provider=ReplayedProvider(recorded.entries), root=Path(scratch))
        task = Task(command=opened.command, text=opened.task, replayed=replayed)
        entries = recorded.entries
        try:
            code, again = _session(Git.find(Path(opened.root), state_folder()), config, task, json=options.json)
        except ProviderError as error:
            print(f"r1code: {safe(str(error))}", file=sys.stderr)
            code, again = error.exit_code, ()
    difference = first_difference(entries, again)
    if difference is None:
        print(f"replayed: the same end, with exit code {code}", file=sys.stderr)
        return ExitCode.OK
    print(f"replayed: different from step {difference.step} on", file=sys.stderr)
    print(f"  recorded: {safe(difference.recorded)}\n  replayed: {safe(difference.replayed)}", file=sys.stderr)
    return ExitCode.NOT_FIXED


def _listen(events: Generator[Event, None, None], listener: Listener) -> int:
    from r1code.events import Finished
    from r1code.types import ExitCode

    code = ExitCode.INTERNAL
    try:
        for event in events:
            listener.on(event)
            if isinstance(event, Finished):
                code = event.exit_code
    finally:
        # When the listener fails, the turn still ends in order, and before its session is closed.
        events.close()
    return code


def _sandbox(options: argparse.Namespace) -> int:
    from r1code.cli_sandbox import handle

    return handle(options)


def _open_checkpoints(options: argparse.Namespace) -> Checkpoints:
    from pathlib import Path

    from r1code.app.checkpoints import Checkpoints
    from r1code.app.workshop import state_folder
    from r1code.repo.git import Git
    from r1code.ui.safe import safe

    return Checkpoints(
        Git.find(Path(options.folder), state_folder()),
        state_folder(),
        lambda text: print(f"note: {safe(text)}", file=sys.stderr),
    )


def _go(options: argparse.Namespace) -> int:
    from r1code.app.signals import cancel_on_signals
    from r1code.control import Control
    from r1code.ui.safe import safe_line

    control, history = Control(), _open_checkpoints(options)
    with cancel_on_signals(control):
        if options.command == "undo":
            patch = history.undo(control, by=options.by, part=options.part, force=options.force)
        elif options.command == "redo":
            patch = history.redo(control, part=options.part, force=options.force)
        else:
            patch = history.rewind(options.number, control, part=options.part, force=options.force)
    for path in patch.paths:
        print(safe_line(path))
    print(f"{len(patch.paths)} files changed; `r1code redo` goes back", file=sys.stderr)
    return 0


def _checkpoints(options: argparse.Namespace) -> int:
    from r1code.app.checkpoints import DAYS, as_json, as_table
    from r1code.control import Control
    from r1code.ui.safe import safe

    if options.action == "show":
        from r1code.cli_review import show

        return show(options)
    history = _open_checkpoints(options)
    if options.action == "list":
        found = history.list()
        print(as_json(found) if options.json else safe(as_table(found)))
    else:
        moves, contents = history.prune(DAYS if options.days is None else options.days, Control())
        print(f"{moves} checkpoints and {contents} contents removed")
    return 0


def _apply(options: argparse.Namespace) -> int:
    from r1code.cli_review import apply

    return apply(options)


def _agrees(what: str, control: Control) -> bool:
    """Whether a person agrees to a download. Without a terminal nobody does."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    from r1code.ui.ask import Choice, ask

    choices = (Choice("y", "yes, download it"), Choice("n", "no"))
    return ask("Download the model?", what, choices, control, deny="n") == "y"


def _model(options: argparse.Namespace) -> int:
    from r1code.app.model import describe_weights, ensure_weights
    from r1code.app.signals import cancel_on_signals
    from r1code.control import Control

    if options.action == "fetch":
        control = Control()
        agreed = options.yes or bool(os.environ.get("R1CODE_YES"))
        with cancel_on_signals(control):
            ensure_weights(
                lambda what: agreed or _agrees(what, control), lambda text: print(text, file=sys.stderr), control
            )
    print(describe_weights())
    return 0


def _tests(options: argparse.Namespace) -> int:
    from r1code.cli_tests import list_tests

    return list_tests(options)


def _profiles(options: argparse.Namespace) -> int:
    from r1code.app.profiles import as_json, as_table
    from r1code.app.workshop import user_profiles
    from r1code.profiles import load_profiles
    from r1code.ui.safe import safe

    profiles = load_profiles(user_profiles())
    print(as_json(profiles, os.environ) if options.json else safe(as_table(profiles, os.environ)))
    return 0
