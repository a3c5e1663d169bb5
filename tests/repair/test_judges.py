"""What of a patch tests may judge by is flagged, and what a repair usually changes is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.proving import CART, GOOD, Prover, checked
from r1code.repair.demands import Demands
from r1code.repair.judges import Edited, judging

TESTS = {
    "tests/test_cart.py": "PRICES = json.load(open('data/prices.json'))\nsee('READMEs.md', 'shop/cart.py')\n"
}
DOC = 'def half(n):\n    """Half of it.\n\n    >>> half(4)\n    2\n    """\n    return n\n'
MAIN = "def half(n):\n    return n\n\n\nif __name__ == '__main__':\n    assert half(4) == 2\n"
RUST = """pub fn half(n: i32) -> i32 { n }

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: char = '{';
    fn four() -> i32 { 4 }

    #[test]
    fn halves() {
        assert_eq!(half(four()), 2, "a } in a text");
    }
}
"""


def seen(path: str, before: str, after: str) -> list[str]:
    return [str(one) for one in judging([Edited(path=path, before=before, after=after)], TESTS)]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("data/prices.json", ["data/prices.json:1 is data that a test names: tests/test_cart.py"]),
        ("data/other.json", []),
        ("README.md", []),
        ("shop/cart.py", []),
        ("shop/expected_value.py", []),
        *(
            (path, [f"{path}:1 is what tests judge by, by its name"])
            for path in (
                "testing/helpers.py",
                "shop/test_utils.py",
                "pkg/testdata/in.txt",
                "fixtures/a.json",
                "src/__mocks__/db.js",
                "expected/out.txt",
            )
        ),
    ],
)
def test_helpers_and_data_of_tests_are_seen_by_their_names(path: str, said: list[str]) -> None:
    assert seen(path, "a\n", "b\n") == said


@pytest.mark.parametrize(
    ("place", "before", "old", "new"),
    [
        ("half.py:1", DOC, "    2\n", "    4\n"),
        ("half.py:1", DOC, ">>> half(4)\n    2\n", "\n"),
        ("half.py:5", MAIN, "== 2", "== 4"),
        ("src/lib.rs:12", RUST, "four()), 2", "four()), 4"),
        ("src/lib.rs:8", RUST, "{ 4 }", "{ 1 }"),
        ("src/lib.rs:10", RUST, "    #[test]\n", ""),
        ("src/lib.rs:10", RUST, "fn halves() {\n", "fn halves() {\n        return;\n"),
    ],
)
def test_tests_in_a_source_file_are_seen_to_be_changed(place: str, before: str, old: str, new: str) -> None:
    assert old in before
    (said,) = seen(place.partition(":")[0], before, before.replace(old, new))
    assert said.startswith(f"{place} changes a test that was in the source file: ")


@pytest.mark.parametrize(
    ("path", "before", "old", "new"),
    [
        ("half.py", DOC, "return n", "return n // 2"),
        ("half.py", DOC, "    2\n", "    2\n    >>> half(6)\n    3\n"),
        ("half.py", MAIN, "return n", "return n // 2"),
        ("src/lib.rs", RUST, "{ n }", "{ n / 2 }"),
        (
            "src/lib.rs",
            RUST,
            "    #[test]\n",
            "    #[test]\n    fn more() { assert_eq!(half(2), 1); }\n\n    #[test]\n",
        ),
    ],
)
def test_what_is_repaired_or_added_beside_them_is_not(path: str, before: str, old: str, new: str) -> None:
    assert old in before
    assert seen(path, before, before.replace(old, new, 1)) == []


@given(st.text(), st.text(), st.sampled_from(["a.py", "a.rs", "fixtures/a.json", "a"]))
def test_whatever_is_in_a_file_it_is_no_crash(before: str, after: str, path: str) -> None:
    seen(path, before, after)


@pytest.mark.parametrize(("strict", "outcome"), [("runner", "fixed"), ("all", "tampered")])
def test_it_is_flagged_on_the_card_and_refused_only_where_all_is(
    tmp_path: Path, strict: str, outcome: str
) -> None:
    files = {
        **CART,
        "prices.json": "[10, 3, 13]",
        "tests/test_cart.py": (
            "import json\nimport pathlib\n\nfrom shop.cart import total\n\n\ndef test_discount():\n"
            "    price, discount, expected = json.loads(pathlib.Path('prices.json').read_text())\n"
            "    assert total([price], discount=discount) == expected - 6\n"
        ),
    }
    prover = Prover(tmp_path, files, Demands(runs=1, strict=strict))
    verdict = prover.verdict({"prices.json": "[10, 3, 19]"})
    assert verdict.outcome == outcome
    assert verdict.suspicious == ("prices.json:1 is data that a test names: tests/test_cart.py",)
    assert checked(verdict, "suspicious")[0] == ("flagged" if outcome == "fixed" else "failed")
    assert prover.verdict({"shop/cart.py": GOOD}).suspicious == ()
