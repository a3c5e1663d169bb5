"""Events that pass from one generator to the next: the output of tests, and what a candidate does."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import TypeVar, cast, get_args

from r1code.events import CandidateEvent, CommandOutput, Event, Inner
from r1code.tree.patch import Patch
from r1code.types import TestReport

Result = TypeVar("Result")
_INNER = get_args(Inner)


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


def numbered(number: int, attempt: Generator[Event, None, Patch]) -> Generator[Event, None, Patch]:
    """The same events, each with the number of its candidate."""
    try:
        while True:
            event = next(attempt)
            inner = cast("Inner", event)
            yield CandidateEvent(candidate=number, inner=inner) if isinstance(event, _INNER) else event
    except StopIteration as stop:
        patch: Patch = stop.value
        return patch
    finally:
        attempt.close()
