"""The servers behind, through nginx's router: which one answers is its affair."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast

import httpx2
import msgspec
from msgspec import Struct

from r1code import __version__
from r1code.serving.gateway.asked import Endpoint
from r1code.serving.gateway.refusals import NO_SERVER, Refusal, failed_upstream

_MOST_SAID = 64 << 10
_MOST_ANSWER = 64 << 20
_MODELS_SECONDS = 10.0
_MODELS_WAIT_SECONDS = 15.0
_CONNECT_SECONDS = 5.0
_BUSY = frozenset({429, 503})
_OURS = frozenset({401, 403})
_PASSED_ON = frozenset({500, 504})
ROUTE = "x-r1code-route"
"""The header by which nginx chooses a replica."""
TRACE = "traceparent"


class _Model(Struct):
    id: str
    created: int = 0
    owned_by: str = ""
    max_model_len: int | None = None


class _Models(Struct):
    data: list[_Model]


class Upstream:
    def __init__(self, router: Path, key: str | None) -> None:
        self._headers = {
            "user-agent": f"r1code-gateway/{__version__}",
            "content-type": "application/json",
            "accept-encoding": "identity",
        }
        if key is not None:
            self._headers["authorization"] = f"Bearer {key}"
        self._router = router
        self._models: tuple[float, bytes] | None = None

    @asynccontextmanager
    async def sent(
        self, endpoint: Endpoint, body: bytes, route: str, trace: str | None = None
    ) -> AsyncGenerator[httpx2.Response, None]:
        """An answer with success, of which only the head was read; `trace`: of the client, for spans there.

        Leaving the block closes the connection, and the server stops. Raises Refusal and httpx2.HTTPError.
        """
        headers = {ROUTE: route} if trace is None else {ROUTE: route, TRACE: trace}
        async with (
            self._client(None) as client,
            client.stream("POST", endpoint, content=body, headers=headers) as response,
        ):
            if not response.is_success:
                raise _refused(response, await _said(response))
            yield response

    async def models(self) -> bytes:
        """What the servers have, without where they have it from. Raises Refusal."""
        now = time.monotonic()
        if self._models is not None and now < self._models[0] + _MODELS_SECONDS:
            return self._models[1]
        try:
            async with (
                self._client(_MODELS_WAIT_SECONDS) as client,
                client.stream("GET", "/v1/models", headers={ROUTE: "models"}) as response,
            ):
                said = await _said(response)
                if not response.is_success:
                    raise _refused(response, said)
                models = msgspec.json.decode(said, type=_Models).data
        except (httpx2.HTTPError, msgspec.MsgspecError) as error:
            raise failed_upstream(NO_SERVER) from error
        listed = [{"object": "model", **msgspec.to_builtins(model)} for model in models]
        body = msgspec.json.encode({"object": "list", "data": listed})
        self._models = now, body
        return body

    def _client(self, seconds: float | None) -> httpx2.AsyncClient:
        # A connection for each request: what fails on one that was used before may have been begun by the server.
        return httpx2.AsyncClient(
            base_url="http://router",
            headers=self._headers,
            transport=httpx2.AsyncHTTPTransport(uds=str(self._router), trust_env=False, verify=False),
            timeout=httpx2.Timeout(seconds, connect=_CONNECT_SECONDS),
            trust_env=False,
            follow_redirects=False,
        )


async def whole(response: httpx2.Response, most: int = _MOST_ANSWER) -> bytes:
    """Raises Refusal where it is longer, and httpx2.HTTPError."""
    body = bytearray()
    async for data in response.aiter_raw():
        body += data
        if len(body) > most:
            raise failed_upstream("the server's answer is too long")
    return bytes(body)


async def _said(response: httpx2.Response) -> bytes:
    return await whole(response, _MOST_SAID)


def _refused(response: httpx2.Response, said: bytes) -> Refusal:
    """A server's refusal, as the client gets it."""
    status = response.status_code
    if status in _OURS:
        return failed_upstream("the server behind the gateway does not accept the gateway's key")
    wait = response.headers.get("retry-after", "")
    seconds = float(wait) if wait.isascii() and wait.isdecimal() else None
    message, param = _words(said)
    if status in _BUSY:
        return Refusal(
            status,
            message,
            reason="upstream",
            code="overloaded",
            wait_seconds=2.0 if seconds is None else seconds,
        )
    if response.is_client_error:
        return Refusal(status, message, reason="request", code="invalid_request", param=param)
    return failed_upstream(message, status if status in _PASSED_ON else HTTPStatus.BAD_GATEWAY)


def _words(data: bytes) -> tuple[str, str | None]:
    try:
        body: object = msgspec.json.decode(data)
    except (msgspec.MsgspecError, RecursionError):
        body = None
    error = cast("dict[str, Any]", body).get("error") if isinstance(body, dict) else None
    said = cast("dict[str, object]", error) if isinstance(error, dict) else {}
    message, param = said.get("message"), said.get("param")
    return (
        message if isinstance(message, str) else "the server behind the gateway failed",
        param if isinstance(param, str) else None,
    )
