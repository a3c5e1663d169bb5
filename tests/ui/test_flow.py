from __future__ import annotations

import time
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from r1code.ui.flow import Excerpt, Flow, cells, clip, excerpt

TEXT = st.text(st.sampled_from("ab c\n\t中文字e\u0301-\x1b\r "), max_size=80)
CUTS = st.lists(st.integers(0, 80), max_size=12)


def pieces(text: str, cuts: list[int]) -> list[str]:
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    return [text[first:last] for first, last in pairwise(edges)]


def flowed(text: str, width: int | None, cuts: list[int]) -> str:
    flow = Flow("│ ", width)
    return "".join(flow.feed(piece) for piece in pieces(text, cuts)) + flow.end()


@given(TEXT, CUTS, st.sampled_from([None, 10, 13, 40]))
def test_pieces_do_not_matter_to_a_flow(text: str, cuts: list[int], width: int | None):
    assert flowed(text, width, cuts) == flowed(text, width, [])


@given(TEXT, st.sampled_from([10, 13, 40]))
def test_a_flow_keeps_within_its_width_and_loses_only_space(text: str, width: int):
    lines = flowed(text, width, []).split("\n")
    assert lines.pop() == ""
    assert all(line.startswith("│") and cells(line) <= width for line in lines)
    shown = "".join(line[2:] for line in lines)
    assert "".join(shown.split()) == "".join(text.replace("\x1b", "␛").replace("\r", "␍").split())


@given(TEXT, CUTS, st.integers(1, 4), st.integers(4, 20))
@example("a\r\nb", [2], 4, 20)
@example("ab中c", [1, 3], 1, 5)
def test_pieces_do_not_matter_to_an_excerpt(text: str, cuts: list[int], lines: int, width: int):
    whole, cut = Excerpt(lines, width), Excerpt(lines, width)
    assert whole.feed(text) == "".join(cut.feed(piece) for piece in pieces(text, cuts))
    assert whole.hidden == cut.hidden


@given(TEXT, st.integers(1, 4), st.integers(4, 20))
def test_an_excerpt_is_bounded_and_counts_the_rest(text: str, lines: int, width: int):
    shown, hidden = excerpt(text, lines, width)
    kept = text.rstrip("\r\n").replace("\r\n", "\n")
    assert all(cells(line) <= width for line in shown.split("\n"))
    assert len(shown.rstrip("\n").split("\n")) <= lines
    assert hidden == max(0, len(kept.split("\n")) - lines if kept else 0)


def test_words_stay_whole_and_indentation_stays():
    assert (
        flowed("def total(cart):\n    return sum(cart)\n", 24, [])
        == "│ def total(cart):\n│     return sum(cart)\n"
    )
    assert flowed("one two three four", 12, []) == "│ one two\n│ three four\n"


def test_a_word_that_fits_in_no_line_is_cut_at_the_margin():
    assert flowed("a " + "x" * 20, 12, []) == "│ a xxxxxxxx\n│ xxxxxxxxxx\n│ xx\n"


def test_chinese_breaks_anywhere_and_does_not_wait():
    flow = Flow("", 10)
    assert flow.feed("修复") == "修复"
    assert flow.feed("失败的测试") == "失败的\n测试"


def test_a_clip_fits_and_says_that_it_is_one():
    assert clip("abcdef", 4) == "abc…"
    assert clip("中文字符", 6) == "中文…"
    assert clip("abc", 3) == "abc"


def test_a_long_stream_costs_the_same_per_piece():
    def cost(count: int) -> float:
        flow, began = Flow("│ ", 80), time.process_time()
        for _ in range(count):
            flow.feed("thought中")
        return time.process_time() - began

    cost(1_000)
    assert cost(100_000) < 100 * 10 * max(cost(1_000), 0.001)


def test_one_endless_line_is_not_kept():
    shown = Excerpt(20, 80)
    text = "".join(shown.feed("x" * 100_000) for _ in range(100))
    assert text == "x" * 79 + "…"
