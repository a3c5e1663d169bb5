from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1code.tools.truncation import clip


@given(text=st.text(st.sampled_from("ab\n好🙂\r"), max_size=400), limit=st.integers(80, 300))
def test_a_clipped_text_keeps_its_limit_and_says_exactly_what_is_missing(text: str, limit: int) -> None:
    clipped = clip(text, limit)
    assert len(clipped.text) <= limit
    if clipped.cut_chars == 0:
        assert clipped.text == text
        return
    note = f"[... {clipped.cut_lines} lines, {clipped.cut_chars} characters left out ...]\n"
    head, _, tail = clipped.text.partition(note)
    assert text.startswith(head.removesuffix("\n"))
    assert text.endswith(tail)
    whole_head = head if text.startswith(head) else head.removesuffix("\n")
    assert len(whole_head) + clipped.cut_chars + len(tail) == len(text)


def test_a_limit_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="below 80"):
        clip("x" * 100, 79)
