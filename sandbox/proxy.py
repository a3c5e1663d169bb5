"""The way out of a network that has none: an HTTP proxy that lets through named hosts and nothing else.

It runs in a container of its own, started from this source with a Python that has only its standard library;
so of r1code only what comes along is imported here (egress.program). Whoever speaks with it is not trusted.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ipaddress
import json
import re
import socket
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from r1code.sandbox.flow import BadBodyError, Flow, body_of

NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""The last part begins with a letter: whatever some library reads as an address is none."""
_HTTP = 80
_FIRST = re.compile(rb"([A-Z]{3,20}) ([!-~]+) HTTP/1\.[0-9]")
_HEADER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*")
_OURS = (b"host", b"connection", b"keep-alive", b"upgrade")
_MOST_NAME = 253
_MOST_PORT = 65535
_HEAD_BYTES = 64 * 1024
_HEAD_SECONDS = 30.0
_DIAL_SECONDS = 20.0
_NAME_SECONDS = 5.0
_IDLE_SECONDS = 600.0
_MOST_CLIENTS = 256
_MOST_NOTED = 100
_MOST_TRIED = 4
_NEVER = tuple(
    ipaddress.ip_network(text)
    for text in ("168.63.129.16/32", "100.100.100.200/32", "169.254.0.0/16", "fd00:ec2::/32", "192.0.0.192/32")
)
"""Where clouds tell a machine its secrets, also where the address is not one of the private ones."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Host(NamedTuple):
    name: str
    """With `*.` in front: every name below it, and not itself."""
    ports: tuple[int, ...] = (80, 443)
    private: bool = False
    """It may be at an address of a private network."""
    direct: bool = False
    """Not through the proxy of the machine."""


class Upstream(NamedTuple):
    """The proxy through which the machine reaches others."""

    host: str
    port: int
    authorization: str = ""

    @property
    def headers(self) -> tuple[bytes, ...]:
        return (b"Proxy-Authorization: " + self.authorization.encode(),) if self.authorization else ()


class Rules(NamedTuple):
    hosts: tuple[Host, ...]
    upstream: Upstream | None
    folder: str
    """Where it is noted what was not let through, each once."""


class Refused(Exception):
    """Says why, in words for a person and a model."""

    status = "403 Forbidden"


class Malformed(Refused):
    status = "400 Bad Request"


class Unreachable(Refused):
    status = "502 Bad Gateway"


class Request(NamedTuple):
    """What a client asks for."""

    host: str
    port: int
    method: bytes
    path: bytes
    headers: tuple[bytes, ...]
    body: int | None = 0
    """How many bytes come after the head; None: chunks, which say their end."""

    @property
    def place(self) -> bytes:
        """The host as an address of a web page has it."""
        return (f"[{self.host}]" if ":" in self.host else self.host).encode()

    @property
    def is_tunnel(self) -> bool:
        return self.method == b"CONNECT"

    def head(self, target: bytes, *more: bytes) -> bytes:
        """The same request for a server; its `Host` is what was checked, whatever the client wrote there."""
        host = self.place + (b"" if self.port == _HTTP else b":%d" % self.port)
        lines = [b"%s %s HTTP/1.1" % (self.method, target), b"Host: " + host, *self.headers, *more]
        return b"\r\n".join([*lines, b"Connection: close", b"", b""])


def read_request(head: bytes) -> Request:
    """Raises Malformed."""
    first, *headers = head[: -len(b"\r\n\r\n")].split(b"\r\n")
    words = _FIRST.fullmatch(first)
    if words is None or not all(_HEADER.fullmatch(line) for line in headers):
        raise Malformed("no request that a proxy takes")
    method, target = words[1], words[2].decode()
    try:
        parts = urlsplit(f"//{target}" if method == b"CONNECT" else target)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise Malformed("no address that a proxy takes") from error
    is_read = parts.netloc == target and port is not None if method == b"CONNECT" else parts.scheme == "http"
    if not host or not is_read or "@" in parts.netloc:
        raise Malformed("no address that a proxy takes")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        body = 0 if method == b"CONNECT" else body_of(headers)
    except BadBodyError as error:
        raise Malformed(str(error)) from error
    kept = [line for line in headers if not _is_ours(line.partition(b":")[0].lower())]
    return Request(
        host.lower().rstrip("."), _HTTP if port is None else port, method, path.encode(), tuple(kept), body
    )


def _is_ours(name: bytes) -> bool:
    return name in _OURS or name.startswith(b"proxy-")


def rule_for(rules: Rules, host: str, port: int) -> Host:
    """Raises Refused."""
    # An address is on the list only where this machine's own settings have it, and then as it is written there.
    literal = any(one.name == host and not NAME.fullmatch(host) and "*" not in host for one in rules.hosts)
    if not literal and (len(host) > _MOST_NAME or not NAME.fullmatch(host)):
        raise Refused("an address, and only names are let through")
    named = [one for one in rules.hosts if _is_named(one.name, host)]
    if not named:
        raise Refused("not on the list")
    for one in named:
        if port in one.ports:
            return one
    ports = sorted({port for one in named for port in one.ports})
    raise Refused(f"only port {' and '.join(map(str, ports))}")


def _is_named(name: str, host: str) -> bool:
    return host.endswith(name[1:]) if name.startswith("*.") else host == name


def may_reach(text: str, *, private: bool) -> bool:
    """Whether a name on the list may lead to this address."""
    address = ipaddress.ip_address(text.partition("%")[0])
    inner = _inner(address)
    if inner is not None:
        return may_reach(str(inner), private=private)
    forbidden = address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified
    if forbidden or any(address in network for network in _NEVER):
        return False
    if private:
        return True
    return address.is_global and not address.is_reserved


def _inner(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | None:
    """An IPv4 address that an IPv6 one leads to."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


