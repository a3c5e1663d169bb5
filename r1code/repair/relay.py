"""Tests that run, as generators: their output as events, or what they return."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import TypeVar

from r1code.events import CommandOutput, Event
from r1code.types import TestReport

Result = TypeVar("Result")


def shown(call_id: str, running: Generator[str, None, TestReport]) -> Generator[Event, None, TestReport]:
    """Its output as events."""
    try:
        while True:
            yield CommandOutput(call_id=call_id, text=next(running))
    except StopIteration as stop:
        report: TestReport = stop.value
        return report
    finally:
        running.close()


def unshown(running: Generator[str, None, Result]) -> Result:
    """What it returns."""
    with closing(running):
        while True:
            try:
                next(running)
            except StopIteration as stop:
                result: Result = stop.value
                return result


def quiet(running: Generator[str, None, TestReport]) -> Generator[Event, None, TestReport]:
    """What it returns: tests in it have to fail, and a person would take that for the patch's fault."""
    yield from ()
    return unshown(running)
