"""What went wrong with a server, in words for a person: what happened, why, and what to do next."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit
from urllib.request import getproxies_environment

import httpx2
import openai
from msgspec import Struct

from r1code.errors import ContextOverflow, ProviderError
from r1code.profiles import Profile
from r1code.providers.overflow import longest_answer, read_overflow
from r1code.providers.retry import retry_after

RETRIED = frozenset({408, 429, 500, 502, 503, 504, 529})
_OUR_FAULT = frozenset({400, 401, 402, 403, 404, 413, 422})
_LONGEST = 400
_TRUST = "give it a certificate that this machine trusts, or name its authority's file in SSL_CERT_FILE"
_CHECK = "check the base URL, the network, and whether the server runs"
_LISTED = 10
_NO_MODEL = re.compile(
    r"model.{0,120}(not exist|not found)|(unknown|invalid|no such) model", re.IGNORECASE | re.DOTALL
)
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class ServerError(ProviderError):
    """`wait_seconds` is what the server asked for before the next try; None: it did not say."""

    def __init__(
        self, what: str, *, why: str, hint: str, retryable: bool = False, wait_seconds: float | None = None
    ) -> None:
        super().__init__(what, why=why, hint=hint, retryable=retryable)
        self.wait_seconds = wait_seconds


class Server(Struct, frozen=True, kw_only=True):
    """Who was asked. Puts failures into words; the key is in none of them."""

    profile: Profile
    key: str | None
    answered: bool = False
    """It has answered before: an interruption may pass."""

    def __repr__(self) -> str:
        return f"Server({self.place})"

    @property
    def place(self) -> str:
        """Host and port, for people."""
        parts = urlsplit(self.profile.base_url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = parts.hostname or ""
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def lacks_model(self, error: openai.APIStatusError) -> bool:
        """It may be the model's name that is wrong."""
        status, said = error.status_code, self._said(error)
        return status == HTTPStatus.NOT_FOUND or (status in {400, 422} and _NO_MODEL.search(said) is not None)

    def refused(self, error: openai.APIStatusError, models: Sequence[str] = ()) -> ProviderError:
        """An answer with a status that is no success. `models`: what the server says that it has."""
        status, said = error.status_code, self._said(error)
        asks = retry_after(error.response.headers.get("retry-after"))
        known = _KNOWN.get(status)
        if self.lacks_model(error):
            return self._no_model(status, said, models)
        if status in {400, 413, 422} and (refusal := self._too_much(f"answered {status}", said)) is not None:
            return refusal
        if status in {401, 403}:
            return self._no_entry(status, said)
        if error.response.is_redirect:
            known = _Known(
                what="the server sent r1code elsewhere", hint=f"set the base URL to where it points{_to(error)}"
            )
        # A limit of the account, or of a team's gateway for this key: it does not pass by waiting a little.
        is_spent = error.code == "insufficient_quota"
        known = _SPENT if is_spent else known
        what, hint = known or _Known(what=f"the server answered {status}", hint="the server's log may say more")
        return ServerError(
            what,
            why=f"{self.place} answered {status}: {said}",
            hint=hint,
            retryable=status in RETRIED and not is_spent,
            wait_seconds=asks,
        )

    def broke_off(self, error: openai.APIError) -> ProviderError:
        """An error in the middle of a stream, or no connection at all."""
        if isinstance(error, openai.APIConnectionError):
            return self._unreachable(error)
        body = cast("dict[str, Any]", error.body) if isinstance(error.body, dict) else {}
        code = body.get("code")
        if (refusal := self._too_much("said in the stream", self._clean(error.message))) is not None:
            return refusal
        return ServerError(
            "the server broke off its answer",
            why=f"{self.place} said in the stream: {self._clean(error.message)}",
            hint="try again; the server's log may say more",
            retryable=code not in _OUR_FAULT,
        )

    def fell_silent(self, error: httpx2.HTTPError) -> ServerError:
        """It refused, and its words broke off."""
        return ServerError(
            "the server broke off its answer",
            why=f"{self.place} refused, and was lost before it said why: {self._clean(str(error))}",
            hint="try again; the server's log may say more",
            retryable=True,
        )

    def garbled(self, error: Exception) -> ServerError:
        return ServerError(
            "the server's answer cannot be read",
            why=f"{self.place} sent something that is no chat completion stream: {self._clean(str(error))}",
            hint="check the base URL; if it is right, a proxy in between may be at fault",
            retryable=True,
        )

    def gave_up(self, how: str) -> ServerError:
        return ServerError(
            "the server gave up on the answer",
            why=f"{self.place} {how}",
            hint="try again in a while",
            retryable=True,
        )

    def no_proxy(self, error: Exception) -> ServerError:
        return ServerError(
            "the proxy in the environment cannot be used",
            why=self._clean(str(error)),
            hint="correct or unset HTTP_PROXY, HTTPS_PROXY, ALL_PROXY; a SOCKS proxy needs the package socksio",
        )

    def ended_early(self, content_type: str) -> ServerError:
        if content_type and "event-stream" not in content_type:
            return ServerError(
                "this server does not speak the chat API",
                why=f"{self.place} answered with {self._clean(content_type)} instead of a stream of events",
                hint=f"check the base URL, {self.profile.base_url}; it often ends in /v1",
            )
        return ServerError(
            "the answer ended too early",
            why=f"{self.place} closed the stream without saying that the answer is complete",
            hint="try again",
            retryable=True,
        )

    def _too_much(self, how: str, said: str) -> ProviderError | None:
        """None: it is not about lengths."""
        why = f"{self.place} {how}: {said}"
        if (longest := longest_answer(said)) is not None:
            return ServerError(
                "the profile asks for longer answers than the server gives",
                why=why,
                hint=f"set sampling.max_tokens in a profile of your own to {longest} at most",
            )
        overflow = read_overflow(said)
        if overflow is None:
            return None
        return ContextOverflow(
            "the conversation does not fit into the model's context window",
            why=why,
            hint="start with a smaller task, or serve the model with a larger window (--max-model-len)",
            window=overflow.window,
            prompt=overflow.prompt,
            asked=overflow.asked,
        )

    def _no_entry(self, status: int, said: str) -> ServerError:
        variable = self.profile.key_env
        if self.key is not None:
            what, hint = "the server does not accept the key", f"check the key in {variable}"
        elif variable is not None:
            what, hint = "the server wants a key", f"export {variable}=..., and try again"
        else:
            what, hint = "the server wants a key", "name its environment variable as key_env in a profile"
        return ServerError(what, why=f"{self.place} answered {status}: {said}", hint=hint)

    def _no_model(self, status: int, said: str, models: Sequence[str]) -> ServerError:
        if not models:
            return ServerError(
                "the server does not know the model or the address",
                why=f"{self.place} answered {status} for {self.profile.model!r}: {said}",
                hint=f"check the model's name and the base URL, {self.profile.base_url}; it often ends in /v1",
            )
        names = ", ".join(self._clean(name) for name in models[:_LISTED])
        names += ", ..." if len(models) > _LISTED else ""
        return ServerError(
            f"the server has no model {self.profile.model!r}",
            why=f"{self.place} answered {status}: {said}",
            hint=f"it has {names}; choose with --model, or in your profile",
        )

    def _unreachable(self, error: openai.APIConnectionError) -> ServerError:
        causes = tuple(_causes(error))
        what, why, passing = f"{self.place} cannot be reached", self._clean(str(causes[-1])), True
        hint = self._start_hint()
        for cause in causes:
            if isinstance(cause, ssl.SSLCertVerificationError):
                what, passing = f"the certificate of {self.place} is not trusted", False
                why = f"{cause.verify_message}"
                hint = _TRUST
            elif isinstance(cause, ssl.SSLError):
                what, passing = f"no secure connection to {self.place}", False
                why = f"{self._clean(str(cause))}; a server without TLS is reached with http://"
                hint = _CHECK
            elif isinstance(cause, socket.gaierror):
                passing = self.answered or cause.errno == socket.EAI_AGAIN
                why = f"the name {urlsplit(self.profile.base_url).hostname} does not resolve: {cause.strerror}"
            elif isinstance(cause, ConnectionRefusedError):
                # Nothing listens: waiting helps only where something did before.
                passing, why = self.answered, "the connection was refused: nothing listens there"
            elif isinstance(cause, httpx2.ConnectTimeout):
                passing, why = self.answered, "no connection within the time limit"
            elif isinstance(cause, (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError)):
                what = f"the connection to {self.place} broke"
            elif isinstance(cause, httpx2.ProxyError):
                what = f"the proxy on the way to {self.place} refused"
        if proxies := sorted({f"{name}_proxy".upper() for name in getproxies_environment() if name != "no"}):
            why = f"{why} (a proxy is set in {', '.join(proxies)})"
        return ServerError(what, why=why, hint=hint, retryable=passing)

    def _start_hint(self) -> str:
        parts = urlsplit(self.profile.base_url)
        if parts.hostname in _LOCAL:
            port = parts.port or 80
            return f"start a server, for example: vllm serve {self.profile.model} --port {port}"
        return _CHECK

    def _said(self, error: openai.APIStatusError) -> str:
        """The server's own message, wherever it keeps it."""
        body: object = error.body
        while isinstance(body, dict):
            table = cast("dict[str, object]", body)
            body = next(
                (table[name] for name in ("message", "error", "detail", "msg") if table.get(name)), str(table)
            )
        text = error.response.text if body is None else str(body)
        if text.lstrip()[:1] == "<":
            text = "a web page, not an answer of the API"
        return self._clean(text) or "nothing more"

    def _clean(self, text: str) -> str:
        """Somebody else's words: without the key, on one line, and short."""
        if self.key:
            text = text.replace(self.key, "(key)")
        line = " ".join(text.split())
        return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."


