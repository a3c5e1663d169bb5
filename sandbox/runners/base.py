"""What a test runner is: how it is recognised and asked for a report, and how that is read. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec
from msgspec import Struct

from r1code.types import Case, CaseState

T = TypeVar("T")

_WORST: tuple[CaseState, ...] = ("passed", "skipped", "failed", "uncollected")
_MOST_LINES = 60
_MOST_CHARS = 8_000
_MOST_ID = 1_000
_LONGEST = 2_000


class Place(Struct, frozen=True, kw_only=True):
    """Where a run happens, inside the sandbox."""

    folder: str
    """For what the run leaves: nobody can guess it."""
    root: str = ""
    """The work tree; empty: it was not asked for."""
    node: tuple[int, int] | None = None
    """The version of Node there."""


class Left(Struct, frozen=True, kw_only=True):
    """What a run left. All of it comes from code that is not trusted."""

    files: Mapping[str, bytes] = {}
    """By their names in the private folder, or their paths below the work tree."""
    output: str = ""
    """Whole; empty where it was too long to keep."""
    root: str = ""

    @property
    def lines(self) -> list[str]:
        """The lines of the output; what is longer than any line of a report is cut."""
        return [line[:_LONGEST] for line in self.output.splitlines()]

    def named(self, prefix: str) -> list[bytes]:
        """The files of the private folder whose names begin so."""
        return [data for name, data in sorted(self.files.items()) if name.startswith(prefix) and "/" not in name]


Cases = list[Case] | None
"""None: there is no report, or it cannot be one; then the exit code alone decides."""


def _no_flags(_: str) -> str:
    return ""


def _no_env(_: Place) -> dict[str, str]:
    return {}


class Runner(Struct, frozen=True, kw_only=True):
    """One family of reports. Its functions are pure, and `read` raises nothing whatever it is given."""

    name: str
    program: str
    """A regular expression for the words that start it; what it is asked follows them."""
    read: Callable[[Left], Cases]
    flags: Callable[[str], str] = _no_flags
    """What is put after these words. It is given the path of a report, which has no suffix yet."""
    env: Callable[[Place], Mapping[str, str]] = _no_env
    """Asks it where it is below something else: `make test`, `npm test`, `tox`."""
    leaves: tuple[str, ...] = ()
    """Reports in the work tree, as patterns for the paths of `find`. Only files of this run count."""
    only: Callable[[str, Sequence[Case]], str | None] | None = None
    """The command, which is one call of this runner, for some of its cases; None: it cannot select those.
    No function: it cannot select at all."""
    related: Callable[[str, Sequence[str]], str | None] | None = None
    """The command for the tests that import these changed files, where the runner finds these itself."""
    groups: bool = False
    """Whether `only` takes an id's part before `::` as well."""


def case(
    identity: str,
    state: CaseState,
    *,
    text: str = "",
    file: str = "",
    line: int | None = None,
    seconds: float | None = None,
) -> Case:
    """A case of a report, with every part bounded."""
    return Case(
        id=" ".join(identity.split("\n"))[:_MOST_ID],
        state=state,
        text=bounded(text),
        file=file[:_MOST_ID],
        line=line,
        seconds=seconds,
    )


def bounded(text: str) -> str:
    """The first and the last lines of what a failing test says."""
    lines = text.strip("\n").rstrip().splitlines()
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES // 3], "[...]", *lines[-_MOST_LINES * 2 // 3 :]]
    whole = "\n".join(lines)
    if len(whole) > _MOST_CHARS:
        whole = f"{whole[: _MOST_CHARS // 3]}\n[...]\n{whole[-_MOST_CHARS // 2 :]}"
    return whole


def merged(cases: Iterable[Case]) -> list[Case]:
    """Each id once, with its worst state, in the order of their first places."""
    worst: dict[str, Case] = {}
    for one in cases:
        known = worst.get(one.id)
        if known is None or _WORST.index(one.state) > _WORST.index(known.state):
            worst[one.id] = one
    return list(worst.values())


def decoded(data: bytes | str, kind: type[T]) -> T | None:
    """JSON as a type; None where it is not that."""
    try:
        return msgspec.json.decode(data, type=kind, strict=False)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def relative(path: str, root: str) -> str:
    """A path that a runner reported, relative to the work tree where it lies in it."""
    path = path.removeprefix("file://")
    return path.removeprefix(f"{root}/").removeprefix("./") if root else path.removeprefix("./")


def number(text: str | None) -> float | None:
    """A duration of a report; None where it is none."""
    try:
        value = float((text or "").replace(",", ""))
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None
