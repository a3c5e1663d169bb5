"""A small shop with two bugs, and a pipeline that repairs it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from msgspec.structs import replace

from fakes.house import House, walk
from fakes.sandbox import FakeSandbox, Files
from r1code import prompts
from r1code.budget import Meter
from r1code.context import Model
from r1code.control import Control
from r1code.dialects.base import Request
from r1code.dialects.text import TextDialect
from r1code.events import Event
from r1code.profiles import Infill, find_profile
from r1code.providers.base import Delta, Done
from r1code.providers.scripted import ScriptedReply
from r1code.repair.bench import Bench
from r1code.repair.naming import Naming
from r1code.repair.pipeline import Pipeline
from r1code.repair.protected import is_protected
from r1code.repair.relay import unshown
from r1code.sandbox.base import Limits, Sandbox
from r1code.sandbox.host import HostSandbox
from r1code.sandbox.runners import run_tests
from r1code.tools.read import Read
from r1code.tools.replace import Replace
from r1code.tools.toolset import Toolset
from r1code.tree.scan import scan
from r1code.types import Budget, TestReport

TESTS = "tests/test_cart.py"
FILES = {
    "shop/__init__.py": "",
    "shop/money.py": "ROUND = 1\n\n\ndef cents(amount):\n    return round(amount, ROUND)\n",
    "shop/cart.py": "from shop.money import cents\n\n\ndef total(prices):\n    return cents(sum(prices[1:]))\n",
    "shop/unrelated.py": "def nothing():\n    return None\n",
    TESTS: (
        "from shop.cart import total\n\n\ndef test_one():\n    assert total([2]) == 2\n\n\n"
        "def test_exact():\n    assert total([0, 1.25]) == 1.25\n\n\n"
        "def test_none():\n    assert total([]) == 0\n"
    ),
    "conftest.py": "",
}
FIX_CART = (
    'The first price is skipped.\n<replace path="shop/cart.py">\ndef total(prices):\n'
    "    return cents(sum(prices))\n</replace>"
)
FIX_MONEY = 'It rounds too much.\n<replace path="shop/money.py">\nROUND = 2\n</replace>'
BREAKS = '<replace path="shop/cart.py">\ndef total(prices):\n    return 2\n</replace>'


Answer = Callable[[Request], str]


class Answering:
    """A provider that looks at what it is asked."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.requests: list[Request] = []

    def stream(self, request: Request, control: Control) -> Iterator[Delta | Done]:
        self.requests.append(request)
        yield Delta(field="content", text=self._answer(request))
        yield Done(finish="stop")

    def close(self) -> None:
        pass


class Till(FakeSandbox):
    """Knows what the shop's tests say of any files, without running them."""

    def read(self, path: str, control: Control) -> bytes | None:
        control.check()
        return _report(self.files) if path.endswith("report.xml") else None


def _report(files: Files) -> bytes:
    suite = ET.Element("testsuite")
    for name, wrong in _results(files).items():
        case = ET.SubElement(suite, "testcase", name=name, classname="tests.test_cart", file=TESTS)
        if wrong:
            ET.SubElement(case, "failure").text = wrong
    return ET.tostring(suite)


def _results(files: Files) -> dict[str, str]:
    """Of each test, what is wrong."""
    known: dict[str, Any] = {}
    exec(files["shop/money.py"], known)
    exec(files["shop/cart.py"].replace(b"from shop.money import cents", b""), known)
    wanted = {"test_one": ([2], 2), "test_exact": ([0, 1.25], 1.25), "test_none": ([], 0)}
    found: dict[str, str] = {}
    for name, (prices, value) in wanted.items():
        try:
            came = known["total"](prices)
            found[name] = "" if came == value else f"{came} == {value}"
        except (NameError, TypeError) as error:
            found[name] = str(error)
    return found


class Shop(House):
    """A house with a pipeline. Its tests are really run on this machine, unless it is `quick`."""

    def __init__(
        self,
        folder: Path,
        replies: Sequence[str | ScriptedReply] | Answer,
        files: dict[str, str] = FILES,
        *,
        infill: Infill | None = None,
        after: House | None = None,
        quick: bool = False,
        naming: bool = False,
    ) -> None:
        super().__init__(folder, [] if callable(replies) else replies, files=files, after=after)
        if callable(replies):
            self.provider = Answering(replies)
        self.command = "pytest -q" if quick else f"{sys.executable} -m pytest -q"
        self.host: Sandbox
        if quick:
            self.host = Till({self.command: lambda now: (int(any(_results(now).values())), "")}, store=self.store)
        else:
            self.host = HostSandbox(
                self.root, limits=Limits(), scan=lambda: scan(self.root, walk(self.root), self.store)
            )
        reads = [Read(self.tree, self.vault.hide, self.outputs)] if naming else []
        toolset = Toolset(self.tree, reads=reads, writes=[Replace()], execs=[], protected=is_protected)
        instructions = prompts.load("repair_instructions", tools=toolset.descriptions)
        profile = replace(find_profile("scripted"), infill=infill)
        model = Model(profile, self.provider, TextDialect(), instructions=instructions, seed=5)
        bench = Bench(tree=self.tree, sandbox=self.host, toolset=toolset, command=self.command, prompt=32_000)
        self.pipeline = (Naming if naming else Pipeline)(self.session, model, bench)

    def report(self) -> TestReport:
        self.host.sync(self.tree.snapshot(), self.control)
        return unshown(run_tests(self.host, self.command, Control()))

    def repair(self, steps: int = 20) -> list[Event]:
        return list(self.pipeline.turn(self.report(), Meter(Budget(steps=steps)), self.control))
