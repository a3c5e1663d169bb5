from __future__ import annotations

import gzip
import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1code.batch.heard import Heard
from r1code.batch.result import is_solved
from r1code.batch.task import BatchTask
from r1code.types import Verdict


def line(**event: object) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode() + b"\n"


def verdict(outcome: str, **more: object) -> dict[str, object]:
    return {"outcome": outcome, "why": "", "sandbox": "fake", **more}


def candidate(number: int, **event: object) -> bytes:
    return line(event="CandidateEvent", candidate=number, inner=event)


END = line(event="Finished", outcome="not_fixed", patch_file="/x/patch.diff", spent={"requests": 3})
TWO = b"".join(
    [
        line(event="ReasoningDelta", text="é \u202e"),
        candidate(1, event="PatchReady", diff="one", files=1),
        candidate(2, event="PatchReady", diff="two", files=1),
        candidate(2, event="VerdictReached", verdict=verdict("fixed")),
        candidate(1, event="VerdictReached", verdict=verdict("not_fixed")),
        END,
    ]
)


def test_each_verdict_is_on_the_patch_of_its_candidate() -> None:
    heard = Heard()
    heard.take(TWO)
    one, two, other = (heard.verdict_on(patch) for patch in ("one", "two", "neither"))
    assert one is not None
    assert two is not None
    assert (one.outcome, two.outcome) == ("not_fixed", "fixed")
    assert other == one
    assert (heard.outcome, heard.patch_file, heard.spent.requests) == ("not_fixed", "/x/patch.diff", 3)


@given(st.lists(st.integers(0, len(TWO)), max_size=12))
def test_it_does_not_matter_how_the_lines_come(cuts: list[int]) -> None:
    heard, places = Heard(), [0, *sorted(cuts), len(TWO)]
    for begin, end in pairwise(places):
        heard.take(TWO[begin:end])
    assert heard.outcome == "not_fixed"
    assert [heard.verdict_on(patch) is not None for patch in ("one", "two")] == [True, True]
    packed = heard.packed()
    assert gzip.decompress(packed) == TWO
    whole = Heard()
    whole.take(TWO)
    # The same events are the same bytes.
    assert whole.packed() == packed


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_nothing_that_is_said_is_trusted(pieces: list[bytes]) -> None:
    heard = Heard()
    for piece in [*pieces, b'\n{"event":"Finished",\n', b'{"event":"VerdictReached","verdict":7}\n']:
        heard.take(piece)
    assert heard.outcome is None
    assert heard.verdict_on("x") is None


@pytest.mark.parametrize(
    ("targets", "found", "solved"),
    [
        ({}, {"outcome": "fixed", "fixed": ("a",)}, True),
        ({}, {"outcome": "unbroken"}, False),
        ({"fail_to_pass": ("a",)}, {"outcome": "fixed", "fixed": ("a", "b")}, True),
        ({"fail_to_pass": ("a",)}, {"outcome": "not_fixed", "fixed": ("a",), "still_failing": ("b",)}, True),
        ({"fail_to_pass": ("a",)}, {"outcome": "not_fixed", "fixed": ("b",), "still_failing": ("a",)}, False),
        ({"fail_to_pass": ("unknown",)}, {"outcome": "fixed", "fixed": ("a",)}, False),
        ({"fail_to_pass": ("a",)}, {"outcome": "not_fixed", "fixed": ("a",), "broken": ("c",)}, False),
        (
            {"fail_to_pass": ("a",), "pass_to_pass": ("d",)},
            {"outcome": "not_fixed", "fixed": ("a",), "broken": ("c",)},
            True,
        ),
        (
            {"fail_to_pass": ("a",), "pass_to_pass": ("c",)},
            {"outcome": "not_fixed", "fixed": ("a",), "broken": ("c",)},
            False,
        ),
        # All targets pass, and the command failed all the same.
        ({"fail_to_pass": ("a",)}, {"outcome": "not_fixed", "fixed": ("a",)}, False),
        ({"fail_to_pass": ("a",)}, {"outcome": "tampered", "fixed": ("a",), "tampered": ("t.py",)}, False),
    ],
)
def test_targets_decide_where_there_are_some(
    targets: dict[str, tuple[str, ...]], found: dict[str, object], solved: bool
) -> None:
    task = BatchTask(id="x", repo=".", test="t", **targets)
    told = Verdict(why="", sandbox="fake", **found)
    assert is_solved(task, str(found["outcome"]), told) is solved
    assert not is_solved(task, "fixed", None)
