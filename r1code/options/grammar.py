"""The grammar of the command line: commands, flags and what they mean."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

from r1code.options.batch import add_batch, add_verify, parted
from r1code.options.cost import add_cost, add_limits, add_resume
from r1code.options.fix import add_fix
from r1code.options.git import add_git, add_git_flags, add_not_secret, add_trust
from r1code.options.record import add_export, add_why
from r1code.options.report import add_report
from r1code.options.serve import add_serve
from r1code.options.sessions import add_continue, add_sessions
from r1code.options.settings import add_settings
from r1code.options.start import add_around, add_auth, add_completion, add_output
from r1code.ui.help import Grammar


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Raises UsageError where the words are none of the grammar."""
    own, handed_on = parted(words)
    options = parser().parsed(own)
    options.flags = handed_on
    options.typed = own
    return options


def parser() -> Grammar:
    common = Grammar(add_help=False)
    model = common.add_argument_group("model")
    model.add_argument("--profile", metavar="NAME", help="the model and how it is reached (`r1code profiles`)")
    model.add_argument("--record", metavar="FILE", help="append all that the model streams to FILE")
    model.add_argument("--seed", metavar="N", help="makes a model that honours seeds answer the same way again")
    model.add_argument("--base-url", metavar="URL", help="an OpenAI-compatible server: http://localhost:8000/v1")
    model.add_argument("--model", metavar="NAME", dest="model_name", help="what that server calls the model")
    _add_thinking(model.add_argument)
    _add_roles(model.add_argument)
    model.add_argument(
        "--yes",
        action="store_true",
        default=None,
        help="agree to download the embedded model, and to install the project's dependencies into an image",
    )
    model.add_argument("--replies", metavar="FILE", help="the replies of the profile `scripted`")
    tests = common.add_argument_group("tests and sandbox")
    tests.add_argument(
        "--test",
        metavar="COMMAND",
        help="the command that runs the tests, e.g. 'pytest -q'; `off` (found by itself: `r1code tests`)",
    )
    tests.add_argument(
        "--format", metavar="COMMAND", help="formats edited files; `off` (as the project has it set up)"
    )
    tests.add_argument(
        "--lint", metavar="COMMAND", help="checks edited files; `off` (as the project has it set up)"
    )
    tests.add_argument("--test-seconds", metavar="N", help="time limit of one run of the tests (600)")
    tests.add_argument(
        "--sandbox",
        choices=["docker", "bubblewrap", "seatbelt", "none"],
        help="where commands run (docker; where no engine answers, bubblewrap or macOS's Seatbelt)",
    )
    _add_container(tests.add_argument)
    tests.add_argument(
        "--allow-host-exec",
        action="store_true",
        default=None,
        help="with --sandbox=none: consent to run the model's commands on this machine, unasked",
    )
    tests.add_argument(
        "--dry-run",
        action="store_true",
        default=None,
        help="work on a copy: the patch is shown and kept, not applied",
    )
    _add_rules(common)
    _add_context(common)
    add_limits(common)
    add_git_flags(common)
    add_output(common)
    common.add_argument("-C", dest="folder", metavar="FOLDER", default=".", help="work in FOLDER")

    whole = Grammar(
        prog="r1code",
        # The `--all` of one command would be short for the `--allow` of all.
        allow_abbrev=False,
        description="A terminal coding agent on DeepSeek-R1.",
        parents=[common],
        epilog="Exit codes: 0 done or fixed, 1 not fixed, 2 usage, 3 nothing to fix, 4 cannot reproduce, "
        "5 budget, 6 backend, 7 sandbox, 8 tampered, 9 no answer by the schema, 10 flaky, 11 not solvable, "
        "130 interrupted.",
    )
    whole.add_argument("--version", action="store_true", help="print the version")
    whole.add_argument(
        "-p",
        "--prompt",
        metavar="TASK",
        help="do TASK in this repository and exit; it may mention @files (docs/mentions.md)",
    )
    add_continue(whole)
    commands = whole.add_subparsers(dest="command", metavar="COMMAND")
    # Nor may `fix --plan` be short for `--planner`, or `--mode` for `--model`.
    add_fix(
        commands.add_parser(
            "fix", parents=[common], help="make failing tests pass, and prove it", allow_abbrev=False
        )
    )
    add_verify(commands.add_parser, common)
    plan = commands.add_parser("plan", parents=[common], help="make a plan, change nothing", allow_abbrev=False)
    _add_plan(whole, plan)
    commands.add_parser(
        "init",
        parents=[common],
        help="let the model draft AGENTS.md, and write it if you agree",
        allow_abbrev=False,
    )
    add_resume(commands.add_parser("resume", help="go on with a turn that a limit stopped"))
    for add in (
        add_batch,
        add_serve,
        add_sessions,
        add_cost,
        add_why,
        add_export,
        add_report,
        add_settings,
        _add_profiles,
        _add_tests,
        _add_map,
    ):
        add(commands.add_parser)
    add_auth(commands.add_parser)
    add_completion(commands.add_parser)
    weights = commands.add_parser("model", help="where the embedded model is")
    weights.add_argument("action", nargs="?", choices=["fetch"], help="download it, if it is not here")
    weights.add_argument("--yes", action="store_true", help="without asking")
    _add_replay(commands.add_parser("replay", help="do a recorded session again, without a model, and compare"))
    _add_undo(commands.add_parser)
    add_git(commands.add_parser)
    _add_apply(commands.add_parser)
    _add_approvals(commands.add_parser)
    _add_sandbox(commands.add_parser("sandbox", help="the containers and images that commands run in"))
    return whole


