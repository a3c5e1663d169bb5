from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1code.profiles.tokenizers import tokenizer_named
from r1code.tools.truncation import LEAST, Measure, clip


def together(text: str) -> int:
    """Lines are longer together than each alone."""
    return len(text) + text.count("\n") ** 2 // 4


MEASURES: list[Measure] = [len, together, tokenizer_named("deepseek-r1").count, tokenizer_named("llama-3").count]
LINES = st.lists(st.text("ab 7\t好🙂\r{", max_size=60) | st.text("x1", min_size=400, max_size=900), max_size=60)


def reading(first: int, last: int) -> str:
    return f'<read path="output:3" lines="{first}-{last}"/>'


@pytest.mark.parametrize("measure", MEASURES)
@settings(deadline=None)  # the first count loads a vocabulary
@given(lines=LINES, limit=st.integers(LEAST, 300), how=st.tuples(st.sampled_from([0.0, 0.3, 0.5]), st.booleans()))
def test_what_is_kept_fits_is_whole_lines_and_with_what_was_cut_is_all(
    measure: Measure, lines: list[str], limit: int, how: tuple[float, bool]
) -> None:
    tail, told = how
    text = "\n".join(lines)
    clipped = clip(text, limit, measure, tail=tail, more=reading if told else None)
    assert measure(clipped.text) <= limit
    whole = text.split("\n")
    assert clipped.head + clipped.cut_lines + clipped.tail == len(whole)
    if clipped.cut_lines == 0:
        assert clipped.text == text
        return
    shown = clipped.text.split("\n")
    assert shown[: clipped.head] == whole[: clipped.head]
    assert shown[len(shown) - clipped.tail :] == whole[len(whole) - clipped.tail :]
    between = shown[clipped.head : len(shown) - clipped.tail]
    missing = "\n".join(whole[clipped.head : len(whole) - clipped.tail])
    part = between[0] if len(between) == 2 else ""
    assert clipped.head == 0 or not part
    assert missing.startswith(part)
    assert clipped.cut_bytes == len(missing.encode()) - len(part.encode())
    assert between[-1].startswith(f"[... {clipped.cut_lines} lines, {clipped.cut_bytes} bytes left out")
    if told and "shows them" in between[-1]:
        assert reading(clipped.head + 1, clipped.head + clipped.cut_lines) in between[-1]


def test_a_text_without_line_ends_is_shown_in_part() -> None:
    clipped = clip("x" * 1_000_000, 200)
    assert clipped.text.startswith("x" * 100)
    assert len(clipped.text) <= 200
    assert (clipped.head, clipped.cut_lines, clipped.tail) == (0, 1, 0)


def test_a_way_to_the_rest_that_is_too_long_itself_is_not_told() -> None:
    clipped = clip("line\n" * 100, 100, more=lambda first, last: "p" * 5_000)
    assert len(clipped.text) <= 100
    assert "left out ...]" in clipped.text


def test_a_limit_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="below 80"):
        clip("x" * 100, 79)
