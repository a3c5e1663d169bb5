"""A chat server that answers as scripted, with every fault, and rejects what the real ones reject."""

from __future__ import annotations

import json
import select
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any, Literal, Self, cast

Style = Literal["vllm", "deepseek", "r1-era"]
"""vLLM | DeepSeek's API of today | the hosts of R1's time, some of which still serve it."""
CUT = "cut"
HANG = "hang"
Step = bytes | float | Literal["cut", "hang"]
"""Bytes to send, seconds to wait, an abrupt end of the connection, or silence until the client goes."""


@dataclass
class Answer:
    """Status, headers, and what happens in the body. `before`: what happens ahead of the headers."""

    steps: Sequence[Step] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "text/event-stream; charset=utf-8"})
    before: Sequence[Step] = ()


@dataclass
class Seen:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: Any
    gone: threading.Event = field(default_factory=threading.Event)
    """Set when the client closed the connection before the answer was over."""


def event(data: object) -> bytes:
    return b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n"


def chunk(delta: dict[str, Any] | None, finish: str | None = None, **more: Any) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return event({**head, "choices": choices, **more})


DONE = b"data: [DONE]\n\n"
USAGE = {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}


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
    parts = [(where, reasoning[at : at + size]) for at in range(0, len(reasoning), size)]
    parts += [("content", text[at : at + size]) for at in range(0, len(text), size)]
    steps += [chunk({name: part}) for name, part in parts]
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


KEYS = {
    "model": str, "messages": list, "stream": bool, "stream_options": dict, "max_tokens": int, "seed": int,
    "temperature": (int, float), "top_p": (int, float), "thinking": dict, "reasoning_effort": str, "tools": list,
}  # fmt: skip


class FakeServer:
    """Answers the n-th accepted request with the n-th answer, and the last one from then on."""

    def __init__(
        self,
        answers: Iterable[Answer] = (),
        *,
        style: Style = "vllm",
        models: Sequence[str] = ("m",),
        key: str | None = None,
        lists_models: bool = True,
        context: int = 131_072,
    ) -> None:
        self.answers = list(answers)
        self.style = style
        self.models = models
        self.key = key
        self.lists_models = lists_models
        self.context = context
        self.seen: list[Seen] = []
        self.rejected: list[object] = []
        self.stopping = threading.Event()
        self._server = _Listener(("127.0.0.1", 0), _Handler)
        self._server.fake = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def port(self) -> int:
        return cast("int", self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def chats(self) -> list[Seen]:
        return [seen for seen in self.seen if seen.path.endswith("/chat/completions")]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """From now on the port refuses connections. Safe to call again."""
        if self.stopping.is_set():
            return
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, seen: Seen) -> Answer:
        bearer = f"Bearer {self.key}"
        if self.key is not None and seen.headers.get("authorization") != bearer:
            return self._reject(_no_entry(self.style))
        if seen.path in {"/v1/models", "/models"} and self.lists_models:
            listed = [{"id": name, "object": "model", "created": 1, "owned_by": "x"} for name in self.models]
            return fault(200, {"object": "list", "data": listed})
        if seen.path not in {"/v1/chat/completions", "/chat/completions"}:
            return self._reject(fault(404, {"detail": "Not Found"}))
        wrong = (
            self._wrong_body(seen.body) or self._wrong_model(seen.body["model"]) or self._wrong_size(seen.body)
        )
        if wrong is None and self.style == "r1-era":
            wrong = _wrong_era(seen.body["messages"])
        if wrong is not None:
            return self._reject(wrong)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def _reject(self, answer: Answer) -> Answer:
        self.rejected.append(b"".join(step for step in answer.steps if isinstance(step, bytes)))
        return answer

    def _wrong_body(self, body: Any) -> Answer | None:
        problem = next(_problems(body), None)
        if problem is None:
            return None
        if self.style == "vllm":
            return fault(
                400, {"error": {"message": problem, "type": "BadRequestError", "param": None, "code": 400}}
            )
        return fault(422, openai_error(f"Failed to deserialize the JSON body into the target type: {problem}"))

    def _wrong_model(self, model: str) -> Answer | None:
        if model in self.models:
            return None
        if self.style != "vllm":
            return fault(400, openai_error("Model Not Exist", "invalid_request_error"))
        message = f"The model `{model}` does not exist."
        return fault(404, {"error": {"message": message, "type": "NotFoundError", "param": "model", "code": 404}})

    def _wrong_size(self, body: dict[str, Any]) -> Answer | None:
        most = {"vllm": self.context, "deepseek": 393_216, "r1-era": 65_536}[self.style]
        asked = body.get("max_tokens", 1)
        if self.style != "vllm":
            message = f"Invalid max_tokens value, the valid range of max_tokens is [1, {most}]"
            return None if 1 <= asked <= most else fault(400, openai_error(message, "invalid_request_error"))
        prompt = sum(len(message["content"]) for message in body["messages"]) // 4
        if asked < 1:
            return fault(
                400, openai_error(f"max_tokens must be at least 1, got {asked}.", 400, "BadRequestError")
            )
        if prompt + asked <= most:
            return None
        message = (
            f"This model's maximum context length is {most} tokens. However, you requested {asked} output tokens "
            f"and your prompt contains at least {prompt} input tokens, for a total of at least {prompt + asked} "
            "tokens. Please reduce the length of the input prompt or the number of requested output tokens."
        )
        error = {"message": message, "type": "BadRequestError", "param": "input_tokens", "code": 400}
        return fault(400, {"error": error})


