from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1code.ui.words import Spans, changed, paired, words

TEXTS = st.one_of(
    st.text(st.sampled_from("ab _1+( \t\u0301\u0903总价한\U0001f600ée"), max_size=30),
    st.text(max_size=20),
)


def inner(text: str, spans: Spans) -> list[str]:
    return [text[start:end] for start, end in spans]


def outer(text: str, spans: Spans) -> str:
    at, parts = 0, []
    for start, end in spans:
        parts.append(text[at:start])
        at = end
    return "".join([*parts, text[at:]])


@pytest.mark.parametrize(
    ("old", "new", "removed", "added"),
    [
        ("return sum(prices[1:])", "return sum(prices)", ["[1:]"], []),
        ("def old_name(a, b):", "def new_name(a, b, c):", ["old_name"], ["new_name", ", c"]),
        ("the quick brown fox ran", "the slow red fox ran", ["quick brown"], ["slow red"]),
        ("a = b", "a  =  b", [" ", " "], ["  ", "  "]),
        ("总价是一百元", "总价是二百元", ["一"], ["二"]),
        ("le cafe\u0301 noir", "le cafe\u0301s noir", ["cafe\u0301"], ["cafe\u0301s"]),
        ("x = 1", "something else entirely", ["x = 1"], ["something else entirely"]),
        ("same", "same", [], []),
        ("", "new", [], ["new"]),
        ("old", "", ["old"], []),
        ("", "", [], []),
        ("    x", "  x", ["    "], ["  "]),
    ],
)
def test_the_words_that_changed(old: str, new: str, removed: list[str], added: list[str]):
    olds, news = changed(old, new)
    assert (inner(old, olds), inner(new, news)) == (removed, added)


@given(TEXTS, TEXTS)
def test_what_is_not_marked_is_the_same_in_both(old: str, new: str):
    olds, news = changed(old, new)
    assert outer(old, olds) == outer(new, news)
    for text, spans in ((old, olds), (new, news)):
        flat = [place for span in spans for place in span]
        assert flat == sorted(set(flat))
        assert all(0 <= start < end <= len(text) for start, end in spans)


@given(TEXTS, TEXTS)
def test_no_mark_is_cut_off_from_its_letter(old: str, new: str):
    for text, spans in zip((old, new), changed(old, new), strict=True):
        cuts = {place for span in spans for place in span} - {0, len(text)}
        assert not any(unicodedata.category(text[place]).startswith("M") for place in cuts)


@given(TEXTS)
def test_words_are_the_whole_text(text: str):
    assert "".join(words(text)) == text
    assert all(words(text))


def test_words_are_words():
    assert words("if x_1 == été:\n") == ["if", " ", "x_1", " ", "=", "=", " ", "été", ":", "\n"]
    assert words("e\u0301cole 总价 नमस्ते") == ["e\u0301cole", " ", "总", "价", " ", "नमस्ते"]


@given(st.lists(TEXTS, max_size=5), st.lists(TEXTS, max_size=5))
def test_every_line_is_shown_once_and_in_order(removed: list[str], added: list[str]):
    pairs = paired(removed, added)
    assert [first for first, _ in pairs if first is not None] == list(range(len(removed)))
    assert [second for _, second in pairs if second is not None] == list(range(len(added)))
    assert all(pair != (None, None) for pair in pairs)


def test_lines_that_are_alike_stand_beside_each_other():
    assert paired(["a = one", "b = two"], ["import x", "a = one + 1", "b = two"]) == [(None, 0), (0, 1), (1, 2)]
    assert paired(["only"], ["other", "lines"]) == [(0, None), (None, 0), (None, 1)]
    assert paired(["x"] * 100, ["x"] * 101)[-2:] == [(99, 99), (None, 100)]


def test_long_lines_cost_little():
    def seconds(count: int) -> float:
        old = " ".join(str(number * number % 97) for number in range(count))
        new = " ".join(str(number * number % 89) for number in range(count))
        began = time.process_time()
        changed(old, new)
        return time.process_time() - began

    assert seconds(1_000) < 0.5
    assert seconds(100_000) < 0.5
    huge = "é x " * 1_000_000
    began = time.process_time()
    assert changed(huge, huge[1:]) == (((0, len(huge)),), ((0, len(huge) - 1),))
    assert time.process_time() - began < 0.5
