"""What a session did to the work tree, and which of its steps did what."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from r1code.app.authors import OUTSIDE, Authors, Made, authors_of, redone
from r1code.app.record import Record, Step
from r1code.app.review import Shown
from r1code.errors import StateError
from r1code.log import Judged, Resumed, Said
from r1code.repo.compare import review
from r1code.repo.incoming import incoming
from r1code.session import PATCH
from r1code.tree.hunks import Review
from r1code.tree.patch import Patch
from r1code.tree.snapshot import Snapshot, materialise
from r1code.tree.store import Store
from r1code.tree.timeline import Move, Timeline

_NAMED = re.compile(rb'^(?:---|\+\+\+|rename from|rename to) "?(?:[ab]/)?(.+?)"?$', re.MULTILINE)
_TOLD = ("changed: ", "formatted by ")


class Changes(Struct, frozen=True, kw_only=True):
    review: Review
    authors: Authors


def changes_of(record: Record, timeline: Timeline | None, shown: Shown) -> Changes | None:
    """None: it changed nothing. `timeline`: of the work tree that the session was about; None: it is gone.

    A repair that landed, or a task, is in the timeline; what did not reach the tree is in the session's patch.
    Raises StateError and UsageError where it cannot be told any more.
    """
    moves = [] if timeline is None else own_moves(record, timeline)
    if moves:
        patch = _joined(moves, record.session)
        made = [each for move in moves for each in made_by(move, record, shown)]
    else:
        kept = _kept_patch(record, Store(shown.folder))
        if kept is None:
            return None
        patch, made = kept, wrote(kept, record.steps, shown)
    if not patch:
        return None
    authors = authors_of(patch, made, shown, lambda path: last_author(path, record.steps))
    return Changes(review=review(patch, shown), authors=authors)


def own_moves(record: Record, timeline: Timeline) -> list[Move]:
    """The changes of a session, and what somebody else changed in the same files in between; undone ones too."""
    own = [move for move in timeline.moves.values() if move.origin.session == record.session]
    if not own:
        return []
    # The last branch: what was undone and then done in another way is not what it came to.
    path = timeline.path(own[-1].id)
    first = next(at for at, move in enumerate(path) if move.origin.session == record.session)
    paths = {one for move in path[first:] if move.origin.session == record.session for one in move.patch.paths}
    return [move for move in path[first:] if not paths.isdisjoint(move.patch.paths)]


def made_by(move: Move, record: Record, shown: Shown) -> list[Made]:
    """What the steps of a session did that came into the tree with `move`. Raises StateError."""
    if move.origin.session != record.session:
        return [Made(OUTSIDE, move.patch)]
    if not is_whole(move):
        return [Made(move.origin.step, move.patch)]
    return wrote(move.patch, candidate(record, move.origin.step), shown)


def is_whole(move: Move) -> bool:
    """Whether many steps came with it: what was made in a copy, and proven."""
    return move.what.startswith("fix: ")


def candidate(record: Record, step: int) -> tuple[Step, ...]:
    """The steps of the attempt that the step with the entry `step` belongs to: since the last verdict."""
    first, judged = 0, 0
    for entry in record.entries[:step]:
        if isinstance(entry.item, Judged):
            judged = entry.id
        elif isinstance(entry.item, Resumed):
            # The attempt that was judged when a limit stopped it goes on.
            judged = 0
        elif isinstance(entry.item, Said) and entry.item.origin == "task" and judged:
            first, judged = judged, 0
    return tuple(one for one in record.steps if first < one.entry <= step)


def wrote(patch: Patch, steps: Sequence[Step], shown: Shown) -> list[Made]:
    """What `steps` did in a copy that `patch` came from; `shown` has the contents from then on."""
    with tempfile.TemporaryDirectory(prefix="r1code-") as name:
        made, kept = redone(patch, steps, shown, Path(name))
        for change in (change for one in made for change in one.patch.changes):
            for entry in (change.before, change.after):
                if entry is not None:
                    shown.more[entry.digest] = kept.get(entry.digest)
    return made


def last_author(path: str, steps: Sequence[Step]) -> int:
    """Whose command, formatter or edit came last at `path`, as far as its observation says."""
    ran = [step.entry for step in steps if any(_tells(call.text, path) for call in step.calls)]
    wrote_it = [
        step.entry
        for step in steps
        if any(
            call.writes and path in {call.arguments.get("path"), call.arguments.get("to")} for call in step.calls
        )
    ]
    return (ran or wrote_it or [OUTSIDE])[-1]


def _tells(text: str, path: str) -> bool:
    return any(path in line for line in text.splitlines() if line.startswith(_TOLD))


def _joined(moves: Sequence[Move], session: str) -> Patch:
    paths = {path for move in moves if move.origin.session == session for path in move.patch.paths}
    patch = Patch(())
    try:
        for move in moves:
            patch = patch.then(move.patch.only(paths.__contains__))
    except ValueError as error:
        raise StateError(
            "what the session changed cannot be told as one change",
            why=f"a checkpoint in between is missing: {error}",
            hint="`r1code checkpoints list` shows its checkpoints, and `r1code checkpoints show N` each of them",
        ) from error
    return patch


def _kept_patch(record: Record, store: Store) -> Patch | None:
    file = record.folder / PATCH
    if not file.is_file():
        return None
    text = file.read_bytes()
    base = Snapshot.unpack(store.get(record.opened.base))
    named = set(_names(text))
    with tempfile.TemporaryDirectory(prefix="r1code-") as name:
        part = Snapshot({path: entry for path, entry in base.entries.items() if path in named})
        materialise(part, store, Path(name))
        return incoming(text, Path(name), store)


def _names(text: bytes) -> Iterator[str]:
    """The paths that a patch may be about: too many do no harm."""
    for name in _NAMED.findall(text):
        yield name.partition(b"\t")[0].decode("utf-8", "surrogateescape")
