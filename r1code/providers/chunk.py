"""The pieces of a streamed answer, as servers send them, in one form."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from r1code.providers.base import Delta
from r1code.types import Usage


class Chunk(Struct, frozen=True, kw_only=True):
    """What one event of the stream says."""

    deltas: tuple[Delta, ...] = ()
    finish: str | None = None
    usage: Usage | None = None

    def __bool__(self) -> bool:
        return bool(self.deltas) or self.finish is not None or self.usage is not None


class _Function(Struct):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None
    """Some servers send the object instead of its text."""


class _Call(Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Delta(Struct):
    content: str | None = None
    tool_calls: list[_Call] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None


class _Choice(Struct):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _PromptDetails(Struct):
    cached_tokens: int | None = None


class _CompletionDetails(Struct):
    reasoning_tokens: int | None = None


class _Usage(Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_cache_hit_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None


class _Event(Struct):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None


def read_chunk(event: object) -> Chunk:
    """Raises msgspec.ValidationError for what is no chunk of a chat completion."""
    read = msgspec.convert(event, type=_Event, from_attributes=True)
    deltas: list[Delta] = []
    finish = None
    for choice in read.choices or ():
        delta = choice.delta or _Delta()
        # DeepSeek and older servers say reasoning_content, vLLM reasoning; some send both with the same text.
        reasoning = delta.reasoning_content or delta.reasoning
        if reasoning:
            deltas.append(Delta(field="reasoning", text=reasoning))
        if delta.content:
            deltas.append(Delta(field="content", text=delta.content))
        deltas += map(_call, delta.tool_calls or ())
        finish = choice.finish_reason or finish
    return Chunk(deltas=tuple(deltas), finish=finish, usage=None if read.usage is None else _usage(read.usage))


def _call(call: _Call) -> Delta:
    function = call.function or _Function()
    arguments = function.arguments or ""
    text = arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode()
    return Delta(field="call", text=text, index=call.index, call_id=call.id or "", name=function.name or "")


def _usage(usage: _Usage) -> Usage:
    details = usage.prompt_tokens_details
    cached = details.cached_tokens if details is not None else None
    completion = usage.completion_tokens_details
    return Usage(
        prompt=usage.prompt_tokens,
        cached=usage.prompt_cache_hit_tokens if cached is None else cached,
        completion=usage.completion_tokens,
        reasoning=None if completion is None else completion.reasoning_tokens,
    )
