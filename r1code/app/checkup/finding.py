"""One line of what a checkup says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from r1code.types import ExitCode

State = Literal["ok", "warning", "wrong"]


class Finding(Struct, frozen=True, kw_only=True):
    name: str
    """What was looked at."""
    state: State
    seen: str
    advice: str = ""
    """What to do, where there is something to do."""
    unreachable: bool = False
    """Nothing behind it could be looked at."""


def ok(name: str, seen: str, advice: str = "") -> Finding:
    return Finding(name=name, state="ok", seen=seen, advice=advice)


def warning(name: str, seen: str, advice: str) -> Finding:
    return Finding(name=name, state="warning", seen=seen, advice=advice)


def wrong(name: str, seen: str, advice: str) -> Finding:
    return Finding(name=name, state="wrong", seen=seen, advice=advice)


def exit_code(findings: Iterable[Finding]) -> ExitCode:
    """0: nothing is wrong. 6: the server cannot be reached. 1: anything else is wrong."""
    found = list(findings)
    if any(one.unreachable for one in found):
        return ExitCode.BACKEND
    return ExitCode.NOT_FIXED if any(one.state == "wrong" for one in found) else ExitCode.OK
