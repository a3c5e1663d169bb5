"""What a person gives `fix` beside a test command: files read, each as the source that it is."""

from __future__ import annotations

import io
import os
from argparse import Namespace
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO

from msgspec.structs import replace

from r1code.errors import UsageError
from r1code.repo.ancestry import Ancestry
from r1code.repo.git import Git
from r1code.sandbox.runners import runner_of
from r1code.sandbox.runners.command import words
from r1code.secrets.values import Hide
from r1code.symptoms.issue import read_issue
from r1code.symptoms.junit import read_junit
from r1code.symptoms.log import read_log
from r1code.symptoms.symptom import Symptom
from r1code.tree.store import Store

STDIN = "-"
_MOST_REPORTS = 500
_MOST_BYTES = 100_000_000
"""Of a report or an issue. A log may be longer: only a part of it is ever in memory."""


def read_symptoms(options: Namespace, stdin: BinaryIO) -> tuple[Symptom, ...]:
    """All that `fix` was given, but the range of commits. Raises UsageError for what cannot be read."""
    if options.from_log == STDIN == options.from_issue:
        raise UsageError(
            "standard input is named twice",
            why="--from-log and --from-issue would both read it",
            hint="write one of them to a file",
        )
    found = [read_junit(_whole(path, stdin), path.name) for path in reports(options.from_junit or ())]
    if options.from_log is not None:
        with _opened(options.from_log, stdin) as file:
            found.append(_log(file, options.from_log))
    if options.from_issue is not None:
        found.append(read_issue(_whole(Path(options.from_issue), stdin), _name(options.from_issue)))
    return tuple(found)


def given_files(options: Namespace) -> Iterator[Path]:
    """The files among them."""
    yield from reports(options.from_junit or ())
    yield from (Path(name) for name in (options.from_log, options.from_issue) if name not in {None, STDIN})


def range_of(git: Git, name: str, *, bisect: bool) -> Symptom:
    """A range of commits. Raises UsageError for what is none."""
    span = Ancestry(git, Store(Path(os.devnull)), lambda _: False).span(name)
    return Symptom(kind="range", origin=name, commit=span.bad, traits={"good": span.good}, bisect=bisect)


def runnable(symptoms: Iterable[Symptom]) -> str | None:
    """The command of a log that does nothing but call a test runner. None: there is none."""
    lines = (line.strip() for one in symptoms for command in one.commands for line in command.splitlines()[::-1])
    return next((line for line in lines if runner_of(line) and words(line) is not None), None)


def reports(patterns: list[str] | tuple[str, ...]) -> Iterator[Path]:
    """The files that the patterns name, each once. Raises UsageError where one names none."""
    seen: dict[Path, None] = {}
    for pattern in patterns:
        named = Path(pattern)
        some = [named] if named.exists() else _fitting(named)
        files = [one for one in some if one.is_file()]
        if not files:
            raise UsageError(
                f"there is no report {pattern}",
                why="no file has that name, or fits that pattern",
                hint="r1code fix --from-junit 'build/reports/*.xml', in quotes",
            )
        seen.update(dict.fromkeys(files))
    if len(seen) > _MOST_REPORTS:
        raise UsageError(
            "there are too many reports",
            why=f"{len(seen)} files fit; {_MOST_REPORTS} are read at most",
            hint="name those of the run that failed",
        )
    yield from seen


def _fitting(pattern: Path) -> list[Path]:
    start = Path(pattern.anchor or ".")
    parts = pattern.relative_to(pattern.anchor) if pattern.anchor else pattern
    return sorted(start.glob(str(parts)))


def hidden(symptom: Symptom, hide: Hide) -> Symptom:
    """The same with placeholders for secrets: logs have them more often than they should."""
    return replace(
        symptom,
        tests=tuple(replace(one, text=hide(one.text)) for one in symptom.tests),
        errors=tuple(map(hide, symptom.errors)),
        commands=tuple(map(hide, symptom.commands)),
        text=hide(symptom.text),
    )


def _log(file: BinaryIO, name: str) -> Symptom:
    try:
        return read_log(file, _name(name))
    except OSError as error:
        raise _unreadable(name, error) from error


def _opened(name: str, stdin: BinaryIO) -> nullcontext[BinaryIO] | io.BufferedReader:
    if name == STDIN:
        return nullcontext(stdin)
    try:
        return Path(name).open("rb")
    except OSError as error:
        raise _unreadable(name, error) from error


def _whole(path: Path, stdin: BinaryIO) -> bytes:
    try:
        with _opened(str(path), stdin) as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise _unreadable(str(path), error) from error
    if len(data) > _MOST_BYTES:
        raise UsageError(
            f"{path} is too long",
            why=f"it has more than {_MOST_BYTES // 1_000_000} MB",
            hint="name a part of it, or the log instead: a log may be of any length",
        )
    return data


def _unreadable(name: str, error: OSError) -> UsageError:
    return UsageError(
        f"{name} cannot be read", why=error.strerror or str(error), hint="name a file that is there"
    )


def _name(name: str) -> str:
    return "standard input" if name == STDIN else Path(name).name
