"""The server of a bench over HTTP. Connections are kept, so that what is measured is the server."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from http import HTTPStatus
from types import TracebackType
from typing import Self

import httpx2
import msgspec
from msgspec import Struct

from r1code import __version__
from r1code.profiles import Profile
from r1code.serving.bench.metrics import Sample, read_metrics
from r1code.serving.bench.result import Failure
from r1code.serving.bench.run import AskError

_CONNECT_SECONDS = 20.0
_METRICS_SECONDS = 5.0
_MOST_WORDS = 300
_MOST_BYTES = 4_000_000


class _Told(Struct):
    message: str = ""


class _Refusal(Struct):
    error: _Told | str | None = None
    detail: object = None
    message: str = ""


class HttpBackend:
    """Implements Backend. Asks only the profile's base URL and, where one is given, `metrics_url`.

    The key goes to the first alone. Redirects are not followed.
    """

    def __init__(self, profile: Profile, key: str | None, metrics_url: str | None) -> None:
        self._url = f"{profile.base_url.rstrip('/')}/chat/completions"
        self._metrics_url = metrics_url
        self._session_header = profile.session_header
        self._headers = {
            "user-agent": f"r1code/{__version__}",
            "content-type": "application/json",
            "accept-encoding": "identity",
        }
        self._key = {} if key is None else {"authorization": f"Bearer {key}"}
        self._client = httpx2.AsyncClient(
            follow_redirects=False,
            timeout=httpx2.Timeout(None, connect=_CONNECT_SECONDS),
            # As many at a time as the plan says.
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=None),
        )

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def ask(self, body: bytes, session: str, sent: Callable[[], None]) -> AsyncGenerator[bytes, None]:
        headers = {**self._headers, **self._key}
        if self._session_header is not None:
            headers[self._session_header] = session

        async def traced(name: str, _info: object) -> None:
            if name == "http11.send_request_headers.started":
                sent()

        extensions = {"trace": traced}
        try:
            async with self._client.stream(
                "POST", self._url, content=body, headers=headers, extensions=extensions
            ) as response:
                if response.status_code != HTTPStatus.OK:
                    raise AskError(_kind(response.status_code), await _why(response))
                async for data in response.aiter_raw():
                    yield data
        except httpx2.HTTPError as error:
            raise AskError("connection", " ".join(str(error).split()) or type(error).__name__) from error

    async def metrics(self) -> Sample | None:
        if self._metrics_url is None:
            return None
        try:
            async with self._client.stream(
                "GET", self._metrics_url, headers=self._headers, timeout=_METRICS_SECONDS
            ) as response:
                if response.status_code != HTTPStatus.OK:
                    return None
                return read_metrics((await _body(response)).decode(errors="replace"))
        except httpx2.HTTPError:
            return None


def _kind(status: int) -> Failure:
    return "server" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "refused"


async def _body(response: httpx2.Response) -> bytes:
    text = b""
    async for data in response.aiter_bytes():
        text += data
        if len(text) > _MOST_BYTES:
            break
    return text


async def _why(response: httpx2.Response) -> str:
    """The status, and what the server says of it."""
    text = await _body(response)
    try:
        told = msgspec.json.decode(text, type=_Refusal)
        error = told.error.message if isinstance(told.error, _Told) else told.error
        words = error or told.message or str(told.detail or "")
    except msgspec.MsgspecError:
        words = text.decode(errors="replace")
    return " ".join(f"{response.status_code} {words}".split())[:_MOST_WORDS]
