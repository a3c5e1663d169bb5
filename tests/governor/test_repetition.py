from __future__ import annotations

import random
from collections.abc import Callable
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governor import legit_held_out, legit_second, legit_tuned
from governor.runaway import Runaway, enumeration, near, runaways, verbatim
from r1code.governor.repetition import ANSWER, REASONING, Detector, Limits, Repetition
from r1code.profiles.tokenizers import tokenizer_named

TOKENIZER = tokenizer_named("deepseek-r1")
MOST = 1500
"""Repeated tokens, at which a runaway has to be cut."""


def found_in(text: str, limits: Limits = REASONING) -> Repetition | None:
    detector = Detector(limits)
    return detector.feed(text) or detector.finish()


def repeated(one: Runaway, found: Repetition) -> int:
    """How many tokens came after all was said once, until the cut."""
    text = one.sense + one.loop
    return TOKENIZER.count(text[len(one.sense) + one.once : found.end])


def check_runaways(kind: Callable[[random.Random], Runaway], count: int) -> list[int]:
    figures: list[int] = []
    for one in runaways(kind, count):
        found = found_in(one.sense + one.loop)
        assert found is not None, one.loop[:200]
        assert found.end > len(one.sense), "the sensible part was cut"
        figures.append(repeated(one, found))
    return sorted(figures)


@pytest.mark.parametrize("kind", [verbatim, enumeration])
def test_a_loop_is_cut_in_time(kind: Callable[[random.Random], Runaway], scale: int) -> None:
    assert check_runaways(kind, 60 * scale)[-1] <= MOST


def test_a_loop_in_nearly_the_same_words_is_cut_in_time(scale: int) -> None:
    figures = check_runaways(near, 60 * scale)
    # Where words change all the time it may take longer; then the budget ends it, if there is one.
    assert figures[int(len(figures) * 0.9)] <= MOST
    assert figures[-1] <= 2 * MOST


@pytest.mark.parametrize(
    ("module", "kind"),
    [
        pytest.param(module, kind, id=kind.__name__)
        for module in (legit_tuned, legit_second, legit_held_out)
        for kind in module.KINDS
    ],
)
def test_what_only_looks_repetitive_is_never_cut(
    module: ModuleType, kind: Callable[..., object], scale: int
) -> None:
    for seed in range(1 if scale == 1 else 12):
        text = module.text_of(kind, seed)
        assert seed or TOKENIZER.count(text) >= 8000
        for limits in (REASONING, ANSWER):
            assert found_in(text, limits) is None, seed


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), cuts=st.lists(st.integers(1, 400), min_size=1, max_size=40), data=st.data())
def test_chunks_make_no_difference(seed: int, cuts: list[int], data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from([verbatim, enumeration, near]))
    one = kind(random.Random(seed))
    text = (one.sense + one.loop)[:12_000]
    detector, at, turn = Detector(REASONING), 0, 0
    while at < len(text):
        size = cuts[turn % len(cuts)]
        detector.feed(text[at : at + size])
        at, turn = at + size, turn + 1
    assert (detector.found or detector.finish()) == found_in(text)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400), st.integers(1, 7))
def test_any_text_is_taken(text: str, size: int) -> None:
    detector = Detector(REASONING)
    for at in range(0, len(text), size):
        detector.feed(text[at : at + size])
    assert (detector.found or detector.finish()) == found_in(text)


def test_the_evidence_says_what_and_how_often() -> None:
    sense = "The list is empty, so there is nothing to do.\n"
    found = found_in(sense + "Wait, let me check that again.\n" * 400)
    assert found is not None
    assert (found.kind, found.copies > 100) == ("verbatim", True)
    assert "let me check that again" in found.excerpt
    kept = (sense + "Wait, let me check that again.\n" * 400)[: found.start]
    assert kept.startswith(sense)
    assert kept.count("let me check that again") == 1


def test_an_answer_may_write_a_long_text_twice_but_not_forever() -> None:
    rng = random.Random(7)
    text = " ".join("".join(rng.choices("abcdefghij", k=5)) for _ in range(1500)) + "\n"
    assert found_in(text * 2, ANSWER) is None
    edit = '<edit path="a.py">\n<<<<<<< SEARCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE\n</edit>\n'
    found = found_in(edit * 400, ANSWER)
    assert found is not None
    assert TOKENIZER.count((edit * 400)[: found.end]) < 3000


def test_memory_is_bounded() -> None:
    rng = random.Random(1)
    detector = Detector(REASONING)
    for _ in range(400):
        detector.feed(" ".join(str(rng.randrange(10**9)) for _ in range(200)))
    kept = (detector._ring, detector._exact, detector._shapes)
    assert all(len(one) <= 3 * 8192 for one in kept)
