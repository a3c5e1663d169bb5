"""What a client may ask of the model's server: read, checked, and written anew.

Only fields that fields.toml names get through. What reaches the server is never the client's own bytes, so both
cannot read one request in two ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Literal, cast

import msgspec
from msgspec import Struct

from r1code.serving.gateway.limits import Limits
from r1code.serving.gateway.refusals import bad_request

Endpoint = Literal["/v1/chat/completions", "/v1/completions"]
Body = dict[str, Any]

_DEEPEST = 32
_BYTES_OF_A_TOKEN = 4
_UNNAMED_OUTPUT = 4_096
"""Held for an answer of which nobody says how long it may get."""
_MOST_ANSWERS = 8


class _Fields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    common: frozenset[str]
    chat: frozenset[str]
    completions: frozenset[str]
    unheard: frozenset[str]
    sessions: Sequence[str]

    @property
    def dropped(self) -> frozenset[str]:
        return self.unheard.union(self.sessions)

    def taken(self, endpoint: Endpoint) -> frozenset[str]:
        own = self.chat if endpoint == "/v1/chat/completions" else self.completions
        return self.common | own | self.dropped


_FILE = files("r1code.serving.gateway") / "fields.toml"
_FIELDS = msgspec.toml.decode(_FILE.read_bytes(), type=_Fields)
_LONGEST_NAME = 40
"""Of a field, in a refusal."""
_TEMPLATE_WORDS = frozenset({"thinking", "enable_thinking"})


class Asked(Struct, frozen=True, kw_only=True):
    body: Body
    stream: bool
    shows_usage: bool
    """The client asked for the chunk with the usage,"""
    shows_running_usage: bool
    """and for usage in each chunk."""
    session: str
    """What stays the same in one conversation."""
    input: int
    """In tokens, estimated."""
    output: int
    """What the answer may have, in tokens."""

    def sent(self, salt: str) -> bytes:
        body = {**self.body, "cache_salt": salt}
        if self.stream:
            # Usage in each chunk: of a stream that is cut, what it had used so far is known.
            body["stream_options"] = {"include_usage": True, "continuous_usage_stats": True}
        return msgspec.json.encode(body)


def read_asked(raw: bytes, endpoint: Endpoint, limits: Limits, session: str | None) -> Asked:
    """`session` is what a header named. Raises Refusal, whose words hold no more of the request than a name."""
    body = _decoded(raw)
    _check_depth(body)
    taken = _FIELDS.taken(endpoint)
    for name in body:
        if name not in taken:
            known = "is the gateway's to set" if name == "cache_salt" else "is not taken by this gateway"
            param = name if name.isidentifier() and name.isascii() and len(name) <= _LONGEST_NAME else None
            raise bad_request(f"a field {known}", param)
    if not isinstance(body.get("model"), str):
        raise bad_request("model has to be a text", "model")
    opening = _opening(body, endpoint)
    options = _options(body)
    count = _number(body, "n", 1)
    if count > _MOST_ANSWERS:
        raise bad_request(f"n is {_MOST_ANSWERS} at most", "n")
    most = _longest(body, limits)
    named = [session, *(body.get(name) for name in _FIELDS.sessions)]
    sent = {
        name: value for name, value in body.items() if name not in _FIELDS.dropped and name != "stream_options"
    }
    if most is not None and "max_completion_tokens" not in body:
        sent["max_tokens"] = most
    return Asked(
        body=sent,
        stream=_boolean(body, "stream"),
        shows_usage=_boolean(options, "include_usage"),
        shows_running_usage=_boolean(options, "continuous_usage_stats"),
        session=next((name for name in named if isinstance(name, str) and name), opening),
        input=len(raw) // _BYTES_OF_A_TOKEN,
        output=(_UNNAMED_OUTPUT if most is None else most) * count,
    )


def _decoded(raw: bytes) -> Body:
    try:
        return msgspec.json.decode(raw, type=Body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        # The reasons of the parser may quote.
        raise bad_request("the body is no JSON object that can be read") from None


def _check_depth(body: object) -> None:
    level = [body]
    for _ in range(_DEEPEST):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (cast("Body", outer).values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise bad_request(f"the body is nested deeper than {_DEEPEST} levels")


def _opening(body: Body, endpoint: Endpoint) -> str:
    """How the conversation begins: it goes on so in each of its requests."""
    if endpoint == "/v1/completions":
        prompt = body.get("prompt")
        if not isinstance(prompt, str):
            raise bad_request("prompt has to be one text", "prompt")
        return prompt[:512]
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise bad_request("messages has to be a list of messages", "messages")
    for message in cast("list[object]", messages):
        _check_message(message)
    words = body.get("chat_template_kwargs")
    if words is not None and not _is_plain(words):
        raise bad_request("chat_template_kwargs may only switch thinking on or off", "chat_template_kwargs")
    return msgspec.json.encode(cast("list[object]", messages)[:2]).decode()


def _check_message(message: object) -> None:
    if not isinstance(message, dict):
        raise bad_request("a message has to be an object", "messages")
    content = cast("Body", message).get("content")
    for part in cast("list[object]", content) if isinstance(content, list) else ():
        # An image's address would make the server fetch it.
        if not isinstance(part, dict) or cast("Body", part).get("type") != "text":
            raise bad_request("only text is taken", "messages")


def _is_plain(words: object) -> bool:
    return isinstance(words, dict) and all(
        name in _TEMPLATE_WORDS and isinstance(value, bool) for name, value in cast("Body", words).items()
    )


def _options(body: Body) -> Body:
    options = body.get("stream_options")
    if options is None:
        return {}
    if not isinstance(options, dict) or not body.get("stream"):
        raise bad_request("stream_options is an object, and goes with stream", "stream_options")
    return cast("Body", options)


def _longest(body: Body, limits: Limits) -> int | None:
    """How long the answer may get, where the client or the gateway says so."""
    cap = limits.max_tokens
    asked = [
        _number(body, name, 0) for name in ("max_tokens", "max_completion_tokens") if body.get(name) is not None
    ]
    if cap is not None and any(number > cap for number in asked):
        # In the words of OpenAI's API, in which clients find the number.
        raise bad_request(f"max_tokens is too large: this key gets at most {cap}", "max_tokens")
    return max(asked, default=cap)


def _number(body: Body, name: str, default: int) -> int:
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1 << 31:
        raise bad_request(f"{name} has to be a whole number from 1 on", name)
    return value


def _boolean(body: Body, name: str) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise bad_request(f"{name} has to be true or false", name)
    return bool(value)
