"""Test runners: a test command in, structured results out."""

from __future__ import annotations

from r1code.sandbox.runners.ask import related, runner_of, stages, subset
from r1code.sandbox.runners.run import run_again, run_tests, summary

__all__ = ["related", "run_again", "run_tests", "runner_of", "stages", "subset", "summary"]
