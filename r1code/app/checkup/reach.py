"""The way to a server, step by step: its name, its port, TLS, and whether the API is there."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2
from msgspec.structs import replace

from r1code.app.checkup.evidence import Reach, Stage
from r1code.app.checkup.plain import Answered, Plain
from r1code.control import Control

_PORT_SECONDS = 10.0
_ENDS = ("/chat/completions", "/completions", "/models")


def reach(url: str, control: Control) -> Reach:
    """Name, port and TLS; nothing is asked yet. Raises Cancelled."""
    parts = urlsplit(url)
    if _proxied(parts):
        return Reach(proxy=True)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = control.call(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except OSError as error:
        return Reach(failed="name", why=error.strerror or str(error))
    seen = Reach(addresses=tuple(dict.fromkeys(str(one[4][0]) for one in found)))
    started = time.monotonic()
    try:
        line = control.call(lambda: socket.create_connection((host, port), _PORT_SECONDS), abandoned=_closed)
    except OSError as error:
        return _failed(seen, "port", _refusal(error))
    seen = replace(seen, milliseconds=(time.monotonic() - started) * 1000)
    with line:
        return seen if parts.scheme == "http" else _secured(seen, line, parts, control)


def _secured(seen: Reach, line: socket.socket, parts: SplitResult, control: Control) -> Reach:
    tls = httpx2.create_ssl_context()
    try:
        with control.call(
            lambda: tls.wrap_socket(line, server_hostname=parts.hostname), abandoned=_closed
        ) as safe:
            return replace(seen, tls=safe.version() or "")
    except ssl.SSLCertVerificationError as error:
        return _failed(seen, "tls", f"the certificate is not trusted: {error.verify_message}")
    except ssl.SSLError as error:
        plain = parts._replace(scheme="http", netloc=f"{parts.hostname}:{parts.port or 443}").geturl()
        other = plain if error.reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"} else ""
        return replace(_failed(seen, "tls", f"no secure connection: {error.reason or error}"), elsewhere=other)
    except OSError as error:
        return _failed(seen, "tls", f"no secure connection: {error}")


def with_answer(seen: Reach, url: str, answered: Answered, *, plain: Plain, control: Control) -> Reach:
    """`seen` with the answer to the list of models, and with where the API is if it is not there."""
    if answered.status is None:
        parts = urlsplit(url)
        secure = parts.scheme == "http" and not seen.proxy and _speaks_tls(parts, control)
        other = parts._replace(scheme="https").geturl() if secure else ""
        return replace(_failed(seen, "http", answered.why), elsewhere=other)
    page = answered.table() is None
    there = replace(
        seen, status=answered.status, page=page, location=_origin(answered.headers.get("location", ""))
    )
    if answered.status == HTTPStatus.NOT_FOUND or (answered.is_good and page):
        other = next((one for one in _others(url) if _is_api(plain.ask(f"{one}/models", keyed=True))), "")
        return replace(there, elsewhere=other)
    return there


def _others(url: str) -> Iterator[str]:
    """Where the API often is when it is not at `url`, at the same host."""
    base = url.rstrip("/")
    for end in _ENDS:
        if base.endswith(end):
            yield base.removesuffix(end)
    if not base.endswith("/v1"):
        yield f"{base}/v1"
    parts = urlsplit(url)
    if parts.path.strip("/") not in {"", "v1"}:
        yield f"{parts.scheme}://{parts.netloc}/v1"


def _is_api(answered: Answered) -> bool:
    return answered.status in {200, 401, 403} and answered.table() is not None


def _origin(location: str) -> str:
    """Where a redirect points, without what a query may hold."""
    return location.partition("?")[0]


def _proxied(parts: SplitResult) -> bool:
    proxies = getproxies()
    named = parts.scheme in proxies or "all" in proxies
    return named and not proxy_bypass(parts.netloc)


def _speaks_tls(parts: SplitResult, control: Control) -> bool:
    """Whether TLS is spoken at a port that was asked in the open; who it is does not matter here."""
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE

    def shake() -> bool:
        try:
            with (
                socket.create_connection((parts.hostname or "", parts.port or 80), _PORT_SECONDS) as line,
                tls.wrap_socket(line, server_hostname=parts.hostname),
            ):
                return True
        except OSError:
            return False

    return control.call(shake)


def _refusal(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused: nothing listens there"
    if isinstance(error, TimeoutError):
        return f"no connection within {_PORT_SECONDS:g} s: a firewall may drop it"
    return error.strerror or str(error)


def _failed(seen: Reach, stage: Stage, why: str) -> Reach:
    return replace(seen, failed=stage, why=why)


def _closed(line: socket.socket) -> None:
    line.close()
