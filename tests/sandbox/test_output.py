from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1code.sandbox.output import SMALLEST, Keep

TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=80), max_size=40)


@given(TEXTS, st.integers(SMALLEST, 600))
def test_what_is_kept_never_exceeds_the_limit(texts: list[str], limit: int):
    keep = Keep(limit)
    for text in texts:
        keep.add(text)
    assert len(keep.text().encode()) <= limit


@given(TEXTS, st.integers(SMALLEST, 600))
def test_head_and_tail_are_whole_characters_of_the_output_and_the_rest_is_counted(texts: list[str], limit: int):
    keep = Keep(limit)
    for text in texts:
        keep.add(text)
    whole = "".join(texts)
    if not keep.truncated:
        assert keep.text() == whole
        return
    found = re.fullmatch(r"(.*)\n\[\.\.\. (\d+) bytes of output dropped \.\.\.\]\n(.*)", keep.text(), re.DOTALL)
    assert found is not None
    head, dropped, tail = found.groups()
    assert whole.startswith(head)
    assert whole.endswith(tail)
    assert len(head.encode()) + int(dropped) + len(tail.encode()) == len(whole.encode())


def test_a_long_output_keeps_about_half_of_the_limit_on_each_side():
    keep = Keep(10_000)
    for number in range(100_000):
        keep.add(f"{number:06}\n")
    text = keep.text()
    assert text.startswith("000000\n000001\n")
    assert text.endswith("099998\n099999\n")
    assert 9_900 < len(text) <= 10_000


def test_the_parts_do_not_depend_on_how_the_output_was_cut():
    whole = "äöü€𝄞" * 2_000
    results: set[str] = set()
    for size in (1, 7, 1_000, len(whole)):
        keep = Keep(1_000)
        for start in range(0, len(whole), size):
            keep.add(whole[start : start + size])
        results.add(keep.text())
    assert len(results) == 1


def test_a_limit_without_room_for_the_notice_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="below"):
        Keep(SMALLEST - 1)
