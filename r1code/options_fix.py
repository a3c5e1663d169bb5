"""Flags of `fix` alone."""

from __future__ import annotations

import argparse

from r1code.options_report import add_report_flag


def add_fix(fix: argparse.ArgumentParser) -> None:
    add_report_flag(fix)
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
