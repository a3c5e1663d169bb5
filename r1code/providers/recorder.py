"""Records what a provider streamed, and streams it again: cassettes for tests, and for reports of bugs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from r1code.control import Control
from r1code.dialects.base import Request
from r1code.errors import ProviderError, UsageError
from r1code.providers.base import Delta, Done, Item, Provider


class Failed(Struct, frozen=True, kw_only=True):
    """What a stream that raised said to the person."""

    what: str
    why: str
    hint: str
    retryable: bool


class Exchange(Struct, frozen=True, kw_only=True):
    """One line of a cassette: a request and all that came of it. Without an end it was cancelled."""

    request: Request
    deltas: tuple[Delta, ...]
    done: Done | None = None
    failed: Failed | None = None


class RecordingProvider:
    """Passes everything on, and appends each exchange to `file` when it is over.

    A cassette holds the whole prompts: treat it like the code that they show.
    """

    def __init__(self, inner: Provider, file: Path) -> None:
        self._inner = inner
        try:
            self._file = file.open("ab")
        except OSError as error:
            raise UsageError(
                f"nothing can be recorded in {file}",
                why=str(error),
                hint="name a file in a folder that you can write",
            ) from error

    def stream(self, request: Request, control: Control) -> Iterator[Item]:
        deltas: list[Delta] = []
        done: Done | None = None
        failed: Failed | None = None
        try:
            for item in self._inner.stream(request, control):
                if isinstance(item, Delta):
                    deltas.append(item)
                elif isinstance(item, Done):
                    done = item
                yield item
        except ProviderError as error:
            failed = Failed(what=error.what, why=error.why, hint=error.hint, retryable=error.retryable)
            raise
        finally:
            exchange = Exchange(request=request, deltas=tuple(deltas), done=done, failed=failed)
            self._file.write(msgspec.json.encode(exchange) + b"\n")
            self._file.flush()

    def close(self) -> None:
        self._inner.close()
        self._file.close()


class CassetteProvider:
    """Streams a cassette again, with the same pieces. A request that was not recorded next is refused."""

    def __init__(self, file: Path) -> None:
        decoder = msgspec.json.Decoder(Exchange)
        try:
            self._exchanges = [decoder.decode(line) for line in file.read_bytes().splitlines()]
        except (OSError, msgspec.MsgspecError) as error:
            raise UsageError(
                f"{file} is no cassette", why=str(error), hint="make one with --record FILE"
            ) from error
        self._at = 0

    def stream(self, request: Request, control: Control) -> Iterator[Delta | Done]:
        if self._at >= len(self._exchanges):
            raise ProviderError(
                "the cassette is over",
                why=f"it holds {len(self._exchanges)} exchanges, and one more was asked for",
                hint="record it again",
            )
        exchange = self._exchanges[self._at]
        self._at += 1
        if exchange.request != request:
            raise ProviderError(
                "the cassette does not fit",
                why=f"request {self._at} differs from the recorded one",
                hint="prompts or settings have changed since; record it again",
            )
        for delta in exchange.deltas:
            control.check()
            yield delta
        if exchange.failed is not None:
            failed = exchange.failed
            raise ProviderError(failed.what, why=failed.why, hint=failed.hint, retryable=failed.retryable)
        if exchange.done is None:
            raise ProviderError(
                "the recorded stream has no end",
                why="it was cancelled while it was recorded",
                hint="record it again",
            )
        yield exchange.done

    def close(self) -> None:
        pass
