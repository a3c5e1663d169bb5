"""Which command runs a repository's tests: what was set, what was chosen here before, or what its files show."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from r1code.app.kept import write_private
from r1code.config import DETECTED, OFF, PROJECT_FILE, Config
from r1code.errors import StateError
from r1code.repo.git import Git
from r1code.sandbox.runners.detect import Found, detect, wanted

_LARGEST = 1_000_000
_MEMORY = "tests.json"

Choose = Callable[[Sequence[Found]], Found | None]
"""Asks a person which of several equally likely ones it is. None: nobody answers."""


class Where(Struct, frozen=True, kw_only=True):
    """Where a test command is looked for."""

    files: Git | None = None
    """Whose files show it; None: those of the repository itself."""
    part: str = ""
    """The folder in which the tests run; empty: at the top."""


class Chosen(Struct, frozen=True, kw_only=True):
    command: str
    told: str
    """What a person is told about it."""


def found_tests(git: Git, part: str = "") -> tuple[Found, ...]:
    """The likely test commands of a repository, or of a folder in it, best first. Raises StateError."""
    paths = git.files()
    contents: dict[str, bytes] = {}
    for path in wanted(paths):
        whole = git.root / path
        try:
            # A link could lead anywhere, and a pipe never ends.
            if whole.is_file() and not whole.is_symlink() and whole.stat().st_size <= _LARGEST:
                contents[path] = whole.read_bytes()
        except OSError:
            continue
    found = detect(contents, frozenset(paths))
    return found if not part else tuple(one for one in found if f"{one.folder}/".startswith(f"{part}/"))


def choose_tests(git: Git, state: Path, choose: Choose, where: Where | None = None) -> Chosen | None:
    """What to run where nobody said it; remembered for this folder. None: nothing shows how."""
    part = "" if where is None else where.part
    files = git if where is None or where.files is None else where.files
    found = found_tests(files, part)
    if not found:
        return None
    memory, key = _memory(state), str(git.root.resolve() / part)
    known = next((one for one in found if one.line == memory.get(key)), None)
    best = [one for one in found if one.weight == found[0].weight]
    asked = choose(best) if known is None and len(best) > 1 else None
    one = known or asked or best[0]
    _remember(state, {**memory, key: one.line})
    others = ", ".join(f"`{other.line}`" for other in best if other.line != one.line)
    also = f"; as likely: {others}" if others and known is None and asked is None else ""
    chosen = "chosen here before" if known is not None and len(best) > 1 else one.reason
    told = f"tests: `{one.line}` ({chosen}{also}); --test or .r1code/config.toml sets another"
    return Chosen(command=one.line, told=told)


def with_tests(
    config: Config, git: Git, state: Path, choose: Choose, *, where: Where | None = None
) -> tuple[Config, str]:
    """The configuration with a test command, and what to say about it (nothing where it was set).

    With a part of the repository, the command runs in that folder.
    """
    part = "" if where is None else where.part
    if config.test == OFF:
        return msgspec.structs.replace(config, test=None), ""
    if config.test is not None:
        return msgspec.structs.replace(config, test=in_folder(part, config.test)), ""
    chosen = choose_tests(git, state, choose, where)
    if chosen is None:
        return config, ""
    origins = {**config.origins, "test": DETECTED}
    return msgspec.structs.replace(config, test=chosen.command, origins=origins), chosen.told


def in_folder(part: str, command: str) -> str:
    """A command that runs in a folder of the repository; empty: at its top."""
    return f"cd {shlex.quote(part)} && {command}" if part else command


def gates_of(config: Config, part: str) -> tuple[str, ...]:
    """The settings of a folder's own file that are commands for a whole project: that folder."""
    keys = ("build", "lint_gate")
    own = f"{part}/{PROJECT_FILE}"
    return tuple(
        key for key in keys if config.origins.get(key) == own and getattr(config, key) not in {None, OFF}
    )


def _memory(state: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode((state / _MEMORY).read_bytes(), type=dict[str, str])
    except (OSError, msgspec.MsgspecError):
        # Lost or damaged, it costs a question.
        return {}


def _remember(state: Path, memory: dict[str, str]) -> None:
    try:
        write_private(state / _MEMORY, msgspec.json.encode(memory))
    except OSError as error:
        raise StateError(
            "the test command could not be remembered",
            why=str(error),
            hint="make room in the state folder, or name the command with --test",
        ) from error
