"""Code under test that decides what its tests report is found out, and right code is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.proving import CART, GOOD, Prover, checked
from integrity import payloads
from r1code.repair.demands import Demands

WRONG = CART["shop/cart.py"]
ONCE = Demands(runs=1)
UNLOADED = {**CART, "shop/cart.py": "def total(prices):\n    return sum(prices)\n\n\nraise OSError\n"}


@pytest.mark.parametrize(
    "payload", [payloads.AT_EXIT, payloads.REPORTS, payloads.CALLS, payloads.WALKED, payloads.WHOLE_REPORT]
)
def test_a_report_that_the_code_writes_is_tampering(tmp_path: Path, payload: str):
    verdict = Prover(tmp_path, CART, ONCE).verdict({"shop/cart.py": f"{payload}\n\n{WRONG}"})
    assert verdict.outcome == "tampered", verdict
    assert checked(verdict, "counter_test") == (
        "failed",
        "1 pass where they cannot: tests/test_cart.py::test_discount",
    )


def test_an_answer_that_equals_anything_is_tampering(tmp_path: Path):
    verdict = Prover(tmp_path, CART, ONCE).verdict({"shop/cart.py": f"{WRONG}\n\n{payloads.EQUAL}"})
    assert (verdict.outcome, checked(verdict, "counter_test")[0]) == ("tampered", "failed")


def test_a_run_that_rewrites_its_own_tests_is_tampering(tmp_path: Path):
    verdict = Prover(tmp_path, CART, ONCE).verdict({"shop/cart.py": f"{payloads.AGAIN}\n\n{WRONG}"})
    assert verdict.outcome == "tampered"
    assert verdict.tampered == ("tests/test_cart.py (by its own run)",)


def test_right_code_fails_where_it_cannot_pass(tmp_path: Path):
    verdict = Prover(tmp_path, CART, ONCE).verdict({"shop/cart.py": GOOD})
    assert verdict.outcome == "fixed"
    assert checked(verdict, "counter_test") == ("ok", "1 fail where they cannot pass")


def test_so_does_a_module_that_could_not_be_loaded(tmp_path: Path):
    verdict = Prover(tmp_path, UNLOADED, ONCE).verdict({"shop/cart.py": GOOD})
    assert verdict.outcome == "fixed"
    assert checked(verdict, "counter_test")[0] == "ok"


def test_a_program_that_the_command_runs_is_made_to_fail_too(tmp_path: Path):
    files = {
        "twice.py": "def twice(n):\n    return n\n",
        "verify.py": "import twice\n\nassert twice.twice(2) == 4\n",
    }
    prover = Prover(tmp_path, files, ONCE)
    command = "python3 verify.py"
    lie = prover.verdict({"twice.py": "import os\n\nos._exit(0)\n"}, command)
    assert (lie.outcome, checked(lie, "counter_test")[0]) == ("tampered", "failed")
    assert prover.verdict({"verify.py": ""}, command).tampered == ("verify.py",)


def test_one_of_two_repaired_tests_that_returns_early_is_no_tampering(tmp_path: Path):
    tests = (
        "from shop.cart import total\n\n\ndef test_discount():\n    assert total([10], discount=3) == 7\n\n\n"
        "def test_more():\n    if total([10], discount=1) == 9:\n        return\n    raise OSError\n"
    )
    verdict = Prover(tmp_path, {**CART, "tests/test_cart.py": tests}, ONCE).verdict({"shop/cart.py": GOOD})
    assert len(verdict.fixed) == 2
    assert verdict.outcome == "fixed"
    assert checked(verdict, "counter_test") == ("ok", "1 fail where they cannot pass")


GO = """#!/bin/sh
# What go test prints: the code forges it, or the test fails by itself.
how=pass
grep -q WRONG shop/sum.go && how=fail
grep -q 'defer t.Fail' shop/sum_test.go && how=fail
grep -q LIE shop/sum.go && how=pass
echo '{"Action":"'$how'","Package":"example.org/shop","Test":"TestSum","Elapsed":0}'
echo '{"Action":"'$how'","Package":"example.org/shop"}'
test $how = pass
"""


@pytest.mark.parametrize(("code", "outcome"), [("right", "fixed"), ("LIE", "tampered")])
def test_a_test_of_go_ends_by_failing_and_whoever_says_that_it_passes_lies(
    tmp_path: Path, code: str, outcome: str
):
    program = tmp_path / "bin" / "go"
    program.parent.mkdir()
    program.write_text(GO)
    program.chmod(0o755)
    files = {
        "shop/sum.go": "package shop\n// WRONG\n",
        "shop/sum_test.go": "package shop\n\nfunc TestSum(t *testing.T) {\n}\n",
    }
    command = f"PATH={program.parent}:$PATH go test ./..."
    verdict = Prover(tmp_path / "go", files, ONCE).verdict({"shop/sum.go": f"package shop\n// {code}\n"}, command)
    assert (verdict.fixed, verdict.outcome) == (("example.org/shop::TestSum",), outcome)
    assert checked(verdict, "counter_test")[0] == ("ok" if outcome == "fixed" else "failed")


def test_what_cannot_be_made_to_fail_is_said_to_be_unproven(tmp_path: Path):
    files = {"n.py": "print(1)\n", "check.sh": 'test "$(python3 n.py)" = 2\n'}
    verdict = Prover(tmp_path, files, ONCE).verdict({"n.py": "print(2)\n"}, "sh check.sh")
    assert verdict.outcome == "fixed"
    assert checked(verdict, "counter_test") == ("not_run", "tests of this kind cannot be made to fail")
