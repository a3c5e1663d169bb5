"""The one gate to a work tree: what passes it is inside the tree, is no secret, and lands whole."""

from __future__ import annotations

import difflib
import errno
import os
import stat
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from r1code.control import Control
from r1code.errors import StateError, ToolError
from r1code.tree import journal
from r1code.tree.entry import Entry, is_folder, look, parents, wrong_with
from r1code.tree.journal import Recovery
from r1code.tree.patch import FileChange, Patch
from r1code.tree.scan import Listing, StatCache, scan
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store
from r1code.tree.timeline import FILE, Began, Origin, Timeline, state_of

NEW_FILE_MODE = 0o644
FOREIGN = "changed by somebody else"
_CLOCK_SECONDS = 0.05
"""How far the time of a file system may be behind."""
_MOST_LINKS = 40
_SIMILAR = 3


class WorkTree:
    """The files below `root` that `listing` names and `hidden` does not hold for.

    Paths are relative to the root, with `/`. Methods that take one raise ToolError, in words for the model,
    for a path that leaves the tree, belongs to git, or is hidden. A link that stays inside the tree stands for
    what it points to; only deleting a link is about the link itself.
    """

    def __init__(
        self,
        root: Path,
        listing: Listing,
        store: Store,
        *,
        state: Path,
        hidden: Callable[[str], str | bool],
        origin: Callable[[], Origin] | None = None,
    ) -> None:
        """With an `origin` every change is logged, and can be undone. `hidden` may say in words why."""
        self.root = root.resolve()
        self._listing = listing
        self._store = store
        self.hides = hidden
        self.state = state_of(self.root, state)
        """Where what is known of this tree is kept."""
        self._journal = self.state / "journal"
        self._origin = origin
        self._timeline: Timeline | None = None
        self._cache: StatCache | None = None
        self.too_large: list[str] = []
        """What the last snapshot left out for its size."""

    @contextmanager
    def locked(self, control: Control) -> Generator[None, None, None]:
        """Holds the tree for this process. Raises StateError when another one has it, and Cancelled."""
        control.check()
        lock = FileLock(self.state / "lock", thread_local=False)
        try:
            self.state.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except Timeout as error:
            raise StateError(
                f"another r1code works in {self.root}",
                why="two of them would undo each other's changes",
                hint="end the other one, or use a checkout of your own (`git worktree add`)",
            ) from error
        except OSError as error:
            raise StateError(
                f"the lock of {self.root} cannot be taken",
                why=str(error),
                hint="point R1CODE_STATE_DIR at a folder that you can write",
            ) from error
        try:
            yield
        finally:
            lock.release()

    @property
    def timeline(self) -> Timeline:
        """What was done to this tree. Raises StateError when its log cannot be used."""
        if self._timeline is None:
            self._timeline = Timeline(self.state / FILE, self._origin or Origin)
        return self._timeline

    def recover(self) -> list[Recovery]:
        """Ends changes that a crash interrupted. Raises StateError when one cannot land."""
        recovered = journal.recover(self.root, self._store, self._journal)
        pending = self.timeline.pending
        if isinstance(pending, Began):
            before = Snapshot.unpack(self._store.get(pending.tree))
            self.timeline.ended(self.changed(before, pending.time), is_sure=False)
        self.timeline.settle(self._now)
        return recovered

    def _now(self, path: str) -> Entry | None:
        try:
            found = look(self.root, path)
        except OSError:
            return None
        return None if found is None else found[0]

    def resolve(self, path: str, *, follow_last: bool = True) -> str:
        """The normal form of `path`, links inside the tree followed; `.` for the root."""
        return self._resolve(path, follow_last=follow_last)

    def is_link(self, path: str) -> bool:
        """Whether a link is at a path in normal form."""
        return (self.root / path).is_symlink()

    def _resolve(self, path: str, *, follow_last: bool) -> str:
        if "\0" in path or not path.strip():
            raise ToolError("The path is empty or has a NUL in it. Give a path relative to the project's root.")
        absolute = os.path.normpath(self.root / path)
        pending = self._inside(absolute, path).split("/")
        done: list[str] = []
        links = 0
        while pending:
            done.append(pending.pop(0))
            self._refuse_hidden("/".join(done), path)
            if not (pending or follow_last):
                break
            place = self.root.joinpath(*done)
            if not place.is_symlink():
                continue
            links += 1
            if links > _MOST_LINKS:
                raise ToolError(f"{path} is a loop of links. Use another path.")
            target = place.parent.joinpath(place.readlink(), *pending)
            pending, done = self._inside(os.path.normpath(target), path).split("/"), []
        return "/".join(done)

    def _inside(self, absolute: str, asked: str) -> str:
        relative = os.path.relpath(absolute, self.root)
        if relative == ".." or relative.startswith("../"):
            raise ToolError(
                f"{asked} is outside of the project, or a link that leads out of it. "
                "Only files inside can be used: give a path relative to the project's root, like src/main.py."
            )
        return relative

    def _refuse_hidden(self, path: str, asked: str) -> None:
        if any(part.casefold() == ".git" for part in path.split("/")):
            raise ToolError(f"{asked} belongs to git and is not available. Use the files of the project.")
        if why := self.hides(path):
            why = why if isinstance(why, str) else "may hold secrets"
            raise ToolError(f"{asked} {why}, so it can be neither read nor written. Solve the task without it.")

    def paths(self) -> list[str]:
        """The files and links of the tree that exist, sorted, without the hidden ones."""
        return [path for path in self._visible() if self._is_there(path)]

    def _visible(self) -> list[str]:
        return sorted(path for path in self._listing.files() if not self.hides(path))

    def _is_there(self, path: str) -> bool:
        try:
            mode = os.lstat(f"{self.root}/{path}").st_mode
        except OSError:
            return False
        return stat.S_ISREG(mode) or stat.S_ISLNK(mode)

    def snapshot(self) -> Snapshot:
        """The visible tree now, its contents in the store. Raises StateError."""
        if self._cache is None:
            self._cache = StatCache(self.state / "stat")
        return scan(
            self.root,
            self._visible(),
            self._store,
            self._cache,
            ignored=self._listing.ignored,
            large=self.too_large,
        )

    def holds(self, snapshot: Snapshot) -> None:
        """Its files were just written, from `snapshot`: they need not be read to be known."""
        cache = StatCache(self.state / "stat")
        now_ns = time.time_ns()
        for path, entry in snapshot.entries.items():
            if entry.kind == "file":
                cache.learn(path, os.lstat(f"{self.root}/{path}"), entry.digest, now_ns=now_ns)
        self._cache = cache

    def entry(self, path: str) -> Entry | None:
        """What is at `path`; None: nothing. Raises ToolError for a folder, and for what cannot be read."""
        found = self._look(self.resolve(path))
        return None if found is None else found[0]

    def read(self, path: str) -> bytes:
        """The content of a file. Raises ToolError, naming similar paths when there is none."""
        found = self._look(self.resolve(path))
        if found is None:
            raise ToolError(f"{path} does not exist.{self._similar(path)}")
        return found[1]

    def _look(self, path: str) -> tuple[Entry, bytes] | None:
        try:
            found = look(self.root, path)
        except IsADirectoryError as error:
            raise _folder(path) from error
        except OSError as error:
            raise ToolError(f"{path} cannot be read: {error.strerror}. Work without it.") from error
        if found is not None and is_folder(found[0]):
            raise _folder(path)
        return found

    def _similar(self, path: str) -> str:
        paths = self.paths()
        name = path.rpartition("/")[2]
        names: dict[str, list[str]] = {}
        for known in paths:
            names.setdefault(known.rpartition("/")[2], []).append(known)
        near = [known for one in difflib.get_close_matches(name, names, n=_SIMILAR) for known in names[one]]
        near.sort(key=lambda known: -difflib.SequenceMatcher(None, path, known).ratio())
        if not near:
            return " List the files to find the right path."
        return f" Similar paths: {', '.join(near[:_SIMILAR])}."

    def write(
        self, changes: Mapping[str, bytes | None], what: str = "edit", *, modes: Mapping[str, int] | None = None
    ) -> Patch:
        """Gives each path its content, None deletes it; all or nothing. Returns what changed.

        A file keeps its mode, unless `modes` has another.

        `what` says in a few words what it is, for the one who may undo it.

        Raises ToolError for what cannot be written, StateError when the disk refuses.
        """
        patch = Patch.of(self._change(path, data, (modes or {}).get(path)) for path, data in changes.items())
        if len(set(patch.paths)) < len(patch.changes):
            raise ToolError("Two of the paths name the same file. Change each file once.")
        patch = Patch.of([*patch.changes, *self._filled(patch)])
        self._apply(patch, what)
        return patch

    def _filled(self, patch: Patch) -> Iterable[FileChange]:
        """The folders that are empty before the patch and not after it."""
        written = (change.path for change in patch.changes if change.after is not None)
        for folder in {parent for path in written for parent in parents(path)}:
            now = self._now(folder)
            if is_folder(now):
                yield FileChange(path=folder, before=now, after=None)

    def _change(self, asked: str, data: bytes | None, mode: int | None) -> FileChange:
        path = self._resolve(asked, follow_last=data is not None)
        found = self._look(path)
        before = None if found is None else found[0]
        if data is None:
            if before is None:
                raise ToolError(f"{asked} does not exist, so it cannot be deleted.{self._similar(asked)}")
            return FileChange(path=path, before=before, after=None)
        self._refuse_below_a_file(path)
        if mode is None:
            mode = NEW_FILE_MODE if before is None else before.mode
        after = Entry(kind="file", mode=mode, digest=self._store.put(data))
        return FileChange(path=path, before=before, after=after)

    def _refuse_below_a_file(self, path: str) -> None:
        for parent in Path(path).parents:
            place = self.root / parent
            if place.exists() and not place.is_dir():
                raise ToolError(f"{parent} is a file, so there can be no {path}. Choose another path.")

    def apply(self, patch: Patch, what: str = "patch", *, origin: Origin | None = None) -> None:
        """Applies a patch that something else made. Raises ToolError for hidden paths, else as `write`.

        `origin`: what it belongs to in the timeline, if not to what is done now.
        """
        for path in patch.paths:
            if wrong_with(path) is None:
                self._refuse_hidden(path, path)
        self._apply(patch, what, origin)

    def _apply(self, patch: Patch, what: str, origin: Origin | None = None) -> None:
        if self._origin is None or not patch:
            journal.apply(self.root, patch, self._store, self._journal)
            return
        self._log_foreign(patch.paths)
        with self.timeline.moving(patch, what, origin=origin):
            self._land(patch)

    def _land(self, patch: Patch) -> None:
        """Applies what was just logged; what fails is dropped there, unless the next start completes it."""
        try:
            journal.apply(self.root, patch, self._store, self._journal)
        except StateError:
            if not journal.is_pending(self.root, self._journal):
                self.timeline.drop()
            raise

    def _log_foreign(self, paths: Iterable[str]) -> None:
        """What somebody else did to files of the timeline becomes part of it, so that its patches meet."""
        if self.timeline.pending is not None:
            # Its end could not be logged, though it may have landed.
            self.recover()
        known = self.timeline.last(paths)
        foreign = Patch.of(
            msgspec.structs.replace(change, after=self._kept(change))
            for change in (FileChange(path=path, before=before, after=None) for path, before in known.items())
        )
        if foreign:
            with self.timeline.moving(foreign, FOREIGN, origin=Origin()):
                pass

    def changed(self, before: Snapshot, since: float) -> Patch:
        """What changed since `before`, which was taken at the time `since`. Raises StateError.

        Ignore rules may have changed meanwhile: what only came into sight or went out of it did not change.
        """
        return Patch.of(
            change if change.after is not None else msgspec.structs.replace(change, after=self._kept(change))
            for change in before.diff(self.snapshot()).changes
            if not (change.before is None and self._is_older(change.path, since))
        )

    def _is_older(self, path: str, since: float) -> bool:
        try:
            return os.lstat(self.root / path).st_ctime < since - _CLOCK_SECONDS
        except OSError:
            return False

    @contextmanager
    def watched(self, what: str) -> Generator[None, None, None]:
        """Logs what a command does that the block runs in the tree itself."""
        if self._origin is None:
            yield
            return
        before, since = self.snapshot(), time.time()
        self._log_foreign({path for move in self.timeline.path(self.timeline.at) for path in move.patch.paths})
        self.timeline.began(self._store.put(before.pack()), what)
        try:
            yield
        finally:
            self.timeline.ended(self.changed(before, since))

    def go(self, position: int) -> Patch:
        """Makes the tree what it was at a position of the timeline. Returns what changed.

        Raises KeyError for an unknown one, and StateError, with nothing changed, where somebody else changed
        the same files since.
        """
        with self.timeline.going(position) as patch:
            self._land(patch)
        return patch

    def keep_foreign(self, position: int) -> Patch:
        """Logs what somebody else did to the files that going to `position` changes, so that `go` may.

        Returns that; it can be undone like any other change. Raises KeyError and StateError.
        """
        expected = self.timeline.between(self.timeline.at, position)
        patch = Patch.of(msgspec.structs.replace(change, after=self._kept(change)) for change in expected.changes)
        if patch:
            with self.timeline.moving(patch, FOREIGN, origin=Origin()):
                pass
        return patch

    def _kept(self, change: FileChange) -> Entry | None:
        """What is at a path now, its content in the store; a folder with something in it counts as nothing.

        What has become too large counts as it was before. Raises StateError for what cannot be read.
        """
        try:
            found = look(self.root, change.path)
        except IsADirectoryError:
            return None
        except OSError as error:
            if error.errno == errno.EFBIG:
                return change.before
            raise StateError(
                f"{change.path!r} cannot be read",
                why=f"what is there now: {error.strerror}",
                hint="move it away",
            ) from error
        if found is None:
            return None
        self._store.put(found[1])
        return found[0]


def _folder(path: str) -> ToolError:
    return ToolError(f"{path} is a folder, not a file. List it, or name a file in it.")
