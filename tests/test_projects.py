from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import Struct

TESTS = Path(__file__).parent


class Bug(Struct, frozen=True, kw_only=True):
    tests: tuple[str, ...]
    """The tests that fail because of it, and of nothing else."""
    files: tuple[str, ...]
    """The files that its fix must touch."""


class Project(Struct, frozen=True, kw_only=True):
    folder: Path
    bugs: tuple[Bug, ...]

    @property
    def fix(self) -> Path:
        return TESTS / "projects" / "fixes" / f"{self.folder.name}.patch"

    @property
    def tests(self) -> set[str]:
        return {test for bug in self.bugs for test in bug.tests}


PROJECTS = [
    Project(
        folder=TESTS.parent / "examples" / "lending",
        bugs=(
            Bug(
                tests=("tests/test_fees.py::test_only_the_days_after_the_grace_days_are_charged",),
                files=("lending/fees.py",),
            ),
            Bug(
                tests=("tests/test_journal.py::test_dates_are_written_and_read_as_year_month_day",),
                files=("lending/journal.py", "lending/restore.py"),
            ),
        ),
    ),
    Project(
        folder=TESTS / "projects" / "recipes",
        bugs=(
            Bug(
                tests=("tests/test_shopping.py::test_what_two_recipes_need_is_added_up",),
                files=("kitchen/shopping.py",),
            ),
            Bug(
                tests=("tests/test_card.py::test_a_card_shows_the_notes_of_the_recipe",),
                files=("kitchen/card.py", "kitchen/parse.py"),
            ),
        ),
    ),
    Project(
        folder=TESTS / "projects" / "buses",
        bugs=(
            Bug(
                tests=("tests/test_journey.py::test_of_two_that_arrive_together_the_shorter_journey_is_best",),
                files=("buses/journey.py",),
            ),
            Bug(
                tests=("tests/test_board.py::test_night_buses_come_after_the_last_bus_of_the_evening",),
                files=("buses/read.py", "buses/words.py"),
            ),
        ),
    ),
    Project(
        folder=TESTS / "projects" / "gauges",
        bugs=(
            Bug(
                tests=(
                    "tests/test_events.py::test_event_of_several_hours",
                    "tests/test_volume.py::test_volume_of_a_steady_day",
                    "tests/test_report.py::test_summary_of_an_evening",
                ),
                files=("gaugelog/segments.py",),
            ),
        ),
    ),
]


@pytest.fixture(params=PROJECTS, ids=lambda project: project.folder.name)
def project(request: pytest.FixtureRequest) -> Project:
    return request.param


@pytest.fixture
def copy(project: Project, tmp_path: Path) -> Path:
    ignore = shutil.ignore_patterns("__pycache__", ".*_cache")
    return Path(shutil.copytree(project.folder, tmp_path / "copy", ignore=ignore))


def failing(folder: Path) -> set[str]:
    command = [sys.executable, "-B", "-m", "pytest", "-p", "no:cacheprovider", "-q", "--tb=no", "-rfE"]
    # None of our plugins: the project must do with plain pytest.
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    names = set(re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE))
    assert done.returncode == bool(names), done.stdout
    assert " passed" in done.stdout
    return names


def apply_fix(project: Project, folder: Path, *paths: str) -> None:
    """Applies the fix, or the part of it that concerns `paths`."""
    only = [f"--include={path}" for path in paths]
    subprocess.run(["git", "apply", *only, str(project.fix)], cwd=folder, check=True)


def test_exactly_the_known_tests_fail(project: Project, copy: Path):
    assert failing(copy) == project.tests


def test_each_bug_is_fixed_on_its_own_and_only_by_all_of_its_fix(project: Project, copy: Path):
    left = project.tests
    for bug in project.bugs:
        assert failing(copy) == left
        for path in bug.files:
            # Half of a fix may break more than it mends.
            assert failing(copy) >= set(bug.tests)
            apply_fix(project, copy, path)
        left -= set(bug.tests)
    assert failing(copy) == set()


def test_the_last_part_of_a_fix_does_not_suffice(project: Project, copy: Path):
    for bug in project.bugs:
        if len(bug.files) > 1:
            apply_fix(project, copy, bug.files[-1])
            assert failing(copy) >= set(bug.tests)


def test_the_fix_touches_no_test(project: Project):
    touched = re.findall(r"^\+\+\+ b/(\S+)", project.fix.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(touched) == sorted(path for bug in project.bugs for path in bug.files)


def test_a_project_is_small_enough_for_a_small_model_and_large_enough_to_be_one(project: Project):
    sources = [path for path in project.folder.rglob("*.py") if "__pycache__" not in path.parts]
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources}
    code = {path: size for path, size in sizes.items() if path.parent.name != "tests"}
    assert max(sizes.values()) < 120
    assert len([path for path in code if path.name != "__init__.py"]) >= 4
    assert sum(code.values()) >= 130
