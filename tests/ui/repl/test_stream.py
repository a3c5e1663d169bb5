"""An answer as it streams: what is folded, where blocks end, and that nothing depends on how it was cut."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1code.tools.names import ORDER
from r1code.ui.repl.folding import Action, Folder, Prose
from r1code.ui.repl.paragraphs import Paragraphs

EDIT = '<edit path="a.py">\n<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE\n</edit>'
ANSWERS = {
    f"First.\n\n{EDIT}\n\nLast.\n": ("First.\n\n\nLast.\n", ["edit a.py"]),
    '<read path="b.py" lines="1-3"/>\nSo.\n': ("So.\n", ["read b.py"]),
    "<run>ls -la</run>\nDone.": ("Done.\n", ["run "]),
    '<write path="x" end="STOP">\n</write>\n</write STOP>\nafter\n': ("after\n", ["write x"]),
    "```python\n<run>quoted</run>\n```\n": ("```python\n<run>quoted</run>\n```\n", []),
    "<done>All is **well**.</done>\n": ("All is **well**.\n", []),
    "<done>\nA list:\n- one\n</done>\n": ("\nA list:\n- one\n\n", []),
    "a < b and <b>bold</b>\n": ("a < b and <b>bold</b>\n", []),
    '<edit path="never closed">\nlines\nlines': ("", ["edit never closed"]),
}


def folded(pieces: Iterable[str]) -> tuple[str, list[str]]:
    folder = Folder()
    parts = [part for piece in pieces for part in folder.feed(piece)]
    parts += folder.end()
    prose = "".join(part.text for part in parts if isinstance(part, Prose))
    actions = [f"{part.name} {part.path}" for part in parts if isinstance(part, Action) and part.lines == 1]
    return prose, actions


@pytest.mark.parametrize(("answer", "expected"), ANSWERS.items())
def test_actions_are_folded_and_prose_is_shown_at_every_split(answer: str, expected: tuple[str, list[str]]):
    assert folded([answer]) == expected
    assert folded(answer) == expected
    for at in range(len(answer)):
        assert folded([answer[:at], answer[at:]]) == expected


@pytest.mark.parametrize("name", ORDER)
def test_every_tool_is_folded(name: str):
    assert folded([f'before\n<{name} path="p">\nbody\n</{name}>\nafter\n']) == ("before\nafter\n", [f"{name} p"])


LINES = st.lists(
    st.sampled_from(["", "word", "- item", "```", "```python", "~~~", "    code", "# head"]), max_size=40
)


@given(LINES)
def test_blocks_hold_every_line_once_and_in_order(lines: list[str]):
    paragraphs = Paragraphs()
    blocks = [block for line in lines for block in paragraphs.feed(line)]
    blocks += paragraphs.end()
    told = [line for block in blocks for line in block.split("\n") if line.strip()]
    wanted = [line for line in lines if line.strip()]
    # A fence that was never closed is closed.
    assert told[: len(wanted)] == wanted
    assert len(told) <= len(wanted) + 1
    assert not paragraphs.open


def test_a_fence_is_one_block_with_its_empty_lines():
    paragraphs = Paragraphs()
    text = "One.\n\n```python\na = 1\n\nb = 2\n```\nTwo."
    blocks = [block for line in text.split("\n") for block in paragraphs.feed(line)]
    assert [*blocks, *paragraphs.end()] == ["One.", "```python\na = 1\n\nb = 2\n```", "Two."]


def test_a_fence_of_many_lines_is_shown_in_parts_and_never_kept_whole():
    paragraphs = Paragraphs()
    blocks = list(paragraphs.feed("```python"))
    for number in range(1_000):
        blocks += paragraphs.feed(f"x = {number}")
        assert len(paragraphs.open) <= 200
    blocks += paragraphs.end()
    assert all(block.startswith("```python") and block.endswith("```") for block in blocks)
    assert sum(block.count("x = ") for block in blocks) == 1_000
