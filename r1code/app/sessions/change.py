"""What people do to sessions: rename, fork and delete them; and how old ones go by themselves."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path

from r1code.app.checkpoints import Checkpoints
from r1code.app.memory import OUTPUTS
from r1code.app.overview import MAP
from r1code.app.sessions.view import steps_of, turns_of
from r1code.control import Control
from r1code.errors import StateError, UsageError
from r1code.lock import acquire
from r1code.log import Called, Entry, Renamed
from r1code.log_file import LOG, entries_of, head_of, opened_of, path_of
from r1code.repo.git import Git
from r1code.secrets.values import Hide
from r1code.session import Session
from r1code.tree.patch import Patch
from r1code.tree.timeline import Timeline

Say = Callable[[str], None]
_DAY_SECONDS = 86_400
_LONGEST = 200
_GONE = "gone"
"""In the state folder: what is being deleted."""


def titled(title: str) -> Renamed:
    """The entry that names a session. Raises UsageError."""
    name = " ".join(title.split())
    if not name or len(name) > _LONGEST:
        raise UsageError(
            "a session cannot be called that",
            why=f"a title has from 1 to {_LONGEST} characters",
            hint="r1code sessions rename SESSION 'What it is about'",
        )
    return Renamed(title=name)


def rename(folder: Path, title: str, *, hide: Hide) -> None:
    """Gives the session in `folder` a name. Raises UsageError and StateError."""
    name = titled(title)
    with closing(Session.load(folder, hide=hide)) as session:
        before = (folder / LOG).stat()
        session.append(name)
        # It was not used by that: what is done last in a project goes on first.
        os.utime(folder / LOG, ns=(before.st_atime_ns, before.st_mtime_ns))


def fork(folder: Path, at: int | None) -> Path:
    """A new session with the history of the one in `folder` up to its step `at`, or all of it; its folder.

    It stands alone: the other may go. What the other used is counted there. Raises UsageError and StateError.
    """
    entries = entries_of(folder)
    last = len(entries) if at is None else _step_end(folder, entries, at)
    with closing(Session.fork(folder.parent, entries, last)) as session:
        calls = {one.item.call.id for one in session.entries if isinstance(one.item, Called)}
        try:
            _copy(folder, session.folder, calls)
        except OSError as error:
            shutil.rmtree(session.folder, ignore_errors=True)
            raise StateError(
                f"the session {folder.name} cannot be forked",
                why=f"its files cannot be copied: {error}",
                hint="free some space, or make them readable",
            ) from error
        return session.folder


def rewind(folder: Path, at: int, checkpoints: Checkpoints, control: Control) -> Patch:
    """Makes the work tree of the `checkpoints` what it was after the session's step `at`; what changed.

    All conversations stay as they are. Raises as Checkpoints.rewind.
    """
    position = _position(checkpoints.timeline, folder.name, _step_end(folder, entries_of(folder), at))
    return Patch(()) if position is None else checkpoints.rewind(position, control, part="files", force=False)


def checkpoints_of(folder: Path, state: Path, say: Say) -> Checkpoints:
    """Of the tree that the session in `folder` works in. Raises UsageError where that is gone."""
    return Checkpoints(Git.find(Path(opened_of(entries_of(folder)).root), state), state, say)


def delete(folders: Sequence[Path]) -> None:
    """Deletes sessions, or none of them: one that is in use is refused. Raises StateError."""
    with ExitStack() as stack:
        for folder in folders:
            stack.callback(acquire(folder).release)
        for folder in folders:
            _remove(folder)


def older_than(sessions: Path, days: float, now: Callable[[], float] = time.time) -> list[Path]:
    """The folders of sessions that were not used for so many days. No log is read for that."""
    until = now() - days * _DAY_SECONDS
    return sorted(log.parent for log in _logs(sessions) if log.stat().st_mtime < until)


def expire(sessions: Path, days: float, now: Callable[[], float] = time.time) -> int:
    """Deletes the sessions that were not used for so many days, but none that is in use; how many went.

    A fork stands alone, so none is kept for another one.
    """
    count = 0
    for folder in older_than(sessions, days, now):
        # One that is in use, or that cannot be deleted, is for another time.
        with suppress(StateError):
            delete([folder])
            count += 1
    shutil.rmtree(sessions.with_name(_GONE), ignore_errors=True)
    return count


def _logs(sessions: Path) -> Iterator[Path]:
    return (log for log in sessions.glob(f"*/{LOG}") if log.is_file())


def _remove(folder: Path) -> None:
    gone = folder.parent.with_name(_GONE)
    try:
        gone.mkdir(exist_ok=True, mode=0o700)
        # At once for everybody else; what a kill leaves of it goes with the next start (`expire`).
        folder.rename(gone / folder.name)
        shutil.rmtree(gone / folder.name)
    except OSError as error:
        raise StateError(
            f"the session {folder.name} cannot be deleted",
            why=f"{folder}: {error}",
            hint="make the state folder writable",
        ) from error


def _copy(source: Path, folder: Path, calls: Collection[str]) -> None:
    """Copies what the model was shown, or can ask for."""
    if (source / MAP).is_file():
        shutil.copyfile(source / MAP, folder / MAP)
    for call in calls:
        if (source / OUTPUTS / call).is_file():
            (folder / OUTPUTS).mkdir(mode=0o700, exist_ok=True)
            shutil.copyfile(source / OUTPUTS / call, folder / OUTPUTS / call)


def _step_end(folder: Path, entries: Sequence[Entry], at: int) -> int:
    """The entry that a step ends with. Raises UsageError."""
    steps = {step.number: step.last for step in steps_of(turns_of(path_of(entries, head_of(entries))))}
    if at not in steps:
        raise UsageError(
            f"the session {folder.name} has no step {at}",
            why=f"its history has the steps 1 to {len(steps)}" if steps else "it has none yet",
            hint=f"r1code sessions show {folder.name} lists them",
        )
    return steps[at]


def _position(timeline: Timeline, session: str, end: int) -> int | None:
    """The position of the timeline after what a session did up to its entry `end`; None: it did nothing."""
    own = [move for move in timeline.moves.values() if move.origin.session == session]
    if not own:
        return None
    until = [move for move in own if move.origin.step <= end]
    # The earliest position is called 0.
    return until[-1].id if until else 0 if own[0].parent == timeline.root else own[0].parent
