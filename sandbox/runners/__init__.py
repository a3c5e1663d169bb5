"""Test runners: a test command in, structured results out."""

from __future__ import annotations

from r1code.sandbox.runners.ask import stages
from r1code.sandbox.runners.run import run_again, run_tests, summary

__all__ = ["run_again", "run_tests", "stages", "summary"]
