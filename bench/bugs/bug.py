"""A small bug: a module with one place that is wrong, and its tests."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import NamedTuple

_PLACE = re.compile(r"<<(?P<wrong>.*?)\|\|(?P<right>.*?)>>", re.DOTALL)


class Bug(NamedTuple):
    """`code` has the wrong and the right text of the place as `<<wrong||right>>`; `tests` are assertions."""

    name: str
    code: str
    tests: str

    def module(self, which: str = "wrong") -> str:
        return _PLACE.sub(lambda found: found[which], textwrap.dedent(self.code).strip()) + "\n"

    def test(self) -> str:
        """A test for each assertion, so that a repair of half of it is seen as one."""
        lines = [line for line in textwrap.dedent(self.tests).strip().split("\n") if line]
        cases = [f"def test_{number}():\n    {line}\n" for number, line in enumerate(lines, start=1)]
        return f"from {self.name} import *\n\n\n" + "\n\n".join(cases)

    def write(self, folder: Path, which: str = "wrong") -> None:
        (folder / f"{self.name}.py").write_text(self.module(which))
        (folder / f"test_{self.name}.py").write_text(self.test())
        (folder / ".gitignore").write_text("__pycache__/\n.pytest_cache/\n")
