"""How a model is spoken to: history in, request out; reply in, calls out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

from msgspec import Struct

from r1code.types import Ending, Message, Reply, ToolCall


class WireFunction(Struct, frozen=True, kw_only=True):
    name: str
    arguments: str
    """A JSON object."""


class WireCall(Struct, frozen=True, kw_only=True):
    """A call in a message that the model sent before."""

    id: str
    type: Literal["function"] = "function"
    function: WireFunction


class ChatMessage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message in the shape of the wire: what is not set is not sent."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    """Never null, which servers refuse or misread: nothing is the empty text."""
    reasoning_content: str | None = None
    """The empty text is sent, too: some servers demand the field."""
    tool_calls: tuple[WireCall, ...] = ()
    tool_call_id: str | None = None


class Function(Struct, frozen=True, kw_only=True):
    """A function that the model may call, in the shape of the wire."""

    name: str
    description: str
    parameters: dict[str, Any]
    """A JSON schema."""


class Request(Struct, frozen=True, kw_only=True):
    """One call of a model, as data."""

    messages: tuple[ChatMessage, ...] = ()
    prompt: str | None = None
    """A text to go on with, instead of messages: for holes in code. Only some providers can."""
    functions: tuple[Function, ...] = ()
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    thinking: int | None = None
    """Tokens of reasoning at most, where the server has a field for that. None: it is not asked for."""
    continues: bool = False
    """Whether the last message, the model's own, is to be gone on with."""


class Parsed(Struct, frozen=True, kw_only=True):
    """What a reply asks for."""

    calls: tuple[ToolCall, ...] = ()
    ending: Ending = Ending()
    prose: str = ""
    """The text outside of calls and endings."""
    notes: tuple[str, ...] = ()
    """What the model wants to remember; its reasoning is not sent back."""


class Dialect(Protocol):
    @property
    def functions(self) -> tuple[Function, ...]:
        """What the model is told that it may call, besides words. Always the same for one dialect."""
        ...

    def render(self, instructions: str, history: Sequence[Message]) -> tuple[ChatMessage, ...]:
        """The messages of a request. Pure and append-only: more history never changes earlier messages.

        The one exception is the last message, which may grow while only observations are added to it. What was
        said in another dialect is said in this one.
        """
        ...

    def parse(self, reply: Reply, *, first_call: int) -> Parsed:
        """The calls and the ending in a reply. Calls are numbered from `first_call` on.

        Raises FormatError, in words for the model, when the reply cannot be read in exactly one way.
        """
        ...
