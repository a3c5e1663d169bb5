from __future__ import annotations

import pytest

from fakes.patches import applied, fresh_store, reviewed
from fakes.trees import Spec
from r1code.errors import UsageError
from r1code.tree.choices import Choices, Decision, everything, numbered
from r1code.tree.hunks import Review
from r1code.tree.store import Store

LONG = b"".join(b"line %d\n" % number for number in range(40))
BEFORE: Spec = {"a": ("file", 0o644, LONG), "b": ("file", 0o644, LONG)}
AFTER: Spec = {
    "a": ("file", 0o644, LONG.replace(b"line 3\n", b"A\n").replace(b"line 30\n", b"B\n")),
    "b": ("file", 0o755, LONG.replace(b"line 3\n", b"C\n").replace(b"line 5\n", b"D\n")),
}


@pytest.fixture
def store() -> Store:
    return fresh_store()


@pytest.fixture
def review(store: Store) -> Review:
    return reviewed(BEFORE, AFTER, store)


def said(review: Review, *decisions: Decision) -> Choices:
    choices = Choices(review=review)
    for decision in decisions:
        choices = choices.decided(decision)
    return choices


def numbers(choices: Choices) -> list[str]:
    return [hunk.number for hunk in choices.review.hunks if hunk.id in choices.yes]


@pytest.mark.parametrize(
    ("decisions", "chosen", "current"),
    [
        ([], [], "1"),
        (["yes", "no"], ["1"], "3"),
        (["file"], ["1", "2"], "3"),
        (["no", "file", "file"], ["2", "3", "4"], None),
        (["yes", "done"], ["1"], None),
        (["done", "yes"], [], None),
        (["split"], [], "1"),
        (["no", "no", "split"], [], "3.1"),
        (["no", "no", "split", "yes", "no", "yes"], ["3.1", "4"], None),
        (["no", "no", "split", "file"], ["3.1", "3.2", "4"], None),
    ],
)
def test_a_decision_is_about_the_first_that_is_undecided(
    review: Review, decisions: list[Decision], chosen: list[str], current: str | None
):
    choices = said(review, *decisions)
    assert numbers(choices) == chosen
    assert (choices.current.number if choices.current else None) == current


def test_what_was_chosen_is_a_patch(review: Review, store: Store):
    choices = said(review, "no", "no", "split", "no", "yes", "no")
    got = applied(BEFORE, choices.patch(store), store)
    assert got == {**BEFORE, "b": ("file", 0o644, LONG.replace(b"line 5\n", b"D\n"))}
    assert everything(review).patch(store) == review.patch


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("1", ["1"]),
        ("1,3-4", ["1", "3", "4"]),
        (" 2 - 3 , 2", ["2", "3"]),
        ("3.2", ["3.2"]),
        ("3.2, 4", ["3.2", "4"]),
        ("3.1,3", ["3.1", "3.2"]),
        ("4-2", []),
    ],
)
def test_hunks_are_named_by_their_numbers(review: Review, text: str, chosen: list[str]):
    choices = numbered(review, text)
    assert numbers(choices) == chosen
    assert choices.current is None


@pytest.mark.parametrize(
    "text", ["", "0", "5", "1,", "a", "1-", "-1", "1-9", "1.1", "3.3", "3.1.1", "3.", "9999999999-9999999999"]
)
def test_what_names_no_hunk_is_refused(review: Review, text: str):
    with pytest.raises(UsageError, match="there is no hunk"):
        numbered(review, text)
