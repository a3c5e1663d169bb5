"""The grammar of the command line: commands, flags and what they mean."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def parser() -> argparse.ArgumentParser:
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
    tests.add_argument(
        "--format", metavar="COMMAND", help="formats edited files; `off` (as the project has it set up)"
    )
    tests.add_argument(
        "--lint", metavar="COMMAND", help="checks edited files; `off` (as the project has it set up)"
    )
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
    tests.add_argument(
        "--dry-run",
        action="store_true",
        default=None,
        help="work on a copy: the patch is shown and kept, not applied",
    )
    _add_rules(common)
    limits = common.add_argument_group("limits of a turn")
    limits.add_argument("--steps", metavar="N", help="model calls (40, or what the profile says)")
    limits.add_argument("--seconds", metavar="N", help="time")
    limits.add_argument("--tokens", metavar="N", help="tokens, prompts and replies together")
    output = common.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="events as JSON lines (docs/events.md)")
    output.add_argument("--color", choices=["auto", "always", "never"], help="colour (auto)")
    common.add_argument("-C", dest="folder", metavar="FOLDER", default=".", help="work in FOLDER")

    whole = argparse.ArgumentParser(
        prog="r1code",
        description="A terminal coding agent on DeepSeek-R1.",
        parents=[common],
        epilog="Exit codes: 0 done or fixed, 1 not fixed, 2 usage, 3 nothing to fix, 4 cannot reproduce, "
        "5 budget, 6 backend, 7 sandbox, 8 tampered, 130 interrupted.",
    )
    whole.add_argument("--version", action="store_true", help="print the version")
    whole.add_argument("-p", "--prompt", metavar="TASK", help="do TASK in this repository and exit")
    commands = whole.add_subparsers(dest="command", metavar="COMMAND")
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
    _add_undo(commands.add_parser)
    _add_approvals(commands.add_parser)
    _add_sandbox(commands.add_parser)
    return whole


def _add_sandbox(add: Callable[..., argparse.ArgumentParser]) -> None:
    sandbox = add("sandbox", help="manage the containers of r1code")
    actions = sandbox.add_subparsers(dest="action", metavar="ACTION", required=True)
    prune = actions.add_parser("prune", help="remove containers whose r1code is gone")
    prune.add_argument("--all", action="store_true", help="also those of sessions that are running")
    image = actions.add_parser("image", help="make the image ready now, and print its name")
    image.add_argument("--image", metavar="NAME", help="a Docker image instead of r1code's own")


def _add_undo(add: Callable[..., argparse.ArgumentParser]) -> None:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("-C", dest="folder", metavar="FOLDER", default=".", help="work in FOLDER")
    moving = argparse.ArgumentParser(add_help=False, parents=[common])
    part = moving.add_mutually_exclusive_group()
    part.add_argument("--files", action="store_const", dest="part", const="files", help="the conversation stays")
    part.add_argument(
        "--conversation", action="store_const", dest="part", const="conversation", help="the files stay"
    )
    moving.set_defaults(part="both")
    moving.add_argument(
        "--force",
        action="store_true",
        help="also where somebody else changed the files; that is kept as a checkpoint",
    )
    undo = add("undo", parents=[moving], help="take back the last turn")
    undo.add_argument(
        "--step", action="store_const", dest="by", const="step", default="turn", help="only its last step"
    )
    add("redo", parents=[moving], help="take back the last undo or rewind")
    rewind = add("rewind", parents=[moving], help="go to the files as they were at a checkpoint")
    rewind.add_argument("number", type=int, metavar="N", help="`r1code checkpoints list` has them; 0: before all")
    checkpoints = add("checkpoints", help="what r1code did here, and what can be undone")
    actions = checkpoints.add_subparsers(dest="action", metavar="ACTION", required=True)
    listed = actions.add_parser("list", parents=[common], help="all of them, newest first")
    listed.add_argument("--json", action="store_true", help="as JSON")
    show = actions.add_parser("show", parents=[common], help="what one changed")
    show.add_argument("number", type=int, metavar="N")
    prune = actions.add_parser("prune", parents=[common], help="forget old ones, and contents that nothing needs")
    prune.add_argument("--days", type=float, metavar="N", help="what is older goes (30)")


def _add_rules(common: argparse.ArgumentParser) -> None:
    rules = common.add_argument_group("approvals")
    rules.add_argument(
        "--approve",
        choices=["ask", "auto-edit", "auto"],
        help="what is not asked where no rule says: nothing, edits, all (auto; without a sandbox: ask)",
    )
    for kind, help_text in (("allow", "never ask about this"), ("deny", "never do this")):
        rules.add_argument(
            f"--{kind}",
            metavar="RULE",
            action="append",
            help=f"{help_text}: 'run(pytest *)', 'edit(path=docs/**)', ... (docs/approvals.md)",
        )
    rules.add_argument(
        "--not-secret",
        metavar="GLOB",
        action="append",
        help="these files hold no secret, whatever they look like: 'tests/keys/**' (docs/secrets.md)",
    )


def _add_approvals(add: Callable[..., argparse.ArgumentParser]) -> None:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("-C", dest="folder", metavar="FOLDER", default=".", help="work in FOLDER")
    approvals = add("approvals", help="what you allowed here for good")
    actions = approvals.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", parents=[common], help="all rules, numbered")
    remove = actions.add_parser("remove", parents=[common], help="ask again about what a rule allowed")
    remove.add_argument("number", type=int, metavar="N")
