"""Whatever a test, a repository or a model says, a report stays what it is."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec.structs import replace

from r1code.reports.card import Card, Patch, card_of
from r1code.reports.changed import changed_in, inside
from r1code.reports.escape import command_data, command_value, inert, uri, xml, xml_line
from r1code.reports.form import FORMS
from r1code.reports.markdown import MOST_COMMENT, comment, summary
from r1code.reports.sheet import Sheet
from r1code.secrets.values import unchanged
from r1code.types import Case
from r1code.ui.safe import safe
from reports.runs import HOSTILE, HOSTILE_TEXT, RUNS, failure, hostile, report, verdict

# What has a meaning somewhere, beside any character there is.
ATTACKS = st.sampled_from(
    [
        *("\n", "\r\n", "::", "##[error]", "%0A", "```", "~~~", "<", "&", "]]>", '"', "'", "--", "@team", "#1"),
        *("](x)", "![", "</details>", "<!--", "-->", "section_start:1:x", "\x00", "\x1b[0m", "\u202e", "\ufffe"),
        *("GH-1", "http://x.y", "|", "\n# x", "\n> x", "{0}", ",file=x", "\nFrom x", "../", "/etc", "[skip ci]"),
        *("\n---\n", "\n```\n", "\n````\n<img src=x>\n"),
    ]
)
TEXTS = st.lists(ATTACKS | st.text(max_size=8), max_size=8).map("".join)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Card:
    return card_of(RUNS["not_fixed"](tmp_path_factory.mktemp("base")), unchanged)


def attacked(base: Card, text: str) -> Card:
    """A card with `text` wherever it is somebody else's."""
    name = f"t.py::{text}"
    before = report(passed=(name,), failed=(failure("x::y", text),), digest=text)
    after = report(passed=("x::y",), failed=(Case(id=name, state="failed", text=text, file=text, line=3),))
    diff = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+" + text.replace("\n", "\n+") + "\n"
    return replace(
        base,
        task=text,
        said=text,
        test_command=text,
        before=before,
        after=after,
        verdict=replace(verdict(before, after, text), why=text, sandbox=text),
        patch=Patch(diff=diff, files=changed_in(diff)),
    )


@given(TEXTS)
def test_xml_says_the_same_in_valid_characters(text: str) -> None:
    assert fromstring(f'<a b="{xml_line(text)}">{xml(text)}</a>').text in {None, *shown(text)}


def shown(text: str) -> set[str]:
    return {safe(text).replace("\r", "")}


@settings(deadline=None, max_examples=60)
@given(TEXTS)
def test_every_form_of_an_attacked_card_can_be_read_as_what_it_is(base: Card, text: str) -> None:
    card = attacked(base, text)
    sheet = Sheet(card=card)
    suites = fromstring(FORMS["junit"](sheet))
    assert {one.tag for one in suites.iter()} <= {
        "testsuites",
        "testsuite",
        "testcase",
        "failure",
        "error",
        "system-out",
    }
    assert len(suites.findall(".//testcase")) == 3
    fromstring(FORMS["junit-before"](sheet))
    json.loads(FORMS["json"](sheet))
    quality = json.loads(FORMS["codequality"](sheet))
    places = [one["location"]["path"] for one in quality]
    assert not [place for place in places if place == ".." or place.startswith(("/", "../"))]
    for result in json.loads(FORMS["sarif"](sheet))["runs"][0]["results"]:
        place = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[\w.~/%-]+", place), place
        assert not place.startswith("/")
    check_markdown(summary(card))
    check_markdown(comment(card))


@settings(deadline=None, max_examples=60)
@given(TEXTS)
def test_an_annotation_is_one_command_a_line(base: Card, text: str) -> None:
    lines = FORMS["annotations"](Sheet(card=attacked(base, text))).split("\n")
    assert lines.pop() == ""
    # The headline, the protected file, the broken test, and the one that still fails.
    assert len(lines) == 4
    for line in lines:
        match = re.fullmatch(r"::(notice|error|warning) ((?:\w+=[^,:\n\r]*,?)+)::([^\n\r]*)", line)
        assert match, line
        names = [one.partition("=")[0] for one in match[2].split(",")]
        assert set(names) <= {"title", "file", "line"}
        assert len(names) == len(set(names))
        assert "##[" not in line


