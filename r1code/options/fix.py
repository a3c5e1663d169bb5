"""Flags of `fix` alone."""

from __future__ import annotations

import argparse

from r1code.options.report import add_report_flag


def add_fix(fix: argparse.ArgumentParser) -> None:
    add_report_flag(fix)
    # `r1code -c fix`: the command says why it goes on with no session.
    fix.add_argument("-c", "--continue", dest="continues", nargs="?", const="", help=argparse.SUPPRESS)
    _add_trust(fix)
    _add_sources(fix)
    _add_place(fix)
    _add_proof(fix)
    _add_several(fix)


def _add_several(fix: argparse.ArgumentParser) -> None:
    several = fix.add_argument_group("candidates (docs/candidates.md)")
    several.add_argument("--candidates", metavar="N", help="attempts at the repair (1)")
    several.add_argument(
        "--parallel",
        metavar="N",
        help="so many of them at a time (as many as the model's server answers at once)",
    )
    several.add_argument(
        "--pick",
        choices=["first", "best"],
        help="first: one that is proven ends the others; best: all come to their end, the best is taken (first)",
    )


def _add_trust(fix: argparse.ArgumentParser) -> None:
    fix.add_argument(
        "--trust-from",
        metavar="REV",
        help="trust the settings, instructions and test command of REV, and not those of this tree (docs/ci.md)",
    )
    fix.add_argument(
        "--check",
        action="store_true",
        help="only run the tests, in the sandbox and without a model: 0 they pass, 1 they do not (docs/ci.md)",
    )


def _add_sources(fix: argparse.ArgumentParser) -> None:
    sources = fix.add_argument_group("what shows the failure (docs/fix.md)")
    sources.add_argument(
        "--from-junit",
        metavar="FILE",
        action="append",
        help="a JUnit report of the run that failed, or a pattern: 'reports/**/*.xml'; may be repeated",
    )
    sources.add_argument(
        "--from-log", metavar="FILE", help="the log of the CI job that failed; `-`: standard input"
    )
    sources.add_argument(
        "--from-issue",
        metavar="FILE",
        help="what somebody reports, in words or as `gh` has it; `-`: standard input",
    )
    sources.add_argument(
        "--from-range", metavar="GOOD..BAD", help="the tests passed at the commit GOOD and fail at BAD"
    )
    sources.add_argument(
        "--bisect", action="store_true", help="with --from-range: find the first bad commit by running the tests"
    )


def _add_place(fix: argparse.ArgumentParser) -> None:
    place = fix.add_argument_group("where")
    place.add_argument("--path", metavar="DIR", help="the part of the repository whose tests run, and run in it")
    place.add_argument(
        "--at", metavar="REV", help="work on this commit, in a new linked worktree (also of a bare clone)"
    )
    place.add_argument(
        "--require-clean",
        action="store_true",
        help="refuse a tree with uncommitted changes (so it is where CI=true)",
    )
    place.add_argument(
        "--allow-dirty", action="store_true", help="take uncommitted changes as they are, also in CI"
    )


def _add_proof(fix: argparse.ArgumentParser) -> None:
    proof = fix.add_argument_group("what a fix has to stand up to (docs/verdict.md)")
    proof.add_argument("--verdict-runs", metavar="N", help="clean re-runs in which what is fixed has to pass (2)")
    proof.add_argument(
        "--build", metavar="COMMAND", help="builds the project; must not fail where it passed before"
    )
    proof.add_argument(
        "--lint-gate", metavar="COMMAND", help="checks the whole project; must not fail where it passed before"
    )
    proof.add_argument(
        "--strict",
        choices=["off", "runner", "all"],
        help="which suspicious lines are refused: none, those about the test runner, all "
        "(off; runner where CI is set)",
    )
