"""Undo, redo and rewind: what people may ask of the timeline of a work tree, and of the sessions in it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from r1code.app.logs import lines
from r1code.app.tree import held, open_tree
from r1code.app.turns import commits_of
from r1code.control import Control
from r1code.errors import StateError, UsageError
from r1code.lock import is_alive
from r1code.log import Continued, Entry, Rewound, Switched
from r1code.log_file import LOG
from r1code.repo.commits import is_kept
from r1code.repo.git import Git
from r1code.session import TREE, Session
from r1code.tree.patch import Patch
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store
from r1code.tree.timeline import Began, Move, Timeline, Went
from r1code.tree.worktree import WorkTree

Say = Callable[[str], None]
Part = Literal["both", "files", "conversation"]
DAYS = 30
"""How long a change can be undone, where nobody says otherwise."""
_DAY_SECONDS = 86_400


class Checkpoint(Struct, frozen=True, kw_only=True):
    """One line of the list: the tree right after a change."""

    id: int
    time: float
    session: str
    what: str
    files: tuple[str, ...]
    is_current: bool
    is_undone: bool
    """It does not lead to the tree as it is now."""


class Checkpoints:
    """Of the work tree that a folder is in. Methods raise StateError and UsageError."""

    def __init__(
        self, git: Git, state: Path, say: Say, *, tree: WorkTree | None = None, session: Session | None = None
    ) -> None:
        """`tree` and `session`: those that the caller holds already."""
        self._git = git
        self._state = state
        self._say = say
        self._store = Store(state / "objects")
        self._is_held = tree is not None
        self._tree = tree or open_tree(git, state)
        self._session = session

    @property
    def timeline(self) -> Timeline:
        """To look at."""
        return self._tree.timeline

    def list(self) -> list[Checkpoint]:
        """Oldest first."""
        timeline = self._tree.timeline
        leading = {move.id for move in timeline.path(timeline.at)}
        return [
            Checkpoint(
                id=move.id,
                time=move.time,
                session=move.origin.session,
                what=move.what,
                files=move.patch.paths,
                is_current=move.id == timeline.at,
                is_undone=move.id not in leading,
            )
            for move in timeline.moves.values()
        ]

    def patch(self, number: int) -> Patch:
        """What the change with that number did."""
        return self._move(number).patch

    def undo(self, control: Control, *, by: Literal["turn", "step"], part: Part, force: bool) -> Patch:
        """Takes back the last turn, or the last step. Returns what changed in the tree."""
        with self._held(control) as timeline:
            if timeline.at == timeline.root:
                raise UsageError(
                    "there is nothing to undo",
                    why="r1code changed nothing here, or it is undone, or it is too long ago",
                    hint="`r1code checkpoints list` shows what there is",
                )
            target = timeline.at
            last = _group(timeline.moves[target], by)
            while target != timeline.root and _group(timeline.moves[target], by) == last:
                target = timeline.moves[target].parent
            return self._go(timeline, target, part, force=force)

    def redo(self, control: Control, *, part: Part, force: bool) -> Patch:
        """Takes back the last undo or rewind."""
        with self._held(control) as timeline:
            if timeline.redo is None:
                raise UsageError(
                    "there is nothing to redo",
                    why="nothing was undone, or something was changed since",
                    hint="`r1code checkpoints list` shows every state; `r1code rewind N` goes there",
                )
            return self._go(timeline, timeline.redo, part, force=force)

    def rewind(self, number: int, control: Control, *, part: Part, force: bool) -> Patch:
        """Makes the tree what it was after the change with that number; 0: before all of them."""
        with self._held(control) as timeline:
            target = timeline.root if number == 0 else self._move(number).id
            return self._go(timeline, target, part, force=force)

    def prune(self, days: float, control: Control) -> tuple[int, int]:
        """Forgets older changes, and contents that nothing needs any more; how many of each."""
        with self._held(control) as timeline:
            gone = timeline.prune(time.time() - days * _DAY_SECONDS)
            running = [one.name for one in (self._state / "sessions").glob("*") if is_alive(one)]
            if running:
                self._say(f"contents are kept while sessions run: {', '.join(running)}")
                return len(gone), 0
            return len(gone), self._store.sweep(set(self._needed()))

    def _move(self, number: int) -> Move:
        move = self._tree.timeline.moves.get(number)
        if move is None:
            raise UsageError(
                f"there is no checkpoint {number}",
                why="no change of this work tree has that number, or it was pruned",
                hint="`r1code checkpoints list` shows what there is",
            )
        return move

    @contextmanager
    def _held(self, control: Control) -> Generator[Timeline, None, None]:
        with nullcontext() if self._is_held else held(self._tree, control, self._say):
            yield self._tree.timeline

    def _go(self, timeline: Timeline, target: int, part: Part, *, force: bool) -> Patch:
        left, reached = timeline.path(timeline.at), timeline.path(target)
        patch = Patch(())
        unsure = [move for move in left if move not in reached and not move.is_sure]
        if unsure and not force:
            names = ", ".join(sorted({path for move in unsure for path in move.patch.paths}))
            raise UsageError(
                "what a killed command did may be mixed with your own changes",
                why=f"r1code was ended while `{unsure[-1].what}` ran; changed since its start: {names}",
                hint="look at those files; --force undoes it all, and `r1code redo` brings it back",
            )
        if part != "conversation":
            if force and self._tree.keep_foreign(target):
                self._say("what somebody else changed in these files is kept as a checkpoint of its own")
            try:
                patch = self._tree.go(target)
                self._tell_commits([move.id for move in left if move not in reached])
            except StateError as error:
                raise StateError(
                    error.what,
                    why=error.why,
                    hint="look at those files; with --force they are overwritten, and kept",
                ) from error
        if part != "files":
            self._tell(timeline, [move for move in left if move not in reached], undone=True)
            self._tell(timeline, [move for move in reached if move not in left], undone=False)
        return patch

    def _tell_commits(self, undone: Sequence[int]) -> None:
        """An undo is about files: what was committed of them stays in the history."""
        if self._git.is_repository:
            for made in commits_of(self._tree.state, undone):
                if is_kept(self._git, made.commit):
                    self._say(f"the commit {made.short} stays; `git revert {made.short}` takes it back")

    def _tell(self, timeline: Timeline, moves: Sequence[Move], *, undone: bool) -> None:
        """Lets the sessions of `moves` go on from where they stood."""
        for name in filter(None, dict.fromkeys(move.origin.session for move in moves)):
            own = [move for move in moves if move.origin.session == name]
            ours = self._session if self._session is not None and self._session.id == name else None
            try:
                session = ours or Session.load(self._state / "sessions" / name)
            except StateError as error:
                self._say(f"the conversation stays as it is: {error.what}")
                continue
            try:
                parent = _before(session, own[0]) if undone else _after(session, own[-1])
                session.append(Rewound(position=timeline.at), parent=parent)
            finally:
                if session is not ours:
                    session.close()

    def _needed(self) -> Iterator[str]:
        """The names of all contents that a timeline or a session may still ask for."""
        for file in self._state.glob("*/timeline.jsonl"):
            timeline = Timeline(file)
            pending = timeline.pending
            if isinstance(pending, Began):
                yield from self._of_tree(pending.tree)
            for one in (*timeline.moves.values(), *([pending] if isinstance(pending, Move | Went) else [])):
                for change in one.patch.changes:
                    yield from (entry.digest for entry in (change.before, change.after) if entry is not None)
        for file in (self._state / "sessions").glob(f"*/{LOG}"):
            for name in _bases_of(file.parent):
                yield from self._of_tree(name)
        for file in (self._state / "sessions").glob(f"*/{TREE}"):
            yield from self._of_tree(file.read_text())

    def _of_tree(self, name: str) -> Iterator[str]:
        try:
            snapshot = Snapshot.unpack(self._store.get(name))
        except (StateError, msgspec.MsgspecError):
            return
        yield name
        yield from (entry.digest for entry in snapshot.entries.values())


def as_json(checkpoints: Sequence[Checkpoint]) -> str:
    # The standard module writes names that are not UTF-8, as escapes.
    return json.dumps(msgspec.to_builtins(checkpoints), indent=2)


def as_table(checkpoints: Sequence[Checkpoint]) -> str:
    """One line for each, newest first; `*` marks where the tree is."""
    lines = [_row(one) for one in reversed(checkpoints)]
    if not any(one.is_current for one in checkpoints):
        lines.append("*    0  before all of them" if lines else "r1code changed nothing here")
    return "\n".join(lines)


def _row(one: Checkpoint) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.time))
    files = f"{len(one.files):>3} {'file ' if len(one.files) == 1 else 'files'}"
    what = " ".join(one.what.split()) + ("  (undone)" if one.is_undone else "")
    return f"{'*' if one.is_current else ' '} {one.id:>4}  {when}  {files}  {what}"


def _group(move: Move, by: Literal["turn", "step"]) -> object:
    origin = move.origin
    if not origin.session:
        return move.id
    return (origin.session, origin.turn) if by == "turn" else origin


def _before(session: Session, move: Move) -> int | None:
    """The entry of the log that came before the step that made `move`; before its turn, if it was the first."""
    entries = session.entries
    steps = [entry.id for entry in entries if entry.parent == move.origin.turn]
    first = move.origin.turn if not move.origin.step or move.origin.step in steps else move.origin.step
    return _before_task(entries, entries[first - 1].parent) if 0 < first <= len(entries) else None


def _before_task(entries: Sequence[Entry], at: int | None) -> int | None:
    """Where nothing of another task is left, it was not given either."""
    back = at
    while back is not None and isinstance(entries[back - 1].item, Switched):
        back = entries[back - 1].parent
    if back is None or not isinstance(entries[back - 1].item, Continued):
        return at
    return entries[back - 1].parent


def _after(session: Session, move: Move) -> int | None:
    """The last entry of the log that belongs to the turn of `move`."""
    inside = {move.origin.turn}
    for entry in session.entries:
        if entry.parent in inside and not isinstance(entry.item, Rewound):
            inside.add(entry.id)
    return max(inside) or None


class _Base(Struct, frozen=True):
    base: str = ""


class _First(Struct, frozen=True):
    """Of an entry that a task begins with: the tree that it started from."""

    item: _Base = _Base()


def _bases_of(folder: Path) -> Iterator[str]:
    try:
        found = lines(folder)
    except FileNotFoundError:
        # It was deleted just now.
        return
    for line in found:
        if line.kind in {"Opened", "Continued"}:
            with suppress(msgspec.MsgspecError):
                yield msgspec.json.decode(line.data, type=_First).item.base
