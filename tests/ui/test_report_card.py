from __future__ import annotations

from collections.abc import Iterator

import pytest

from r1code.events import VerdictReached
from r1code.types import Check, Verdict
from r1code.ui.describe import describe
from r1code.ui.messages import speak
from r1code.ui.report_card import told_card, told_known


@pytest.fixture
def chinese() -> Iterator[None]:
    speak("zh")
    yield
    speak("en")


def told(verdict: Verdict) -> str:
    return "".join(piece.text for piece in told_card(verdict, None))


def verdict(*checks: Check, **more: tuple[str, ...]) -> Verdict:
    return Verdict(outcome="fixed", why="", sandbox="docker", checks=checks, **more)


def test_what_went_well_is_one_line_and_what_was_not_run_is_none() -> None:
    card = verdict(
        Check(name="targets", state="ok", text="1 of 1"),
        Check(name="repeats", state="ok", text="passed in 2 of 2 clean runs"),
        Check(name="gates", state="ok", text="build passes"),
        Check(name="added_tests", state="not_run", text="none"),
    )
    assert told(card) == "  ✓ passed in 2 of 2 clean runs · build passes\n"
    assert told(verdict()) == ""


def test_what_failed_or_is_doubtful_is_told_with_its_evidence() -> None:
    card = verdict(
        Check(name="gates", state="failed", text="lint passed before\nshop/cart.py:3: \x1b[31mE501"),
        Check(name="suspicious", state="flagged", text="2 suspicious: a.py:1 asks"),
        suspicious=("a.py:1 asks", "a.py:2 skips"),
        skipped=("t::a",),
        missing=("t::b",),
        others=("t::c",),
    )
    text = told(card)
    assert "  ✗ lint passed before\n" in text
    assert "shop/cart.py:3:" in text
    assert "\x1b" not in text
    assert "  ! 2 suspicious: a.py:1 asks\n  ! a.py:2 skips\n" in text
    for name in ("t::a", "t::b", "t::c"):
        assert name in text


def test_the_card_is_part_of_the_verdict_and_what_is_known_is_indented() -> None:
    event = VerdictReached(verdict=verdict(Check(name="repeats", state="ok", text="twice")))
    assert "✓ twice" in "".join(piece.text for piece in describe(event, 80))
    assert "".join(piece.text for piece in told_known(["a\nb", "c"], 80)).splitlines() == ["  a␊b", "  c"]


@pytest.mark.usefixtures("chinese")
def test_what_stands_behind_a_mark_is_in_the_persons_language() -> None:
    fixed = verdict(
        Check(name="repeats", state="ok", text="passed in 2 of 2 clean runs"),
        Check(name="counter_test", state="ok", text="1 fail where they cannot pass"),
    )
    chance = Check(
        name="repeats", state="failed", text="1 pass by chance: failed in 1 of 2 clean runs with the patch"
    )
    assert "clean" not in told(fixed) + told(verdict(chance))
    assert "2 次干净运行中" in told(fixed)