class Proxy:
    def __init__(self, rules: Rules, idle: float) -> None:
        self._rules = rules
        self._idle = idle
        self._noted = Path(rules.folder) / "noted"
        self._places = asyncio.Semaphore(_MOST_CLIENTS)
        self._asked: dict[str, tuple[float, asyncio.Future[list[tuple[Any, ...]]]]] = {}
        """By name: since when, and what a name server says."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client, until one of both sides is done."""
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                async with self._places:
                    await self._serve(reader, writer)
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _HEAD_SECONDS)
            request = read_request(head)
        except (Malformed, asyncio.LimitOverrunError):
            await _answer(writer, Malformed("no request that a proxy takes"))
            return
        try:
            rule = rule_for(self._rules, request.host, request.port)
            server, upward = await asyncio.wait_for(self._reach(request, rule, writer), _DIAL_SECONDS)
        except Refused as error:
            self._note(request, str(error))
            await _answer(writer, error)
            return
        except TimeoutError:
            self._note(request, "it does not answer")
            await _answer(writer, Unreachable("it does not answer"))
            return
        try:
            flow = Flow(self._idle)
            there = flow.copy(reader, upward) if request.is_tunnel else flow.body(reader, upward, request.body)
            await _join(there, flow.copy(server, writer))
        finally:
            upward.close()

    async def _reach(
        self, request: Request, rule: Host, writer: asyncio.StreamWriter
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the server, on which the request was made. Raises Refused."""
        up = None if rule.direct else self._rules.upstream
        server, upward = await (self._dial(request, rule) if up is None else _up(up))
        is_ready = False
        try:
            if request.is_tunnel:
                if up is not None:
                    await _through(server, upward, request, up.headers)
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            elif up is None:
                upward.write(request.head(request.path))
            else:
                url = b"http://%s:%d%s" % (request.place, request.port, request.path)
                upward.write(request.head(url, *up.headers))
            is_ready = True
        finally:
            if not is_ready:
                upward.close()
        return server, upward

    async def _dial(self, request: Request, rule: Host) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """To an address that was looked at, and not to the name again, which might be another one by then."""
        addresses = await self._addresses(request.host)
        good = [address for address in addresses if may_reach(address, private=rule.private)]
        if not good:
            raise Refused("its address belongs to a private network or to a machine itself")
        last: OSError | None = None
        for address in good[:_MOST_TRIED]:
            try:
                return await asyncio.open_connection(address, request.port, limit=_HEAD_BYTES)
            except OSError as error:
                last = error
        raise Unreachable(f"it does not answer: {(last and last.strerror) or last}")

    async def _addresses(self, host: str) -> list[str]:
        """What a name means now. A package manager asks for one a hundred times at once, a name server once."""
        began, asked = self._asked.get(host, (0.0, None))
        if asked is None or time.monotonic() - began > _NAME_SECONDS:
            loop = asyncio.get_running_loop()
            if len(self._asked) >= _MOST_CLIENTS:
                self._asked.clear()
            asked = asyncio.ensure_future(loop.getaddrinfo(host, None, type=socket.SOCK_STREAM))
            self._asked[host] = time.monotonic(), asked
        try:
            # Whoever gives up waiting does not end it for the others.
            found = await asyncio.shield(asked)
        except OSError as error:
            self._asked.pop(host, None)
            raise Unreachable("no name server knows it") from error
        return list(dict.fromkeys(str(one[4][0]) for one in found))

    def _note(self, request: Request, why: str) -> None:
        line = f"{request.host[:_MOST_NAME]}:{request.port} ({why})"
        self._noted.mkdir(exist_ok=True)
        file = self._noted / hashlib.sha256(line.encode()).hexdigest()[:16]
        if file.exists() or len(list(self._noted.iterdir())) < _MOST_NOTED:
            with contextlib.suppress(OSError):
                file.write_text(f"{line}\n")


async def _up(up: Upstream) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        return await asyncio.open_connection(up.host, up.port, limit=_HEAD_BYTES)
    except OSError as error:
        raise Unreachable(f"the proxy of this machine does not answer: {error.strerror or error}") from error


async def _through(
    server: asyncio.StreamReader, upward: asyncio.StreamWriter, request: Request, more: tuple[bytes, ...]
) -> None:
    place = b"%s:%d" % (request.place, request.port)
    upward.write(b"\r\n".join([b"CONNECT %s HTTP/1.1" % place, b"Host: " + place, *more, b"", b""]))
    try:
        head = await server.readuntil(b"\r\n\r\n")
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise Unreachable("the proxy of this machine does not answer as one") from error
    status = head.split(b" ", 2)[1:2]
    if status != [b"200"]:
        raise Unreachable(f"the proxy of this machine answers {b''.join(status).decode('ascii', 'replace')}")


async def _answer(writer: asyncio.StreamWriter, error: Refused) -> None:
    body = f"r1code: {error}\n".encode()
    head = f"HTTP/1.1 {error.status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
    writer.write(head.encode() + b"Connection: close\r\n\r\n" + body)
    await writer.drain()


async def _join(*copies: Coroutine[None, None, None]) -> None:
    """Both ways; where one breaks, the other ends, too."""
    tasks = [asyncio.ensure_future(copy) for copy in copies]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


async def start(
    rules: Rules, port: int, host: str | None = None, *, idle: float = _IDLE_SECONDS
) -> asyncio.Server:
    """Listens on `host`, or on all that this container has. `idle`: how long both sides may be silent."""
    return await asyncio.start_server(Proxy(rules, idle).serve, host, port, limit=_HEAD_BYTES)


def write_rules(rules: Rules) -> str:
    """As the one argument that the program takes."""
    return json.dumps(rules)


def read_rules(text: str) -> Rules:
    hosts, upstream, folder = json.loads(text)
    return Rules(
        hosts=tuple(Host(name, tuple(ports), private, direct) for name, ports, private, direct in hosts),
        upstream=None if upstream is None else Upstream(*upstream),
        folder=folder,
    )


async def main(text: str, port: int) -> None:
    rules = read_rules(text)
    server = await start(rules, port)
    (Path(rules.folder) / "ready").touch()
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
