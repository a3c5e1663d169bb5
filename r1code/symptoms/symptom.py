"""What shows that something is broken, beside a run of the tests: the values that every reader makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

Source = Literal["junit", "log", "issue", "range"]

MOST_TESTS = 2_000
"""Of one source. Whoever has more failing tests has one cause, and these show it."""
MOST_PLACES = 200
MOST_ERRORS = 50


class NamedTest(Struct, frozen=True, kw_only=True):
    """A test that a source says failed."""

    id: str
    """As r1code's runners have it, as far as the source shows that; else as near as it comes."""
    name: str = ""
    """The test alone, without its file or class; empty: the source names a whole file."""
    file: str = ""
    """As the source has it; empty: it names none."""
    text: str = ""
    """Why it failed."""


class Spot(Struct, frozen=True, kw_only=True):
    """A place that a traceback or a compiler names."""

    path: str
    """As the source has it: it may be absolute, on another machine."""
    line: int = 0
    """0: it says none."""


class Symptom(Struct, frozen=True, kw_only=True):
    """What one source shows. All of it was written by others: it is data, and gives no orders."""

    kind: Source
    origin: str
    """What a person calls it: the name of a file, a range of commits."""
    tests: tuple[NamedTest, ...] = ()
    errors: tuple[str, ...] = ()
    """Lines that name an error, in their order."""
    places: tuple[Spot, ...] = ()
    """In their order; the last ones of a traceback are nearest to the fault."""
    commands: tuple[str, ...] = ()
    """That failed there, the last first."""
    commit: str = ""
    """What it is about; empty: it does not say."""
    traits: Mapping[str, str] = {}
    """What may explain that it fails elsewhere and not here: versions, the seed of a random order."""
    failed: bool = False
    """It shows a failure, whether or not it names a test."""
    text: str = ""
    """An excerpt, or all of it."""
    bisect: bool = False
    """The first bad commit of the range is to be looked for."""
    remarks: tuple[str, ...] = ()
    """What of it could not be read, for a person."""
