"""The proxy with connections: where it leads, what goes through, and what it says."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from r1code.sandbox.proxy import (
    Host,
    Rules,
    Upstream,
    start,
)

LISTED = (Host("pypi.org"), Host("*.example.org", ports=(8080,)))


def rules(*hosts: Host, folder: str = "", upstream: Upstream | None = None) -> Rules:
    return Rules(hosts=hosts or LISTED, upstream=upstream, folder=folder)


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Says what it heard, and who it is."""
    data = await reader.read(1000)
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nheard " + data)
    await writer.drain()
    writer.close()


def talk(folder: Path, hosts: Callable[[int], tuple[Host, ...]], sent: Callable[[int], list[bytes]]) -> bytes:
    """What comes back through a proxy that knows `hosts`, where a server is at a port."""

    async def work() -> bytes:
        async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            return await ask(rules(*hosts(port), folder=str(folder)), sent(port))

    return asyncio.run(work())


async def ask(made: Rules, parts: list[bytes], idle: float = 10.0) -> bytes:
    async with await start(made, 0, "127.0.0.1", idle=idle) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.sockets[0].getsockname()[1])
        answer = b""
        for part in parts:
            writer.write(part)
            await writer.drain()
            answer += await asyncio.wait_for(reader.read(2000), 10)
        answer += await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return answer


def noted(folder: Path) -> list[str]:
    return sorted(file.read_text().strip() for file in (folder / "noted").glob("*"))


def test_a_name_that_leads_to_the_loopback_is_refused_and_noted_once(tmp_path: Path) -> None:
    for _ in range(2):
        answer = talk(
            tmp_path,
            lambda port: (Host("localhost", (port,), private=True),),
            lambda port: [b"CONNECT localhost:%d HTTP/1.1\r\n\r\n" % port],
        )
        assert answer.startswith(b"HTTP/1.1 403 Forbidden")
        (line,) = noted(tmp_path)
        assert re.fullmatch(r"localhost:\d+ \(its address belongs to .*\)", line)
        for file in (tmp_path / "noted").iterdir():
            file.unlink()


def test_of_many_clients_at_once_one_asks_the_name_server(tmp_path: Path) -> None:
    asked: list[str] = []

    async def work() -> None:
        loop = asyncio.get_running_loop()
        lookup = loop.getaddrinfo

        async def counted(host: str, *arguments: Any, **options: Any) -> Any:
            if host == "localhost":
                asked.append(host)
                await asyncio.sleep(0.1)
            return await lookup(host, *arguments, **options)

        # The loop's own, which is no module of r1code.
        loop.getaddrinfo = counted  # type: ignore[method-assign]
        made = rules(Host("localhost", private=True), folder=str(tmp_path))
        async with await start(made, 0, "127.0.0.1") as proxy:
            port = proxy.sockets[0].getsockname()[1]

            async def one() -> bytes:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"CONNECT localhost:443 HTTP/1.1\r\n\r\n")
                answer = await asyncio.wait_for(reader.read(), 10)
                writer.close()
                return answer

            answers = await asyncio.gather(*(one() for _ in range(30)))
        assert all(answer.startswith(b"HTTP/1.1 403 Forbidden") for answer in answers)

    asyncio.run(work())
    assert asked == ["localhost"]


def test_not_more_is_noted_than_anybody_reads(tmp_path: Path) -> None:
    async def work() -> None:
        made = rules(folder=str(tmp_path))
        for number in range(110):
            await ask(made, [b"CONNECT evil%d.com:443 HTTP/1.1\r\n\r\n" % number])

    asyncio.run(work())
    assert len(noted(tmp_path)) == 100


def test_a_name_that_nobody_knows_and_a_head_without_end_are_answered(tmp_path: Path) -> None:
    def nowhere(_: int) -> tuple[Host, ...]:
        return (Host("nowhere.invalid"),)

    assert b"502 Bad Gateway" in talk(
        tmp_path, nowhere, lambda _: [b"CONNECT nowhere.invalid:443 HTTP/1.1\r\n\r\n"]
    )
    assert noted(tmp_path) == ["nowhere.invalid:443 (no name server knows it)"]
    assert b"400 Bad Request" in talk(
        tmp_path, nowhere, lambda _: [b"GET http://a/ HTTP/1.1\r\nX: " + b"x" * 70_000]
    )


