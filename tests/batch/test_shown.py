from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from typing import ClassVar

import msgspec
import pytest
from msgspec.structs import replace

from batch.conftest import Place
from r1code.batch.compare import compare
from r1code.batch.pool import Threads
from r1code.batch.run import run_batch
from r1code.batch.summary import Summary, summary_of
from r1code.control import Control
from r1code.ui.batch_live import teller
from r1code.ui.batch_page import page
from r1code.ui.batch_plots import picture
from r1code.ui.batch_table import told_comparison, told_summary

EVIL = "</td><script>alert(1)</script>\x1b[2J\u202e::error::"


def summary(place: Place) -> Summary:
    place.run(
        place.plan(place.task("good"), place.task("bad", "not_fixed"), place.task("gone", "exit-7"), attempts=1)
    )
    found = summary_of(place.bundle)
    rows = tuple(replace(row, why=EVIL) for row in found.rows)
    return replace(found, rows=rows, manifest=replace(found.manifest, profile=EVIL, model=EVIL))


class Tags(HTMLParser):
    VOID: ClassVar = {"meta"}

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on") or name in {"src", "href"}]
        if tag not in self.VOID and not self.get_starttag_text().endswith("/>"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in {"rect", "path", "polyline"}:
            assert self.open.pop() == tag


def test_the_page_runs_and_loads_nothing_whatever_was_said(place: Place) -> None:
    text = page(summary(place))
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    assert "script" not in tags.seen
    assert {"svg", "polyline", "table"} <= tags.seen
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e]", text)
    assert "http" not in re.sub("http-equiv", "", text)
    assert "1 of 3 solved" in text


def test_what_is_shown_is_harmless_and_has_the_figures(place: Place) -> None:
    text = told_summary(summary(place))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "solved: 1 of 3, 33.3% (6.1% - 79.2%)" in text
    assert "of 1 nothing was found out" in text
    assert "B less A: 0.0%" in told_comparison(compare(place.bundle, place.bundle))


@pytest.mark.parametrize("json", [False, True])
def test_progress_is_told_line_by_line_to_a_pipe(place: Place, json: bool) -> None:
    stream = io.StringIO()
    plan = place.plan(place.task("a"), place.task("b", "not_fixed"))
    tell = teller(stream, json=json, color="auto")
    for event in run_batch(plan, place.bundle, Threads(1), Control()):
        tell.on(event)
    tell.close()
    lines = stream.getvalue().splitlines()
    if json:
        events = [msgspec.json.decode(line) for line in lines]
        assert [one["event"] for one in events] == [
            "BatchStarted",
            *["BatchTaskStarted", "BatchTaskEnded"] * 2,
            "BatchEnded",
        ]
        assert (events[-1]["done"], events[-1]["solved"]) == (2, 1)
    else:
        assert lines[0] == "2 tasks"
        assert re.fullmatch(r"\[1/2\] ✓ a fixed, [\d.]+ s", lines[1])
        assert re.fullmatch(r"\[2/2\] ✗ b not fixed, [\d.]+ s: 1 still failing", lines[2])


def test_a_picture_is_made_where_matplotlib_is(place: Place) -> None:
    pytest.importorskip("matplotlib", reason="MATPLOTLIB IS NOT INSTALLED: pip install '.[plots]' tests it")

    assert picture(summary(place)).startswith(b"\x89PNG")
