"""The tasks of a batch: a file with one JSON object per line, read strictly and before anything starts."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from r1code.errors import UsageError
from r1code.tree.entry import wrong_with

_URL = re.compile(r"^(https|file)://")
_STRANGE_URL = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*::?//|^[^/\s]+@[^/\s]+:|^[A-Za-z][A-Za-z0-9+.-]*::")
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_MOST_BYTES = 64 * 1024 * 1024
"""Of one line."""

# The name of a folder and of a row in tables: no separator, and not `.` or `..`.
Id = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._+@=-]{0,127}\Z")]
Commit = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._/^~@{}-]{0,199}\Z|\A\Z")]


class BatchTask(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of a task file."""

    id: Id
    repo: str
    """A git repository or another folder of this machine; or, with --fetch, an https or file URL of one."""
    commit: Commit = ""
    """What the task begins from. Empty: a folder as it is, or the commit that a repository has checked out."""
    patch: str = ""
    """A diff that is applied first: the tests that show the bug, say."""
    test: Annotated[str, Meta(min_length=1)]
    text: str = ""
    """What is to be done, in words; the model reads it as data."""
    fail_to_pass: tuple[str, ...] = ()
    """Ids of tests that have to pass in the end. Empty: all that fail."""
    pass_to_pass: tuple[str, ...] = ()
    """Ids of tests that must not break. Empty: all that pass."""
    path: str = ""
    """The folder inside the repository that it is about."""
    image: str = ""
    """The Docker image that its tests run in."""
    flags: tuple[str, ...] = ()
    """More flags for its `r1code fix`, after those of the whole batch."""
    leave_out: tuple[str, ...] = ()
    """Files and folders that are taken away first: solutions that lie beside it, say."""
    tries: Annotated[int, Meta(ge=1, le=10)] = 1
    """Each one after the first starts from what was left before, and so reads what the tests say of it."""

    @property
    def is_remote(self) -> bool:
        return _URL.match(self.repo) is not None


def read_tasks(file: Path, *, fetch: bool = False) -> tuple[BatchTask, ...]:
    """The tasks in `file`; a folder is relative to it. Raises UsageError that names the first line that is wrong.

    `fetch`: URLs are allowed.
    """
    try:
        lines = file.read_bytes().split(b"\n")
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read",
            why=str(error),
            hint="name a file with one JSON object per line (docs/batch.md)",
        ) from error
    found: dict[str, BatchTask] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        task = _decoded(file, number, line)
        why = _wrong(task, file.parent, fetch=fetch)
        if why is None and task.id.lower() in found:
            why = f"the id {task.id} was there before; large and small letters count as the same"
        if why is not None:
            raise _refused(file, number, why)
        found[task.id.lower()] = _placed(task, file.parent)
    if not found:
        raise UsageError(
            f"{file} has no task", why="all of its lines are empty", hint="docs/batch.md has an example"
        )
    return tuple(found.values())


def _decoded(file: Path, number: int, line: bytes) -> BatchTask:
    if len(line) > _MOST_BYTES:
        raise _refused(file, number, f"it is longer than {_MOST_BYTES // 1024 // 1024} MB")
    try:
        return msgspec.json.decode(line, type=BatchTask)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _refused(file, number, str(error)) from error


def _refused(file: Path, number: int, why: str) -> UsageError:
    return UsageError(
        f"line {number} of {file} is no task",
        why=why,
        hint="correct that line; nothing was started (docs/batch.md)",
    )


def _wrong(task: BatchTask, beside: Path, *, fetch: bool) -> str | None:
    return _wrong_words(task) or _wrong_repo(task, beside, fetch=fetch)


def _wrong_words(task: BatchTask) -> str | None:
    if any("\0" in text for text in (task.repo, task.test, task.path, task.image, *task.flags, *task.leave_out)):
        return "it has a NUL character in it"
    if task.path and wrong_with(task.path) is not None:
        return f"path {task.path!r} is no folder inside the repository"
    if left := next((name for name in task.leave_out if wrong_with(name) is not None), None):
        return f"leave_out {left!r} is nothing inside the repository"
    if task.image.startswith("-"):
        return f"image {task.image!r} is no name of an image"
    return None


def _wrong_repo(task: BatchTask, beside: Path, *, fetch: bool) -> str | None:
    if task.is_remote and not fetch:
        return f"{task.repo} is a URL, and only --fetch allows the network"
    if task.is_remote:
        return None if _HASH.fullmatch(task.commit) else "`commit` of a URL is no full hash"
    if _STRANGE_URL.match(task.repo):
        return f"repo {task.repo!r} is neither a folder nor an https or file URL"
    if not task.repo or not (beside / task.repo).is_dir():
        return f"repo {task.repo!r} is not a folder"
    return None


def _placed(task: BatchTask, beside: Path) -> BatchTask:
    if task.is_remote:
        return task
    return msgspec.structs.replace(task, repo=str((beside / task.repo).resolve()))


def common_folder(tasks: Sequence[BatchTask]) -> Path:
    """The folder that all local repositories are in; `.`: there is none."""
    places = [task.repo for task in tasks if not task.is_remote]
    return Path(os.path.commonpath([str(Path(place).parent) for place in places])) if places else Path()


def portable(task: BatchTask, common: Path) -> BatchTask:
    """The same without a path of this machine: its repository is named as it lies in the `common` folder."""
    if task.is_remote:
        return msgspec.structs.replace(task, repo=without_user(task.repo))
    return msgspec.structs.replace(task, repo=Path(task.repo).relative_to(common).as_posix())


def without_user(url: str) -> str:
    """A URL without a name or password in it."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
