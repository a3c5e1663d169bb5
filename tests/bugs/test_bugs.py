"""Small bugs: each is one, its oracle repairs it, and r1code does so with the oracle in the model's place."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree as ET

import pytest

from bugs import BUGS, Bug
from bugs.attempt import by_oracle
from bugs.bug import Kind, Which
from bugs.judge import judge
from bugs.setting import SETTINGS, Language
from fakes.installed import NODE

WHICH: tuple[Which, ...] = get_args(Which)
PLAIN = ("cart", "rotate")
"""In languages that r1code's own base image has: nothing is built for them."""


def of(language: Language) -> list[Bug]:
    return [bug for bug in BUGS if bug.language == language]


def test_there_are_enough_of_them_in_every_language_and_of_every_kind():
    assert len(BUGS) >= 44
    assert len({bug.name for bug in BUGS}) == len(BUGS)
    assert {bug.language for bug in BUGS} == set(SETTINGS) == set(get_args(Language))
    assert {bug.kind for bug in BUGS} == set(get_args(Kind))


def test_the_bug_is_in_the_sources_and_nothing_marks_it():
    for bug in BUGS:
        wrong, right, rest = bug.sources(), bug.sources("right"), bug.protected()
        assert wrong != right, bug.name
        assert not rest.keys() & wrong.keys(), bug.name
        lines = [line for text in (*wrong.values(), *right.values(), *rest.values()) for line in text.split("\n")]
        assert [line for line in lines if line != line.rstrip() or "«" in line or "»" in line] == [], bug.name


def test_the_oracle_names_each_place_exactly():
    for bug in BUGS:
        texts = bug.sources()
        for edit in bug.oracle().split("</edit>")[:-1]:
            head, _, block = edit.strip().partition(">\n")
            path = head.removeprefix('<edit path="').removesuffix('"')
            old, _, new = block.removeprefix("<<<<<<< SEARCH\n").partition("=======\n")
            assert texts[path].count(old) == 1, bug.name
            texts[path] = texts[path].replace(old, new.removesuffix(">>>>>>> REPLACE"))
        assert texts == bug.sources("right"), bug.name


@pytest.mark.parametrize("which", WHICH)
def test_bugs_in_python_fail_some_of_their_tests_until_they_are_repaired(which: Which, tmp_path: Path):
    """All in one process: no two of them share the name of a module."""
    for bug in of("python"):
        bug.write(tmp_path / bug.name, which)
        tests = tmp_path / bug.name / "tests"
        # pytest puts the folder of a test file into the path, and the project is above.
        for file in tests.glob("*.py"):
            shutil.move(file, tests.parent)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junit-xml", "report.xml", "."]
    ours = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    environ = {**ours, "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, check=False)
    cases = list(ET.parse(tmp_path / "report.xml").iter("testcase"))
    for bug in of("python"):
        own = [case for case in cases if case.get("classname", "").startswith(f"{bug.name}.")]
        failed = [case for case in own if case.find("failure") is not None or case.find("error") is not None]
        assert bool(failed) == (which == "wrong"), bug.name
        assert len(failed) < len(own), bug.name


def test_bugs_in_javascript_fail_until_they_are_repaired(tmp_path: Path):
    running = {}
    for bug in of("javascript"):
        for which in WHICH:
            root = tmp_path / bug.name / which
            bug.write(root, which)
            files = [str(root / path) for path in bug.tests]
            running[bug.name, which] = subprocess.Popen(
                # A promise that nobody settles: earlier ones ended there, this Node waits.
                [NODE, "--test", "--test-timeout=10000", *files],
                cwd=root,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
    for (name, which), process in running.items():
        said = process.communicate()[0]
        assert (process.returncode == 0) == (which == "right"), (name, said)


@pytest.mark.docker
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("bug", [bug for bug in BUGS if bug.name in PLAIN], ids=lambda bug: bug.name)
def test_the_oracle_is_believed_and_right(bug: Bug, tmp_path: Path):
    repaired(bug, tmp_path)


@pytest.mark.full
@pytest.mark.docker
@pytest.mark.timeout(1500)
@pytest.mark.usefixtures("engine", "online")
@pytest.mark.parametrize("bug", [bug for bug in BUGS if bug.name not in PLAIN], ids=lambda bug: bug.name)
def test_the_oracle_is_believed_and_right_in_every_language(bug: Bug, tmp_path: Path):
    repaired(bug, tmp_path)


def repaired(bug: Bug, folder: Path) -> None:
    root = folder / "repository"
    root.mkdir()
    bug.commit(root)
    tried = by_oracle(bug, root, folder / "state")
    judged = judge(bug, root)
    assert (tried.exit_code, judged.solved, judged.touched) == (0, True, []), (tried, judged)
    assert {path: (root / path).read_text() for path in bug.sources()} == bug.sources("right")


@pytest.mark.docker
@pytest.mark.timeout(120)
@pytest.mark.usefixtures("engine")
def test_the_judge_is_not_deceived(tmp_path: Path):
    bug = next(bug for bug in BUGS if bug.name == "cart")
    bug.write(tmp_path)
    assert not judge(bug, tmp_path).solved
    test = next(iter(bug.tests))
    (tmp_path / test).write_text("def test_1():\n    pass\n")
    (tmp_path / "conftest.py").write_text("def pytest_collection_modifyitems(items):\n    items.clear()\n")
    judged = judge(bug, tmp_path)
    assert (judged.solved, judged.touched) == (False, [test])
