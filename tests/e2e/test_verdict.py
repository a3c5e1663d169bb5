from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from e2e.conftest import FIX, Repo, commit, passes, write

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300), pytest.mark.usefixtures("engine")]
TEST = ["--test", "python3 -m pytest -q"]
DONE = "<done>It is done.</done>"


def _checks(events: list[dict[str, object]]) -> dict[str, str]:
    verdict = msgspec.convert(
        next(event["verdict"] for event in events if event["event"] == "VerdictReached"), dict[str, object]
    )
    checks = msgspec.convert(verdict["checks"], list[dict[str, str]])
    return {one["name"]: one["state"] for one in checks}


def test_tests_that_contradict_each_other_are_said_to_with_both_lines(repo: Repo) -> None:
    text = (repo.root / "tests/test_cart.py").read_text()
    write(
        repo.root,
        {"tests/test_cart.py": f"{text}\n\ndef test_other():\n    assert total([10], discount=3) == 8\n"},
    )
    commit(repo.root)
    before = repo.files()
    ran = repo.run("fix", *TEST, "--json", *repo.replies(f"{FIX}\n{DONE}"))
    assert ran.code == 11, ran.out + ran.err
    assert (ran.events[-1]["outcome"], ran.events[-1]["exit_code"]) == ("not_solvable", 11)
    known = "\n".join(msgspec.convert(ran.events[-1]["known"], list[str]))
    assert "test_discount: total([10], discount=3) is to be 7" in known
    assert "test_other: total([10], discount=3) is to be 8" in known
    assert repo.files() == before


def test_a_flaky_test_has_its_own_end_and_costs_no_model(repo: Repo) -> None:
    # Fails where it is the first of a container that other tests follow in, and not after that.
    count = repo.root / "count"
    test = (
        "import pathlib\n\n\ndef test_at_times():\n"
        f"    seen = pathlib.Path({str(count)!r})\n    n = len(seen.read_text()) if seen.exists() else 0\n"
        "    seen.write_text('x' * (n + 1))\n    assert n\n"
    )
    write(repo.root, {"tests/test_cart.py": test})
    ran = repo.run("fix", *TEST, "--sandbox=none", "--allow-host-exec", "--json", *repo.replies())
    assert ran.code == 10, ran.out + ran.err
    assert ran.events[-1]["known"] == ["1 flaky: failed in 1 of 3 runs on the tree as it is"]


def test_a_fix_may_bring_a_test_and_may_not_bring_a_conftest(repo: Repo) -> None:
    added = (
        '<write path="tests/test_more.py">\nfrom shop.cart import total\n\n\n'
        "def test_all():\n    assert total([5], discount=5) == 0\n</write>"
    )
    conftest = '<write path="tests/conftest.py">\nimport shop\n</write>'
    ran = repo.run("fix", *TEST, "--json", *repo.replies(conftest, f"{FIX}\n{added}", DONE))
    assert ran.code == 0, ran.out + ran.err
    checks = _checks(ran.events)
    assert (checks["added_tests"], checks["repeats"], checks["suspicious"]) == ("ok", "ok", "ok")
    assert (repo.root / "tests/test_more.py").exists()
    assert not (repo.root / "tests/conftest.py").exists()
    assert passes(repo.root)


@pytest.mark.parametrize(("strict", "code"), [("off", 0), ("runner", 8)])
def test_code_that_looks_for_the_tests_is_flagged_or_refused(repo: Repo, strict: str, code: int) -> None:
    before = repo.files()
    cheat = FIX.replace(
        "    return sum(prices) - discount\n>>>",
        "    import sys\n    if 'pytest' in sys.modules:\n        discount = -discount\n"
        "    return sum(prices) + discount\n>>>",
    )
    ran = repo.run("fix", *TEST, "--strict", strict, *repo.replies(f"{cheat}\n{DONE}"))
    assert ran.code == code, ran.out + ran.err
    assert "shop/cart.py:3 asks whether tests are running" in ran.out
    assert (repo.files() == before) is (code != 0)


def test_a_gate_that_a_fix_breaks_keeps_it_out(repo: Repo) -> None:
    before = repo.files()
    bad = FIX.replace("- discount\n>>>", "- discount  # TODO\n>>>")
    gate = ["--lint-gate", "! grep -rn TODO shop", "--build", "python3 -m compileall -q shop"]
    ran = repo.run("fix", *TEST, *gate, *repo.replies(f"{bad}\n{DONE}"))
    assert ran.code == 1, ran.out + ran.err
    assert "lint passed before, and ended with 1 with the patch" in ran.out
    assert "the model says, and nothing proves it: It is done." in ran.out
    assert repo.files() == before
    assert Path(next((repo.state / "sessions").glob("*/patch.diff"))).exists()