class _Known(NamedTuple):
    """What a status means, and what to do."""

    what: str
    hint: str


_BROKE = _Known(
    what="the account at the server has no balance", hint="top it up there, or choose another profile"
)
_SPENT = _Known(
    what="what this key may use is used up",
    hint="ask whoever runs the server for more, or choose another profile",
)
_REFUSED = _Known(
    what="the server refused the request",
    hint="the profile may ask for something that this server does not take",
)
_KNOWN = {
    400: _REFUSED,
    402: _BROKE,
    413: _Known(what="the request is too large for the server", hint="start with a smaller task"),
    422: _REFUSED,
    429: _Known(
        what="the server asks for fewer requests", hint="wait a little, or use fewer candidates at a time"
    ),
    500: _Known(what="the server failed", hint="try again; its log may say more"),
    502: _Known(
        what="the server behind the gateway failed",
        hint="try again, and check that the model's server runs",
    ),
    503: _Known(what="the server is overloaded or starting", hint="try again in a while"),
    504: _Known(
        what="the gateway got no answer in time",
        hint="try again; a gateway's time limit may be too short for reasoning",
    ),
}


def was_refused(error: ProviderError) -> bool:
    """Whether the server did nothing for the request: it answered with no success, or was not even reached."""
    causes = tuple(_causes(error))
    return any(
        isinstance(
            one, openai.APIStatusError | httpx2.HTTPStatusError | httpx2.ConnectError | httpx2.ConnectTimeout
        )
        for one in causes
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """`error` and what it came from, the first cause last."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _to(error: openai.APIStatusError) -> str:
    where = urlsplit(error.response.headers.get("location", ""))
    return f": {where.scheme}://{where.hostname}" if where.hostname else ""
