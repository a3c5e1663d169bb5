"""Any server that speaks OpenAI's chat completions: vLLM, DeepSeek's hosted API, and the many like them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar, cast

import httpx2
import msgspec
import openai
from msgspec import Struct
from msgspec.structs import replace

from r1code import __version__
from r1code.control import Control
from r1code.dialects.base import Request
from r1code.errors import ProviderError
from r1code.profiles import Profile
from r1code.providers.base import Again, Delta, Done, Item, Lost
from r1code.providers.chunk import Chunk, read_chunk
from r1code.providers.exchange import Exchange
from r1code.providers.failures import Server, ServerError, was_refused
from r1code.providers.retry import Backoff
from r1code.providers.slots import Slots
from r1code.providers.transport import Spy, Wire
from r1code.types import Finish, Usage

if TYPE_CHECKING:
    from openai.types.chat import (
        ChatCompletionChunk,
        ChatCompletionMessageParam,
        ChatCompletionToolUnionParam,
    )
    from openai.types.shared_params import FunctionDefinition

T = TypeVar("T")

_FINISHES: dict[str, Finish] = {
    "stop": "stop",
    "tool_calls": "calls",
    "length": "length",
    "content_filter": "filter",
    "repetition": "repetition",
}
_BROKEN = frozenset({"insufficient_system_resource", "abort", "error"})
"""Finish reasons of an answer that is not one."""
_TAIL_SECONDS = 5.0
"""How long the usage may come after the end of the answer."""
_MODELS_SECONDS = 10.0


class _Model(Struct):
    id: str


class _Models(Struct):
    data: list[_Model]


class ChatProvider:
    """Implements Provider.

    A request is tried again only while nothing of its answer was yielded; after that a ProviderError, retryable
    where trying again makes sense, is the caller's to act upon.
    """

    def __init__(
        self,
        profile: Profile,
        key: str | None,
        session: Callable[[], str],
        *,
        say: Callable[[str], None] = lambda _text: None,
        backoff: Backoff | None = None,
        tap: Callable[[bytes], None] | None = None,
    ) -> None:
        """`say` tells a person about a wait, in the thread that takes the stream.

        `tap` sees what the server writes, never compressed, and before it nothing as the request goes out (Wire).
        """
        self._profile = profile
        self._server = Server(profile=profile, key=key)
        self._session = session
        self._say = say
        self._backoff = backoff or Backoff()
        self._tap = tap
        self.spy: Spy | None = None
        """Told of each exchange (Wire)."""
        self.marks: Callable[[], Mapping[str, str]] | None = None
        """Headers that are sent besides, asked for in the thread that takes the stream."""
        self._tls = httpx2.create_ssl_context()
        self._lock = threading.Lock()
        self._live: set[Exchange] = set()
        self._slots = Slots(profile.concurrency)

    def stream(self, request: Request, control: Control) -> Iterator[Item]:
        tried = 0
        while True:
            control.check()
            tried += 1
            begun = False
            try:
                # Not held while it waits for another try: the host has nothing to do then.
                with self._slots.taken(control, self._tell_of_the_queue):
                    if tried > 1:
                        yield Again()
                    for item in self._try(request, control):
                        begun = True
                        yield item
            except ProviderError as error:
                if begun or not error.retryable:
                    raise
                if tried >= self._backoff.tries:
                    why = f"{error.why} ({tried} tries)"
                    failed = ProviderError(error.what, why=why, hint=error.hint, retryable=True)
                    failed.usage = error.usage
                    raise failed from error
                asked = error.wait_seconds if isinstance(error, ServerError) else None
                wait = self._backoff.wait(tried, asked)
                self._say(f"{error.what}: {error.why}; try {tried + 1} of {self._backoff.tries} in {wait:.0f} s")
                lost = error.usage
            else:
                return
            yield Lost(usage=lost)
            control.sleep(wait)

    def _tell_of_the_queue(self) -> None:
        most = self._profile.concurrency
        self._say(
            f"{self._server.place} gets {most} of our requests at a time (concurrency): waiting for one to end"
        )

    def close(self) -> None:
        with self._lock:
            for exchange in self._live:
                exchange.cut()

    def _try(self, request: Request, control: Control) -> Iterator[Delta | Done]:
        seen: set[str] = set()
        finish: str | None = None
        usage = Usage()
        wire = Wire(self._headers(), self._tap)
        wire.spy = self.spy
        exchange = Exchange(
            wire, lambda wire: self._read(wire, request), self._profile.timers, self._server.place
        )
        try:
            with self._registered(exchange), exchange:
                while chunk := _next(exchange, control, finish):
                    for delta in chunk.deltas:
                        seen.add(delta.field)
                        yield delta
                    finish = chunk.finish or finish
                    usage = chunk.usage or usage
            if finish in _BROKEN:
                raise self._server.gave_up(f"ended it with {finish}")
            if not seen and finish not in {"length", "tool_calls"}:
                raise self._server.gave_up("sent an answer without a single character")
        except ProviderError as error:
            # Of a refusal the server's status speaks; of all else, as far as anybody knows, it has worked.
            error.usage = None if was_refused(error) else self._believed(usage, seen)
            raise
        yield Done(finish=_FINISHES.get(finish or "", "unknown"), usage=self._believed(usage, seen))

    def _read(self, wire: Wire, request: Request) -> Generator[Chunk, None, None]:
        """Runs in the exchange's thread. Raises ProviderError."""
        finished = False
        with self._client(wire) as client:
            try:
                with self._send(client, request) as events:
                    self._server = replace(self._server, answered=True)
                    for event in events:
                        chunk = read_chunk(event)
                        finished = finished or chunk.finish is not None
                        yield chunk
                    content_type = events.response.headers.get("content-type", "")
            except openai.APIStatusError as error:
                models = _models(client) if self._server.lacks_model(error) else ()
                raise self._server.refused(error, models) from error
            except openai.APIError as error:
                raise self._server.broke_off(error) from error
            except httpx2.HTTPError as error:
                # The SDK reads the words of a refusal itself, and does not expect them to break off.
                raise self._server.fell_silent(error) from error
            except (ValueError, msgspec.MsgspecError) as error:
                raise self._server.garbled(error) from error
        if not finished:
            raise self._server.ended_early(content_type)

    def _client(self, wire: Wire) -> openai.OpenAI:
        try:
            http = wire.client(self._tls)
        except (ImportError, ValueError) as error:
            raise self._server.no_proxy(error) from error
        # The wire sets the key: the SDK, its logs and its errors never hold it.
        return openai.OpenAI(
            api_key="unused",
            base_url=self._profile.base_url,
            max_retries=0,
            timeout=http.timeout,
            http_client=http,
        )

    def _send(self, client: openai.OpenAI, request: Request) -> openai.Stream[ChatCompletionChunk]:
        def sent(value: T | None) -> T | openai.Omit:
            return openai.omit if value is None else value

        role, newer = self._profile.system_role, self._profile.max_tokens_field == "max_completion_tokens"
        messages = [
            {**msgspec.to_builtins(message), "role": role if message.role == "system" else message.role}
            for message in request.messages
        ]
        return client.chat.completions.create(
            model=self._profile.model,
            messages=cast("list[ChatCompletionMessageParam]", messages),
            tools=sent(_tools(request) or None),
            stream=True,
            stream_options={"include_usage": True},
            max_tokens=sent(None if newer else request.max_tokens),
            max_completion_tokens=sent(request.max_tokens if newer else None),
            temperature=sent(request.temperature),
            top_p=sent(request.top_p),
            seed=sent(request.seed),
            extra_body=self._body(request) or None,
        )

    def _body(self, request: Request) -> dict[str, object]:
        """What the SDK has no parameters for."""
        body = dict(self._profile.body)
        if (field := self._profile.session_field) is not None:
            body[field] = self._session()
        if (field := self._profile.thinking.budget_field) is not None and request.thinking is not None:
            body[field] = request.thinking
        if request.continues:
            body |= {"continue_final_message": True, "add_generation_prompt": False}
        return body

    def _headers(self) -> dict[str, str]:
        headers = {"user-agent": f"r1code/{__version__}"}
        if self._server.key is not None:
            headers["authorization"] = f"Bearer {self._server.key}"
        if self._profile.session_header is not None:
            headers[self._profile.session_header] = self._session()
        if self._tap is not None:
            headers["accept-encoding"] = "identity"
        return headers if self.marks is None else {**self.marks(), **headers}

    def _believed(self, usage: Usage, seen: set[str]) -> Usage:
        """A reasoning count of 0 with reasoning is none: vLLM does not see what the prompt opened."""
        reasons = "reasoning" in seen or self._profile.reasoning in {"in_prompt", "tag"}
        return replace(usage, reasoning=None) if usage.reasoning == 0 and reasons else usage

    @contextmanager
    def _registered(self, exchange: Exchange) -> Generator[None, None, None]:
        with self._lock:
            self._live.add(exchange)
        try:
            yield
        finally:
            with self._lock:
                self._live.discard(exchange)


def _tools(request: Request) -> list[ChatCompletionToolUnionParam]:
    return [
        {"type": "function", "function": cast("FunctionDefinition", msgspec.to_builtins(one))}
        for one in request.functions
    ]


def _next(exchange: Exchange, control: Control, finish: str | None) -> Chunk | None:
    if finish is None:
        return exchange.next(control)
    try:
        return exchange.next(control, at_most=_TAIL_SECONDS)
    except ProviderError:
        # The answer is whole; only its usage did not come.
        return None


def _models(client: openai.OpenAI) -> list[str]:
    """What the server says that it has; empty when it does not say."""
    try:
        response = client.get("/models", cast_to=httpx2.Response, options={"timeout": _MODELS_SECONDS})
        return [model.id for model in msgspec.json.decode(response.content, type=_Models).data]
    except (openai.APIError, msgspec.MsgspecError):
        return []
