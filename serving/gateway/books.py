"""The store for a running proxy: in a thread of its own, and with what changes seen at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeVar

from msgspec import Struct

from r1code.errors import StateError
from r1code.serving.gateway.admission import Claim, Ended, admit, recover, settle
from r1code.serving.gateway.keys import Key, Presented, derived, matches
from r1code.serving.gateway.limits import Limits
from r1code.serving.gateway.refusals import Refusal
from r1code.serving.gateway.store import Holder, Outcome, Store, Used

T = TypeVar("T")

_LOOK_SECONDS = 0.2
"""How often a proxy looks whether keys have changed: a revocation has to take effect within a second."""


class _Known(Struct, frozen=True):
    keys: dict[str, Key]
    holders: dict[str, Holder]


class Books:
    """Use it in an `async with`."""

    def __init__(self, file: Path, *, slot: int, limits: Limits) -> None:
        self._file = file
        self._slot = slot
        self._limits = limits
        # One thread: SQLite's calls may wait for the disk and for other processes, and the loop may not.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="gateway-books")
        self._known = _Known({}, {})
        self._version = -1
        self._unsettled: list[Ended] = []

    async def __aenter__(self) -> Self:
        self._store = await self._done(lambda: Store(self._file, durable=False))
        await self._done(lambda: recover(self._store, self._slot, time.time()))
        self._secret = await self._done(self._store.secret)
        await self.look()
        return self

    async def __aexit__(self, *_: object) -> None:
        # What is settled in the thread already comes first.
        await self._done(self._catch_up)
        await self._done(self._store.close)
        self._thread.shutdown()

    def holder(self, shown: Presented | None) -> Holder | None:
        """Whose key this is; None: nobody's, or it is no longer valid."""
        if shown is None:
            return None
        key = self._known.keys.get(shown.id)
        if not matches(shown, key) or key is None or not key.valid(time.time()):
            return None
        return self._known.holders.get(key.holder)

    def valid(self, key: str) -> bool:
        known = self._known.keys.get(key)
        return known is not None and known.valid(time.time())

    def limits(self, holder: Holder) -> Limits:
        return holder.limits.over(self._limits)

    def salt(self, holder: Holder) -> str:
        """Under which a server keeps what it cached for this team, and finds nothing of another one's."""
        return derived(self._secret, "salt", holder.team)

    def route(self, holder: Holder, session: str) -> str:
        """The same for the requests of one session; nobody can choose another one's."""
        return derived(self._secret, "route", holder.name, session)

    async def admit(self, holder: Holder, key: str, tokens: tuple[int, int]) -> int:
        """Raises Refusal."""
        claim = Claim(holder=holder.name, key=key, slot=self._slot, input=tokens[0], output=tokens[1])
        limits = self.limits(holder)
        try:
            return await self._done(lambda: admit(self._store, claim, limits, time.time()))
        except StateError as error:
            # What cannot be counted is not sent.
            raise Refusal(
                503,
                "the gateway cannot keep its books now",
                reason="books",
                code="unavailable",
                wait_seconds=5,
            ) from error

    def settle(self, row: int, used: Used, outcome: Outcome) -> Future[None]:
        """Does not wait: it is called where a request is over, also when it was cancelled."""
        self._unsettled.append(Ended(row=row, used=used, outcome=outcome, at=time.time()))
        return self._thread.submit(self._catch_up)

    async def look(self) -> None:
        """Reads the keys again where something has changed. Raises StateError where that fails."""
        await self._done(self._read)

    async def watch(self, changed: Callable[[], None]) -> None:
        """Until it is cancelled; `changed` is called after each look."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self.look()
            except StateError:
                # Who cannot know whether a key was revoked takes no request; what runs waits for the next look.
                self._known, self._version = _Known({}, {}), -1
            else:
                changed()

    def _read(self) -> None:
        self._catch_up()
        with self._store.reading():
            if (version := self._store.version()) == self._version:
                return
            keys = {key.id: key for key in self._store.issued()}
            holders = {holder.name: holder for holder in self._store.holders()}
        self._known, self._version = _Known(keys, holders), version

    def _catch_up(self) -> None:
        """In the thread. What cannot be written now is kept for the next time."""
        while self._unsettled:
            one = self._unsettled[0]
            try:
                settle(self._store, one)
            except StateError:
                return
            self._unsettled.pop(0)

    async def _done(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
