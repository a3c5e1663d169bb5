"""Tasks out of folders as Exercism has them: instructions, a stub, and tests that say whether it is solved."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from r1code.batch.task import BatchTask
from r1code.errors import UsageError
from r1code.tree.entry import wrong_with

_CONFIG = ".meta/config.json"
_TRIES = 2
"""The second one reads what the tests say of the first, as in aider's polyglot benchmark."""
LEFT_OUT = (".meta", ".approaches", ".articles")
"""Solutions are in there."""
_TESTS: Mapping[str, str] = {
    ".py": "python3 -m pytest -q {files}",
    ".go": "go test ./...",
    ".rs": "cargo test --offline -- --include-ignored",
    ".js": "npx jest {files}",
    ".ts": "npx jest {files}",
    ".java": "gradle --offline test",
    ".rb": "ruby {files}",
    ".php": "phpunit {files}",
    ".cpp": "cmake -S . -B build -DEXERCISM_RUN_ALL_TESTS=1 && cmake --build build",
}
"""By how the name of a solution ends."""


class _Files(Struct, frozen=True):
    solution: tuple[str, ...]
    test: tuple[str, ...]


class _Config(Struct, frozen=True):
    files: _Files


def exercism(folder: Path, test: str | None = None) -> tuple[BatchTask, ...]:
    """A task for each exercise in `folder`. `test`: how all of them are tested; None: as usual in their language.

    Raises UsageError.
    """
    configs = [folder / _CONFIG] if (folder / _CONFIG).is_file() else sorted(folder.rglob(_CONFIG))
    found = [_task(config, folder, test) for config in configs]
    if not found:
        raise UsageError(
            f"there is no exercise in {folder}",
            why=f"no folder below it has a {_CONFIG}",
            hint="name the folder of an Exercism track, or of exercises of it",
        )
    return tuple(found)


def _task(config: Path, top: Path, test: str | None) -> BatchTask:
    place = config.parents[1]
    try:
        files = msgspec.json.decode(config.read_bytes(), type=_Config).files
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _refused(config, str(error)) from error
    for name in (*files.solution, *files.test):
        if wrong_with(name) is not None:
            raise _refused(config, f"{name!r} is no file inside the exercise")
    if not (files.solution and files.test):
        raise _refused(config, "it names no solution, or no test")
    command = test or _TESTS.get(Path(files.solution[0]).suffix)
    if command is None:
        raise UsageError(
            f"how {place} is tested is not known",
            why=f"{files.solution[0]} is in none of the languages that r1code knows exercises of",
            hint="--test COMMAND says how; {files} in it stands for the test files",
        )
    words = [part for part in place.relative_to(top).parts if part not in {"exercises", "practice"}] or [
        place.name
    ]
    try:
        return msgspec.convert(
            {
                "id": "-".join(words),
                "repo": str(place.resolve()),
                "test": command.replace("{files}", " ".join(map(shlex.quote, files.test))),
                "text": _text(place, files.solution),
                "tries": _TRIES,
                "leave_out": LEFT_OUT,
            },
            BatchTask,
        )
    except msgspec.ValidationError as error:
        raise _refused(config, str(error)) from error


def _text(place: Path, solution: Sequence[str]) -> str:
    parts = [
        (place / ".docs" / f"{name}.md").read_text(encoding="utf-8", errors="replace")
        for name in ("introduction", "introduction.append", "instructions", "instructions.append")
        if (place / ".docs" / f"{name}.md").is_file()
    ]
    return "\n\n".join(
        [*parts, f"Write it in {', '.join(solution)}. The names that the tests use stay as they are."]
    )


def _refused(config: Path, why: str) -> UsageError:
    return UsageError(f"{config} is no exercise", why=why, hint="correct it, or leave that folder out")
