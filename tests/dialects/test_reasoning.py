from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects.corpora import ALL
from dialects.corpus import Case
from r1code.dialects.reasoning import Piece, Split, Splitter

UGLY = st.lists(
    st.sampled_from(["<think>", "</think>", "<", "</", "think>", "thi", "\n", " ", "a", "好", "<run>ls</run>"]),
    max_size=12,
).map("".join)
STARTS = st.sampled_from(["in_prompt", "tag", "field", "none"])


def split(start: str, chunks: list[str]) -> tuple[list[Piece], Split]:
    splitter = Splitter(start)
    pieces = [piece for chunk in chunks for piece in splitter.feed("content", chunk)]
    last, whole = splitter.finish()
    return pieces + last, whole


def shown(pieces: list[Piece]) -> tuple[str, str]:
    """What a listener has on its screen at the end: reasoning, answer."""
    reasoning = answer = ""
    for piece in pieces:
        if piece.kind == "was_reasoning":
            reasoning, answer = reasoning + answer, ""
        elif piece.kind == "reasoning":
            reasoning += piece.text
        else:
            answer += piece.text
    return reasoning, answer


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_every_chunk_split_gives_the_expected_result(case: Case) -> None:
    expected = Split(reasoning=case.reasoning, answer=case.answer, closed=case.closed)
    for at in range(len(case.raw) + 1):
        pieces, whole = split(case.start, [case.raw[:at], case.raw[at:]])
        assert whole == expected
        assert shown(pieces) == (case.reasoning, case.answer)
    assert split(case.start, list(case.raw))[1] == expected


@given(start=STARTS, text=UGLY, cuts=st.lists(st.integers(0, 60), max_size=6))
def test_any_chunking_gives_what_one_chunk_gives(start: str, text: str, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    chunks = [text[a:b] for a, b in pairwise(edges)]
    pieces, whole = split(start, chunks)
    assert whole == split(start, [text])[1]
    assert shown(pieces) == (whole.reasoning, whole.answer)


@given(start=STARTS, text=UGLY)
def test_no_character_is_lost_but_the_tags_that_end_and_begin_the_reasoning(start: str, text: str) -> None:
    _, whole = split(start, [text])
    kept = whole.reasoning + whole.answer
    assert len(text) - len(kept) in {0, 7, 8, 15} or text.lstrip().startswith("<think>")


def test_a_field_of_its_own_is_reasoning_and_content_is_the_answer() -> None:
    for start in ("field", "in_prompt", "tag"):
        splitter = Splitter(start)
        splitter.feed("reasoning", "")
        splitter.feed("reasoning", "hm")
        splitter.feed("content", "<run>ls</run> </think>")
        _, whole = splitter.finish()
        assert whole == Split(reasoning="hm", answer="<run>ls</run> </think>", closed=True)
