"""What a host is, and how the fields of a request are checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from fakes.prompts import Message, Template

Style = Literal["openai", "o1", "deepseek", "deepseek-v3.2", "r1-era", "vllm"]
Body = dict[str, Any]
Kind = Literal["string", "integer", "number", "boolean", "list", "object", "any"]


class Rules(Struct, frozen=True, kw_only=True):
    """What a test says about the server."""

    models: Sequence[str]
    context: int
    most_output: int
    template: Template
    details: bool = False
    """vLLM with --enable-prompt-tokens-details."""
    parser: bool = True
    """The reasoning has a field of its own; without, it stands in the answer as the model wrote it."""
    tells: bool = True
    """How many tokens it takes, where it refuses more."""
    beta: bool = False
    """The request came to DeepSeek's /beta."""


class Refusal(Struct, frozen=True, kw_only=True):
    status: int
    body: object


Check = Callable[[Body, Rules], Refusal | None]


class Field(Struct, frozen=True, kw_only=True):
    """What a field of a request may be; null where it is not required."""

    kind: Kind
    choices: Sequence[str] = ()
    required: bool = False


class Problem(Struct, frozen=True, kw_only=True):
    """A field that is missing, unknown, of another kind, or none of its choices."""

    name: str
    what: Literal["missing", "unknown", "kind", "choice"]
    field: Field
    value: object = None


class Host(Struct, frozen=True, kw_only=True):
    reasoning: Literal["reasoning", "reasoning_content"]
    """The field of the answer that holds it."""
    fields: Mapping[str, Field]
    complains: Callable[[Problem], Refusal]
    checks: Sequence[Check]
    """In the host's order; the first that refuses decides."""
    locked_out: Callable[[str | None], Refusal]
    """For the key that was sent."""
    limited: Callable[[], Refusal]
    not_found: object
    context: int = 131_072
    most_output: int = 131_072
    template: Template = "plain"
    cache: Literal["blocks", "prefixes"] = "blocks"
    unit: int = 64
    answer_only: bool = False
    """max_tokens is about the answer; the reasoning comes on top."""
    counts: Literal["vllm", "deepseek", "openai"] = "openai"
    """How the usage is written."""


KINDS: Mapping[Kind, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "list": (list,),
    "object": (dict,), "any": (object,),
}  # fmt: skip


def problems(body: object, fields: Mapping[str, Field]) -> Iterator[Problem]:
    """In the order of `fields`, then what is not among them."""
    sent = body if isinstance(body, dict) else {}
    for name, field in fields.items():
        value = sent.get(name)
        if value is None:
            if field.required:
                yield Problem(name=name, what="missing", field=field, value=len(sent))
        elif not isinstance(value, KINDS[field.kind]) or (isinstance(value, bool) and field.kind != "boolean"):
            yield Problem(name=name, what="kind", field=field, value=value)
        elif field.choices and value not in field.choices:
            yield Problem(name=name, what="choice", field=field, value=value)
    for name in sent.keys() - fields.keys():
        yield Problem(name=name, what="unknown", field=Field(kind="any"), value=sent[name])


def malformed_message(message: object, extra: frozenset[str] = frozenset(), first: str = "system") -> str | None:
    """What is wrong with one message, whoever reads it; `extra` names fields that its host takes besides.

    `first`: the role of the instructions.
    """
    if not isinstance(message, dict):
        return "it is no object"
    role, content, calls = message.get("role"), message.get("content"), message.get("tool_calls") or ()
    known = {"role", "content", "name", "tool_calls", "tool_call_id", "reasoning_content", *extra}
    wrong = {
        f"unknown fields {sorted(message.keys() - known)}": bool(message.keys() - known),
        f"unknown role {role!r}": role not in {first, "user", "assistant", "tool"},
        "content is no text": not isinstance(content, str) and not (content is None and role == "assistant"),
        "a tool's message names no call": role == "tool" and not isinstance(message.get("tool_call_id"), str),
        "tool_calls of somebody who calls none": bool(calls) and role != "assistant",
        "a malformed tool call": any(map(_malformed_call, calls)),
    }
    return next((words for words, is_so in wrong.items() if is_so), None)


def _malformed_call(call: Any) -> bool:
    function = call.get("function") if isinstance(call, dict) else None
    whole = isinstance(function, dict) and isinstance(function.get("arguments"), str) and function.get("name")
    return not whole or call.get("type") != "function" or not call.get("id")


def answered_calls(messages: Sequence[Message]) -> str | None:
    """What is wrong with calls and their results, in OpenAI's words, which the others took over."""
    waiting: set[str] = set()
    for message in messages:
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting:
                return "Messages with role 'tool' must be a response to a preceding message with 'tool_calls'"
            waiting.discard(message["tool_call_id"])
            continue
        if waiting:
            break
        waiting = {call["id"] for call in message.get("tool_calls") or ()}
    if not waiting:
        return None
    return (
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
        "'tool_call_id'. (insufficient tool messages following tool_calls message)"
    )
