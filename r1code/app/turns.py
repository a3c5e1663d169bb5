"""What a turn did to the work tree, by the timeline; and which commits r1code made of it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from r1code.errors import StateError
from r1code.log import Continued, Judged, Opened
from r1code.log_file import entries_of, head_of, path_of
from r1code.session import Session
from r1code.tree.entry import Entry
from r1code.tree.timeline import Move
from r1code.types import Verdict

Shown = Callable[[str], str]


class Made(Struct, frozen=True, kw_only=True):
    """A commit that r1code made."""

    commit: str
    subject: str
    paths: tuple[str, ...]
    moves: tuple[int, ...]
    """The changes of the timeline that are in it, by number."""

    @property
    def short(self) -> str:
        return self.commit[:10]


def last_turn(moves: Sequence[Move]) -> list[Move]:
    """The changes of the last turn of those that `moves` lead to; none: they are all somebody else's."""
    own = [move for move in moves if move.origin.session]
    return [move for move in own if _turn(move) == _turn(own[-1])]


def _turn(move: Move) -> tuple[str, int]:
    return move.origin.session, move.origin.turn


def changed_by(moves: Iterable[Move]) -> set[str]:
    return {path for move in moves for path in move.patch.paths}


class Trail(Struct, kw_only=True):
    """What was at a path, as far back as nobody else changed it."""

    after: Entry | None
    """After the last change."""
    before: list[Entry | None]
    """Before each of the changes, the last one first."""


def trails(all_moves: Sequence[Move], own: Sequence[Move]) -> dict[str, Trail]:
    """What `own`, some of `all_moves`, did to each path that nobody else changed after them."""
    found: dict[str, Trail] = {}
    ended: set[str] = set()
    ours = {move.id for move in own}
    for move in reversed(all_moves):
        for change in move.patch.changes:
            if change.path in ended:
                continue
            if move.id not in ours:
                ended.add(change.path)
                continue
            trail = found.setdefault(change.path, Trail(after=change.after, before=[]))
            trail.before.append(change.before)
    return found


def task_of(session: Session, shown: Shown = str) -> str:
    """What a session is for now, as a line that a commit could have. `shown`: as `named_task`."""
    verdicts = [entry.item.verdict for entry in session.entries if isinstance(entry.item, Judged)]
    return named_task(session.task, verdicts, shown)


def task_at(folder: Path, turn: int, shown: Shown = str) -> str:
    """The same of the turn that began with that entry of a session's log, also while somebody writes to it.

    Raises StateError where the log is gone, or cannot be used.
    """
    entries = entries_of(folder)
    path = [entry.item for entry in path_of(entries, turn if 0 < turn <= len(entries) else head_of(entries))]
    task = [item for item in path if isinstance(item, Opened | Continued)][-1]
    return named_task(task, [entry.item.verdict for entry in entries if isinstance(entry.item, Judged)], shown)


def named_task(opened: Opened | Continued, verdicts: Iterable[Verdict], shown: Shown = str) -> str:
    """`shown`: how the name of a test, which is the repository's, stands in it."""
    if opened.command != "fix":
        return opened.task
    fixed = [name for verdict in verdicts for name in verdict.fixed]
    if len(fixed) == 1:
        return f"Fix the failing test {shown(fixed[0].rpartition('::')[2])}"
    return f"Fix {len(fixed)} failing tests" if fixed else "Fix failing tests"


def keep(folder: Path, made: Made) -> None:
    """Remembers a commit, in the state folder of its tree."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "commits.jsonl").open("ab") as file:
            # The standard module writes names that are not UTF-8 as escapes.
            file.write(json.dumps(msgspec.to_builtins(made)).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StateError(
            f"the commit {made.short} is made, but r1code could not note it",
            why=str(error),
            hint="an undo of the turn will not mention it; nothing else is wrong",
        ) from error


def commits_of(folder: Path, moves: Collection[int]) -> list[Made]:
    """The commits that hold any of these changes."""
    try:
        lines = (folder / "commits.jsonl").read_bytes().splitlines()
    except FileNotFoundError:
        return []
    found: list[Made] = []
    for line in lines:
        try:
            made = msgspec.convert(json.loads(line), type=Made)
        except (ValueError, msgspec.ValidationError):
            # Torn by a crash: the line only serves a hint.
            continue
        if not {*moves}.isdisjoint(made.moves):
            found.append(made)
    return found
