"""A place that r1code speaks to through shell scripts, and what is known of the work tree in it."""

from __future__ import annotations

import queue
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Generator, Iterable, Mapping
from contextlib import closing
from typing import Protocol

from msgspec import Struct

from r1code.control import POLL_SECONDS, Control
from r1code.errors import SandboxError
from r1code.sandbox.manifest import LETTERS, Seen, printable
from r1code.tree.entry import Entry, is_folder

STDOUT = 1
STDERR = 2
WORK = "/workspace"
HOME = "/home/r1code"
NOT_COPIED = "the work tree could not be copied in"
ENVIRONMENT = {
    "HOME": HOME,
    "USER": "r1code",
    "LOGNAME": "r1code",
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
}
PLAIN_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PATH = f"PATH={PLAIN_PATH}:$PATH\n"
"""For what is ours: a place may name folders first that commands can write to."""
PRIVATE_BYTES = 4096
SHM_MB = 64
SILENCE_SECONDS = 30.0
NEEDS = "with sh, tar, GNU find, GNU coreutils and xargs"
_PATIENCE_SECONDS = 120.0
"""How long a helper may say nothing."""
_GONE_SECONDS = 1.0
"""How long an engine may call something running whose processes it has killed."""
_NOT_FOUND = 127
_KILLED = 137
_NOT_STARTED = 126
_MOST_ANSWER_BYTES = 100_000_000


class Ended(Struct, frozen=True, kw_only=True):
    code: int | None = None
    error: BaseException | None = None


Item = tuple[int, bytes] | Ended
"""STDOUT or STDERR and what came on it, or the end."""


class GoneError(SandboxError):
    """What commands ran in was removed, stopped or paused by somebody else; a new one can be started."""


class Execution(Protocol):
    """A script that runs, or waits for what it is to do."""

    items: queue.Queue[Item]
    """One Ended comes last."""

    def close(self) -> None:
        """Stops reading. Raises nothing."""
        ...


