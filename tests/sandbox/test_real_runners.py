"""Runners that are installed here, run for real on small projects; what is missing is said, not hidden."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.installed import installed, with_node
from r1code.control import Control
from r1code.sandbox.base import Limits
from r1code.sandbox.host import HostSandbox
from r1code.sandbox.runners import run_tests
from r1code.tree.snapshot import Snapshot
from r1code.types import TestReport

UNITTEST = (
    "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): pass\n"
    "    def test_b(self): self.assertEqual(1, 2)\n"
)
NODE = (
    "const { test, describe, it } = require('node:test'); const assert = require('node:assert');\n"
    "test('a', () => {}); describe('g', () => { it('b', () => assert.equal(1, 2)); });\n"
)
GO = 'package x\nimport "testing"\nfunc TestA(t *testing.T) {}\nfunc TestB(t *testing.T) { t.Fatal("no") }\n'
RUST = "#[test]\nfn a() {}\n#[test]\nfn b() { assert_eq!(1, 2); }\n"
RSPEC = "RSpec.describe('g') { it('a') { }; it('b') { expect(1).to eq 2 } }\n"
CMAKE = (
    "cmake_minimum_required(VERSION 3.20)\nproject(x NONE)\nenable_testing()\n"
    "add_test(NAME a COMMAND true)\nadd_test(NAME b COMMAND false)\n"
)
TAP = 'echo 1..2; echo "ok 1 - a"; echo "not ok 2 - b"; exit 1\n'
CARGO = '[package]\nname = "x"\nversion = "0.1.0"\nedition = "2021"\n'
PACKAGE = '{"scripts": {"test": "node --test"}}'
LIB = {"Cargo.toml": CARGO, "src/lib.rs": RUST}
GO_FILES = {"go.mod": "module x\n\ngo 1.18\n", "x_test.go": GO}
# rustup keeps its toolchains in the home folder, and tests have another one.
CARGO_TEST = "export HOME=$(getent passwd $(id -u) | cut -d: -f6); cargo test --lib"
GO_MAKE = "test:\n\tgo test ./...\n"
SLOW = pytest.mark.full
"""More than five seconds where nothing is compiled yet."""


def run(root: Path, command: str) -> TestReport:
    running = run_tests(HostSandbox(root, limits=Limits(), scan=lambda: Snapshot({})), command, Control())
    try:
        while True:
            next(running)
    except StopIteration as stop:
        report: TestReport = stop.value
        return report


@pytest.mark.parametrize(
    ("tool", "files", "command", "passed", "failed"),
    [
        ("python3", {"test_a.py": UNITTEST}, "python3 -m unittest", "test_a::T::test_a", "test_a::T::test_b"),
        ("make", {"a.t": TAP, "Makefile": "test:\n\tsh a.t\n"}, "make test", "a", "b"),
        ("node", {"a.test.js": NODE}, "node --test", "a.test.js::a", "a.test.js::g::b"),
        ("npm", {"a.test.js": NODE, "package.json": PACKAGE}, "npm test", "a.test.js::a", "a.test.js::g::b"),
        ("ctest", {"CMakeLists.txt": CMAKE}, "cmake -B b . >/dev/null && ctest --test-dir b", "a", "b"),
        ("rspec", {"spec/a_spec.rb": RSPEC}, "rspec", "spec/a_spec.rb::g a", "spec/a_spec.rb::g b"),
        pytest.param("cargo", LIB, CARGO_TEST, "x:src/lib.rs::a", "x:src/lib.rs::b", marks=SLOW),
        pytest.param("go", GO_FILES, "go test ./...", "x::TestA", "x::TestB", marks=SLOW),
        pytest.param(
            "go",
            GO_FILES | {"Makefile": "test:\n\tgo test ./...\n"},
            "make test",
            "x::TestA",
            "x::TestB",
            marks=SLOW,
        ),
    ],
)
def test_an_installed_runner_is_read_test_by_test(  # noqa: PLR0917 - a row of the table
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tool: str,
    files: dict[str, str],
    command: str,
    passed: str,
    failed: str,
) -> None:
    monkeypatch.setenv("PATH", with_node(tmp_path.with_name(f"{tmp_path.name}-node")))
    installed(tool, also_in_ci=tool != "rspec")
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    report = run(tmp_path, command)
    assert (report.passed, report.failed, report.exit_code != 0) == ((passed,), (failed,), True)


def test_a_report_that_is_too_large_is_none_and_the_exit_code_decides(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "def pytest_unconfigure(config):\n    path = config.option.xmlpath\n"
        "    with open(path, 'wb') as file:\n        file.truncate(60_000_000)\n"
    )
    (tmp_path / "test_a.py").write_text("def test_a(): pass\n")
    report = run(tmp_path, "python3 -m pytest -q")
    assert (report.structured, report.exit_code, report.passed) == (False, 0, ("python3 -m pytest -q",))


def test_reports_of_an_earlier_run_do_not_count(tmp_path: Path) -> None:
    folder = tmp_path / "target/surefire-reports"
    folder.mkdir(parents=True)
    xml = '<testsuite><testcase classname="c" name="{}"/></testsuite>'
    (folder / "TEST-old.xml").write_text(xml.format("old"))
    report = run(tmp_path, f"sleep 0.05; echo '{xml.format('new')}' > target/surefire-reports/TEST-new.xml; true")
    assert report.passed == ("c::new",)
    assert run(tmp_path, "true").structured is False
