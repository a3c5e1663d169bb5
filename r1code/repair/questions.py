"""A question of the model's, with answers to choose from. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct

from r1code.control import Control

MOST = 4
_LEAST = 2
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d[.)])[ \t]+(?P<text>.*\S)[ \t]*")


class Choices(Struct, frozen=True, kw_only=True):
    text: str
    """The question itself."""
    answers: tuple[str, ...]


Asks = Callable[[Choices, Control], str]
"""Asks a person; the answer, empty: none. Raises Cancelled."""


def choices(text: str) -> Choices:
    """A question as the model wrote it: two to four items at its end are answers to choose from."""
    lines = text.strip().split("\n")
    first = len(lines)
    while first and _ITEM.fullmatch(lines[first - 1]):
        first -= 1
    answers = tuple(found["text"] for line in lines[first:] if (found := _ITEM.fullmatch(line)))
    question = "\n".join(lines[:first]).strip()
    if question and _LEAST <= len(answers) <= MOST:
        return Choices(text=question, answers=answers)
    return Choices(text=text.strip(), answers=())
