"""Commands that go on while others run: a thread reads what they print, and keeps the ends of it."""

from __future__ import annotations

import codecs
import threading
from collections.abc import Callable

from r1code.control import Control
from r1code.errors import Cancelled, SandboxError
from r1code.sandbox.base import Limits
from r1code.sandbox.command import Exit, Running, signal_of
from r1code.sandbox.output import Keep

_LOOK_SECONDS = 60.0


def _nothing() -> None:
    """What is left to do where a `Running` does all."""


class Follower:
    """Follows `running` in a thread of its own, so that it never waits for us: a `Spawned`.

    `release`: called once, in that thread, when nothing is read any more. `sweep`: called by `stop` after the
    kill. `Running.kill` may be called from that thread, while another command is followed.
    """

    def __init__(
        self,
        running: Running,
        limits: Limits,
        *,
        release: Callable[[], None] = _nothing,
        sweep: Callable[[], None] = _nothing,
    ) -> None:
        self._running = running
        self._limits = limits
        self._release = release
        self._sweep = sweep
        self._lock = threading.Lock()
        self._keep = Keep(limits.output_bytes)
        self._ended: str | None = None
        self._control = Control()
        # A daemon: a stuck engine must not hold an exit.
        self._thread = threading.Thread(target=self._follow, name="r1code-background", daemon=True)
        self._thread.start()

    @property
    def ended(self) -> str | None:
        return self._ended

    def output(self) -> str:
        with self._lock:
            text, self._keep = self._keep.text(), Keep(self._limits.output_bytes)
        return text

    def stop(self) -> None:
        self._end("stopped")
        self.close()
        self._sweep()

    def close(self) -> None:
        """Kills it, as far as `running` can, and follows it no more. Safe to call again; raises nothing."""
        self._end("its sandbox was closed")
        self._running.kill(self._control)
        self._control.cancel()
        self._thread.join()

    def _end(self, how: str) -> None:
        with self._lock:
            self._ended = self._ended or how

    def _follow(self) -> None:
        try:
            self._end(self._read())
        except Cancelled:
            return
        except SandboxError as error:
            self._end(error.why)
        finally:
            self._release()

    def _read(self) -> str:
        """Keeps its output until it ends; how it did."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        printed = 0
        while True:
            try:
                data = self._running.read(self._control, _LOOK_SECONDS)
            except TimeoutError:
                continue
            text = decoder.decode(data, final=not data)
            with self._lock:
                self._keep.add(text)
            if not data:
                return _told(self._running.exit())
            printed += len(data)
            if printed > self._limits.flood_bytes:
                self._running.kill(self._control)
                return f"killed: it printed more than the limit of {self._limits.flood_bytes} bytes"


def _told(how: Exit) -> str:
    number = signal_of(how.code)
    return f"exit code {how.code}" if number is None else f"killed by signal {number}"
