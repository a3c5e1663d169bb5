"""The background commands of one sandbox: started under a name, looked at, and stopped."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator

from msgspec import Struct

from r1code.control import Control
from r1code.errors import SandboxError, ToolError
from r1code.events import CommandOutput, Event
from r1code.naming import first_of
from r1code.sandbox.base import Sandbox, Spawned
from r1code.sandbox.output import Keep
from r1code.tools.base import Result
from r1code.tools.truncation import clip
from r1code.tree.patch import Patch
from r1code.tree.worktree import WorkTree

MOST = 4
MOST_CHARS = 8_000
MOST_NAMES = 20
_KEPT_BYTES = 200_000
_SETTLE_SECONDS = 1.5
"""How long a start is watched where nothing says when it is ready."""
_READY_SECONDS = 30.0
_POLL_SECONDS = 0.1
_NAME = re.compile(r"[\w.-]{1,40}")
_PORT = re.compile(r"[1-9]\d{0,4}")
_LISTENS = """for table in /proc/net/tcp /proc/net/tcp6; do
[ -r $table ] && while read -r _ at _ state _; do [ "${at##*:} $state" = "%04X 0A" ] && exit 0; done <$table
done
exit 1"""
"""Ends with 0 if something listens at a port."""


class Wanted(Struct, frozen=True, kw_only=True):
    """A command that is to go on under a name, and what its start waits for."""

    name: str
    command: str
    ready: str = ""
    """A port, else a text in its output; empty: neither."""

    @property
    def port(self) -> int | None:
        return int(self.ready) if _PORT.fullmatch(self.ready) else None


class Lasting(Struct, kw_only=True):
    """One that was started."""

    wanted: Wanted
    spawned: Spawned
    since: float
    """time.monotonic() of its start."""
    told: bool = False
    """The model knows that it ended."""

    def state(self) -> str:
        """In words for the model and a person."""
        ended = self.spawned.ended
        self.told = ended is not None
        if ended is None:
            return f"{_runs(self.wanted.name)}{time.monotonic() - self.since:.0f} s]"
        return f"[background {self.wanted.name}: ended, {ended}]"


def still_runs(name: str, told: str) -> bool:
    """Whether that is what was told of the background command `name`."""
    return _runs(name) in told


def _runs(name: str) -> str:
    return f"[background {name}: running for "


class Background:
    """What an agent runs in the background. `protected`: files that stay as they are, whoever writes them.

    `patience`: seconds that a start waits for what says that it is ready.
    """

    def __init__(
        self,
        tree: WorkTree,
        sandbox: Sandbox,
        protected: Callable[[str], bool],
        *,
        patience: float = _READY_SECONDS,
    ) -> None:
        self._patience = patience
        self._tree = tree
        self._sandbox = sandbox
        self._protected = protected
        self._all: dict[str, Lasting] = {}
        self._unseen = False
        """They may have written files since the last look."""

    @property
    def running(self) -> list[str]:
        return [name for name, one in self._all.items() if one.spawned.ended is None]

    def start(self, wanted: Wanted, call_id: str, control: Control) -> Generator[Event, None, Result]:
        """Starts a command, and waits until it is ready. The tree must be in the sandbox. Raises ToolError."""
        self._refuse(wanted.name)
        if wanted.port is not None and self._listens(wanted.port, control):
            raise ToolError(f"Port {wanted.port} is in use already. Take another one, or stop what uses it.")
        spawned = self._sandbox.spawn(wanted.command, control)
        one = Lasting(wanted=wanted, spawned=spawned, since=time.monotonic())
        self._all[wanted.name] = one
        self._unseen = True
        shown = Keep(_KEPT_BYTES)
        is_ready = yield from self._wait(one, shown, call_id, control)
        said = one.state()
        if not is_ready and not one.told:
            missing = (
                f"{wanted.ready!r} did not come" if wanted.port is None else f"port {wanted.port} is not open"
            )
            said += f"\n[not ready after {self._patience:g} s: {missing}]"
        said = self._with_refused(said, control)
        text = f"{clip(shown.text(), MOST_CHARS).text.rstrip()}\n{said}".lstrip("\n")
        return Result(text=text, display=said, status="ok" if is_ready and not one.told else "failed")

    def _refuse(self, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise ToolError(f"{name!r} is no name for a background command. Take one word, such as server.")
        running = self.running
        if name in running:
            raise ToolError(f"{name} runs already. Stop it first, or take another name.")
        if len(running) >= MOST:
            raise ToolError(
                f"{MOST} commands run in the background, and no more may: {', '.join(running)}. Stop one."
            )

    def _wait(self, one: Lasting, shown: Keep, call_id: str, control: Control) -> Generator[Event, None, bool]:
        """Fills `shown` with what it prints until it is ready, which is returned, or has ended, or is late."""
        wanted = one.wanted
        deadline = one.since + (self._patience if wanted.ready else _SETTLE_SECONDS)
        while True:
            ended = one.spawned.ended is not None
            text = one.spawned.output()
            if text:
                shown.add(text)
                yield CommandOutput(call_id=call_id, text=text)
            if ended:
                return False
            if wanted.port is not None:
                if self._listens(wanted.port, control):
                    return True
            elif wanted.ready and wanted.ready in shown.text():
                return True
            if time.monotonic() >= deadline:
                return not wanted.ready
            control.sleep(_POLL_SECONDS)

    def _listens(self, port: int, control: Control) -> bool:
        asking = self._sandbox.run(_LISTENS % port, control, quiet=True)
        try:
            while True:
                next(asking)
        except StopIteration as stop:
            return bool(stop.value.succeeded)
        finally:
            asking.close()

    def _with_refused(self, said: str, control: Control) -> str:
        """Also what the network refused, to whichever of them."""
        refused = self._sandbox.refused(control)
        return f"{said}\n{refused}" if refused else said

    def logs(self, name: str, control: Control) -> Result:
        """What it printed since this was last asked. Raises ToolError for a name that nothing has."""
        one = self._find(name)
        # Asked first: what it printed until then is all there is.
        said = self._with_refused(one.state(), control)
        text = clip(one.spawned.output(), MOST_CHARS).text.rstrip() or "(nothing new)"
        return Result(text=f"{text}\n{said}", display=said)

    def stop(self, name: str, control: Control) -> Result:
        """Ends it. Raises ToolError for a name that nothing has."""
        self._find(name).spawned.stop()
        return self.logs(name, control)

    def _find(self, name: str) -> Lasting:
        if name not in self._all:
            known = ", ".join(self._all) or "there are none"
            raise ToolError(f"No background command is called {name}: {known}.")
        return self._all[name]

    def news(self) -> list[str]:
        """What ended since the model was last told of it."""
        return [one.state() for one in self._all.values() if not one.told and one.spawned.ended is not None]

    def take_back(self, control: Control) -> list[str]:
        """Brings what they wrote into the tree; what that was, in words. An edit since then wins over them."""
        if self._sandbox.in_place or not (self.running or self._unseen):
            return []
        self._unseen = bool(self.running)
        try:
            changed = self._sandbox.changes(control)
        except SandboxError as error:
            self._unseen = True
            return [f"[what changed in the background could not be seen: {error.why}]"]
        now = self._tree.snapshot().entries
        mine = Patch(tuple(one for one in changed.changes if now.get(one.path) == one.before))
        kept, _ = mine.parted(self._protected)
        self._tree.apply(kept, f"background {', '.join(self._all)}")
        return [f"[changed in the background: {names(kept)}]"] if kept else []

    def follow(self, control: Control) -> None:
        """Brings the tree into the sandbox, for those that watch its files."""
        if self.running and not self._sandbox.in_place:
            self._sandbox.sync(self._tree.snapshot(), control)


def names(patch: Patch) -> str:
    """Its paths, as many as are worth telling."""
    return first_of(patch.paths, MOST_NAMES)
