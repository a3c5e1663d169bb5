"""Tests that are made to fail do fail with right code, and pass where the code decides what is reported."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.installed import installed
from r1code.repair.counter import deceived, places, spoiled
from r1code.types import TestReport

WORD = "6b1f0c"
_RUSTUP = os.environ.get("RUSTUP_HOME", str(Path.home() / ".rustup"))
RUSTC = ["env", "RUSTUP_TOOLCHAIN=stable", f"RUSTUP_HOME={_RUSTUP}", "rustc"]
RIGHT = """
import asyncio
import unittest

import pytest


def total(prices, discount=0):
    return sum(prices) - discount


def refuse():
    raise ValueError("no")


def test_equal():
    assert total([10], discount=3) == 7


def test_equal_the_other_way_round():
    assert 7 == total([10], discount=3)


def test_after_a_message():
    assert total([1]) == 1, "the sum"


def test_near():
    assert total([0.1, 0.2]) == pytest.approx(0.3)


def test_several():
    found = total([1, 2])
    assert found
    assert found == 3
    assert found in {3, 4}


def test_in_a_loop():
    for number in range(3):
        assert total([number]) == number


def test_in_no_loop():
    for number in range(0):
        assert total([number]) == number


def test_raises():
    with pytest.raises(ValueError, match="no"):
        refuse()


def test_says_nothing():
    total([1])


def test_identical():
    assert total([]) is 0 if False else True


@pytest.mark.parametrize("number", [1, 2])
def test_with_arguments(number):
    assert total([number]) == number


def test_awaits():
    async def inner():
        assert total([1]) == 1

    asyncio.run(inner())


class TestGroup:
    def test_in_a_class(self):
        assert total([2, 2]) == 4


class Cases(unittest.TestCase):
    def test_method(self):
        self.assertEqual(total([1, 2]), 3)

    def test_expected_first(self):
        self.assertEqual(3, total([1, 2]))

    def test_true(self):
        self.assertTrue(total([1]))

    def test_false(self):
        self.assertFalse(total([]))

    def test_raises(self):
        with self.assertRaises(ValueError):
            refuse()
"""
NAMES = sorted(set(re.findall(r"def (test_\w+)", RIGHT)))


def ran(folder: Path, text: str) -> tuple[int, int]:
    """How many tests pass and fail, in a process of their own."""
    (folder / "test_it.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    said = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout
    counts = {word: int(count) for count, word in re.findall(r"(\d+) (passed|failed)", said.splitlines()[-1])}
    return counts.get("passed", 0), counts.get("failed", 0)


def test_every_test_that_passes_in_earnest_fails_when_it_is_spoiled(tmp_path: Path):
    passed, failed = ran(tmp_path, RIGHT)
    assert failed == 0
    found = spoiled("tests/test_it.py", RIGHT, NAMES, WORD)
    assert found is not None
    assert found.names == frozenset(NAMES)
    assert ran(tmp_path, found.text) == (0, passed)


def test_only_the_tests_that_are_meant_are_spoiled(tmp_path: Path):
    passed, _ = ran(tmp_path, RIGHT)
    found = spoiled("tests/test_it.py", RIGHT, ["test_near"], WORD)
    assert found is not None
    assert ran(tmp_path, found.text) == (passed - 1, 1)


def test_what_equals_anything_passes_a_test_that_cannot_pass(tmp_path: Path):
    liar = "class Liar:\n    def __eq__(self, other): return True\n\n\ndef total(prices): return Liar()\n\n\n"
    found = spoiled("test_it.py", f"{liar}def test_it():\n    assert total([1]) == 1\n", ["test_it"], WORD)
    assert found is not None
    assert ran(tmp_path, found.text) == (1, 0)


def test_a_program_of_assertions_ends_with_an_error(tmp_path: Path):
    found = spoiled("verify.py", "import math\nassert math.sqrt(4) == 2\nprint('good')\n", [], WORD)
    assert found is not None
    done = subprocess.run([sys.executable, "-c", found.text], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 1
    assert b"good" not in done.stdout


@pytest.mark.parametrize(
    ("path", "text", "names"),
    [
        ("t/cart.t", "#!/bin/sh\necho 1..1\n", []),
        ("tests/test_it.py", "def test_it(:\n", ["test_it"]),
        ("tests/test_it.py", "def test_other():\n    assert 1\n", ["test_it"]),
        # It may leave before anything is asserted.
        ("tests/test_it.py", "def test_it():\n    if 1:\n        return\n    assert 1 == 2\n", ["test_it"]),
        ("a.test.js", "test('x', () => {});\n", []),
    ],
)
def test_what_cannot_be_made_to_fail_for_certain_is_left_out(path: str, text: str, names: list[str]):
    assert spoiled(path, text, names, WORD) is None


def test_assertions_of_node_are_turned_around():
    text = "assert.strictEqual(total([1]), 1);\nassert.ok(x);\nassert(y);\nassertive(z);\n"
    found = spoiled("a.test.mjs", text, [], WORD)
    assert found is not None
    assert found.text == (
        f'assert.strictEqual("{WORD}", total([1]), 1);\nassert.ok(false, x);\nassert(false, y);\nassertive(z);\n'
    )


@pytest.mark.parametrize(
    ("more", "is_sure"),
    [
        ("", True),
        ("assert.throws(() => total(null));\n", False),
        ("expect(total([1])).toBe(1);\n", False),
        ("test('it says nothing', () => total([1]));\n", False),
    ],
)
def test_where_a_test_of_node_may_pass_in_earnest_that_is_known(more: str, is_sure: bool):
    found = spoiled("a.test.mjs", f"test('x', () => {{ assert.equal(total([1]), 1); }});\n{more}", [], WORD)
    assert found is not None
    assert found.is_sure is is_sure


def test_a_test_that_returns_early_is_left_out_and_what_it_defines_may_return():
    text = (
        "def test_a():\n    def key(x):\n        return x\n    assert key(1) == 1\n\n\n"
        "def test_b():\n    if 1:\n        return\n\n\nclass TestC:\n    def test_d(self):\n        assert 1\n"
        "class TestE:\n    def test_d(self):\n        return\n"
    )
    found = spoiled("test_it.py", text, ["test_a", "test_b", "test_d"], WORD)
    assert found is not None
    assert found.names == {"test_a"}


GO = """package shop

