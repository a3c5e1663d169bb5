"""To write the golden words anew: python tests/dialects/words.py"""

from __future__ import annotations

import re

from dialects.words import GOLDEN, words


def test_the_model_is_told_these_words() -> None:
    assert words() == GOLDEN.read_text(encoding="utf-8")


def test_all_words_say_where_or_what_and_none_is_missing() -> None:
    told = [line.strip() for line in words().split("\n") if line.startswith("    ")]
    assert "(nothing)" not in told
    # A reply of several lines is told about by line, a call by its number; the others are about all of it.
    whole = ("The reply", "Your answer", "You called", "The server's content filter")
    named = re.compile(r"[Ll]ines? \d|Call \d|is part of your reasoning")
    assert [text for text in told if not named.search(text) and not text.startswith(whole)] == []
    assert all(len(text) < 420 and text.endswith((".", "?")) for text in told)