def _add_context(common: argparse.ArgumentParser) -> None:
    context = common.add_argument_group("what the model is told")
    context.add_argument(
        "--no-instructions",
        action="store_const",
        const=False,
        dest="instructions",
        help="nothing of AGENTS.md and its like (docs/instructions.md)",
    )
    context.add_argument(
        "--add-dir",
        metavar="DIR",
        action="append",
        help="the model may read this folder, too, but not change it (docs/files.md)",
    )
    _add_map_tokens(context.add_argument)


def _add_map_tokens(add_argument: Callable[..., object]) -> None:
    add_argument("--map-tokens", metavar="N", help="room for the map; 0: none (what the profile says)")


def _add_thinking(add_argument: Callable[..., object]) -> None:
    add_argument(
        "--effort", metavar="LEVEL", help="how much it thinks, where that can be chosen (`r1code profiles show`)"
    )
    add_argument("--think", metavar="N", help="tokens of reasoning in each step: 4k, off (docs/governor.md)")


def _add_roles(add_argument: Callable[..., object]) -> None:
    add_argument("--planner", metavar="NAME", help="the profile whose model makes a plan first")
    add_argument(
        "--strategy",
        choices=["loop", "pipeline", "mixed"],
        help="with fix: step by step, in few questions first, or both in turn (as the profile says)",
    )


def _add_plan(whole: argparse.ArgumentParser, plan: argparse.ArgumentParser) -> None:
    add_around(whole)
    whole.add_argument("--mode", choices=["act", "plan"], help="plan: only look, and make a plan (act)")
    whole.add_argument(
        "--plan", metavar="FILE", help="with -p: carry out this plan; in plan mode: write it there"
    )
    plan.add_argument("prompt", metavar="TASK", help="what is to be done")
    plan.add_argument("--plan", metavar="FILE", help="write it there (.r1code/plans/NAME.md)")
    plan.set_defaults(mode="plan")


def _add_replay(replay: argparse.ArgumentParser) -> None:
    replay.add_argument("log", metavar="SESSION", help="the id of a session, its folder, or its log")
    replay.add_argument("--json", action="store_true", help="events as JSON lines (docs/events.md)")
    replay.add_argument("--color", choices=["auto", "always", "never"], help="colour (auto)")
    replay.add_argument("--allow-host-exec", action="store_true", default=None, help="as for fix")


def _add_profiles(add: Callable[..., argparse.ArgumentParser]) -> None:
    profiles = add("profiles", help="list the profiles, or show one with all its values")
    profiles.add_argument("--json", action="store_true", help="as JSON")
    one = profiles.add_subparsers(dest="action", metavar="show").add_parser("show", help="all of one profile")
    one.add_argument("name", metavar="NAME")
    one.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="as JSON")
    _add_doctor(add)


def _add_container(add_argument: Callable[..., object]) -> None:
    add_argument("--image", metavar="NAME", help="a Docker image instead of r1code's own")
    add_argument(
        "--network",
        metavar="WHAT",
        help="what commands in the sandbox reach: none, full, or hosts: pypi.org,*.example.org:8080 (none)",
    )


def _add_doctor(add: Callable[..., argparse.ArgumentParser]) -> None:
    doctor = add(
        "doctor", help="what is right and wrong with a model's server, and what to change (docs/doctor.md)"
    )
    doctor.add_argument("target", nargs="?", metavar="PROFILE|URL", help="the chosen model, and the sandbox")
    doctor.add_argument("--model", metavar="NAME", dest="model_name", help="what the server calls the model")
    doctor.add_argument("--write", metavar="NAME", help="keep what was found as a profile of your own")
    doctor.add_argument("--force", action="store_true", help="with --write: replace the profile of that name")
    doctor.add_argument("--json", action="store_true", help="as JSON")


def _add_tests(add: Callable[..., argparse.ArgumentParser]) -> None:
    tests = add("tests", help="how the tests are run here, as far as the files show it")
    tests.add_argument("--json", action="store_true", help="as JSON")
    tests.add_argument("-C", dest="folder", metavar="FOLDER", default=".", help="look in FOLDER")


