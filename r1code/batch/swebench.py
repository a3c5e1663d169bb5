"""Tasks out of a file in the form of SWE-bench: JSON, JSON lines or Parquet."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from r1code.batch.task import BatchTask
from r1code.errors import UsageError
from r1code.naming import first_of

DEFAULT_TEST = "python3 -m pytest -q {files}"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9][A-Za-z0-9_.-]*")
_CHANGED = re.compile(r"^\+\+\+ b/([^\t\n]+)", re.MULTILINE)
_COLUMNS = (
    "instance_id",
    "repo",
    "base_commit",
    "problem_statement",
    "test_patch",
    "FAIL_TO_PASS",
    "PASS_TO_PASS",
)


class Instance(Struct, frozen=True, kw_only=True):
    """A row of such a file. What else it has is not read: the patch that solves it, above all."""

    instance_id: str
    repo: str
    base_commit: str
    problem_statement: str = ""
    test_patch: str = ""
    fail_to_pass: str | list[str] = msgspec.field(name="FAIL_TO_PASS", default_factory=list)
    pass_to_pass: str | list[str] = msgspec.field(name="PASS_TO_PASS", default_factory=list)


class Places(Struct, frozen=True, kw_only=True):
    """Where the repositories and images are."""

    repos: Path | None = None
    """The folder of clones; None: they are fetched from GitHub when the batch runs."""
    test: str = DEFAULT_TEST
    """`{files}`: the test files that the row's patch changes."""
    image: str = ""
    """`{id}`: the row's id; `{key}`: the same, as images of SWE-bench are called."""


def swebench(file: Path, places: Places) -> tuple[BatchTask, ...]:
    """Raises UsageError for a file, or a row of it, that is none of this form, and where a clone is missing."""
    found: list[BatchTask] = []
    missing: dict[str, None] = {}
    for number, row in enumerate(_rows(file), start=1):
        try:
            instance = msgspec.convert(row, Instance)
            task = _task(instance, places)
            if task is None:
                missing[instance.repo] = None
            else:
                found.append(msgspec.convert(msgspec.to_builtins(task), BatchTask))
        except (msgspec.MsgspecError, ValueError) as error:
            raise UsageError(
                f"row {number} of {file} is no instance",
                why=str(error),
                hint=f"it needs {', '.join(_COLUMNS)}; docs/batch.md says what they hold",
            ) from error
    if missing:
        raise UsageError(
            f"there is no clone of {first_of(list(missing))}",
            why=f"{places.repos} has neither OWNER/NAME nor OWNER__NAME nor NAME of it",
            hint="clone it there, or leave out --repos: then `batch run --fetch` fetches it",
        )
    return tuple(found)


def _task(instance: Instance, places: Places) -> BatchTask | None:
    """None: its repository is not there."""
    if not _NAME.fullmatch(instance.repo):
        raise ValueError(f"repo {instance.repo!r} is not OWNER/NAME")
    repo = f"https://github.com/{instance.repo}" if places.repos is None else _clone(places.repos, instance.repo)
    if repo is None:
        return None
    files = [name for name in _CHANGED.findall(instance.test_patch) if name.endswith(".py")]
    key = instance.instance_id.lower().replace("__", "_1776_")
    return BatchTask(
        id=instance.instance_id,
        repo=repo,
        commit=instance.base_commit,
        patch=instance.test_patch,
        # A name of a file is data; the command is the person's.
        test=places.test.replace("{files}", " ".join(map(shlex.quote, files))).strip(),
        text=instance.problem_statement,
        fail_to_pass=_ids(instance.fail_to_pass),
        pass_to_pass=_ids(instance.pass_to_pass),
        image=places.image.replace("{id}", instance.instance_id).replace("{key}", key),
    )


def _clone(repos: Path, name: str) -> str | None:
    tries = (name, name.replace("/", "__"), name.rpartition("/")[2])
    return next((str((repos / one).resolve()) for one in tries if (repos / one).is_dir()), None)


def _ids(given: str | Sequence[str]) -> tuple[str, ...]:
    """The files have a list as JSON in a text, or a list."""
    return msgspec.json.decode(given, type=tuple[str, ...]) if isinstance(given, str) else tuple(given)


def _rows(file: Path) -> Iterator[Any]:
    if file.suffix == ".parquet":
        yield from _parquet(file)
        return
    try:
        data = file.read_bytes()
        if file.suffix == ".jsonl":
            yield from (msgspec.json.decode(line) for line in data.splitlines() if line.strip())
        else:
            rows = msgspec.json.decode(data, type=list[Any] | dict[str, Any])
            yield from rows if isinstance(rows, list) else rows.values()
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(file, str(error)) from error


def _parquet(file: Path) -> Iterator[Any]:
    try:
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError as error:
        raise UsageError(
            f"{file} cannot be read",
            why=f"Parquet files need pyarrow: {error}",
            hint="pip install 'r1code[parquet]', or give the same rows as JSON lines",
        ) from error
    try:
        with parquet.ParquetFile(file) as table:
            wanted = [name for name in _COLUMNS if name in table.schema_arrow.names]
            for batch in table.iter_batches(batch_size=64, columns=wanted):
                yield from batch.to_pylist()
    except (OSError, ValueError) as error:
        # pyarrow's own errors are kinds of these.
        raise _unreadable(file, str(error)) from error


def _unreadable(file: Path, why: str) -> UsageError:
    return UsageError(
        f"{file} cannot be read",
        why=why.partition("\n")[0],
        hint="name a .json, .jsonl or .parquet file with one instance of SWE-bench per row",
    )