class Inside(ABC):
    """Where the scripts run, and what is known of the work tree there.

    `silence`: how long nothing may come before it is asked whether the place is still there.
    """

    noun: str
    """What it is, in messages."""
    gone_why: str
    """What it means that it is not there any more."""
    ours: str
    """What its programs come from."""
    remedy: str
    """What helps where that is not good enough."""

    def __init__(self, silence: float = SILENCE_SECONDS) -> None:
        self.seen: dict[str, Seen] = {}
        """The tree as it was when it was last looked at."""
        self.known: dict[str, tuple[Seen, Entry]] = {}
        """Contents that are known, and what the path looked like with them."""
        self.synced = False
        self.begun: set[str] = set()
        """Paths of trees whose copying in was not finished: some may be there."""
        self.answered = False
        self.used = False
        """A command ran since `seen`."""
        self.lasting: set[object] = set()
        """The commands that go on: as long as there are any, what was seen may have changed."""
        self.live = False
        """A command that goes on may have written since it was last asked for changes."""
        self.prepared = False
        """The tree is connected with what the image has installed."""
        self.made: set[str] = set()
        """What doing that left in the tree."""
        self._silence = silence

    @abstractmethod
    def execute(
        self,
        script: str,
        *args: str,
        stdin: Iterable[bytes] | None = None,
        env: dict[str, str] | None = None,
    ) -> Execution:
        """Runs a shell script of ours in the work tree.

        `stdin` is iterated in a thread; a StateError of it ends the script, and is its Ended's error.
        """

    @abstractmethod
    def execute_apart(
        self, script: str, *args: str, env: dict[str, str], stdin: Iterable[bytes] | None = None
    ) -> Execution:
        """As `execute`, for what goes on while others run: its `close` may end it, and `remove` does."""

    @abstractmethod
    def spared(self) -> list[str]:
        """What a script must leave alone that ends everything where it runs: ids of first processes there."""

    @abstractmethod
    def drop(self, leader: str) -> None:
        """Ends what goes on from that first process, where closing its Execution does not; waits for nothing."""

    @abstractmethod
    def prepare(self) -> None:
        """Does beforehand what the next `execute` can use. Not while a command runs."""

    @abstractmethod
    def kill(self, patience: float) -> bool:
        """Kills all but what goes on. False if that did not happen within `patience` seconds."""

    @abstractmethod
    def remove(self) -> None:
        """Ends it and all in it; raises nothing."""

    @abstractmethod
    def alive(self) -> bool:
        """Whether it can be used, as far as can be asked."""

    def lost(self) -> bool:
        """Whether it is gone, or goes now: its processes are killed before the engine says so."""
        deadline = time.monotonic() + _GONE_SECONDS
        while (alive := self.alive()) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        return not alive

    @abstractmethod
    def failure(self, what: str, error: BaseException) -> SandboxError:
        """What an Ended with an error means, in words. Raises what is no failure of the place."""

    def check_usable(self, control: Control, what: str) -> None:
        """Raises GoneError if nothing can come any more, SandboxError and Cancelled."""
        if not control.call(self.alive):
            raise self.gone(what)

    def output(
        self,
        what: str,
        control: Control,
        script: str,
        *args: str,
        stdin: Iterable[bytes] | None = None,
        fine: Collection[int] = (0,),
    ) -> Generator[bytes, None, int]:
        """What a script of ours prints, as it comes; then its exit code, which is one of `fine`.

        Raises SandboxError, beginning with `what`, if it is not.
        """
        running = self.execute(PATH + script, *args, stdin=stdin)
        self.prepare()
        errors = bytearray()
        try:
            while not isinstance(item := self.next_item(running, control, _PATIENCE_SECONDS, what), Ended):
                number, data = item
                if number == STDOUT:
                    yield data
                else:
                    errors += data[: PRIVATE_BYTES - len(errors)]
        finally:
            running.close()
        if item.code not in fine:
            raise self._failed(what, item.code, errors.decode(errors="replace").strip())
        return item.code or 0

    def ask(
        self, what: str, control: Control, script: str, *args: str, stdin: Iterable[bytes] | None = None
    ) -> bytes:
        """As `output`, whole. What answers is not trusted: it may want to fill our memory."""
        answer = bytearray()
        with closing(self.output(what, control, script, *args, stdin=stdin)) as chunks:
            for chunk in chunks:
                answer += chunk
                if len(answer) > _MOST_ANSWER_BYTES:
                    raise SandboxError(
                        what,
                        why=f"the {self.noun} answers with more than {_MOST_ANSWER_BYTES // 1_000_000} MB",
                        hint="make the commands leave fewer files behind",
                    )
        return bytes(answer)

    def _failed(self, what: str, code: int | None, errors: str) -> SandboxError:
        if code in {_KILLED, _NOT_STARTED} and not self.alive():
            return self.gone(what)
        if "No space left on device" in errors:
            return SandboxError(
                what,
                why=f"it does not fit into the sandbox: {errors.splitlines()[0]}",
                hint="raise the sandbox's disk limit, or keep large files out of the repository",
            )
        if code == _KILLED:
            return SandboxError(
                what,
                why=f"a helper in the {self.noun} was killed: most often the sandbox's memory is full",
                hint="make the commands leave less behind: files in the sandbox lie in its memory",
            )
        if code == _NOT_FOUND or "not found" in errors:
            return SandboxError(
                what,
                why=f"{self.ours} lacks a program: {errors}",
                hint=f"{self.remedy}: one {NEEDS}",
            )
        return SandboxError(
            what,
            why=f"a helper in the {self.noun} ended with {code}: {errors}",
            hint=f"try again; if it happens again, {self.remedy}",
        )

    def know(self, entries: Mapping[str, Entry]) -> None:
        """What was seen last has these; raises SandboxError if it has not."""
        for path, entry in entries.items():
            there = self.seen.get(path)
            if (
                there is None
                or there.kind != LETTERS[entry.kind]
                or not (there.mode == entry.mode or is_folder(entry))
            ):
                raise SandboxError(
                    NOT_COPIED,
                    why=f"{printable(path)} is not there as it should be",
                    hint=f"try again; if it happens again, {self.remedy}",
                )
            self.known[path] = (there, entry)

    def next_item(
        self, running: Execution, control: Control, seconds: float, what: str
    ) -> tuple[int, bytes] | Ended:
        """Raises Cancelled, or SandboxError where the engine failed or said nothing for `seconds`.

        Raises StateError where what is sent to it did.
        """
        try:
            item = self.wait_item(running, control, seconds, what)
        except TimeoutError as error:
            raise self.failure(what, TimeoutError(f"no answer for {seconds:g} s")) from error
        if isinstance(item, Ended) and item.error is not None:
            raise self.failure(what, item.error) from item.error
        self.answered = True
        return item

    def wait_item(
        self, running: Execution, control: Control, seconds: float, what: str
    ) -> tuple[int, bytes] | Ended:
        """What comes next. Raises TimeoutError, Cancelled, and SandboxError if nothing can come any more.

        What was paused says nothing and never ends; so it is asked for where all is silent.
        """
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > self._silence:
            try:
                return control.get(running.items, self._silence)
            except TimeoutError:
                self.check_usable(control, what)
        return control.get(running.items, max(left, 0.0))

    def gone(self, what: str) -> GoneError:
        if self.answered:
            return GoneError(
                what,
                why=self.gone_why,
                hint=f"try again: a new {self.noun} will be started",
            )
        return GoneError(
            what,
            why=f"its {self.noun} ended before it could be used",
            hint=f"if it happens again, {self.remedy}: one {NEEDS}",
        )

    def remove_later(self) -> None:
        """Removes it without waiting."""
        # Not a daemon: the interpreter waits for it, so that nothing is left behind.
        threading.Thread(target=self.remove, name="r1code-remove").start()
