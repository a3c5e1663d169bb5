"""Who answers: the contract between r1code and a model's backend."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Protocol

from msgspec import Struct

from r1code.control import Control
from r1code.dialects.base import Request
from r1code.types import Cut, Finish, Usage


class Delta(Struct, frozen=True, kw_only=True):
    """A piece of the answer as it came over the wire, and the field that it came in."""

    field: Literal["content", "reasoning", "call"]
    text: str
    """In the field `call`: a piece of the arguments of a call, which the other attributes tell apart."""
    index: int | None = None
    """The number of the call, from 0."""
    call_id: str = ""
    name: str = ""


class Done(Struct, frozen=True, kw_only=True):
    """The last item of every stream."""

    finish: Finish
    usage: Usage = Usage()
    cut: Cut | None = None
    """Of a reply that is given again: why it was cut then."""


class Lost(Struct, frozen=True, kw_only=True):
    """The request failed before anything of its answer was yielded, and is to be sent again."""

    usage: Usage | None
    """What it used, as far as the server said. None: it was refused, and used nothing."""


class Again(Struct, frozen=True, kw_only=True):
    """Comes after a Lost, right before the request is sent again: the last moment to leave."""


Item = Delta | Done | Lost | Again


class Provider(Protocol):
    def stream(self, request: Request, control: Control) -> Iterator[Item]:
        """Yields deltas, then exactly one Done. Raises only ProviderError and Cancelled.

        Before the first delta there may be pairs of Lost and Again. Nothing of a stream that raised may be acted
        upon.
        """
        ...

    def close(self) -> None:
        """Releases connections and threads. Safe to call again."""
        ...
