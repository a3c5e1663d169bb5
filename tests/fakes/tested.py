"""The tool `test` over a work tree whose tests are really run on this machine."""

from __future__ import annotations

from pathlib import Path

from fakes.house import House, walk
from r1code.control import Control
from r1code.events import Event, TestsRan
from r1code.sandbox.base import Limits
from r1code.sandbox.host import HostSandbox
from r1code.tools import test as tool
from r1code.tools.base import Result
from r1code.tree.scan import scan
from r1code.types import TestReport

SUITE = """
import pathlib

def test_sum(): assert 1 + 1 == 2
def test_luck():
    seen = pathlib.Path("{folder}/seen")
    known = seen.exists()
    seen.touch()
    assert known
"""


class Desk:
    """The tool, whose tests are really run on this machine."""

    def __init__(self, folder: Path, files: dict[str, str], before: TestReport | None = None) -> None:
        self.house = House(folder, [], files=files)
        root, store = self.house.root, self.house.store
        sandbox = HostSandbox(root, limits=Limits(), scan=lambda: scan(root, walk(root), store))
        self.tool = tool.Test(self.house.tree, sandbox, "python3 -m pytest -q", before)
        self.events: list[Event] = []

    def test(self, selection: str = "") -> Result:
        running = self.tool.run({"selection": selection}, "c1", Control())
        try:
            while True:
                self.events.append(next(running))
        except StopIteration as stop:
            return stop.value

    @property
    def commands(self) -> list[str]:
        return [event.command for event in self.events if isinstance(event, TestsRan)]
