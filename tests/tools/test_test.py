from __future__ import annotations

from pathlib import Path

import pytest

from fakes.tested import SUITE, Desk
from r1code.control import Control
from r1code.errors import ToolError
from r1code.sandbox.base import Limits
from r1code.sandbox.host import HostSandbox
from r1code.tools import test as tool
from r1code.types import Case, TestReport


@pytest.fixture(autouse=True)
def no_bytecode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")


def test_failing_runs_the_failures_then_their_files_then_all_and_stops_where_one_fails(tmp_path: Path) -> None:
    files = {
        "a.py": "A = 1\n",
        "test_a.py": "from a import A\ndef test_a(): assert A == 2\ndef test_low(): assert A < 3\n",
        "test_b.py": "def test_b(): pass\n",
    }
    desk = Desk(tmp_path, files)
    assert desk.test().status == "failed"
    all_tests = "python3 -m pytest -q"
    (desk.house.root / "a.py").write_text("A = 5\n")
    assert desk.test("failing").status == "failed"
    assert desk.commands == [all_tests, f"{all_tests} test_a.py::test_a"]
    desk.events.clear()
    (desk.house.root / "a.py").write_text("A = 2\n")
    done = desk.test("failing")
    assert done.status == "ok"
    assert desk.commands == [f"{all_tests} test_a.py::test_a", f"{all_tests} test_a.py", all_tests]
    assert done.text.splitlines()[:3] == [
        f"{all_tests} test_a.py::test_a: 1 passed",
        f"{all_tests} test_a.py: 2 passed",
        f"{all_tests}: 3 passed",
    ]


def test_the_failures_of_the_baseline_can_be_run_before_any_other_test(tmp_path: Path) -> None:
    case = Case(id="test_a.py::test_a", state="failed", file="test_a.py")
    before = TestReport(failed=(case.id,), failures=(case,), structured=True, exit_code=1)
    files = {"test_a.py": "def test_a(): assert 1 == 2\ndef test_new(): assert 0\n"}
    desk = Desk(tmp_path, files, before)
    assert "FAILED test_a.py::test_a" in desk.test("failing").text
    told = desk.test().text
    assert told.index("test_new (new)") < told.index("FAILED test_a.py::test_a ")


def test_what_passes_again_on_the_same_files_is_named_flaky(tmp_path: Path) -> None:
    desk = Desk(tmp_path, {"test_a.py": SUITE.format(folder=tmp_path)})
    assert desk.test().status == "failed"
    told = desk.test("failing").text
    assert "flaky, it failed before on the same files: test_a.py::test_luck" in told
    (desk.house.root / "test_a.py").write_text("def test_luck(): pass\n")
    assert "flaky" not in desk.test().text


def test_failing_says_why_it_cannot_be_done(tmp_path: Path) -> None:
    desk = Desk(tmp_path, {"test_a.py": "def test_a(): pass\n"})
    with pytest.raises(ToolError, match="No test is known to fail"):
        desk.test("failing")
    case = Case(id="x", state="failed")
    before = TestReport(failed=("x",), failures=(case,), structured=True, exit_code=1)
    sandbox = HostSandbox(tmp_path, limits=Limits(), scan=lambda: pytest.fail("not run"))
    other = tool.Test(desk.house.tree, sandbox, "make test", before)
    with pytest.raises(ToolError, match="`make test` cannot be told to run single tests"):
        next(other.run({"selection": "failing"}, "c1", Control()))
