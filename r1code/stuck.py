"""Notices a turn that goes in circles."""

from __future__ import annotations

import re
from collections.abc import Sequence

from r1code.tools.background import still_runs
from r1code.types import Observation, ToolCall

_SAME = 3
_VOLATILE = re.compile(
    r"\b\d+(?:[.,]\d+)?\s?(?:ns|us|µs|ms|s|sec|secs|seconds?|min|minutes?)\b"
    r"|\b\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?\b|\b\d{4}-\d{2}-\d{2}\b|\b0x[0-9a-fA-F]{6,16}\b|\b\d{10,19}\b"
)
"""What differs from run to run and says nothing: durations, times of day, dates, addresses, Unix times."""
_BLANK = re.compile(r"\s+")


class Circles:
    """Fed after each step with calls, observations and the state of the work tree; says what repeats.

    A circle is the same calls with the same observations on the same tree three times, two such steps in turn
    (A-B-A-B), or a tree that is changed, changed back, changed and changed back again. Calls are the same when
    they differ in white space alone, observations when they differ in times and addresses alone.

    A look at a background command that still runs is no circle, and what was done to let time pass before it
    is none either: such a wait ends with the command, or with the turn's budget.
    """

    def __init__(self) -> None:
        self._steps: list[int] = []
        self._trees: list[str] = []

    def observe(self, calls: Sequence[ToolCall], observations: Sequence[Observation], tree: str) -> str | None:
        """What the evidence is, in a sentence; None: nothing repeats."""
        did = [
            (
                call.name,
                sorted((key, _BLANK.sub(" ", str(value)).strip()) for key, value in call.arguments.items()),
            )
            for call in calls
        ]
        step = hash((str(did), tuple((seen.status, _steady(seen.text)) for seen in observations), tree))
        if any(_waits(call, seen) for call, seen in zip(calls, observations, strict=True)):
            self._steps.clear()
        else:
            self._steps.append(step)
        if not self._trees or self._trees[-1] != tree:
            self._trees.append(tree)
        names = ", ".join(f"<{call.name}>" for call in calls)
        if self._steps.count(step) >= _SAME:
            return f"{names} was sent {self._steps.count(step)} times with the same result."
        if _alternates(self._steps):
            return f"the last four steps did the same two things in turn, {names} last."
        if _alternates(self._trees):
            return "the same change was made, taken back, and made and taken back again."
        return None


def _waits(call: ToolCall, seen: Observation) -> bool:
    return call.name == "logs" and still_runs(str(call.arguments.get("name")), seen.text)


def _steady(text: str) -> str:
    return _BLANK.sub(" ", _VOLATILE.sub("#", text))


def _alternates(values: Sequence[object]) -> bool:
    last = values[-4:]
    return len(last) == 4 and last[0] == last[2] != last[1] == last[3]  # noqa: PLR2004 - A-B-A-B
