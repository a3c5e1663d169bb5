from __future__ import annotations

import re
import sys
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1code.ui.safe import encodable, safe, safe_ci, safe_line

ANY = st.text(st.characters(codec=None) | st.sampled_from("\x1b\x9b\r\n\t\u202e\u200b\ud800:#[ase"))
FILLERS = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180f\u2065\u3164\ufe00\ufe0e\uffa0\ufff0\uffff\U000e0100"


def is_control(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_no_control_format_or_surrogate_character_of_unicode_is_left():
    hidden = [chr(code) for code in range(sys.maxunicode + 1) if is_control(chr(code))]
    assert len(hidden) > 2_000
    assert [hex(ord(c)) for c in hidden if c not in "\n\t" and c in safe(c)] == []
    assert [hex(ord(c)) for c in hidden if c in safe_line(c)] == []


def test_what_is_invisible_without_being_a_control_is_shown():
    assert [hex(ord(c)) for c in FILLERS if c in safe(c)] == []


@given(ANY)
def test_only_newline_and_tab_are_left_of_the_controls(text: str):
    assert [c for c in safe(text) if is_control(c) and c not in "\n\t"] == []
    assert [c for c in safe_line(text) if is_control(c)] == []
    safe(text).encode()


@given(ANY)
def test_making_safe_twice_changes_nothing_more(text: str):
    for make in (safe, safe_line, safe_ci):
        assert make(make(text)) == make(text)


@given(ANY, ANY)
def test_a_stream_may_be_made_safe_piece_by_piece(left: str, right: str):
    assert safe(left) + safe(right) == safe(left + right)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "␛[31m"),
        ("a\x00b\x7f", "a␀b␡"),
        ("\x9b31m", "<U+009B>31m"),
        ("\u202egnp.exe", "<U+202E>gnp.exe"),
        ("zero\u200bwidth", "zero<U+200B>width"),
        ("\ud83d", "<U+D83D>"),
        ("tag\U000e0041", "tag<U+E0041>"),
        ("a\r\nb", "a␍\nb"),
        ("👩\u200d🔬", "👩<U+200D>🔬"),
    ],
)
def test_hidden_characters_are_shown(text: str, shown: str):
    assert safe(text) == shown


@pytest.mark.parametrize(
    "text", ["修复,总价", "✅ 👩 ⚠\ufe0f", "naïve e\u0301", "한국어 العربية हिन्दी", "a\tb\n"]
)
def test_writing_of_people_is_left_alone(text: str):
    assert safe(text) == text


def test_one_line_stays_one_line():
    assert safe_line("a\nb\tc\ufe0f") == "a␊b␉c<U+FE0F>"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::set-output name=a::b", ": :set-output name=a::b"),
        ("ok\n \t::error::x", "ok\n \t: :error::x"),
        ("\u3000::error::x", "\u3000: :error::x"),
        ("see a::b", "see a::b"),
        ("x ##[group]y ##vso[task.x]", "x ## [group]y ## vso[task.x]"),
        ("### title", "### title"),
        ("section_start:1:a\r\x1b[0K", "section_start :1:a␍␛[0K"),
    ],
)
def test_commands_of_ci_services_are_broken_up(text: str, shown: str):
    assert safe_ci(text) == shown


@given(ANY)
def test_no_line_is_a_command_to_a_ci_service(text: str):
    for line in safe_ci(text).split("\n"):
        assert not line.lstrip().startswith("::")
        assert not re.search(r"##[A-Za-z]{0,20}\[", line)


@pytest.mark.parametrize("text", ["\x1b" * 10, " " * 10, "#" * 10, "\n" * 10, ":" * 10, "##" + "a" * 8])
def test_the_cost_is_linear(text: str):
    def cost(count: int) -> float:
        began = time.process_time()
        safe_ci(text * count)
        return time.process_time() - began

    cost(1_000)
    assert cost(100_000) < 1.0


@given(ANY)
def test_every_encoding_can_write_what_is_encodable(text: str):
    for encoding in ("ascii", "latin-1", "utf-8", None):
        encodable(text, encoding).encode(encoding or "utf-8")
