"""What a repair must leave as it is, beyond names that are the same everywhere."""

from __future__ import annotations

import pytest

from r1code.repair.protected import Protection, is_protected, recipe, required, scripts
from r1code.repair.protected import test_files as files_with_tests
from r1code.types import TestReport

PATHS = (
    "check.sh",
    "verify.py",
    "app.py",
    "shop/cart.py",
    "shop/__main__.py",
    "bin/run",
    "queue/a.py",
    "checks/check_a.py",
)


@pytest.mark.parametrize(
    "path",
    [
        "helpful-1.0.dist-info/entry_points.txt",
        "src/helpful.egg-info/entry_points.txt",
        "pytest.toml",
        ".pytest.toml",
        "app/tests.py",
        "GNUmakefile",
        ".npmrc",
        "node_modules/mocha/bin/mocha",
        "vite.config.ts",
        ".cargo/config.toml",
        "shop/cart.pyc",
        "setup.py",
    ],
)
def test_what_decides_how_tests_run_is_protected_by_its_name(path: str):
    assert is_protected(path)


@pytest.mark.parametrize("path", ["shop/cart.py", "helpful.py", "index.js", "makefile.py", "contests.py"])
def test_what_only_looks_like_it_is_not(path: str):
    assert not is_protected(path)


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("sh check.sh", {"check.sh"}),
        ("sh -e ./check.sh --fast", {"check.sh"}),
        ("./bin/run && python3 -B verify.py", {"bin/run", "verify.py"}),
        ("cd shop; env A=1 ../check.sh", set()),
        ("python3 -m shop", {"shop/__main__.py"}),
        ("python3 -m pytest -q shop/cart.py", set()),
        ("gcc app.py -o shop/cart.py", set()),
        ("all: x\n\t@python3 verify.py\n", {"verify.py"}),
        ("(check.sh)", {"check.sh"}),
    ],
)
def test_programs_that_the_test_command_runs_are_protected(command: str, found: set[str]):
    assert scripts([command], PATHS) == found
    assert all(Protection(PATHS, commands=[command]).holds(path) for path in found)


def test_recipes_below_the_command_are_read():
    assert scripts([recipe("package.json", '{"main": "app.py", "scripts": {"test": "node app.py"}}')], PATHS) == {
        "app.py"
    }
    assert scripts([recipe("package.json", '{"main": "app.py"}')], PATHS) == frozenset()
    assert recipe("package.json", "{") == recipe("package.json", '{"scripts": [1]}') == ""
    assert scripts([recipe("Makefile", "check: verify.py\n\t-sh check.sh\n")], PATHS) == {"check.sh"}


def test_files_whose_tests_a_report_names_are_protected_whatever_they_are_called():
    report = TestReport(
        passed=("checks/check_a.py::test_1[x.y]", "shop/cart.py::shop.cart.total"),
        failed=("verify::Cases::test_2",),
    )
    assert files_with_tests(report, PATHS) == {"checks/check_a.py", "verify.py"}


@pytest.mark.parametrize(
    "path",
    [
        "pytest.py",
        "lib/deep/_pytest/__init__.py",
        "pluggy.py",
        "unittest/__main__.py",
        "argparse.py",
        "src/json/__init__.py",
        "leftpad3.py",
        "leftpad3/__init__.py",
    ],
)
def test_a_new_module_in_place_of_one_that_is_there_is_protected(path: str):
    protection = Protection(PATHS, needs=required("# needed\nleftpad3==3.1  # pad\nA-b>=1\n-r more.txt\n"))
    assert protection.holds(path)
    # Whoever has it already may change it.
    assert not Protection([path]).holds(path)


@pytest.mark.parametrize("path", ["shop/json.py", "new.py", "queue/b.py", "json.txt", "docs/queue.py", "a_b2.py"])
def test_other_new_modules_are_not(path: str):
    assert not Protection(PATHS, needs=required("A-b>=1\n")).holds(path)