func TestSum(t *testing.T) {
\tcheck(t, 3)
}

func TestNone(_ *testing.T) {}

func TestTwice(tt *testing.T) { check(tt, 1) }

func helper(t *testing.T) {
}
"""
RUST = """pub fn total(prices: &[i32]) -> i32 { prices.iter().sum() }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums() { assert_eq!(total(&[1, 2]), 3); }

    #[test]
    // It says why.
    #[allow(dead_code)]
    fn tells() -> Result<(), String> {
        Ok(())
    }

    #[test]
    #[should_panic]
    fn panics() { panic!() }

    #[should_panic(expected = "x")]
    #[test]
    fn panics_too() { panic!("x") }

    fn helper() {}
}
"""


def test_tests_of_go_and_rust_end_by_failing():
    found = spoiled("shop/sum_test.go", GO, ["TestSum", "TestNone", "TestTwice", "helper", "gone"], WORD)
    assert found is not None
    assert found.names == {"TestSum", "TestTwice"}
    assert "func TestSum(t *testing.T) { defer t.Fail();\n\tcheck(t, 3)\n}" in found.text
    assert "func TestTwice(tt *testing.T) { defer tt.Fail(); check(tt, 1) }" in found.text
    found = spoiled("src/lib.rs", RUST, ["sums", "tells", "panics", "panics_too", "helper"], WORD)
    assert found is not None
    assert found.names == {"sums", "tells"}
    assert spoiled("shop/sum_test.go", GO * 2, ["TestSum"], WORD) is None
    assert spoiled("shop/sum.go", GO, ["TestSum"], WORD) is None


@pytest.mark.full
def test_spoiled_tests_of_rust_fail_in_earnest(tmp_path: Path):
    installed("rustc")
    found = spoiled("src/lib.rs", RUST, ["sums", "tells"], WORD)
    assert found is not None
    (tmp_path / "lib.rs").write_text(found.text)
    subprocess.run([*RUSTC, "--test", "lib.rs", "-o", "it"], cwd=tmp_path, check=True)
    said = subprocess.run(["./it"], cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    assert "2 passed; 2 failed" in said


@given(st.text(), st.lists(st.text(max_size=5), max_size=2))
def test_whatever_a_test_file_holds_is_no_crash(text: str, names: list[str]):
    for path in ("a.py", "a.js", "a_test.go", "a.rs", "a"):
        spoiled(path, text, names, WORD)


def test_ids_lead_to_files_and_functions():
    paths = ["tests/test_a.py", "tests/test_b.py", "c.test.js"]
    ids = [
        "tests/test_a.py::Group::test_x[1]",
        "tests/test_a.py::test_y",
        "tests.test_b::Cases::test_z",
        "gone::test",
    ]
    assert places(ids, {}, paths) == {
        "tests/test_a.py": frozenset({"test_x", "test_y"}),
        "tests/test_b.py": frozenset({"test_z"}),
    }
    # A module that could not be loaded: all of it.
    assert places(["tests/test_a.py", ids[1]], {}, paths) == {"tests/test_a.py": frozenset()}
    assert places(["discount"], {"discount": "c.test.js"}, paths) == {"c.test.js": frozenset()}


def test_who_is_deceived():
    ids = ("a::x", "a::y")
    assert deceived(TestReport(failed=ids, exit_code=1, structured=True), ids) == ()
    assert deceived(TestReport(passed=ids[:1], failed=ids[1:], exit_code=1, structured=True), ids) == ids[:1]
    assert deceived(TestReport(failed=ids, exit_code=0, structured=True), ids) == ids
    assert deceived(TestReport(exit_code=0), ids) == ids
    assert deceived(TestReport(exit_code=None, timed_out=True), ids) == ()
