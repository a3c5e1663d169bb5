"""A provider that answers from a script: for tests, for demonstrations, for replaying a bug."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from r1code.control import Control
from r1code.dialects.base import Request
from r1code.errors import ProviderError, UsageError
from r1code.providers.base import Delta, Done
from r1code.types import Finish, RawCall, Usage


class ScriptedReply(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One answer, and how it comes. Text is sent the way R1 does: reasoning, closing tag, answer."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[RawCall, ...] = ()
    """Functions that it calls after the text: tables with name and arguments, a JSON text."""
    raw: str | None = None
    """Sent as it is, instead of `reasoning` and `text`."""
    finish: Finish = "stop"
    usage: Usage = Usage()
    chunk: int = 16
    """Characters per delta."""
    delay_seconds: float = 0.0
    """Before each delta."""
    hang_after: int | None = None
    """No more bytes come after this many deltas, and no end."""
    candidate: int | None = None
    """Which candidate of a repair is given it; where none is named, all take from one script as they come."""
    error: str | None = None
    """The backend fails with this after `fail_after` deltas."""
    fail_after: int = 0

    @property
    def content(self) -> str:
        return self.raw if self.raw is not None else f"{self.reasoning}</think>\n\n{self.text}"


class Script(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reply: tuple[ScriptedReply, ...] = ()


def load_script(path: Path) -> tuple[ScriptedReply, ...]:
    """The replies in a TOML file: one `[[reply]]` each. Raises UsageError."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Script).reply
    except (OSError, msgspec.MsgspecError) as error:
        raise UsageError(
            f"the script {path} cannot be used",
            why=str(error),
            hint="each reply is a table [[reply]] with text, reasoning, ...; see docs/scripted.md",
        ) from error


class ScriptedProvider:
    """Gives its replies in order and keeps the requests that it was sent."""

    def __init__(self, replies: Sequence[ScriptedReply]) -> None:
        self._replies = list(replies)
        self.requests: list[Request] = []
        self._lock = threading.Lock()

    def stream(self, request: Request, control: Control) -> Iterator[Delta | Done]:
        with self._lock:
            self.requests.append(request)
            number = len(self.requests)
        if number > len(self._replies):
            raise ProviderError(
                "the script is over",
                why=f"it has {len(self._replies)} replies and one more was asked for",
                hint="add a [[reply]] to the script",
            )
        reply = self._replies[number - 1]
        for number, start in enumerate(range(0, len(reply.content), reply.chunk)):
            self._fault(reply, number, control)
            control.sleep(reply.delay_seconds)
            yield Delta(field="content", text=reply.content[start : start + reply.chunk])
        for index, raw in enumerate(reply.calls):
            yield Delta(field="call", text=raw.arguments, index=index, name=raw.name)
        self._fault(reply, -1, control)
        yield Done(finish=reply.finish, usage=reply.usage)

    @staticmethod
    def _fault(reply: ScriptedReply, number: int, control: Control) -> None:
        """Fails or hangs where the reply says so; `number` deltas were sent, -1 stands for all."""
        control.check()
        if reply.error is not None and number in {reply.fail_after, -1}:
            raise ProviderError("the backend failed", why=reply.error, hint="try again", retryable=True)
        if reply.hang_after is not None and number in {reply.hang_after, -1}:
            while True:
                control.sleep(1.0)

    def close(self) -> None:
        pass
