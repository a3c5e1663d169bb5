"""The embedded model: llama.cpp's server in a child process, started at the first request."""

from __future__ import annotations

import http.client
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import msgspec
from msgspec import Struct

from r1code.control import Control
from r1code.dialects.base import Request
from r1code.errors import Cancelled, ContextOverflow, ProviderError
from r1code.providers.base import Delta, Done
from r1code.providers.child import Child
from r1code.types import Finish, Usage

CONTEXT_TOKENS = 16384
_FINISHES: dict[str, Finish] = {"stop": "stop", "length": "length"}


class _Text(Struct, frozen=True):
    content: str | None = None
    reasoning_content: str | None = None


class _Choice(Struct, frozen=True):
    delta: _Text = _Text()
    text: str | None = None
    finish_reason: str | None = None


class _Details(Struct, frozen=True):
    cached_tokens: int | None = None


class _Usage(Struct, frozen=True):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _Details = _Details()


class _Error(Struct, frozen=True):
    message: str = ""
    type: str = ""
    n_prompt_tokens: int | None = None
    n_ctx: int | None = None


class _Chunk(Struct, frozen=True):
    choices: tuple[_Choice, ...] = ()
    usage: _Usage | None = None
    error: _Error | None = None


class LocalProvider:
    """Computes one answer at a time; a second request waits for the first. `start` makes a Child."""

    def __init__(self, start: Callable[[], Child], *, say: Callable[[str], None]) -> None:
        self._start = start
        self._say = say
        self._child: Child | None = None
        self._lock = threading.Lock()

    def stream(self, request: Request, control: Control) -> Iterator[Delta | Done]:
        child = self._running(control)
        usage = Usage()
        finish: Finish | None = None
        path = "/v1/chat/completions" if request.prompt is None else "/v1/completions"
        for chunk in _ask(child, path, _body(request), control):
            if chunk.error is not None:
                raise _refusal(chunk.error)
            for choice in chunk.choices:
                if choice.delta.reasoning_content:
                    yield Delta(field="reasoning", text=choice.delta.reasoning_content)
                if text := choice.delta.content or choice.text:
                    yield Delta(field="content", text=text)
                if choice.finish_reason is not None:
                    finish = _FINISHES.get(choice.finish_reason, "unknown")
            if chunk.usage is not None:
                usage = Usage(
                    prompt=chunk.usage.prompt_tokens,
                    cached=chunk.usage.prompt_tokens_details.cached_tokens,
                    completion=chunk.usage.completion_tokens,
                )
        if finish is None:
            raise child.failed("broke off in the middle of an answer")
        yield Done(finish=finish, usage=usage)

    def close(self) -> None:
        with self._lock:
            if self._child is not None:
                self._child.close()
            self._child = None

    def _running(self, control: Control) -> Child:
        """The child; a new one where there is none, or none any more."""
        with self._lock:
            if self._child is not None and not self._child.alive:
                self._child.close()
                self._child = None
            if self._child is None:
                child = self._start()
                try:
                    child.wait(self._say, control)
                except (Cancelled, ProviderError):
                    child.close()
                    raise
                self._child = child
            return self._child


def _body(request: Request) -> bytes:
    fields = {
        "messages": request.messages or None,
        "prompt": request.prompt,
        "stop": request.stop or None,
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "seed": request.seed,
        "stream": True,
        "stream_options": {"include_usage": True},
        "cache_prompt": True,
    }
    return msgspec.json.encode({name: value for name, value in fields.items() if value is not None})


def _ask(child: Child, path: str, body: bytes, control: Control) -> Iterator[_Chunk]:
    """The chunks of one answer. Leaving it closes the connection, which makes the server stop."""
    connection = http.client.HTTPConnection(*child.address)
    try:
        connection.connect()
    except OSError as error:
        raise child.failed("does not answer") from error
    wire: socket.socket = connection.sock
    chunks: queue.Queue[_Chunk | None] = queue.Queue()
    # The first byte comes when the prompt is read, which takes minutes: only a thread can wait for that.
    question = (path, child.key, body)
    reader = threading.Thread(target=_read, args=(connection, question, chunks), name="r1code-local")
    reader.start()
    try:
        while (chunk := control.get(chunks)) is not None:
            yield chunk
    finally:
        with suppress(OSError):
            wire.shutdown(socket.SHUT_RDWR)
        reader.join()
        connection.close()


def _read(
    connection: http.client.HTTPConnection, question: tuple[str, str, bytes], chunks: queue.Queue[_Chunk | None]
) -> None:
    """Puts what comes, and None at the end, whichever way that comes about."""
    path, key, body = question
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    try:
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        if response.status != http.client.OK:
            chunks.put(msgspec.json.decode(response.read(), type=_Chunk))
        for line in response:
            if line.startswith(b"data: {"):
                chunks.put(msgspec.json.decode(line[len(b"data: ") :], type=_Chunk))
    except (OSError, http.client.HTTPException, msgspec.MsgspecError):
        # A broken connection is an answer without an end; whoever reads it says so.
        pass
    finally:
        chunks.put(None)


def _refusal(error: _Error) -> ProviderError:
    if error.type == "exceed_context_size_error":
        return ContextOverflow(
            "the conversation is too long for the model",
            why=error.message,
            hint="give a smaller task, or name fewer and smaller files",
            window=error.n_ctx,
            prompt=error.n_prompt_tokens,
        )
    return ProviderError("the embedded model refused the request", why=error.message, hint="see docs/embedded.md")