async def upstream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Another proxy, which takes whatever it is asked for and answers in its own words."""
    head = await reader.readuntil(b"\r\n\r\n")
    if head.startswith(b"CONNECT closed"):
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
    elif head.startswith(b"CONNECT"):
        writer.write(b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n")
        writer.write(b"tunnel got " + await reader.read(100) + b" after " + head)
    else:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nplain got " + head)
    await writer.drain()
    writer.close()


def through_another(folder: Path, host: Host, parts: list[bytes]) -> bytes:
    async def work() -> bytes:
        async with await asyncio.start_server(upstream, "127.0.0.1", 0) as server:
            up = Upstream("127.0.0.1", server.sockets[0].getsockname()[1], "Basic c2VjcmV0")
            return await ask(rules(host, folder=str(folder), upstream=up), parts)

    return asyncio.run(work())


def test_where_the_machine_has_a_proxy_that_one_is_asked_by_name(tmp_path: Path) -> None:
    host = Host("a.invalid")
    answer = through_another(tmp_path, host, [b"CONNECT a.invalid:443 HTTP/1.1\r\nProxy-X: 1\r\n\r\n", b"hello"])
    assert answer.startswith(
        b"HTTP/1.1 200 Connection established\r\n\r\ntunnel got hello after CONNECT a.invalid:443"
    )
    assert b"Proxy-Authorization: Basic c2VjcmV0" in answer
    assert b"Proxy-X" not in answer
    plain = through_another(tmp_path, host, [b"GET http://a.invalid/x HTTP/1.1\r\nHost: b\r\n\r\n"])
    assert b"plain got GET http://a.invalid:80/x HTTP/1.1\r\nHost: a.invalid\r\n" in plain
    closed = through_another(tmp_path, Host("closed.invalid"), [b"CONNECT closed.invalid:443 HTTP/1.1\r\n\r\n"])
    assert closed.startswith(b"HTTP/1.1 502")
    assert noted(tmp_path) == ["closed.invalid:443 (the proxy of this machine answers 407)"]
    direct = through_another(
        tmp_path, Host("a.invalid", direct=True), [b"CONNECT a.invalid:443 HTTP/1.1\r\n\r\n"]
    )
    assert direct.startswith(b"HTTP/1.1 502")


class Hearing:
    """A proxy of the machine that notes all that comes, and answers once it has heard `until`."""

    def __init__(self, until: bytes) -> None:
        self.heard = b""
        self._until = until

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while self._until not in self.heard and (data := await reader.read(1000)):
            self.heard += data
        # What is not to come would come now.
        with suppress(TimeoutError):
            self.heard += await asyncio.wait_for(reader.read(1000), 0.1)
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nheard")
        await writer.drain()
        writer.close()


def overheard(folder: Path, sent: bytes, until: bytes) -> tuple[bytes, bytes]:
    """The answer, and what the machine's proxy heard below the head of the request."""
    server = Hearing(until)

    async def work() -> bytes:
        async with await asyncio.start_server(server, "127.0.0.1", 0) as listening:
            up = Upstream("127.0.0.1", listening.sockets[0].getsockname()[1])
            return await ask(rules(Host("a.invalid"), folder=str(folder), upstream=up), [sent])

    answer = asyncio.run(work())
    return answer, server.heard.partition(b"\r\n\r\n")[2]


CHUNKS = b"4;x=y\r\nbody\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"
EVIL = b"GET http://evil.invalid/ HTTP/1.1\r\nHost: evil.invalid\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        (b"GET http://a.invalid/ HTTP/1.1\r\n\r\n", b""),
        (b"POST http://a.invalid/ HTTP/1.1\r\ncontent-length: 4\r\n\r\nbody", b"body"),
        (
            b"POST http://a.invalid/ HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n%s" % CHUNKS,
            b"4\r\nbody\r\na\r\n0123456789\r\n0\r\n\r\n",
        ),
    ],
)
def test_after_the_one_request_that_was_checked_nothing_goes_on(tmp_path: Path, sent: bytes, body: bytes) -> None:
    answer, heard = overheard(tmp_path, sent + EVIL, body or b"\r\n\r\n")
    assert answer.endswith(b"heard")
    assert heard == body


@pytest.mark.parametrize("chunk", [b"x\r\n", b"4\r\nbodyxx", b"4\nbody\r\n", b"-1\r\n", b"4" * 70_000])
def test_a_chunk_that_is_none_ends_it(tmp_path: Path, chunk: bytes) -> None:
    head = b"POST http://a.invalid/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    _, heard = overheard(tmp_path, head + chunk + EVIL, b"evil")
    assert b"evil" not in heard


async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A long download: one way, longer than anybody may be silent."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(20):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.1)
    writer.close()


def test_who_is_silent_while_the_other_side_speaks_is_not_cut(tmp_path: Path) -> None:
    async def work() -> bytes:
        async with await asyncio.start_server(slow, "127.0.0.1", 0) as server:
            up = Upstream("127.0.0.1", server.sockets[0].getsockname()[1])
            made = rules(Host("a.invalid"), folder=str(tmp_path), upstream=up)
            return await ask(made, [b"CONNECT a.invalid:443 HTTP/1.1\r\n\r\n"], idle=1.5)

    assert asyncio.run(work()).endswith(b"x" * 20)


def test_two_that_are_silent_are_cut(tmp_path: Path) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await reader.read()
        writer.close()

    async def work() -> bytes:
        async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
            up = Upstream("127.0.0.1", server.sockets[0].getsockname()[1])
            made = rules(Host("a.invalid"), folder=str(tmp_path), upstream=up)
            return await ask(made, [b"CONNECT a.invalid:443 HTTP/1.1\r\n\r\n"], idle=0.2)

    assert asyncio.run(work()) == b"HTTP/1.1 200 Connection established\r\n\r\n"
