"""A small bug: a project with a place that is wrong, and its tests."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from bugs.setting import SETTINGS, Language, Setting

Kind = Literal[
    "aliasing",
    "error handling",
    "missing case",
    "off by one",
    "rounding",
    "stale state",
    "unicode",
    "wrong default",
    "wrong operator",
    "wrong order",
    "wrong value",
]
Which = Literal["wrong", "right"]
_PLACE = re.compile(r"«(?P<wrong>[^«»]*)»«(?P<right>[^«»]*)»")
_IDENTITY = ("-c", "user.name=T", "-c", "user.email=t@example.org")


class Bug(NamedTuple):
    name: str
    language: Language
    kind: Kind
    marked: Mapping[str, str]
    """Path -> source. A place has its wrong and its right text, as `«wrong»«right»`."""
    tests: Mapping[str, str]
    """Path -> tests: some fail because of the bug, others pass all the same."""

    @property
    def setting(self) -> Setting:
        return SETTINGS[self.language]

    def sources(self, which: Which = "wrong") -> dict[str, str]:
        return {path: _PLACE.sub(lambda found: found[which], text) for path, text in self.marked.items()}

    def protected(self) -> dict[str, str]:
        """What no repair has to touch: the tests, and how they are run."""
        return {**self.setting.manifests, **self.tests}

    def write(self, root: Path, which: Which = "wrong") -> None:
        for path, text in {**self.protected(), **self.sources(which)}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)

    def commit(self, root: Path) -> None:
        """Makes the repository, with one commit."""
        self.write(root)
        for words in (["init", "-q"], ["add", "-A"], [*_IDENTITY, "commit", "-qm", "first"]):
            subprocess.run(["git", *words], cwd=root, check=True)

    def oracle(self) -> str:
        """The action blocks that repair it, as a model would write them."""
        right = self.sources("right")
        edits = [
            f'<edit path="{path}">\n' + _block(wrong, right[path]) + "\n</edit>"
            for path, wrong in self.sources().items()
            if wrong != right[path]
        ]
        return "\n".join(edits)


def _block(wrong: str, right: str) -> str:
    """From the first to the last line that changes, with as many around as make it unique."""
    old, new = wrong.splitlines(keepends=True), right.splitlines(keepends=True)
    above = _shared(old, new)
    below = _shared(old[above:][::-1], new[above:][::-1])
    while wrong.count("".join(old[above : len(old) - below]) or wrong * 2) != 1:
        above, below = max(0, above - 1), max(0, below - 1)
    search, replace = "".join(old[above : len(old) - below]), "".join(new[above : len(new) - below])
    return f"<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE"


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """How many lines both begin with."""
    return next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def text(source: str) -> str:
    """A file of which each line begins with the margin that its first line has."""
    lines = source.strip("\n").split("\n")
    margin = len(lines[0]) - len(lines[0].lstrip(" "))
    return "\n".join(line[margin:] for line in lines).rstrip() + "\n"


def assertions(name: str, kind: Kind, code: str, tests: str) -> Bug:
    """One Python module; `tests` are assertions.

    Each is a test of its own, so that a repair of half of it is seen as one.
    """
    lines = [line for line in text(tests).split("\n") if line]
    cases = [f"def test_{number}():\n    {line}\n" for number, line in enumerate(lines, start=1)]
    test = f"from {name} import *\n\n\n" + "\n\n".join(cases)
    return Bug(name, "python", kind, {f"{name}.py": text(code)}, {f"test_{name}.py": test})


def project(
    name: str, language: Language, kind: Kind, marked: Mapping[str, str], *, tests: Mapping[str, str]
) -> Bug:
    return Bug(
        name,
        language,
        kind,
        {path: text(source) for path, source in marked.items()},
        {path: text(source) for path, source in tests.items()},
    )
