"""Patches that are proven alike: the model says which one it would keep."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence

from r1code import prompts
from r1code.budget import Meter
from r1code.control import Control
from r1code.events import Event
from r1code.repair.aside import asked_aside
from r1code.repair.parts import Parts
from r1code.session import Session
from r1code.tools.truncation import clean, clip

MOST_SHOWN = 6
"""Patches in one question."""
_MOST_CHARACTERS = 6_000
"""Of each."""
_CHOICE = re.compile(r"<choice>\s*([A-Z])\s*</choice>")


class Tie:
    """Its questions are logged in `session`, and count."""

    def __init__(self, parts: Parts, session: Session, meter: Meter) -> None:
        self._parts = parts
        self._session = session
        self._meter = meter

    def broken(
        self, task: str, patches: Mapping[int, str], control: Control
    ) -> Generator[Event, None, int | None]:
        """The candidate whose patch the model prefers, asked twice with the patches in both orders.

        None: it did not say, or the order decided. Raises R1CodeError, Cancelled and BudgetExhausted.
        """
        shown = [(number, patches[number]) for number in sorted(patches)[:MOST_SHOWN]]
        first = yield from self._asked(task, shown, control)
        if first is None:
            return None
        second = yield from self._asked(task, shown[::-1], control)
        return first if first == second else None

    def _asked(
        self, task: str, patches: Sequence[tuple[int, str]], control: Control
    ) -> Generator[Event, None, int | None]:
        named = [(chr(ord("A") + place), number, text) for place, (number, text) in enumerate(patches)]
        texts = [(letter, clip(clean(text), _MOST_CHARACTERS).text) for letter, _, text in named]
        model = self._parts.asked(prompts.load("choose_instructions"), seed=None)
        question = prompts.load("choose", task=clean(task), patches=texts)
        reply = yield from asked_aside(self._session, model, question, control, meter=self._meter)
        found = _CHOICE.findall(reply.text)
        return next((number for letter, number, _ in named if found and letter == found[-1]), None)
