"""The flags of `r1code batch` and `r1code verify`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence


def parted(words: Sequence[str]) -> tuple[Sequence[str], list[str]]:
    """The words of the command line, and those that a batch or a server hands on: what comes after a `--`."""
    if "--" not in words:
        return words, []
    at = words.index("--")
    return (words[:at], list(words[at + 1 :])) if {"batch", "serve"} & {*words[:at]} else (words, [])


def add_verify(add: Callable[..., argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    verify = add("verify", parents=[common], help="the verdict on a patch: no model is asked", allow_abbrev=False)
    verify.add_argument("patch", metavar="PATCH", help="a patch file, `-`, or the id of a session that kept one")


def add_batch(add: Callable[..., argparse.ArgumentParser]) -> None:
    batch = add("batch", help="many tasks, each by an `r1code fix` of its own (docs/batch.md)")
    actions = batch.add_subparsers(dest="action", metavar="ACTION", required=True)
    run = actions.add_parser(
        "run",
        help="do the tasks of a file, or go on with them",
        epilog="What comes after ` -- ` are flags of each `r1code fix`: --profile NAME, --steps N, ...",
        allow_abbrev=False,
    )
    _add_run(run)
    show = actions.add_parser("show", help="what came of a batch: rate, cost, time, tokens")
    _add_bundle(show)
    show.add_argument("--json", action="store_true", help="as JSON")
    show.add_argument("--html", metavar="FILE", help="as one page with plots, which loads nothing")
    show.add_argument("--png", metavar="FILE", help="the plots as a picture (needs r1code[plots])")
    show.add_argument("--force", action="store_true", help="also over a FILE that is there")
    compare = actions.add_parser("compare", help="two batches of the same tasks, with intervals and a test")
    compare.add_argument("first", metavar="FOLDER")
    compare.add_argument("second", metavar="FOLDER")
    compare.add_argument("--json", action="store_true", help="as JSON")
    rescore = actions.add_parser(
        "rescore",
        help="test all patches of a batch again, without a model",
        epilog="What comes after ` -- ` are flags of each `r1code verify`: --network WHAT, ...",
        allow_abbrev=False,
    )
    _add_rescore(rescore)
    sources = actions.add_parser("import", help="make a file of tasks").add_subparsers(
        dest="source", metavar="FORM", required=True
    )
    _add_swebench(sources.add_parser("swebench", help="from a file in the form of SWE-bench"))
    _add_exercism(sources.add_parser("exercism", help="from folders of exercises, with two tries each"))


def _add_run(run: argparse.ArgumentParser) -> None:
    run.add_argument("tasks", metavar="TASKS", help="a file with one task as JSON per line")
    run.add_argument("-o", "--output", metavar="FOLDER", required=True, help="where results go, and are")
    _add_working(run)
    run.add_argument(
        "--ray",
        metavar="ADDRESS",
        nargs="?",
        const="",
        help="on the machines of a Ray cluster; without ADDRESS, in processes of Ray here (needs r1code[ray])",
    )
    run.add_argument("--tries", type=int, metavar="N", help="runs of fix for each task, instead of what it says")
    run.add_argument("--retry", action="store_true", help="do tasks again of whose result nothing was found out")
    run.add_argument("--keep", action="store_true", help="keep the clones")
    run.add_argument("--color", choices=["auto", "always", "never"], help="colour (auto)")


def _add_working(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workers", type=int, metavar="N", help="tasks at a time (half as many as processors)")
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="for each run of r1code (3600)")
    parser.add_argument(
        "--attempts",
        type=int,
        metavar="N",
        default=3,
        help="times that a task is begun where backend, sandbox or r1code fail (3)",
    )
    parser.add_argument("--fetch", action="store_true", help="allow repositories that are https or file URLs")
    parser.add_argument("--json", action="store_true", help="what happens as JSON lines")
    # What stands for r1code itself: for tests and benchmarks.
    parser.add_argument("--command", dest="started", metavar="FILE", help=argparse.SUPPRESS)


def _add_bundle(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER", help="what `r1code batch run -o FOLDER` wrote")


def _add_rescore(rescore: argparse.ArgumentParser) -> None:
    _add_bundle(rescore)
    rescore.add_argument("--repos", metavar="FOLDER", help="where the repositories lie")
    _add_working(rescore)


def _add_swebench(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help=".json, .jsonl or .parquet (needs r1code[parquet])")
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="the tasks (tasks.jsonl)")
    parser.add_argument("--repos", metavar="FOLDER", help="where clones lie (else each task names a URL)")
    parser.add_argument(
        "--test", metavar="COMMAND", help="how the tests run; {files}: those that the row changes"
    )
    parser.add_argument("--image", metavar="NAME", help="the image of each task; {id} and {key} are filled in")


def _add_exercism(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER", help="an exercise, or a folder of them")
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="the tasks (tasks.jsonl)")
    parser.add_argument("--test", metavar="COMMAND", help="how the tests run; {files}: the test files")
