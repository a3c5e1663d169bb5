"""How a task is gone about."""

from __future__ import annotations

from typing import Literal, Protocol

from msgspec import Struct

from r1code.repair.stopped import Stopped
from r1code.repair.variant import Variant
from r1code.repo.ancestry import Ancestry
from r1code.symptoms.symptom import Symptom
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
    variants: tuple[Variant, ...] = (Variant(number=1),)
    """Attempts at a repair, each with its share of the steps."""
    parallel: int = 1
    """So many of them at a time."""
    pick: Literal["first", "best"] = "first"
    """first: one that is proven ends the others. best: all come to their end, and the best is chosen."""
    seed: int | None = None
    dry_run: bool = False
    """Nothing reaches the person's tree."""
    plan: Plan | None = None
    """What a person wants carried out."""
    answer: Wanted | None = None
    """None: any words."""
    found: bool = False
    """Nobody named the command: the repository's files show it."""
    symptoms: tuple[Symptom, ...] = ()
    """What shows the failure, beside the tests."""
    ancestry: Ancestry | None = None
    """The commits, where one of the symptoms is a range of them."""
    part: str = ""
    """The folder that it is about; what is changed elsewhere is said."""
    stopped: Stopped | None = None
    """What is to go on. None: it is a new task."""
