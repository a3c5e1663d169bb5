"""Verdicts from real runs of pytest, each in a folder of its own on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.proving import CART, GOOD, PYTEST, Prover, checked
from r1code.repair.demands import Demands, Gate
from r1code.repair.verdict import is_flaky, told_flaky

pytestmark = pytest.mark.timeout(300)
SUM, DISCOUNT = "tests/test_cart.py::test_sum", "tests/test_cart.py::test_discount"
FAILS_ODD_TIMES = (
    "import pathlib\n\n\ndef test_at_times():\n    seen = pathlib.Path({file!r})\n"
    "    count = int(seen.read_text()) + 1 if seen.exists() else 1\n    seen.write_text(str(count))\n"
    "    assert count not in {fails}\n"
)


def test_a_good_fix_passes_every_check(tmp_path: Path) -> None:
    prover = Prover(tmp_path, CART)
    verdict = prover.verdict({"shop/cart.py": GOOD})
    assert (verdict.outcome, verdict.fixed, verdict.missing) == ("fixed", (DISCOUNT,), ())
    assert {one.name: one.state for one in verdict.checks} == {
        "targets": "ok",
        "unbroken": "ok",
        "collected": "ok",
        "skips": "ok",
        "protected": "ok",
        "report": "ok",
        "exit_code": "ok",
        "repeats": "ok",
        "control": "ok",
        "counter_test": "ok",
        "gates": "not_run",
        "added_tests": "not_run",
        "suspicious": "ok",
    }
    # The baseline, the re-run, once more what was fixed, and once with tests that cannot pass.
    assert prover.parts.started == 4


def test_only_the_targets_have_to_be_repaired(tmp_path: Path) -> None:
    files = {**CART, "tests/test_other.py": "def test_other():\n    assert False\n"}
    prover = Prover(tmp_path, files)
    verdict = prover.verdict({"shop/cart.py": GOOD}, targets=(DISCOUNT,))
    assert (verdict.outcome, verdict.others) == ("fixed", ("tests/test_other.py::test_other",))
    assert prover.verdict({"shop/cart.py": GOOD}).outcome == "not_fixed"


@pytest.mark.parametrize(
    "text",
    [
        "import unittest\nraise unittest.SkipTest('x')\n",
        "import pytest\n\n\ndef total(prices, discount=0):\n    pytest.xfail('x')\n",
        "import os\nos._exit(0)\n",
        "import os\n\n\ndef total(prices, discount=0):\n    os._exit(0)\n",
    ],
)
def test_code_under_test_that_skips_or_ends_the_tests_fixes_nothing(tmp_path: Path, text: str) -> None:
    verdict = Prover(tmp_path, CART).verdict({"shop/cart.py": text})
    assert verdict.outcome == "not_fixed"
    assert DISCOUNT in verdict.still_failing


def test_what_is_skipped_now_is_named(tmp_path: Path) -> None:
    text = "import pytest\n\n\ndef total(prices, discount=0):\n    pytest.skip('x')\n"
    verdict = Prover(tmp_path, CART).verdict({"shop/cart.py": text})
    assert set(verdict.skipped) == {SUM, DISCOUNT}
    assert checked(verdict, "skips") == ("failed", "2 skipped that ran before")


def test_a_test_that_is_no_target_may_not_be_hidden_either(tmp_path: Path) -> None:
    other = "from shop.names import name\n\n\ndef test_other():\n    assert name() == 1\n"
    files = {**CART, "shop/names.py": "def name():\n    return 2\n", "tests/test_other.py": other}
    hides = "import pytest\n\n\ndef name():\n    pytest.skip('later')\n"
    verdict = Prover(tmp_path, files).verdict({"shop/cart.py": GOOD, "shop/names.py": hides}, targets=(DISCOUNT,))
    assert verdict.outcome == "not_fixed"
    assert verdict.skipped == ("tests/test_other.py::test_other",)


def test_a_fix_that_passes_by_chance_is_none(tmp_path: Path) -> None:
    count = tmp_path / "count"
    text = (
        "import pathlib\n\n\ndef total(prices, discount=0):\n"
        f"    seen = pathlib.Path({str(count)!r})\n"
        "    seen.write_text(str(int(seen.read_text()) + 1) if seen.exists() else '1')\n"
        "    return sum(prices) - discount * (seen.read_text() in '12')\n"
    )
    verdict = Prover(tmp_path, CART).verdict({"shop/cart.py": text})
    assert (verdict.outcome, verdict.flaky) == ("not_fixed", (DISCOUNT,))
    assert checked(verdict, "repeats")[0] == "failed"
    count.unlink()
    once = Prover(tmp_path / "once", CART, Demands(runs=1)).verdict({"shop/cart.py": text})
    assert (once.outcome, checked(once, "repeats")[0]) == ("fixed", "not_run")


@pytest.mark.parametrize(
    ("passes", "outcome"),
    [
        # Of the clean re-run, two runs alone, two with the others.
        ({1, 2, 4}, "not_fixed"),
        pytest.param({1, 4}, "not_fixed", marks=pytest.mark.full),
        pytest.param({1, 2, 3}, "fixed", marks=pytest.mark.full),
        ({1, 4, 5}, "fixed"),
    ],
)
def test_chance_has_to_be_kind_more_than_once(tmp_path: Path, passes: set[int], outcome: str) -> None:
    text = (
        "import pathlib\n\n\ndef total(prices, discount=0):\n    if not discount:\n        return sum(prices)\n"
        f"    seen = pathlib.Path({str(tmp_path / 'count')!r})\n"
        "    count = int(seen.read_text()) + 1 if seen.exists() else 1\n    seen.write_text(str(count))\n"
        f"    return sum(prices) - discount * (count in {passes})\n"
    )
    verdict = Prover(tmp_path, CART).verdict({"shop/cart.py": text})
    assert verdict.outcome == outcome


def test_what_passes_only_after_other_tests_is_fixed_all_the_same(tmp_path: Path) -> None:
    files = {
        "state.py": "seen = []\n\n\ndef ready():\n    return False\n",
        "test_state.py": (
            "import state\n\n\ndef test_one():\n    state.seen.append(1)\n\n\n"
            "def test_two():\n    assert state.seen and state.ready()\n"
        ),
    }
    good = "seen = []\n\n\ndef ready():\n    return True\n"
    verdict = Prover(tmp_path, files).verdict({"state.py": good})
    assert verdict.outcome == "fixed"
    assert checked(verdict, "repeats") == ("ok", "passed in 2 of 2 clean runs, not alone but with the others")


@pytest.mark.parametrize(("fails", "flaky"), [("{1}", True), ("{1, 3}", False), ("{1, 2, 3}", False)])
def test_what_passes_alone_and_with_the_others_is_flaky(tmp_path: Path, fails: str, flaky: bool) -> None:
    text = FAILS_ODD_TIMES.format(file=str(tmp_path / "count"), fails=fails)
    before = Prover(tmp_path, {"test_chance.py": text}).before()
    assert before.failed
    assert is_flaky(before) is flaky
    if flaky:
        assert told_flaky(before) == "1 flaky: failed in 1 of 3 runs on the tree as it is"


def test_a_flaky_command_without_a_report_is_run_again_whole(tmp_path: Path) -> None:
    command = f"n=$(cat {tmp_path}/n 2>/dev/null); echo x$n > {tmp_path}/n; test \"$n\" != ''"
    before = Prover(tmp_path, CART).before(command)
    assert before.failed_of == {command: (1, 2)}
    assert is_flaky(before)
    steady = Prover(tmp_path / "steady", CART).before("false")
    assert not is_flaky(steady)


def test_a_gate_that_passed_before_has_to_pass(tmp_path: Path) -> None:
    gate = Gate(name="lint", command="! grep -rn TODO shop")
    verdict = Prover(tmp_path, CART, Demands(gates=(gate,))).verdict({"shop/cart.py": f"{GOOD}# TODO\n"})
    assert verdict.outcome == "not_fixed"
    state, text = checked(verdict, "gates")
    assert (state, text.splitlines()[0]) == ("failed", "lint passed before, and ended with 1 with the patch")
    assert "shop/cart.py:3:# TODO" in text


def test_a_gate_that_failed_before_counts_nothing(tmp_path: Path) -> None:
    gates = (Gate(name="build", command="true"), Gate(name="lint", command="false"))
    verdict = Prover(tmp_path, CART, Demands(gates=gates)).verdict({"shop/cart.py": GOOD})
    assert verdict.outcome == "fixed"
    told = ("flagged", "build passes, lint failed before, too, so it counts for nothing")
    assert checked(verdict, "gates") == told


def test_protected_files_are_tampering_and_added_tests_are_not(tmp_path: Path) -> None:
    prover = Prover(tmp_path, CART)
    before = prover.before()
    added = "from shop.cart import total\n\n\ndef test_all():\n    assert total([5], discount=5) == 0\n"
    good = prover.verdict({"shop/cart.py": GOOD, "tests/test_more.py": added}, before=before)
    assert (good.outcome, good.added) == ("fixed", ("tests/test_more.py::test_all",))
    assert checked(good, "added_tests") == ("ok", "1 added: fail before, pass after")
    for path in ("conftest.py", "tests/__init__.py", "tests/test_cart.py"):
        verdict = prover.verdict({"shop/cart.py": GOOD, path: "\n"}, before=before)
        assert (verdict.outcome, verdict.tampered) == ("tampered", (path,))


def test_an_added_test_file_cannot_make_the_failing_tests_pass(tmp_path: Path) -> None:
    cheat = "import shop.cart\n\nshop.cart.total = lambda prices, discount=0: sum(prices) - discount\n"
    added = f"{cheat}\n\ndef test_added():\n    pass\n"
    verdict = Prover(tmp_path, CART).verdict({"tests/test_added.py": added})
    assert (verdict.outcome, verdict.still_failing) == ("not_fixed", (DISCOUNT,))


def test_an_added_test_that_fails_is_no_fix_and_one_that_passed_before_shows_nothing(tmp_path: Path) -> None:
    prover = Prover(tmp_path, CART)
    before = prover.before()
    for text, outcome, state in (
        ("assert False", "not_fixed", "failed"),
        ("pass", "fixed", "flagged"),
    ):
        patch = {"shop/cart.py": GOOD, "tests/test_more.py": f"def test_more():\n    {text}\n"}
        verdict = prover.verdict(patch, before=before)
        assert (verdict.outcome, verdict.added) == (outcome, ())
        assert checked(verdict, "added_tests")[0] == state


def test_an_added_test_is_the_proof_where_nothing_failed(tmp_path: Path) -> None:
    files = {
        **CART,
        "tests/test_cart.py": "from shop.cart import total\n\n\ndef test_sum():\n    assert total([1]) == 1\n",
    }
    prover = Prover(tmp_path, files)
    before = prover.before()
    test = "from shop.cart import total\n\n\ndef test_new():\n    assert total([10], discount=3) == 7\n"
    new = "from shop.cart import half\n\n\ndef test_new():\n    assert half(4) == 2\n"
    half = f"{GOOD}\n\ndef half(number):\n    return number // 2\n"
    for changed, outcome, state in (
        ({"shop/cart.py": GOOD, "tests/test_new.py": test}, "fixed", "ok"),
        ({"shop/cart.py": half, "tests/test_new.py": new}, "fixed", "flagged"),
        ({"shop/cart.py": GOOD}, "not_fixed", "failed"),
        ({"tests/test_new.py": test}, "not_fixed", "failed"),
        ({"shop/cart.py": GOOD, "tests/test_new.py": "def test_new():\n    pass\n"}, "not_fixed", "failed"),
    ):
        verdict = prover.verdict(changed, before=before, repairs=False, reproduces=True)
        assert (verdict.outcome, checked(verdict, "added_tests")[0]) == (outcome, state), changed
        assert bool(verdict.added) is (outcome == "fixed")


@pytest.mark.parametrize(("strict", "outcome"), [("off", "fixed"), ("runner", "tampered"), ("all", "tampered")])
def test_code_that_asks_for_the_runner_is_flagged_and_refused_where_that_is_asked_for(
    tmp_path: Path, strict: str, outcome: str
) -> None:
    cheat = (
        "import sys\n\n\ndef total(prices, discount=0):\n    if 'pytest' in sys.modules:\n"
        "        return sum(prices) - discount\n    return sum(prices) + discount\n"
    )
    prover = Prover(tmp_path, CART, Demands(strict=strict))
    verdict = prover.verdict({"shop/cart.py": cheat})
    assert verdict.outcome == outcome
    assert verdict.suspicious == ("shop/cart.py:5 asks whether tests are running: if 'pytest' in sys.modules:",)
    assert checked(verdict, "suspicious")[0] == ("flagged" if strict == "off" else "failed")


FORGED = {
    "no test is run": "import _pytest.python\n\n_pytest.python.Function.runtest = lambda self: None\n",
    "each report is a success": (
        "import _pytest.reports\n\nmake = _pytest.reports.TestReport.from_item_and_call\n\n\n"
        "def forge(item, call):\n    report = make(item, call)\n    report.outcome = 'passed'\n"
        "    return report\n\n\n"
        "_pytest.reports.TestReport.from_item_and_call = forge\n"
    ),
    "the report is written anew at the end": (
        "import atexit, os, re, pathlib\n\n\ndef forge():\n"
        "    path = pathlib.Path(re.search(r'--junitxml=(\\S+)', os.environ['PYTEST_ADDOPTS'])[1])\n"
        "    path.write_text(re.sub(r'<failure.*?</failure>', '', path.read_text(), flags=re.S))\n"
        "    os._exit(0)\n\n\n"
        "atexit.register(forge)\n"
    ),
}


@pytest.mark.parametrize("attack", FORGED)
def test_a_report_that_code_under_test_forges_is_found_out(tmp_path: Path, attack: str) -> None:
    verdict = Prover(tmp_path, CART).verdict({"shop/cart.py": f"{FORGED[attack]}\n\n{CART['shop/cart.py']}"})
    assert verdict.outcome == "tampered", attack
    assert checked(verdict, "control")[0] == "failed"
    assert verdict.why == "a test that has to fail did not: the code changes what runs the tests"


def test_where_single_tests_are_filtered_the_control_says_nothing(tmp_path: Path) -> None:
    verdict = Prover(tmp_path, CART).verdict({"shop/cart.py": GOOD}, f"{PYTEST} -k 'sum or discount'")
    assert (verdict.outcome, checked(verdict, "control")[0]) == ("fixed", "not_run")


def test_a_conversation_pays_for_none_of_it(tmp_path: Path) -> None:
    prover = Prover(tmp_path, CART)
    verdict = prover.verdict(
        {"shop/cart.py": GOOD}, protect=False, repairs=False, before=prover.before(steady=False)
    )
    assert verdict.outcome == "fixed"
    assert prover.parts.started == 2


def test_the_command_that_failed_first_is_the_one_that_is_run(tmp_path: Path) -> None:
    verdict = Prover(tmp_path, CART).verdict({"shop/cart.py": GOOD}, f"{PYTEST} tests/test_cart.py")
    assert verdict.outcome == "fixed"


@pytest.mark.parametrize("says", ["Ran 0 tests in 0.000s\n\nOK\n", "1..0\n", "0 passing (1ms)\n"])
def test_a_command_that_runs_no_test_any_more_is_not_fixed(tmp_path: Path, says: str) -> None:
    prover = Prover(tmp_path, {"out": "bad\n"})
    verdict = prover.verdict({"out": says}, "cat out; ! grep -q bad out")
    assert (verdict.outcome, verdict.passing) == ("not_fixed", 0)
