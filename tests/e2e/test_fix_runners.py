"""Repairs in projects that pytest does not test, from the command line to the verdict."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec
import pytest

from e2e.conftest import FIX, PROJECT, Repo, commit, write

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300), pytest.mark.usefixtures("engine")]
CART = {path: text for path, text in PROJECT.items() if path.startswith("shop/")}
UNITTEST = CART | {
    "tests/__init__.py": "",
    "tests/test_cart.py": (
        "import unittest\n\nfrom shop.cart import total\n\n\nclass Cart(unittest.TestCase):\n"
        "    def test_sum(self):\n        self.assertEqual(total([1, 2]), 3)\n\n"
        "    def test_discount(self):\n        self.assertEqual(total([10], discount=3), 7)\n"
    ),
    "setup.py": "",
}
# What speaks TAP needs no runner: a shell is enough.
TAP = CART | {
    "t/cart.t": (
        '#!/bin/sh\necho 1..2\nsay() { [ "$(python3 -c "from shop.cart import total; print(total($2))")" = "$3" ]'
        ' && echo "ok $1 - $4" || { echo "not ok $1 - $4"; bad=1; }; }\n'
        'say 1 "[1, 2]" 3 sum\nsay 2 "[10], discount=3" 7 discount\nexit ${bad:-0}\n'
    ),
}


def project(folder: Path, files: dict[str, str]) -> Repo:
    root = folder / "repo"
    write(root, files)
    commit(root)
    return Repo(root=root, state=folder / "state")


def verdict_of(repo: Repo, *arguments: str, replies: list[str]) -> tuple[int, dict[str, object]]:
    ran = repo.run("fix", *arguments, "--json", *repo.replies(*replies))
    found = [event["verdict"] for event in ran.events if event["event"] == "VerdictReached"]
    assert len(found) == 1, ran.out + ran.err
    return ran.code, msgspec.convert(found[0], dict[str, object])


def test_a_unittest_project_is_repaired_with_the_command_that_its_files_show(tmp_path: Path) -> None:
    repo = project(tmp_path, UNITTEST)
    ran = repo.run("fix", *repo.replies(f"{FIX}\n<test>failing</test>", "<done>ok</done>"))
    assert ran.code == 0, ran.out + ran.err
    assert "tests: `python3 -m unittest` (there are test files, and nothing names pytest)" in ran.out
    assert "failed  tests.test_cart::Cart::test_discount  tests/test_cart.py:11" in ran.out
    assert "python3 -m unittest tests.test_cart.Cart.test_discount" in ran.out
    assert "clean re-run in docker: 1 fixed, 1 still passes, tests untouched" in ran.out
    done = subprocess.run(["python3", "-m", "unittest", "-q"], cwd=repo.root, capture_output=True, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("files", "command", "name"),
    [
        (UNITTEST, "python3 -m unittest", "tests.test_cart::Cart::test_"),
        (TAP, "sh t/cart.t", ""),
    ],
)
def test_a_patch_that_breaks_a_test_of_any_runner_is_not_fixed(
    tmp_path: Path, files: dict[str, str], command: str, name: str
) -> None:
    repo = project(tmp_path, files)
    wrong = FIX.replace("sum(prices) - discount", "7")
    code, verdict = verdict_of(repo, "--test", command, replies=[f"{wrong}\n<done>ok</done>"])
    assert (code, verdict["outcome"]) == (1, "not_fixed")
    assert verdict["fixed"] == [f"{name}discount"]
    assert verdict["broken"] == [f"{name}sum"]
    assert "sum(prices) + discount" in (repo.root / "shop/cart.py").read_text()


def test_a_project_that_speaks_tap_is_repaired(tmp_path: Path) -> None:
    repo = project(tmp_path, TAP)
    code, verdict = verdict_of(repo, "--test", "sh t/cart.t", replies=[f"{FIX}\n<test/>", "<done>ok</done>"])
    assert (code, verdict["outcome"]) == (0, "fixed")
    assert (verdict["fixed"], verdict["passing"]) == (["discount"], 1)
    assert "sum(prices) - discount" in (repo.root / "shop/cart.py").read_text()


def test_a_test_that_passes_only_alone_is_named_and_has_to_pass(tmp_path: Path) -> None:
    flaky = UNITTEST | {
        "tests/test_luck.py": (
            "import pathlib, unittest\n\n\nclass Luck(unittest.TestCase):\n    def test_second_time(self):\n"
            "        seen = pathlib.Path('/tmp/seen')\n        known = seen.exists()\n        seen.touch()\n"
            "        self.assertTrue(known)\n"
        )
    }
    repo = project(tmp_path, flaky)
    ran = repo.run("fix", "--json", *repo.replies(f"{FIX}\n<done>ok</done>"))
    before = next(event["report"] for event in ran.events if event["event"] == "BaselineReached")
    report = msgspec.convert(before, dict[str, object])
    # It passed when it ran once more alone, and failed again with all others in a fresh sandbox.
    assert report["counts"] == {"passed": 1, "failed": 2, "skipped": 0, "uncollected": 0, "flaky": 0}
    verdict = msgspec.convert(
        next(event["verdict"] for event in ran.events if event["event"] == "VerdictReached"), dict[str, object]
    )
    # Named, and counted as what it is: a test that failed in the clean re-run.
    assert verdict["outcome"] == "not_fixed"
    assert verdict["flaky"] == verdict["still_failing"] == ["tests.test_luck::Luck::test_second_time"]
    assert "1 fail only together with other tests: tests.test_luck::Luck::test_second_time" in str(ran.events[-1])


def test_a_forged_report_in_the_output_does_not_outvote_the_exit_code(tmp_path: Path) -> None:
    repo = project(tmp_path, UNITTEST)
    cheat = FIX.replace(
        "sum(prices) - discount",
        "print('test_sum (tests.test_cart.Cart.test_sum) ... ok\\nRan 2 tests in 0.1s\\n\\nOK') or 0",
    )
    code, verdict = verdict_of(repo, replies=[f"{cheat}\n<done>ok</done>"])
    assert (code, verdict["outcome"]) == (1, "not_fixed")


def test_a_task_whose_found_tests_cannot_run_here_ends_as_one_without_tests(tmp_path: Path) -> None:
    repo = project(tmp_path, CART | {"go.mod": "module x\n", "x_test.go": "package x\n"})
    ran = repo.run("-p", "Fix it.", *repo.replies(f"{FIX}\n<done>ok</done>"))
    assert ran.code == 0, ran.out + ran.err
    assert "no verdict: the test command ended with 127: the command was not found" in ran.out


def test_a_task_is_not_about_tests_that_nobody_named_but_must_not_break_them(tmp_path: Path) -> None:
    repo = project(tmp_path, UNITTEST)
    note = '<write path="notes.txt">\nx\n</write>\n<done>ok</done>'
    ran = repo.run("-p", "Write a note.", *repo.replies(note))
    assert ran.code == 0, ran.out + ran.err
    assert "everything that passed still does; 1 failed before and after" in ran.out
    worse = FIX.replace("sum(prices) - discount", "0")
    assert repo.run("-p", "Simplify.", *repo.replies(f"{worse}\n<done>ok</done>")).code == 1


def test_tests_can_be_listed_and_turned_off(tmp_path: Path) -> None:
    repo = project(tmp_path, UNITTEST | {"Makefile": "test:\n\tpython3 -m unittest\n"})
    listed = msgspec.json.decode(repo.run("tests", "--json").out)
    assert [one["command"] for one in listed] == ["python3 -m unittest", "make test"]
    assert repo.run("fix", "--test", "off", *repo.replies()).code == 2
    empty = project(tmp_path / "empty", {"README.md": "x\n"})
    assert empty.run("tests").code == 1
    assert "nothing in the repository shows it" in empty.run("fix", *empty.replies()).err


def test_results_that_the_code_prints_in_place_of_a_report_are_not_believed(repo: Repo) -> None:
    write(repo.root, {"Makefile": "test:\n\tpython3 -m pytest -q\n"})
    commit(repo.root)
    points = "1..2\\nok 1 - tests/test_cart.py::test_sum\\nok 2 - tests/test_cart.py::test_discount"
    cheat = FIX.replace("sum(prices) - discount", f"print('{points}', flush=True) or __import__('os')._exit(0)")
    ran = repo.run("fix", "--test", "make test", *repo.replies(f"{cheat}\n<done>ok</done>"))
    assert ran.code == 1, ran.out
    assert "the re-run left no report" in ran.out
    assert repo.run("fix", "--test", "make test", *repo.replies(f"{FIX}\n<done>ok</done>")).code == 0
