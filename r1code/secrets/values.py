"""Placeholders in values and in streams: every text in a struct, and output that comes in pieces."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import msgspec
from msgspec import Struct

from r1code.types import Arguments

S = TypeVar("S", bound=Struct)
Hide = Callable[[str], str]
_MOST_HELD = 65_536


def unchanged(text: str) -> str:
    """Where there is no vault."""
    return text


def hidden(value: S, hide: Hide) -> S:
    """The same value with every text in it hidden."""
    plain = msgspec.to_builtins(value)
    found = _walked(plain, hide)
    return value if found == plain else msgspec.convert(found, type=type(value))


def texts(arguments: Arguments, change: Hide) -> Arguments:
    """The same arguments with every text in them changed."""
    return cast("Arguments", _walked(arguments, change))


def _walked(value: object, change: Hide) -> object:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _walked(inner, change) for key, inner in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [_walked(inner, change) for inner in cast("list[object]", value)]
    if isinstance(value, tuple):
        return tuple(_walked(inner, change) for inner in cast("tuple[object, ...]", value))
    return value


class Lines:
    """Output in pieces: only whole lines can be looked at, so a line is held until it is over."""

    def __init__(self, hide: Hide) -> None:
        self._hide = hide
        self._held = ""

    def feed(self, text: str) -> str:
        """What can be shown now."""
        self._held += text
        cut = max(self._held.rfind("\n"), self._held.rfind("\r")) + 1
        if not cut and len(self._held) > _MOST_HELD:
            cut = len(self._held)
        done, self._held = self._held[:cut], self._held[cut:]
        return self._hide(done) if done else ""

    def end(self) -> str:
        """What was still held."""
        done, self._held = self._held, ""
        return self._hide(done) if done else ""
