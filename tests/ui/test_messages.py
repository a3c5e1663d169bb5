"""The messages in another language: all of them, each as it is meant, and nothing else."""

from __future__ import annotations

import re
from typing import SupportsIndex, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.templates import ROOT, templates
from r1code.errors import UsageError
from r1code.types import Language
from r1code.ui.messages import (
    ENGLISH,
    GAP,
    Catalogue,
    Template,
    catalogue_of,
    filled,
    language_of,
    localized,
    localized_error,
    speak,
)

OTHERS = [language for language in get_args(Language) if language != ENGLISH]
NUMBERED = Catalogue(
    {"{0} of {1}": "{1} 中的 {0}", "all": "全部", "{0} files": "{0} 个文件", "no {0}": "没有 {0}"}
)


def messages(language: str) -> dict[str, str]:
    return msgspec.toml.decode((ROOT / f"r1code/ui/{language}.toml").read_bytes(), type=dict[str, str])


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_has_every_message_and_no_other(language: str) -> None:
    known, said = messages(language), templates()
    lacking = {text: sorted(files) for text, files in said.items() if text not in known}
    assert not lacking, f"`python -m messages.templates {language}` in tests/ lists them"
    assert not known.keys() - said.keys()


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_is_told_as_it_is_meant_with_its_gaps_filled(language: str) -> None:
    catalogue = catalogue_of(language)
    assert catalogue is not None
    wrong = []
    for text, other in messages(language).items():
        gaps, used = GAP.findall(text), GAP.findall(other)
        assert set(used) <= set(gaps), text
        # What is left out in the other language is the ending of a plural, or a noun.
        fills = [f"⟨{gap}⟩" if gap in used else "s" for gap in gaps]
        told = catalogue.told(filled(text, fills))
        if told != filled(other, fills):
            wrong.append((text, told))
    assert not wrong


def test_gaps_are_filled_with_what_is_told_too_and_the_rest_stays() -> None:
    told = NUMBERED.told
    assert (
        told("  2 files · all of all · no map · src/all.py\n")
        == "  2 个文件 · 全部 中的 全部 · 没有 map · src/all.py\n"
    )
    assert told("all, 3 files") == "全部, 3 个文件"
    assert told("all, and more") == "all, and more"
    # What has hardly a word of its own fits words alone.
    assert told("a heap of all that there is") == "a heap of all that there is"


def test_what_is_left_out_in_another_language_is_a_word_at_most() -> None:
    told = Catalogue({"{0}, {1} session{2}": "{0}，{1} 个会话"}).told
    assert told("now, 2 sessions") == "now，2 个会话"
    assert told("now, 1 session") == "now，1 个会话"
    assert told("fix, serve, sessions, cost, why") == "fix, serve, sessions, cost, why"


class Counted(str):
    """How many characters were looked at to find something in it."""

    __slots__ = ("looked",)
    looked: int

    def rfind(self, part: str, start: SupportsIndex | None = 0, end: SupportsIndex | None = None, /) -> int:
        at = super().rfind(part, start, end)
        first = int(start or 0) if at < 0 else at
        self.looked += (len(self) if end is None else int(end)) - first
        return at


@pytest.mark.parametrize("language", OTHERS)
def test_a_line_that_was_made_up_to_be_slow_is_looked_through_once_for_each_message(language: str) -> None:
    looked = 0
    for text, other in messages(language).items():
        template = Template.of(text, other)
        parts = GAP.split(text)[::2]
        if len(parts) < 3:
            continue
        # All that it needs but its first part between gaps, as often as there is room.
        inner = "".join(parts[2:-1]) or "-"
        line = Counted(f"{parts[0]}{inner * (2_000 // len(inner))}{parts[-1]}")
        line.looked = 0
        template.gaps(line)
        assert line.looked <= len(line), text
        looked += line.looked
    assert looked > 100_000


@given(
    st.lists(st.text("ab ", max_size=2), min_size=2, max_size=5),
    st.text("ab ", max_size=12),
    st.booleans(),
)
def test_gaps_are_as_a_regular_expression_finds_them(parts: list[str], text: str, takes_words: bool) -> None:
    # Ruled by the letters of the message: these make it a sentence.
    own = "" if takes_words else "sentence"
    message = "".join(f"{part}{{{number}}}" for number, part in enumerate(parts)) + own
    takes_words = sum(map(str.isalpha, "".join(parts))) < 6 if takes_words else False
    gap = r"(\S*)" if takes_words else "(.*)"
    match = re.fullmatch("".join(f"{re.escape(part)}{gap}" for part in parts) + own, text + own)
    found = Template.of(message, message).gaps(text + own)
    assert found == (None if match is None else list(match.groups()))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60))
def test_foreign_text_in_a_gap_is_as_it_was(text: str) -> None:
    word = "".join(text.split())
    catalogue = Catalogue({"the file {0} is gone": "文件 {0} 不见了", "only": "仅"})
    for filling in (word, f"x{word}"):
        if "·" not in filling and filling not in {"only", ""}:
            assert catalogue.told(f"the file {filling} is gone") == f"文件 {filling} 不见了"
            assert catalogue.told(filling) == filling


def test_the_locale_chooses_and_english_is_what_is_left() -> None:
    assert language_of({"LANG": "zh_CN.UTF-8"}) == "zh"
    assert language_of({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}) == "en"
    assert language_of({"LANG": "de_DE.UTF-8"}) == "en"
    assert language_of({}) == "en"


def test_an_error_is_told_in_all_its_parts() -> None:
    error = UsageError(
        "there is no plan", why="none was made here", hint="/plan TASK makes one; /act FILE takes one"
    )
    english = localized_error(error)
    speak("zh")
    try:
        told = localized_error(error)
        assert localized("it is empty") != "it is empty"
    finally:
        speak("en")
    assert english == str(error)
    assert len(told.splitlines()) == 3
    assert not re.search(r"there|none|makes", told)
