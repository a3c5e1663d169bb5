"""How much one person or bot may ask for."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict, fields, replace

from r1code.errors import UsageError


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None: no limit."""

    requests_per_minute: int | None = 120
    concurrent: int | None = 16
    tokens_per_day: int | None = None
    """Input and output together, by days of UTC."""
    max_tokens: int | None = None
    """Of one answer. It has to be smaller than the model's window: where a client names none, this is sent."""


class OwnLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A holder's own; what is not set is as the gateway has it."""

    requests_per_minute: int | UnsetType | None = UNSET
    concurrent: int | UnsetType | None = UNSET
    tokens_per_day: int | UnsetType | None = UNSET
    max_tokens: int | UnsetType | None = UNSET

    def over(self, limits: Limits) -> Limits:
        own = {name: value for name, value in asdict(self).items() if value is not UNSET}
        return replace(limits, **own)

    def __str__(self) -> str:
        own = {name: value for name, value in asdict(self).items() if value is not UNSET}
        return " ".join(f"{name}={'off' if value is None else value}" for name, value in own.items())


def read_limits(words: Iterable[str]) -> OwnLimits:
    """From `--limit name=number`, `name=off`. Raises UsageError."""
    found: dict[str, int | None] = {}
    names = ", ".join(field.name for field in fields(OwnLimits))
    for word in words:
        name, _, value = word.partition("=")
        if value != "off" and not (value.isascii() and value.isdecimal() and int(value) > 0):
            raise UsageError(
                f"--limit {word} cannot be read",
                why="a limit is a name, = and a number from 1 on, or off",
                hint=f"--limit tokens_per_day=2000000; there are: {names}",
            )
        found[name] = None if value == "off" else int(value)
    try:
        return msgspec.convert(found, OwnLimits)
    except msgspec.ValidationError as error:
        raise UsageError("this is no limit", why=str(error), hint=f"there are: {names}") from error
