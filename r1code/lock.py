"""One writer at a time: the lock of a session's folder."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from r1code.errors import StateError

_LOCK = "lock"
_PATIENCE_SECONDS = 0.2
"""Whoever looks whether a session is in use holds its lock for a moment."""


def is_alive(folder: Path) -> bool:
    """Whether a process is writing this session. Its lock ends with it, also when it is killed."""
    if not (folder / _LOCK).exists():
        return False
    lock = FileLock(folder / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def unkept(folder: Path, error: OSError) -> StateError:
    """That nothing can be written there."""
    return StateError(
        "the session cannot be kept",
        why=f"{folder} cannot be written: {error}",
        hint="free some space, or point R1CODE_STATE_DIR at a folder that you can write",
    )


def acquire(folder: Path) -> FileLock:
    """The lock of a session, held. Raises StateError where there is none, or somebody else holds it."""
    if not folder.is_dir():
        raise StateError(
            f"there is no session {folder.name}",
            why=f"{folder} does not exist",
            hint="r1code sessions lists those that there are",
        )
    lock = FileLock(folder / _LOCK)
    try:
        lock.acquire(timeout=_PATIENCE_SECONDS, poll_interval=_PATIENCE_SECONDS / 10)
    except Timeout:
        raise StateError(
            f"the session {folder.name} is in use",
            why="another r1code process is writing it",
            hint="finish that one first, or start a new session",
        ) from None
    return lock
