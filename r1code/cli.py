"""The command line: flags to configuration to wired objects to exit code."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Generator, Sequence

    from r1code.app.workshop import Task
    from r1code.approval import Approver
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
    from r1code.types import ExitCode
    from r1code.ui.safe import safe

    options = _parser().parse_args(words)
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


def _parser() -> argparse.ArgumentParser:
    import argparse

    common = argparse.ArgumentParser(add_help=False)
    model = common.add_argument_group("model")
    model.add_argument("--profile", metavar="NAME", help="the model and how it is reached (`r1code profiles`)")
    model.add_argument("--record", metavar="FILE", help="append all that the model streams to FILE")
    model.add_argument("--seed", metavar="N", help="makes a model that honours seeds answer the same way again")
    model.add_argument("--base-url", metavar="URL", help="an OpenAI-compatible server: http://localhost:8000/v1")
    model.add_argument("--model", metavar="NAME", dest="model_name", help="what that server calls the model")
    model.add_argument(
        "--yes", action="store_true", default=None, help="agree to download the embedded model, if it is not here"
    )
    model.add_argument("--replies", metavar="FILE", help="the replies of the profile `scripted`")
    tests = common.add_argument_group("tests and sandbox")
    tests.add_argument("--test", metavar="COMMAND", help="the command that runs the tests, e.g. 'pytest -q'")
    tests.add_argument("--test-seconds", metavar="N", help="time limit of one run of the tests (600)")
    tests.add_argument("--sandbox", choices=["docker", "none"], help="where commands run (docker)")
    tests.add_argument("--image", metavar="NAME", help="a Docker image instead of r1code's own")
    tests.add_argument(
        "--allow-host-exec",
        action="store_true",
        default=None,
        help="with --sandbox=none: consent to run the model's commands on this machine, unasked",
    )
    tests.add_argument("--candidates", metavar="N", help="with fix: attempts, until one is proven (1)")
    limits = common.add_argument_group("limits of a turn")
    limits.add_argument("--steps", metavar="N", help="model calls (40, or what the profile says)")
    limits.add_argument("--seconds", metavar="N", help="time")
    limits.add_argument("--tokens", metavar="N", help="tokens, prompts and replies together")
    output = common.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="events as JSON lines (docs/events.md)")
    output.add_argument("--color", choices=["auto", "always", "never"], help="colour (auto)")
    common.add_argument("-C", dest="folder", metavar="FOLDER", default=".", help="work in FOLDER")

    parser = argparse.ArgumentParser(
        prog="r1code",
        description="A terminal coding agent on DeepSeek-R1.",
        parents=[common],
        epilog="Exit codes: 0 done or fixed, 1 not fixed, 2 usage, 3 nothing to fix, 4 cannot reproduce, "
        "5 budget, 6 backend, 7 sandbox, 8 tampered, 130 interrupted.",
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    parser.add_argument("-p", "--prompt", metavar="TASK", help="do TASK in this repository and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("fix", parents=[common], help="make failing tests pass, and prove it")
    profiles = commands.add_parser("profiles", help="list the profiles")
    profiles.add_argument("--json", action="store_true", help="as JSON")
    weights = commands.add_parser("model", help="where the embedded model is")
    weights.add_argument("action", nargs="?", choices=["fetch"], help="download it, if it is not here")
    weights.add_argument("--yes", action="store_true", help="without asking")
    replay = commands.add_parser("replay", help="do a recorded session again, without a model, and compare")
    replay.add_argument("log", metavar="SESSION", help="the id of a session, its folder, or its log")
    replay.add_argument("--json", action="store_true", help="events as JSON lines (docs/events.md)")
    replay.add_argument("--color", choices=["auto", "always", "never"], help="colour (auto)")
    replay.add_argument("--allow-host-exec", action="store_true", default=None, help="as for fix")
    sandbox = commands.add_parser("sandbox", help="manage the containers of r1code")
    actions = sandbox.add_subparsers(dest="action", metavar="ACTION", required=True)
    prune = actions.add_parser("prune", help="remove containers whose r1code is gone")
    prune.add_argument("--all", action="store_true", help="also those of sessions that are running")
    image = actions.add_parser("image", help="make the image ready now, and print its name")
    image.add_argument("--image", metavar="NAME", help="a Docker image instead of r1code's own")
    return parser


def _run(options: argparse.Namespace) -> int:
    if options.version:
        return main(["--version"])
    if options.command == "sandbox":
        return _sandbox(options)
    if options.command == "profiles":
        return _profiles(options)
    if options.command == "model":
        return _model(options)
    if options.command == "replay":
        return _replay(options)
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

    from r1code.app.workshop import Task, user_config
    from r1code.config import load_config
    from r1code.errors import UsageError
    from r1code.repo.git import Git

    git = Git.find(Path(options.folder))
    config = load_config(flags=vars(options), environ=os.environ, user_file=user_config(), project=git.root)
    if options.command == "fix" and config.test is None:
        raise UsageError(
            "there is no test command",
            why="fix needs to know how the tests are run",
            hint="r1code fix --test 'pytest -q', or set test = \"pytest -q\" in .r1code/config.toml",
        )
    task = Task(command="fix") if options.command == "fix" else Task(command="prompt", text=options.prompt)
    return _session(git, config, task, json=options.json)[0]


def _session(git: Git, config: Config, task: Task, *, json: bool) -> tuple[int, tuple[Entry, ...]]:
    """Runs one session; its exit code, and its log."""
    from contextlib import suppress

    from r1code.app.signals import cancel_on_signals
    from r1code.app.workshop import Workshop, chosen_profile, prune_containers, state_folder
    from r1code.budget import Meter
    from r1code.control import Control
    from r1code.events import Notice
    from r1code.repair.repair import Plan, Repair
    from r1code.types import Budget
    from r1code.ui.listener import listener_for

    control = Control()
    listener = listener_for(sys.stdout, json=json, color=config.color, ci=bool(os.environ.get("CI")))

    def say(text: str) -> None:
        with suppress(OSError):
            listener.on(Notice(text=text))

    with cancel_on_signals(control):
        approver = _consent(config, control)
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
        try:
            steps = workshop.steps if config.steps is None else config.steps
            meter = Meter(Budget(steps=steps, seconds=config.seconds, tokens=config.tokens))
            plan = Plan(command=config.test, candidates=config.candidates, seed=config.seed)
            repair = Repair(workshop, workshop.session, meter, plan)
            with workshop.tree.locked(control):
                if task.command == "fix":
                    events = repair.fix(config.test or "", control)
                else:
                    events = repair.prompt(task.text, control)
                return _listen(events, listener), workshop.session.entries
        finally:
            workshop.close()
            listener.close()


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
            code, again = _session(Git.find(Path(opened.root)), config, task, json=options.json)
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


def _consent(config: Config, control: Control) -> Approver:
    """Without a sandbox nothing starts before a person has agreed to it."""
    from r1code.approval import HeadlessApprover
    from r1code.errors import UsageError

    if config.sandbox != "none" or config.allow_host_exec:
        return HeadlessApprover()
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "commands would run on this machine, and nobody agreed to that",
            why="--sandbox=none turns the sandbox off, and there is no terminal to ask on",
            hint="use Docker, or add --allow-host-exec if this machine is disposable",
        )
    from r1code.ui.approver import TerminalApprover, agrees_to_no_sandbox

    if not agrees_to_no_sandbox(control):
        raise UsageError(
            "nothing was started",
            why="you did not agree to run commands without a sandbox",
            hint="leave out --sandbox=none to use Docker",
        )
    return TerminalApprover()


def _sandbox(options: argparse.Namespace) -> int:
    from r1code.app.signals import cancel_on_signals
    from r1code.app.workshop import make_image, prune_containers, state_folder
    from r1code.control import Control

    control = Control()
    with cancel_on_signals(control):
        if options.action == "image":
            name = make_image(options.image, lambda text: print(text, file=sys.stderr), control)
            print(name)
            return 0
        removed = prune_containers(state_folder(), control, everything=options.all)
    for line in removed:
        print(f"removed {line}")
    print(f"{len(removed)} containers removed")
    return 0


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


def _profiles(options: argparse.Namespace) -> int:
    from r1code.app.profiles import as_json, as_table
    from r1code.app.workshop import user_profiles
    from r1code.profiles import load_profiles
    from r1code.ui.safe import safe

    profiles = load_profiles(user_profiles())
    print(as_json(profiles, os.environ) if options.json else safe(as_table(profiles, os.environ)))
    return 0
