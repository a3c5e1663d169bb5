"""What a fake server answers, as data: a model's reply, or bytes, waits and breaks one by one."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from msgspec import Struct

CUT = "cut"
HANG = "hang"
Step = bytes | float | Literal["cut", "hang"]
"""Bytes to send, seconds to wait, an abrupt end of the connection, or silence until the client goes."""
Shape = Callable[[Sequence[Step]], Sequence[Step]]
"""What the way does to an answer: see `cut_after`, `pieces` and the like."""
Reported = Literal["counted", "none"]

DONE = b"data: [DONE]\n\n"
USAGE = {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}
KEEP_ALIVE = b": keep-alive\n\n"


def as_it_is(steps: Sequence[Step]) -> Sequence[Step]:
    return steps


@dataclass
class Answer:
    """Status, headers, and what happens in the body. `before`: what happens ahead of the headers."""

    steps: Sequence[Step] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "text/event-stream; charset=utf-8"})
    before: Sequence[Step] = ()


class Call(Struct, frozen=True, kw_only=True):
    """A function that the model calls, natively."""

    name: str
    arguments: str = "{}"


class Reply(Struct, frozen=True, kw_only=True):
    """What the model writes. The server puts it on the wire as its host does, counts it, and heeds the request:
    limits, the reasoning budget, a message to be continued, streamed or not.
    """

    text: str = ""
    reasoning: str = ""
    closed: bool = True
    """False: the model never writes `</think>`."""
    calls: Sequence[Call] = ()
    finish: str | None = None
    """None: stop, length or tool_calls, as it comes out."""
    size: int = 8
    """Characters of a delta; 0: all of a field at once."""
    usage: Reported = "counted"
    shape: Shape = as_it_is
    before: Sequence[Step] = ()


def event(data: object) -> bytes:
    return b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n"


def chunk(delta: dict[str, Any] | None, finish: str | None = None, **more: Any) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return event({**head, "choices": choices, **more})


def say(
    text: str,
    reasoning: str = "",
    *,
    where: Literal["reasoning_content", "reasoning", "tags", "prompt"] = "reasoning",
    finish: str | None = "stop",
    usage: dict[str, Any] | None = USAGE,
    usage_at: Literal["tail", "finish"] = "tail",
    size: int = 8,
    done: bool = True,
) -> list[Step]:
    """An answer in deltas of `size` characters. `where`: how the server gives the reasoning."""
    steps: list[Step] = [chunk({"role": "assistant", "content": ""})]
    if where in {"tags", "prompt"}:
        text, reasoning = f"{'<think>' if where == 'tags' else ''}{reasoning}</think>{text}", ""
    steps += [chunk({where: part}) for part in parts(reasoning, size)]
    steps += [chunk({"content": part}) for part in parts(text, size)]
    if finish is not None:
        more = {"usage": usage} if usage is not None and usage_at == "finish" else {}
        steps.append(chunk({}, finish, **more))
    if usage is not None and usage_at == "tail":
        steps.append(chunk(None, usage=usage))
    return [*steps, *([DONE] if done else [])]


def told(*args: Any, **more: Any) -> Answer:
    """A whole answer; the arguments are those of `say`."""
    return Answer(say(*args, **more))


def fault(status: int, body: object, **headers: str) -> Answer:
    """A status with a body, as JSON unless it is text."""
    text = body if isinstance(body, str) else json.dumps(body)
    kind = "application/json" if not isinstance(body, str) else "text/html"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer([text.encode()], status, {"content-type": kind, **named})


def openai_error(message: str, code: object = None, kind: str = "invalid_request_error") -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def parts(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)] if size else [text] * bool(text)


def joined(steps: Sequence[Step]) -> bytes:
    return b"".join(step for step in steps if isinstance(step, bytes))


def cut_after(events: int) -> Shape:
    """The connection breaks after so many events."""
    return lambda steps: [*steps[:events], CUT]


def cut_in(words: str | bytes) -> Shape:
    """The connection breaks in the middle of `words`, which may be one character of several bytes."""
    wanted = words.encode() if isinstance(words, str) else words

    def shape(steps: Sequence[Step]) -> Sequence[Step]:
        data = joined(steps)
        return [data[: data.index(wanted) + len(wanted) // 2], CUT]

    return shape


def ended_after(events: int) -> Shape:
    """The stream ends in good order after so many events: without [DONE], and early without a finish."""
    return lambda steps: list(steps[:events])


def without_done(steps: Sequence[Step]) -> Sequence[Step]:
    return [step for step in steps if step != DONE]


def pieces(size: int, seconds: float = 0.0) -> Shape:
    """The same bytes, `size` at a time, with a wait after each: a slow line."""

    def shape(steps: Sequence[Step]) -> Sequence[Step]:
        data = joined(steps)
        cut: list[Step] = []
        for at in range(0, len(data), size):
            cut += [data[at : at + size], seconds] if seconds else [data[at : at + size]]
        return cut

    return shape


def merged(steps: Sequence[Step]) -> Sequence[Step]:
    """All events in one piece."""
    return [joined(steps)]


def kept_alive(times: int, seconds: float, line: bytes = KEEP_ALIVE) -> Shape:
    """A wait before the answer, with a comment (or blank line) now and then."""
    waits: list[Step] = [line, seconds]
    return lambda steps: [*waits * times, *steps]