def _add_map(add: Callable[..., argparse.ArgumentParser]) -> None:
    found = add("map", help="what of this repository a task is about, as a model is shown it (docs/map.md)")
    found.add_argument("task", nargs="*", metavar="TASK", help="in words; without them, what matters to all")
    found.add_argument("--why", metavar="FILE", help="what raised this file, instead of the map")
    _add_map_tokens(found.add_argument)
    found.add_argument("--profile", metavar="NAME", help="whose tokens are counted")
    add_not_secret(found.add_argument)
    found.add_argument("--json", action="store_true", help="as JSON")
    found.add_argument("-C", dest="folder", metavar="FOLDER", default=".", help="work in FOLDER")


def _add_sandbox(sandbox: argparse.ArgumentParser) -> None:
    common = Grammar(add_help=False)
    common.add_argument("-C", dest="folder", metavar="FOLDER", default=".", help="work in FOLDER")
    actions = sandbox.add_subparsers(dest="action", metavar="ACTION", required=True)
    init = actions.add_parser("init", parents=[common], help="show what the project needs, as a Dockerfile")
    init.add_argument("--write", action="store_true", help="keep it as .r1code/Dockerfile")
    init.add_argument("--force", action="store_true", help="with --write: overwrite a file that differs")
    build = actions.add_parser("build", parents=[common], help="install what the project needs into an image")
    build.add_argument("--no-cache", action="store_true", help="also what is there already")
    shell = actions.add_parser("shell", parents=[common], help="a shell in a container with a copy of your files")
    _add_container(shell.add_argument)
    shell.add_argument("--yes", action="store_true", default=None, help="build the project's image unasked")
    actions.add_parser("doctor", help="what the sandbox finds on this machine, and what to do about it")
    prune = actions.add_parser(
        "prune", help="remove containers whose r1code is gone, and images that nobody uses"
    )
    prune.add_argument("--all", action="store_true", help="all of them, also those in use")
    image = actions.add_parser("image", help="make the base image ready now, and print its name")
    image.add_argument("--image", metavar="NAME", help="a Docker image instead of r1code's own")


def _add_undo(add: Callable[..., argparse.ArgumentParser]) -> None:
    common = Grammar(add_help=False)
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
    show = actions.add_parser("show", parents=[common, _view()], help="what one changed")
    show.add_argument("number", type=int, metavar="N")
    prune = actions.add_parser("prune", parents=[common], help="forget old ones, and contents that nothing needs")
    prune.add_argument("--days", type=float, metavar="N", help="what is older goes (30)")


def _view() -> argparse.ArgumentParser:
    """How a change is shown."""
    view = argparse.ArgumentParser(add_help=False)
    form = view.add_argument_group("form")
    form.add_argument("--stat", action="store_true", help="only how many lines each file gained and lost")
    form.add_argument("--words", action="store_true", help="changed lines once, with [-old-]{+new+} words")
    form.add_argument(
        "--side-by-side",
        action=argparse.BooleanOptionalAction,
        help="before and after beside each other (from 120 columns on)",
    )
    form.add_argument("--json", action="store_true", help="as JSON (docs/review.md)")
    form.add_argument("--color", choices=["auto", "always", "never"], help="colour (auto)")
    return view


def _add_apply(add: Callable[..., argparse.ArgumentParser]) -> None:
    apply = add("apply", parents=[_view()], help="apply a patch, or some of its hunks, so that it can be undone")
    apply.add_argument(
        "patch", metavar="FILE|SESSION", help="a patch file, `-`, or the id of a --dry-run session"
    )
    apply.add_argument("-C", dest="folder", metavar="FOLDER", default=".", help="work in FOLDER")
    wanted = apply.add_mutually_exclusive_group()
    wanted.add_argument("--hunks", metavar="LIST", help="only these, like 1,3-5")
    wanted.add_argument("--pick", action="store_true", help="ask about each hunk")
    apply.add_argument("--dry-run", action="store_true", help="show what would be applied; change nothing")


def _add_rules(common: argparse.ArgumentParser) -> None:
    rules = common.add_argument_group("approvals")
    add_trust(rules.add_argument)
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
    add_not_secret(rules.add_argument)


def _add_approvals(add: Callable[..., argparse.ArgumentParser]) -> None:
    common = Grammar(add_help=False)
    common.add_argument("-C", dest="folder", metavar="FOLDER", default=".", help="work in FOLDER")
    approvals = add("approvals", help="what you allowed here for good")
    actions = approvals.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", parents=[common], help="all rules, numbered")
    remove = actions.add_parser("remove", parents=[common], help="ask again about what a rule allowed")
    remove.add_argument("number", type=int, metavar="N")
