"""Nothing that a model writes may hang or break the reading of it: the time limit of a test is the measure."""

from __future__ import annotations

import random
from contextlib import suppress
from itertools import cycle, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects.corpora import ALL
from dialects.corpus import Case
from dialects.requests import SPECS
from dialects.strategies import CALLS
from r1code.dialects.base import Parsed
from r1code.dialects.form import FORMS
from r1code.dialects.native import NativeDialect
from r1code.dialects.reasoning import Splitter
from r1code.dialects.text import TextDialect
from r1code.dialects.writing import render_call
from r1code.errors import FormatError
from r1code.types import Finish, RawCall, Reply, ToolCall

NATIVE = NativeDialect(SPECS)
CHARACTERS = 40_000
"""What is quadratic takes minutes for so many, and what is linear a few milliseconds."""
UNITS = [
    " ",
    "\t",
    "\n",
    "\r\n",
    "<",
    ">",
    "/",
    "</",
    "=",
    "`",
    "~",
    "'",
    '"',
    "&",
    "&lt;",
    "a",
    "a ",
    "a=",
    'a="',
    "\u200b",
    "</run ",
    "</run>",
    "</run>\n",
    "<run ",
    "<run",
    "<run>",
    "<run>\n",
    "<run/>",
    "<read path=",
    '<read path="a"/>',
    "<edit path='a'>\n",
    "<<<<<<< SEARCH\n",
    "=======\n",
    ">>>>>>> REPLACE\n",
    "<think>",
    "</think>",
    "<done>",
    "<note>a\n",
    '"name": "read",',
    "<\uff5c",
    "<|im_end|>",
    "\uff1c",
    "```\n",
    "~~~\n",
    "```python\n<run>",
    "<observation",
    "<bash",
    '<write path="a" think="literal">\n</think>\n</write>\n',
    '<write path="a" end="S">\n',
    "`<run>`",
]
BEFORE = (
    "",
    "<run>",
    "<run",
    "</run",
    "~~~",
    "```",
    "<write path='a.py'>\n",
    "<edit path='a'>\n<<<<<<< SEARCH\n",
)
AFTER = ("", "x", ">", "`", "</run>", "\n</edit>")


def read(text: str, finish: Finish = "stop") -> Parsed | None:
    with suppress(FormatError):
        NATIVE.parse(Reply(text=text, finish=finish), first_call=1)
    with suppress(FormatError):
        TextDialect().parse(Reply(text="", reasoning=text, finish=finish), first_call=1)
    with suppress(FormatError):
        return TextDialect().parse(Reply(text=text, finish=finish), first_call=1)
    return None


@pytest.mark.parametrize("unit", UNITS)
def test_any_text_is_read_in_linear_time(unit: str) -> None:
    text = unit * (CHARACTERS // len(unit))
    for before, after in zip(BEFORE, cycle(AFTER), strict=False):
        read(before + text + after)


def mutated(case: Case, source: random.Random) -> str:
    """`case` with pieces of others in it, without pieces of its own, and in another order."""
    text = case.raw
    for _ in range(source.randint(1, 4)):
        a, b = sorted(source.randint(0, len(text)) for _ in range(2))
        other = source.choice(ALL).raw
        c, d = sorted(source.randint(0, len(other)) for _ in range(2))
        text = source.choice(
            (text[:a] + text[b:], text[:a] + other[c:d] + text[b:], text[:b] + text[a:], text[b:] + text[:a])
        )
    return text


@pytest.mark.parametrize("seed", range(10))
def test_mutations_of_the_corpus_are_read_or_refused(seed: int) -> None:
    source = random.Random(seed)
    for _ in range(60):
        text = mutated(source.choice(ALL), source)
        parsed = read(text)
        for call in parsed.calls if parsed is not None else ():
            form = FORMS[call.name]
            assert all(call.arguments[key] or key == "content" for key in form.required)
            # Whatever was read can be said again, and means the same.
            assert (
                TextDialect().parse(Reply(text=render_call(call)), first_call=1).calls[0].arguments
                == call.arguments
            )


@pytest.mark.parametrize("seed", range(10))
def test_the_split_of_a_mutation_is_the_same_in_any_pieces(seed: int) -> None:
    source = random.Random(seed)
    for _ in range(30):
        text = mutated(source.choice(ALL), source)
        for start in ("in_prompt", "tag", "field", "none"):
            cuts = sorted(source.randint(0, len(text)) for _ in range(source.randint(0, 9)))
            whole, pieces = Splitter(start), Splitter(start)
            whole.feed("content", text)
            for a, b in pairwise([0, *cuts, len(text)]):
                pieces.feed("content", text[a:b])
            assert pieces.finish()[1] == whole.finish()[1]


CUT = [case for case in ALL if not case.error]


@pytest.mark.parametrize("case", CUT, ids=lambda case: case.name)
def test_what_was_cut_without_a_word_is_never_done_differently(case: Case) -> None:
    """Without a reason for the end, what is read of a beginning is a beginning of what is read of all."""
    for at in range(len(case.answer)):
        done = [(call.name, call.arguments) for call in read_calls(case.answer[:at])]
        assert done == case.calls[: len(done)]


def read_calls(text: str) -> tuple[ToolCall, ...]:
    try:
        return TextDialect().parse(Reply(text=text, finish="unknown"), first_call=1).calls
    except FormatError:
        return ()


@given(call=CALLS, at=st.integers(0, 300))
def test_a_call_that_was_cut_anywhere_is_not_done(call: ToolCall, at: int) -> None:
    text = render_call(call)
    if at < len(text):
        assert read_calls(text[:at]) == ()


@given(text=st.text(max_size=200), name=st.sampled_from(["read", "edit", "done", ""]))
def test_any_reply_is_read_or_refused(text: str, name: str) -> None:
    read(text)
    with suppress(FormatError):
        NATIVE.parse(Reply(text=text, raw_calls=(RawCall(name=name, arguments=text),)), first_call=1)
