from __future__ import annotations

import math
from collections.abc import Generator

from hypothesis import given
from hypothesis import strategies as st

from r1code.control import Control
from r1code.events import Event
from r1code.repair.bisect import Bisected, Bisection, is_bad
from r1code.repo.ancestry import Span, Step
from r1code.tree.entry import Entry
from r1code.tree.snapshot import Snapshot
from r1code.types import TestReport

TEST = "tests/test_a.py::test_x"
GOOD = TestReport(passed=(TEST, "tests/test_a.py::test_y"), structured=True, exit_code=0)
BAD = TestReport(passed=("tests/test_a.py::test_y",), failed=(TEST,), structured=True, exit_code=1)


def tree(commit: str) -> Snapshot:
    return Snapshot({"a.py": Entry(kind="file", mode=0o644, digest=commit)})


class FakeAncestry:
    def snapshot(self, commit: str) -> Snapshot:
        return tree(commit)


class FakeProof:
    """Tells what the tests of each commit say."""

    def __init__(self, reports: dict[str, TestReport]) -> None:
        self._reports = reports
        self.ran: list[str] = []

    def baseline(self, snapshot: Snapshot, command: str, control: Control) -> Generator[Event, None, TestReport]:
        commit = snapshot.entries["a.py"].digest
        self.ran.append(commit)
        yield from ()
        return self._reports[commit]


def search(reports: list[TestReport], base: str | None = None) -> tuple[Bisected, list[str]]:
    """Of commits that say these, the first of which is the good end."""
    names = [f"{number:040x}" for number in range(len(reports))]
    steps = tuple(Step(commit=name, subject=f"s{name[-2:]}", paths=("a.py",)) for name in names[1:])
    proof = FakeProof(dict(zip(names, reports, strict=True)))
    bisection = Bisection(FakeAncestry(), proof, "pytest", Control())
    running = bisection.search(Span(name="x", good=names[0], steps=steps), tree(base or "work"), BAD, [TEST])
    try:
        while True:
            next(running)
    except StopIteration as stop:
        return stop.value, proof.ran


@given(st.integers(1, 200), st.data())
def test_the_first_bad_commit_is_found_in_as_many_runs_as_a_binary_search_needs(
    count: int, data: st.DataObject
) -> None:
    first = data.draw(st.integers(1, count))
    found, ran = search([GOOD] * first + [BAD] * (count + 1 - first))
    assert [step.commit for step in found.suspects] == [f"{first:040x}"]
    assert len(ran) == len(set(ran)) == found.runs <= 2 + math.ceil(math.log2(count))


@given(st.integers(2, 40), st.data())
def test_what_cannot_be_tested_is_skipped_and_said(count: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, count))
    skips = data.draw(st.sets(st.integers(1, count - 1)))
    reports = [GOOD] * first + [BAD] * (count + 1 - first)
    for at in skips:
        reports[at] = TestReport(exit_code=125)
    found, _ = search(reports)
    suspects = [int(step.commit, 16) for step in found.suspects]
    assert first in suspects
    assert suspects == list(range(suspects[0], suspects[-1] + 1))
    # Nothing that was tested is among them, but the last one.
    assert set(suspects[:-1]) <= skips
    assert ("is one of" in found.notice.text) == (len(suspects) > 1)


def test_ends_that_are_not_what_was_said_end_it() -> None:
    found, ran = search([BAD, BAD])
    assert (found.suspects, len(ran)) == ((), 1)
    assert f"{0:010x} is not good" in found.notice.text
    found, _ = search([GOOD, GOOD])
    assert "is not bad" in found.notice.text


def test_what_says_nothing_about_the_test_is_neither_good_nor_bad() -> None:
    assert is_bad(TestReport(passed=("other::x",), structured=True, exit_code=0), BAD, [TEST]) is None
    assert is_bad(TestReport(structured=True, timed_out=True), BAD, [TEST]) is None
    flaky = TestReport(failed=(TEST,), flaky=(TEST,), structured=True, exit_code=1)
    assert is_bad(flaky, BAD, [TEST]) is None
    # A module that could not be loaded is good where its tests run.
    assert is_bad(GOOD, BAD, ["tests/test_a.py"]) is False
