"""A sandbox with a copy of the work tree: what commands changed in it comes back as a patch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path
from typing import Generic, TypeVar

from msgspec import Struct

from r1code.control import Control
from r1code.errors import Cancelled, SandboxError, StateError, TooLargeError
from r1code.naming import first_of
from r1code.sandbox.archive import UNFRAME, Archive, GrewError, ahead, files, framed, most_bytes
from r1code.sandbox.base import Connected, Limits, Only, Say, Spawned, anything
from r1code.sandbox.command import follow
from r1code.sandbox.connection import Connection
from r1code.sandbox.environments.environment import Preparation
from r1code.sandbox.follower import Follower
from r1code.sandbox.gitdir import LeftOutError, Member, members
from r1code.sandbox.inside import NOT_COPIED, WORK, GoneError, Inside
from r1code.sandbox.lasting import LastingCommand
from r1code.sandbox.manifest import (
    FIND,
    FIND_NAMED,
    FIND_THESE,
    LETTERS,
    Sending,
    named,
    parse,
    printable,
    returning,
    sending,
    touched,
)
from r1code.sandbox.prepare import prepare
from r1code.sandbox.running import Command
from r1code.tree.entry import FOLDER, MAX_BYTES
from r1code.tree.patch import FileChange, Patch
from r1code.tree.snapshot import Entry, Snapshot
from r1code.tree.store import Store
from r1code.types import ExecResult

MAX_READ_BYTES = 50_000_000
_NOT_OUT = "changed files could not be copied out"
_CANCEL_PATIENCE_SECONDS = 0.15
_SWEEP_PATIENCE_SECONDS = 5.0
_EXAMPLES = 3

_SYNC = f"""head -c "$1" | xargs -0 -r rm -rf -- || exit 3
head -c "$2" | xargs -0 -r rmdir -p --ignore-fail-on-non-empty -- 2>/dev/null
[ "$3" = 0 ] || {{ {UNFRAME}; }} | tar -x -b 128 -f - -p -m --no-same-owner || exit 4
shift 3
"""
_FETCH = """size=$1; shift
head -c "$size" | tar -c -f - --format=gnu --no-recursion --hard-dereference "$@" --null -T -"""
_TAR_CHANGED = 1
"""How tar ends where a file changed while it was read."""
_READ = f'if [ -f "$1" ]; then printf x; head -c {MAX_READ_BYTES + 1} -- "$1"; fi'

Ignored = Callable[[list[str]], set[str]]
"""Which of these new paths do not come back; folders end with a slash."""


def none_ignored(_: list[str]) -> set[str]:
    return set()


Place = TypeVar("Place", bound=Inside)


class Copying(Struct, frozen=True, kw_only=True):
    """What goes into a sandbox of a copy, and what comes back."""

    store: Store
    limits: Limits
    say: Say
    git_dir: Path | None = None
    """The repository whose history the commands may see, as `history` makes it."""
    history: Callable[[Path], list[Member]] = members
    ignored: Ignored = none_ignored
    """New paths that do not come back."""
    preparation: Preparation = Preparation()
    """What is done in a new place once the tree is in it."""


class CopiedSandbox(ABC, Generic[Place]):
    """One place at a time, made at the first use, and made again if it was lost."""

    in_place = False
    folder = WORK

    def __init__(self, copying: Copying) -> None:
        self._store = copying.store
        self._limits = copying.limits
        self._say = copying.say
        self._git_dir = copying.git_dir
        self._history = copying.history
        self._ignored = copying.ignored
        self._preparation = copying.preparation
        self._container: Place | None = None
        self._discarded: list[Place] = []
        self._spawned: list[Follower | Connection] = []
        self._snapshot = Snapshot({})

    @property
    @abstractmethod
    def kind(self) -> str:
        """As in Sandbox."""

    @abstractmethod
    def _open(self, control: Control) -> Place:
        """Makes a new place. Raises SandboxError and Cancelled."""

    def start(self, control: Control) -> None:
        self._start(control)

    def sync(self, snapshot: Snapshot, control: Control) -> None:
        container = self._start(control)
        with self._working(container):
            self._push(container, snapshot, control)

    def run(
        self,
        command: str,
        control: Control,
        *,
        env: dict[str, str] | None = None,
        seconds: float | None = None,
        quiet: bool = False,
    ) -> Generator[str, None, ExecResult]:
        container = self._ready(control)
        running = Command(container, self._limits, command, env)
        try:
            limit = self._limits.seconds if seconds is None else seconds
            return (yield from follow(running, control, self._limits, limit))
        except GoneError:
            self._discard(container)
            raise
        finally:
            if not running.killed:
                self._discard(container)

    def refused(self, control: Control) -> str:
        """There is no network that refuses by name."""
        control.check()
        return ""

    def spawn(self, command: str, control: Control, *, env: dict[str, str] | None = None) -> Spawned:
        container = self._ready(control)
        with self._working(container):
            running = LastingCommand(container, command, control, env or {})

        def sweep() -> None:
            if container is self._container and not container.kill(_SWEEP_PATIENCE_SECONDS):
                self._discard(container)

        self._spawned.append(spawned := Follower(running, self._limits, sweep=sweep))
        return spawned

    def connect(self, command: str, control: Control, *, env: dict[str, str] | None = None) -> Connected:
        container = self._ready(control)
        with self._working(container):
            connected = LastingCommand.connected(container, command, control, env or {})
        self._spawned.append(connected)
        return connected

    def changes(self, control: Control, only: Only = anything) -> Patch:
        container = self._ready(control)
        with self._working(container):
            patch = self._pull(container, only, control)
        if patch:
            self._snapshot = self._snapshot.with_patch(patch)
        return patch

    def read(self, path: str, control: Control) -> bytes | None:
        container = self._ready(control)
        with self._working(container):
            what = f"{path} could not be read in the sandbox"
            answer = container.ask(what, control, _READ, path)
        if len(answer) > 1 + MAX_READ_BYTES:
            raise TooLargeError(
                what,
                why=f"it is larger than {MAX_READ_BYTES // 1_000_000} MB",
                hint="make the command write less",
            )
        return answer[1:] if answer else None

    def close(self) -> None:
        container, self._container = self._container, None
        for spawned in self._spawned:
            spawned.close()
        self._spawned.clear()
        # Once more: what removes them may have been away when they were discarded.
        for each in [*self._discarded, *([container] if container is not None else [])]:
            each.remove()
        self._discarded.clear()

    def _start(self, control: Control) -> Place:
        control.check()
        if self._container is None:
            self._container = self._open(control)
            # Its first helper starts while a tree is looked at that is to go in.
            self._container.prepare()
        return self._container

    def _ready(self, control: Control) -> Place:
        """The container, with the last synced tree in it also where it is a new one or half of another came."""
        container = self._start(control)
        replaced = not container.synced and bool(self._snapshot.entries)
        if replaced and not container.begun:
            self._say(f"the sandbox's {container.noun} was replaced: files that only commands had made are gone")
        if replaced or container.begun:
            with self._working(container):
                self._push(container, self._snapshot, control)
        return container

    @contextmanager
    def _working(self, container: Place) -> Generator[None, None, None]:
        """Around what looks at or writes the tree inside: whatever happens, what is known of it stays true."""
        try:
            yield
        except GoneError:
            self._discard(container)
            raise
        except Cancelled:
            # The helper that was left may go on for a moment; nothing may meet it.
            container.used = True
            if not container.kill(_CANCEL_PATIENCE_SECONDS):
                self._discard(container)
            raise
        except SandboxError:
            container.used = True
            raise
        except StateError as error:
            raise SandboxError(error.what, why=error.why, hint=error.hint) from error

    def _discard(self, container: Place) -> None:
        """The next use starts a new one."""
        self._container = None
        self._discarded.append(container)
        container.remove_later()

    def _look(self, container: Place, control: Control) -> None:
        if container.used:
            # Asked first: one that ends in the meantime may have written after the look.
            goes_on = bool(container.lasting)
            container.seen = parse(container.ask("the work tree could not be looked at", control, FIND))
            container.used = goes_on

    def _push(self, container: Place, snapshot: Snapshot, control: Control) -> None:
        self._look(container, control)
        known = self._snapshot.entries if container.synced else {}
        last, wanted = container.begun.union(known), snapshot.entries
        if container.live and container.synced:
            # What goes on is ahead of the tree in all others, and may have them open.
            wanted = {path: entry for path, entry in wanted.items() if known.get(path) != entry}
            last = {path for path in last if path in wanted or path not in snapshot.entries}
        todo = sending(wanted, last, container.seen, container.known)
        container.begun = last.union(todo.write)
        try:
            self._send(container, snapshot, todo, control)
            container.know(wanted)
        except (SandboxError, StateError):
            # Half a tree is inside, and it may have filled the disk: better a new one than that.
            self._discard(container)
            raise
        container.synced, container.begun = True, set()
        self._snapshot = snapshot
        if self._preparation.is_due_after(todo.write):
            container.prepared = False
        if self._preparation.steps and not container.prepared and snapshot.entries:
            prepare(
                container, snapshot, self._preparation.steps, limits=self._limits, say=self._say, control=control
            )
            container.prepared = True

    def _send(self, container: Place, snapshot: Snapshot, todo: Sending, control: Control) -> None:
        delete, prune = named(todo.delete), named(todo.prune)
        archive = Archive(self._store)
        for path in todo.write:
            archive.add_entry(path, snapshot.entries[path])
        if not container.synced:
            self._add_history(archive, control)
        if not (delete or archive):
            return
        sizes = [str(size) for size in (len(delete), len(prune), int(bool(archive)))]
        stream = chain([delete + prune], framed(ahead(archive)) if archive else ())
        paths = touched(todo, container.seen)
        if paths is None:
            container.seen = parse(container.ask(NOT_COPIED, control, _SYNC + FIND, *sizes, stdin=stream))
            return
        names = [f"./{path}" for path in paths]
        now = parse(container.ask(NOT_COPIED, control, _SYNC + FIND_THESE, *sizes, *names, stdin=stream))
        for path in paths:
            container.seen.pop(path, None)
        container.seen |= now

    def _add_history(self, archive: Archive, control: Control) -> None:
        git_dir = self._git_dir
        if git_dir is None:
            return
        try:
            history = control.call(lambda: self._history(git_dir))
        except LeftOutError as error:
            self._say(f"commands in the sandbox do not see the git history: {error}")
            return
        for name, data in history:
            control.check()
            kind, mode = ("folder", 0o755) if name.endswith("/") else ("file", 0o644)
            archive.add(f".git/{name}", kind, mode, data)

    def _pull(self, container: Place, only: Only, control: Control) -> Patch:
        goes_on = bool(container.lasting)
        self._look(container, control)
        base = self._snapshot.entries
        seen = {
            path: there for path, there in container.seen.items() if path in base or path not in container.made
        }
        found = returning(base, seen, container.known, self._ignored)
        changed = list(filter(only, found.changed))
        late = self._fetch(container, changed, control)
        after: dict[str, Entry | None] = {path: container.known[path][1] for path in changed if path not in late}
        after.update(dict.fromkeys(filter(only, found.deleted)))
        self._tell(found.refused)
        if only is anything:
            container.live = goes_on or bool(late)
        container.used = container.used or bool(late)
        return Patch.of(
            FileChange(path=path, before=base.get(path), after=entry) for path, entry in after.items()
        )

    def _fetch(self, container: Place, paths: list[str], control: Control) -> set[str]:
        """Makes the contents of `paths` known: those that are not, through one stream.

        Returns those that are written too fast for it: they are for the next look.
        """
        missing: list[str] = []
        for path in paths:
            there = container.seen[path]
            if path in container.known and container.known[path][0] == there:
                continue
            if there.kind == LETTERS["folder"]:
                self._store.put(b"")
                container.known[path] = (there, FOLDER)
            elif there.kind == LETTERS["link"]:
                digest = self._store.put(there.target.encode("utf-8", "surrogateescape"))
                container.known[path] = (there, Entry(kind="link", mode=0o777, digest=digest))
            else:
                missing.append(path)
        if not missing:
            return set()
        came = self._came(container, missing, control)
        # What was read after the look may be newer: then it looks otherwise at the next one, and comes again.
        container.known.update({path: (container.seen[path], entry) for path, entry in came.items()})
        late = set(missing) - came.keys()
        if late and not container.live:
            raise SandboxError(
                _NOT_OUT,
                why=f"{printable(min(late))} did not come",
                hint=f"try again; if it happens again, {container.remedy}",
            )
        return late

    def _came(self, container: Place, paths: list[str], control: Control) -> dict[str, Entry]:
        """What of these files could be read as it was at one moment; all, where nothing goes on."""
        names = named([f"./{path}" for path in paths])
        options = ["--ignore-failed-read"] if container.live else []
        fine = {0, _TAR_CHANGED} if container.live else {0}
        most = (MAX_BYTES if container.live else 0) + most_bytes(container.seen[path].size for path in paths)
        came: dict[str, Entry] = {}
        codes: list[int] = []
        wanted = set(paths)

        def stream() -> Generator[bytes, None, None]:
            size = str(len(names))
            reading = container.output(_NOT_OUT, control, _FETCH, size, *options, stdin=[names], fine=fine)
            codes.append((yield from reading))

        with closing(stream()) as chunks:
            try:
                for path, data in files(chunks, most):
                    if path in wanted and len(data) <= MAX_BYTES:
                        entry = Entry(kind="file", mode=container.seen[path].mode, digest=self._store.put(data))
                        came[path] = entry
            except GrewError:
                if not container.live:
                    raise
        if codes == [0]:
            return came
        now = parse(container.ask(_NOT_OUT, control, FIND_NAMED, str(len(names)), stdin=[names]))
        return {path: entry for path, entry in came.items() if now.get(path) == container.seen[path]}

    def _tell(self, refused: dict[str, str]) -> None:
        for why in sorted(set(refused.values())):
            paths = [printable(path) for path in refused if refused[path] == why]
            self._say(f"not taken out of the sandbox ({why}): {first_of(paths, _EXAMPLES)}")
