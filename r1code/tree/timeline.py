"""What r1code did to a work tree, in order: a log of patches with a position in it, so that all can be undone.

One JSON object a line, in the state folder of the tree. A patch is logged before it is applied and confirmed
after it; what a crash leaves unconfirmed is settled by what is on disk. Nothing is taken out of the log by an
undo: it only moves the position, and what comes next branches off there.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from r1code.errors import StateError
from r1code.tree.append import append
from r1code.tree.entry import Entry
from r1code.tree.patch import Patch

FILE = "timeline.jsonl"
"""In the state folder of a tree."""
START = 0
"""The position before everything."""


def state_of(root: Path, state: Path) -> Path:
    """Where what is known of the tree at `root` is kept: it has one state however it is reached."""
    # Two checkouts never share a state.
    return state / hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:16]


class Origin(Struct, frozen=True, kw_only=True):
    """What a change belongs to: a session, and the entries of its log that began the turn and the step."""

    session: str = ""
    turn: int = 0
    step: int = 0


class Move(Struct, frozen=True, kw_only=True, tag=True):
    """A change of the tree. Its checkpoint, the tree right after it, has the same number."""

    id: int
    parent: int
    time: float
    """Seconds since the epoch."""
    origin: Origin
    what: str
    patch: Patch
    is_sure: bool = True
    """False: a command was interrupted, and what somebody else changed until that was noticed is part of it."""


class Went(Struct, frozen=True, kw_only=True, tag=True):
    """The position changed: an undo, a redo or a rewind."""

    to: int
    time: float
    patch: Patch


class Began(Struct, frozen=True, kw_only=True, tag=True):
    """A command runs in the tree itself, which is `tree`, the name of a packed snapshot."""

    tree: str
    time: float
    origin: Origin
    what: str


class Landed(Struct, frozen=True, kw_only=True, tag=True):
    """The line before it is on disk."""


class Dropped(Struct, frozen=True, kw_only=True, tag=True):
    """The line before it did not land, and the tree is as it was."""


class Pruned(Struct, frozen=True, kw_only=True, tag=True):
    """The first line after a pruning: the earliest position is `root`, and numbers go on after `last`."""

    root: int
    last: int


_Line = Move | Went | Began | Landed | Dropped | Pruned
_Pending = Move | Went | Began


class Timeline:
    """The caller holds the lock of the tree for everything but looking."""

    def __init__(self, file: Path, origin: Callable[[], Origin] = Origin) -> None:
        """Raises StateError for a log that cannot be used. `origin` is asked at each change."""
        self._file = file
        self._origin = origin
        self.moves: dict[int, Move] = {}
        """By number, in order."""
        self.root = START
        """The earliest position."""
        self.at = START
        self._last = START
        self._redo: list[int] = []
        self.pending: _Pending | None = None
        """What a crash interrupted, until `settle`."""
        lines, self._whole = _read(file)
        """Bytes of the log that are good; None: all of them."""
        for line in lines:
            self._take(line)

    def between(self, start: int, end: int) -> Patch:
        """What makes the tree at position `end` out of that at `start`. Raises KeyError for unknown ones.

        Raises StateError where a change between them is not logged.
        """
        back, there = self.path(start), self.path(end)
        shared = 0
        while shared < min(len(back), len(there)) and back[shared].id == there[shared].id:
            shared += 1
        patch = Patch(())
        try:
            for move in reversed(back[shared:]):
                patch = patch.then(move.patch.inverse())
            for move in there[shared:]:
                patch = patch.then(move.patch)
        except ValueError as error:
            raise StateError(
                "the way there is not known",
                why=f"somebody else changed a file in between: {error}",
                hint="go to a checkpoint that is nearer",
            ) from error
        return patch

    def last(self, paths: Iterable[str]) -> dict[str, Entry | None]:
        """What the log says of those of `paths` that it knows, at the position."""
        wanted = set(paths)
        found: dict[str, Entry | None] = {}
        for move in self.path(self.at):
            found.update({change.path: change.after for change in move.patch.changes if change.path in wanted})
        return found

    def path(self, position: int) -> list[Move]:
        """The moves that lead to a position, first to last. Raises KeyError."""
        found: list[Move] = []
        while position != self.root:
            move = self.moves[position]
            found.append(move)
            position = move.parent
        return found[::-1]

    @property
    def redo(self) -> int | None:
        """The position that the last undo left; None: something else was done since."""
        return self._redo[-1] if self._redo else None

    @contextmanager
    def moving(self, patch: Patch, what: str, *, origin: Origin | None = None) -> Generator[None, None, None]:
        """Logs a patch that the block applies. When the block raises, `drop` it or let `settle` decide."""
        self._add(self._move(patch, what, self._origin() if origin is None else origin))
        yield
        self._add(Landed())

    @contextmanager
    def going(self, to: int) -> Generator[Patch, None, None]:
        """Logs a change of position; the block applies the patch that it is given."""
        patch = self.between(self.at, to)
        self._add(Went(to=to, time=time.time(), patch=patch))
        yield patch
        self._add(Landed())

    def drop(self) -> None:
        """What was logged last did not land, and the tree is as it was."""
        if self.pending is not None:
            self._add(Dropped())

    def began(self, tree: str, what: str) -> None:
        """A command begins to run in the tree itself."""
        self._add(Began(tree=tree, time=time.time(), origin=self._origin(), what=what))

    def ended(self, patch: Patch, *, is_sure: bool = True) -> None:
        """What the command that began did. Not sure: a crash interrupted it."""
        began = self.pending
        if not isinstance(began, Began):
            raise TypeError("no command began")
        if not patch:
            self.drop()
            return
        # It takes the place of what began: a crash right here loses nothing.
        move = self._move(patch, began.what, began.origin)
        self._add(msgspec.structs.replace(move, is_sure=is_sure))
        self._add(Landed())

    def settle(self, look: Callable[[str], Entry | None]) -> None:
        """Decides what became of a patch that was not confirmed; `look` says what is on disk now.

        The journal has been recovered, so all of it landed or nothing; somebody may have changed some since.
        """
        if not isinstance(self.pending, Move | Went):
            return
        changes = self.pending.patch.changes
        states = [(look(change.path), change) for change in changes]
        landed = any(now == change.after != change.before for now, change in states)
        self._add(Landed() if landed else Dropped())

    def prune(self, before: float) -> list[Move]:
        """Forgets the moves that are older than `before` and returns them; the position stays.

        Raises StateError when the log cannot be written.
        """
        # By the last that is too old: a clock may have been set back.
        old = [move.id for move in self.path(self.at) if move.time < before]
        root = old[-1] if old else self.root
        reached = {root}
        kept: list[Move] = []
        on_path = {move.id for move in self.path(self.at)}
        for move in self.moves.values():
            if move.parent in reached and (move.time >= before or move.id in on_path):
                reached.add(move.id)
                kept.append(move)
        gone = [move for move in self.moves.values() if move not in kept]
        lines: list[_Line] = [Pruned(root=root, last=self._last)]
        for move in kept:
            lines += [move, Landed()]
        if kept and kept[-1].id != self.at:
            lines += [Went(to=self.at, time=time.time(), patch=Patch(())), Landed()]
        new = self._file.with_suffix(".new")
        try:
            with new.open("wb") as file:
                file.write(b"".join(map(_encoded, lines)))
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._file)
        except OSError as error:
            raise _unwritable(self._file, error) from error
        self.moves, self._redo = {}, []
        for line in lines:
            self._take(line)
        return gone

    def _move(self, patch: Patch, what: str, origin: Origin) -> Move:
        return Move(id=self._last + 1, parent=self.at, time=time.time(), origin=origin, what=what, patch=patch)

    def _add(self, line: _Line) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            if self._whole is not None:
                # Only now, when this process holds the tree: another one may have been writing that line.
                os.truncate(self._file, self._whole)
                self._whole = None
            with self._file.open("ab", buffering=0) as file:
                append(file, _encoded(line))
        except OSError as error:
            raise _unwritable(self._file, error) from error
        self._take(line)

    def _take(self, line: _Line) -> None:
        if isinstance(line, Pruned):
            self.root = self.at = line.root
            self._last = line.last
        elif isinstance(line, Landed):
            self._land(self.pending)
            self.pending = None
        elif isinstance(line, Dropped):
            self.pending = None
        else:
            self.pending = line

    def _land(self, line: _Pending | None) -> None:
        if isinstance(line, Move):
            if line.parent != self.root and line.parent not in self.moves:
                raise _damaged(self._file, f"change {line.id} follows {line.parent}, which is not there")
            self.moves[line.id] = line
            self._last, self.at = max(self._last, line.id), line.id
            self._redo.clear()
        elif isinstance(line, Went):
            if self._redo and self._redo[-1] == line.to:
                self._redo.pop()
            else:
                self._redo.append(self.at)
            self.at = line.to


def _encoded(line: _Line) -> bytes:
    # The standard module writes names that are not UTF-8 as lone surrogates, and reads them back.
    return json.dumps(msgspec.to_builtins(line)).encode() + b"\n"


def _read(file: Path) -> tuple[list[_Line], int | None]:
    """The lines of a log. Where the last one is torn, also how many bytes are good; it counts for nothing."""
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return [], None
    except OSError as error:
        raise StateError(
            "what was done to this work tree cannot be read", why=f"{file}: {error}", hint="make it readable"
        ) from error
    whole = data.rfind(b"\n") + 1
    try:
        lines = [msgspec.convert(json.loads(line), type=_Line) for line in data[:whole].splitlines()]
    except (ValueError, msgspec.ValidationError) as error:
        raise _damaged(file, str(error)) from error
    return lines, whole if whole < len(data) else None


def _damaged(file: Path, why: str) -> StateError:
    return StateError(
        "the log of what was done to this work tree is damaged",
        why=f"{file}: {why}",
        hint="move that file away; what it says cannot be undone by r1code then",
    )


def _unwritable(file: Path, error: OSError) -> StateError:
    return StateError(
        "what is done to the work tree cannot be logged, so nothing was done",
        why=f"{file}: {error}",
        hint="free some space, or point R1CODE_STATE_DIR at a folder that you can write",
    )