def _problems(body: Any) -> Iterator[str]:
    """What is wrong with a request's shape."""
    if not isinstance(body, dict):
        yield "the body is not an object"
        return
    for name, value in body.items():
        kind = KEYS.get(name)
        if kind is None:
            yield f"unknown field {name}"
        elif not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            yield f"{name}: wrong type"
    if not body.get("model") or not body.get("messages"):
        yield "model and messages are required"
    if "stream_options" in body and not body.get("stream"):
        yield "Stream options can only be defined when `stream=True`."
    if not 0 <= body.get("temperature", 0) <= 2 or not 0 < body.get("top_p", 1) <= 1:
        yield "temperature or top_p out of range"
    yield from (f"message {message} is malformed" for message in body["messages"] if not _is_message(message))


def _is_message(message: Any) -> bool:
    known = {"role", "content", "reasoning_content", "tool_calls", "tool_call_id"}
    if not isinstance(message, dict) or not set(message) <= known:
        return False
    return message.get("role") in {"system", "user", "assistant", "tool"} and isinstance(
        message.get("content"), str
    )


def _wrong_era(messages: list[dict[str, str]]) -> Answer | None:
    said = [(at, message) for at, message in enumerate(messages) if message["role"] != "system"]
    if not said or said[0][1]["role"] != "user":
        text = "The first message (except the system message) of deepseek-reasoner must be a user message"
        return fault(400, openai_error(text, "invalid_request_error"))
    for (left, before), (right, after) in pairwise(said):
        if before["role"] == after["role"]:
            text = (
                "deepseek-reasoner does not support successive user or assistant messages "
                f"(messages[{left}] and messages[{right}] in your input). "
                "You should interleave the user/assistant messages in the message sequence."
            )
            return fault(400, openai_error(text, "invalid_request_error"))
    if any("reasoning_content" in message for message in messages):
        text = "The reasoning_content field is not allowed in the input messages"
        return fault(400, openai_error(text, "invalid_request_error"))
    return None


def _no_entry(style: Style) -> Answer:
    if style == "vllm":
        return fault(401, {"error": "Unauthorized"})
    text = "Authentication Fails, Your api key: ****alid is invalid"
    return fault(401, openai_error(text, "invalid_request_error", "authentication_error"))


class _Listener(ThreadingHTTPServer):
    daemon_threads = False
    fake: FakeServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # A request that never comes must not keep the server from ending.
    timeout = 10

    def do_GET(self) -> None:
        self._serve(None)

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers.get("content-length", "0")))
        try:
            self._serve(json.loads(data))
        except ValueError:
            self._serve("not JSON")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        pass

    def _serve(self, body: Any) -> None:
        fake = cast("_Listener", self.server).fake
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen(self.path, headers, body)
        fake.seen.append(seen)
        answer = fake.answer(seen)
        self.close_connection = True
        try:
            if not self._play(answer.before, seen, chunked=False):
                return
            self.send_response(answer.status)
            for name, value in {**answer.headers, "transfer-encoding": "chunked"}.items():
                self.send_header(name, value)
            self.end_headers()
            if self._play(answer.steps, seen, chunked=True):
                self.wfile.write(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            seen.gone.set()

    def _play(self, steps: Sequence[Step], seen: Seen, *, chunked: bool) -> bool:
        """False when the connection is over."""
        for step in steps:
            if step == CUT:
                self.connection.shutdown(socket.SHUT_RDWR)
                return False
            if step == HANG or isinstance(step, float):
                if not self._wait(3600.0 if step == HANG else cast("float", step), seen):
                    return False
                continue
            data = cast("bytes", step)
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data) if chunked else data)
        return True

    def _wait(self, seconds: float, seen: Seen) -> bool:
        """False when the client went away or the server stops."""
        stopping = cast("_Listener", self.server).fake.stopping
        until = time.monotonic() + seconds
        while time.monotonic() < until and not stopping.is_set():
            readable, _, _ = select.select([self.connection], [], [], 0.01)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                seen.gone.set()
                return False
        return not stopping.is_set()
