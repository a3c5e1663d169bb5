from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from fakes.sandbox import FakeSandbox
from r1code.control import Control
from r1code.sandbox.base import Limits, Sandbox
from r1code.sandbox.host import HostSandbox
from r1code.sandbox.runners.trace import Trace, trace_tests
from r1code.tree.snapshot import Snapshot

FILES = {
    "conftest.py": "",
    "fees.py": (
        "RATE = 2\n\n\ndef fee(days):\n    if days > 3:\n        return max(\n"
        "            days,\n            RATE,\n        )\n"
        "    return 0\n\n\ndef never():\n    return 1\n"
    ),
    "test_fees.py": (
        "import threading\n\nimport pytest\n\nfrom fees import fee\n\n\n"
        "def test_short():\n    assert fee(1) == 0\n\n\n"
        "@pytest.mark.parametrize('days', [4, 5])\ndef test_long(days):\n    assert fee(days) == 4\n\n\n"
        "class TestMore:\n    def test_thread(self):\n        found = []\n"
        "        one = threading.Thread(target=lambda: found.append(fee(9)))\n        one.start()\n"
        "        one.join()\n"
        "        assert found == [1]\n"
    ),
}
LONG = [(5, 2), (6, 1), (7, 1), (8, 1), (9, 1)]


def traced(sandbox: Sandbox, command: str) -> Trace:
    return ended(trace_tests(sandbox, command, Control()))


def ended(running: Generator[str, None, Trace]) -> Trace:
    while True:
        try:
            next(running)
        except StopIteration as stop:
            trace: Trace = stop.value
            return trace


@pytest.fixture
def host(tmp_path: Path) -> HostSandbox:
    for path, text in FILES.items():
        (tmp_path / path).write_text(text)
    return HostSandbox(tmp_path, limits=Limits(), scan=lambda: Snapshot({}))


def test_the_lines_that_each_failing_test_executes_and_how_many_passing_ones_do(host: HostSandbox) -> None:
    trace = traced(host, f"{sys.executable} -m pytest -q")
    assert list(trace) == ["test_fees.py::test_long[5]", "test_fees.py::TestMore::test_thread"]
    # A statement counts as a whole, and code that only threads run counts, too.
    assert [files["fees.py"] for files in trace.values()] == [LONG, LONG]


@pytest.mark.parametrize("command", ["true", "false", "echo no pytest here"])
def test_another_command_leaves_no_trace(host: HostSandbox, command: str) -> None:
    assert traced(host, command) == {}


def test_a_test_that_cannot_be_loaded_leaves_the_others_their_trace(host: HostSandbox, tmp_path: Path) -> None:
    (tmp_path / "test_broken.py").write_text("import nothing_of_that_name\n")
    command = f"{sys.executable} -m pytest -q --continue-on-collection-errors"
    assert "test_fees.py::test_long[5]" in traced(host, command)


@pytest.mark.parametrize("data", [b"", b"[]", b'{"a": 1}', b"\xff", b'{"t": {"a.py": [["x", 1]]}}'])
def test_what_is_no_trace_is_none(data: bytes) -> None:
    class Liar(FakeSandbox):
        def read(self, path: str, control: Control) -> bytes | None:
            return data

    assert traced(Liar({"pytest": (0, "")}), "pytest") == {}
