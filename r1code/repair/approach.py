"""How a task is gone about."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from r1code.repair.stopped import Stopped
from r1code.types import Plan


class Wanted(Protocol):
    """What the final answer has to be."""

    schema: str
    """As the model is shown it."""

    def wrong(self, text: str) -> str:
        """What is wrong with `text`, in words for the model; empty: nothing."""
        ...


class Approach(Struct, frozen=True, kw_only=True):
    command: str | None = None
    """Runs the tests; None: nobody knows how."""
    candidates: int = 1
    """Attempts at most, each with its share of the steps; the first that is proven ends it."""
    seed: int | None = None
    dry_run: bool = False
    """Nothing reaches the person's tree."""
    plan: Plan | None = None
    """What a person wants carried out."""
    answer: Wanted | None = None
    """None: any words."""
    found: bool = False
    """Nobody named the command: the repository's files show it."""
    stopped: Stopped | None = None
    """What is to go on. None: it is a new task."""

    @property
    def first(self) -> int:
        """The candidate that is to be worked on first."""
        return 1 if self.stopped is None else self.stopped.candidate
