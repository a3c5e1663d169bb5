"""How a model is spoken to: history in, request out; reply in, calls out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from msgspec import Struct

from r1code.types import Ending, Finish, Message, ToolCall


class ChatMessage(Struct, frozen=True, kw_only=True):
    """A message in the shape of the wire."""

    role: Literal["system", "user", "assistant"]
    content: str


class Request(Struct, frozen=True, kw_only=True):
    """One call of a model, as data."""

    messages: tuple[ChatMessage, ...] = ()
    prompt: str | None = None
    """A text to go on with, instead of messages: for holes in code. Only some providers can."""
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None


class Parsed(Struct, frozen=True, kw_only=True):
    """What a reply asks for."""

    calls: tuple[ToolCall, ...] = ()
    ending: Ending = Ending()
    prose: str = ""
    """The text outside of calls and endings."""
    notes: tuple[str, ...] = ()
    """What the model wants to remember; its reasoning is not sent back."""


class Dialect(Protocol):
    def render(self, instructions: str, history: Sequence[Message]) -> tuple[ChatMessage, ...]:
        """The messages of a request. Pure and append-only: more history never changes earlier messages.

        The one exception is the last message, which may grow while only observations are added to it.
        """
        ...

    def parse(self, text: str, *, reasoning: str, finish: Finish, first_call: int) -> Parsed:
        """The calls and the ending in an answer. Calls are numbered from `first_call` on.

        Raises FormatError, in words for the model, when the answer cannot be read in exactly one way.
        """
        ...