def decoded(text: str) -> str:
    for code, character in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(code, character)
    return text


@given(TEXTS)
def test_a_workflow_command_says_the_same(text: str) -> None:
    plain = next(iter(shown(text))).replace("##[", "## [")
    assert decoded(command_data(text)).replace("\r", "") == plain
    assert not {"\n", "\r", ":", ","} & {*command_value(text)}


@given(TEXTS)
def test_a_commit_message_refers_to_nothing_and_commands_nobody(text: str) -> None:
    found = inert(text)
    assert "\n" not in found
    assert not re.search(r"#\d|@\w|://|GH-\d", found, re.IGNORECASE)
    assert not re.search(r"\[(skip|ci|no)[ _-]", found, re.IGNORECASE)


def check_markdown(text: str) -> None:
    """The only tags are ours, and there is no link, image, heading or mention but in code."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    for token in walked(tokens):
        assert token.type not in {"link_open", "image"}, token
        if token.type in {"html_block", "html_inline"}:
            rest = re.sub(r"<!-- r1code:report -->|</?(details|summary|sub)>", "", token.content)
            assert "<" not in rest, token.content
        elif token.type == "heading_open":
            assert token.map in ([0, 1], [1, 2])
        elif token.type == "text":
            assert not re.search(r"@\w|#\d|://|www\.", token.content), token.content


def walked(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from walked(token.children or [])


@pytest.mark.parametrize("size", [100, 70_000, 2_000_000])
def test_a_comment_and_a_summary_stay_below_what_github_takes(base: Card, size: int) -> None:
    text = (HOSTILE_TEXT * (1 + size // len(HOSTILE_TEXT)))[:size]
    names = tuple(f"tests/t.py::test[{number}{HOSTILE}]" for number in range(500))
    card = attacked(base, text)
    assert card.verdict is not None
    card = replace(card, verdict=replace(card.verdict, broken=names, why="", fixed=names, still_failing=names))
    short, long = comment(card), summary(card)
    assert len(short.encode()) <= MOST_COMMENT < 65_536
    assert len(long.encode()) <= 1_000_000
    assert short.startswith("<!-- r1code:report -->\n")
    check_markdown(short)
    check_markdown(long)
    if size > 60_000:
        assert "more lines." in short


def test_what_is_more_than_github_shows_is_counted(base: Card) -> None:
    failed = tuple(failure(f"t.py::test_{number}", "no") for number in range(25))
    card = replace(base, verdict=None, before=report(failed=failed), after=None)
    lines = FORMS["annotations"](Sheet(card=card)).splitlines()
    assert [sum(line.startswith(f"::{level}") for line in lines) for level in ("error", "notice")] == [10, 1]
    assert lines[-1] == "::error title=r1code::16 more are in the other reports"


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", ".git/config", "", "a\x00b"])
def test_a_path_that_leads_out_of_the_tree_is_none(path: str) -> None:
    assert inside(path) == ""


def test_a_uri_is_encoded_byte_by_byte() -> None:
    assert uri("a b/ü#?%:x\udce9.py") == "a%20b/%C3%BC%23%3F%25%3Ax%E9.py"


def test_fingerprints_stay_when_lines_move_and_differ_between_tests(base: Card) -> None:
    def prints(line: int) -> list[Any]:
        failed = tuple(failure(f"t.py::test_{name}", f"at {line}", line=line) for name in "ab")
        card = replace(base, verdict=None, before=report(failed=failed), after=None)
        return [one["fingerprint"] for one in json.loads(FORMS["codequality"](Sheet(card=card)))]

    assert prints(1) == prints(99)
    assert len(set(prints(1))) == 2


def test_a_hostile_session_is_told_and_nothing_of_it_is_markdown() -> None:
    with tempfile.TemporaryDirectory() as folder:
        card = card_of(hostile(Path(folder)), unchanged)
    check_markdown(summary(card))
    check_markdown(comment(card))
    assert card.test_command == HOSTILE.replace("\ud800", "")
