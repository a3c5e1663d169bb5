"""The arithmetic of times, at times that the test chooses."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.answers import DONE, KEEP_ALIVE, chunk, event, joined, say
from r1code.serving.bench.stream import Answer, Gaps

USAGE = {"prompt_tokens": 9, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4}}
STREAM = joined([KEEP_ALIVE, *say("The answer is 51.", "Seventeen times three.", usage=USAGE)])


def test_times_are_those_of_the_first_and_the_last_text() -> None:
    answer = Answer(10.0)
    # The role alone is no text; two tokens may come in a piece; usage and end come after the last text.
    for at, data in (
        (10.1, chunk({"role": "assistant", "content": ""})),
        (12.0, chunk({"reasoning": "a"})),
        (12.5, chunk({"content": "b c"})),
        (14.0, chunk({"content": "d e"}, "stop")),
        (15.0, chunk(None, usage=USAGE)),
        (15.0, DONE),
    ):
        answer.feed(data, at)
    assert (answer.ttft, answer.tpot) == (2.0, (14.0 - 12.0) / 4)
    assert (answer.pieces, answer.finish, answer.done) == (3, "stop", True)
    assert (answer.prompt, answer.cached, answer.completion) == (9, 4, 5)
    assert [answer.gaps.quantile(share) for share in (0.0, 1.0)] == pytest.approx([0.5, 1.5], rel=0.011)


@given(st.lists(st.integers(min_value=0, max_value=len(STREAM)), max_size=20))
def test_the_same_is_read_however_the_stream_was_cut(places: list[int]) -> None:
    answer = Answer(0.0)
    for start, end in pairwise(sorted({0, len(STREAM), *places})):
        answer.feed(STREAM[start:end], 1.0)
    assert (answer.pieces, answer.completion, answer.cached, answer.done) == (6, 5, 4, True)


@pytest.mark.parametrize(
    ("pieces", "completion", "tpot"), [(1, 1, None), (2, None, None), (2, 2, 1.0), (0, 7, None)]
)
def test_one_token_has_no_time_per_later_token(pieces: int, completion: int | None, tpot: float | None) -> None:
    answer = Answer(0.0)
    for at in range(pieces):
        answer.feed(chunk({"content": "a"}), float(at))
    answer.feed(chunk(None, usage={"prompt_tokens": 1, "completion_tokens": completion}), 9.0)
    assert answer.tpot == tpot


def test_what_the_server_says_in_the_stream_is_kept() -> None:
    answer = Answer(0.0)
    answer.feed(event({"error": {"message": "out of memory"}}), 1.0)
    assert answer.error == "out of memory"
    with pytest.raises(ValueError, match="malformed"):
        answer.feed(b"data: <html>\n", 2.0)


@given(st.lists(st.floats(min_value=1e-5, max_value=1e3), min_size=1, max_size=60))
def test_gaps_are_known_to_one_part_in_a_hundred(values: list[float]) -> None:
    gaps = Gaps(counts={})
    for value in values:
        gaps.add(value)
    ordered = sorted(values)
    assert gaps.count == len(values)
    assert gaps.quantile(0.0) == pytest.approx(ordered[0], rel=0.011)
    assert gaps.quantile(1.0) == pytest.approx(ordered[-1], rel=0.011)
    assert gaps.mean == pytest.approx(sum(values) / len(values), rel=0.011)
