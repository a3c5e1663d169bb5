from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from r1code.errors import ToolError
from r1code.tools.match_lines import Lines, key, split
from r1code.tools.matching import Block, replace_all

WORDS = ["a", "b", "x = 1", "say('hi')", "a - b", "f(x)", "..."]
SAID = [
    str,
    str,
    lambda line: f"{line} ",
    lambda line: f"    {line}",
    lambda line: line.removeprefix("    "),
    lambda line: line.replace("    ", "\t"),
    lambda line: line.replace("'", "\u2019"),
    lambda line: line.replace(" ", "\u00a0"),
    lambda line: f"{line}\r",
]
INDENTS = ["", "", "  ", "    ", "        "]


def lines_of(words: list[str], most: int) -> st.SearchStrategy[list[str]]:
    line = st.builds(str.__add__, st.sampled_from(INDENTS), st.sampled_from(words))
    return st.lists(st.one_of(line, line, line, line, st.just("")), max_size=most)


def text_of(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True)
class Asked:
    text: str
    search: str
    replacement: str

    def result(self, above: str = "", below: str = "") -> str | None:
        try:
            block = Block(self.search, self.replacement)
            return replace_all(above + self.text + below, [block], path="a").text
        except ToolError:
            return None


@st.composite
def edits(draw: st.DrawFn) -> Asked:
    # Lines of a text, as a model may say them, and perhaps others.
    lines = draw(lines_of(WORDS, 8))
    start = draw(st.integers(0, len(lines)))
    search = lines[start : start + draw(st.integers(1, 4))]
    if draw(st.integers(0, 5)) == 0:
        search.insert(draw(st.integers(0, len(search))), draw(st.sampled_from([*WORDS, "", "zzz"])))
    new = list(search)
    for line in draw(lines_of(["new", *WORDS], 3)):
        new.insert(draw(st.integers(0, len(new))), line)
    said = draw(st.sampled_from(SAID))
    return Asked(text_of(lines), text_of(list(map(said, search))), text_of(list(map(said, new))))


@given(edits())
def test_an_exact_place_wins_and_two_are_refused(asked: Asked) -> None:
    lines, wanted = split(asked.text), split(asked.search)
    places = [row for row in range(len(lines)) if wanted and lines[row : row + len(wanted)] == wanted]
    if len(places) == 1 and asked.search != asked.replacement:
        rest = "".join(lines[places[0] + len(wanted) :])
        new = asked.replacement.replace("\r", "")
        assert asked.result() == "".join(lines[: places[0]]) + new + rest
    elif places:
        assert asked.result() is None


@given(edits())
def test_whatever_is_asked_only_one_region_changes(asked: Asked) -> None:
    # And that region says what SEARCH says, by what every level compares.
    changed = asked.result()
    if changed is None or "..." in asked.search:
        return
    lines, now, names = split(asked.text), split(changed), [key(line) for line in split(asked.search)]
    size = len(names)
    rest = len(now) - len(lines) + size
    regions = [
        row
        for row in range(len(lines) - size + 1)
        if lines[:row] == now[:row] and lines[row + size :] == now[row + rest :]
    ]
    assert [row for row in regions if [key(line) for line in lines[row : row + size]] == names]


@given(edits(), lines_of(["far", "away { }", "nothing alike"], 4), lines_of(["far", "and wide"], 4))
def test_what_is_far_away_does_not_matter(asked: Asked, above: list[str], below: list[str]) -> None:
    if not all(map(str.strip, split(asked.search))):
        above, below = [line for line in above if line], [line for line in below if line]
    here, there = asked.result(), asked.result(text_of(above), text_of(below))
    assert there == (None if here is None else text_of(above) + here + text_of(below))


@given(edits(), edits())
def test_blocks_of_one_edit_are_the_same_as_one_edit_each(asked: Asked, then: Asked) -> None:
    once = asked.result()
    expected = None if once is None else Asked(once, then.search, then.replacement).result()
    blocks = [Block(asked.search, asked.replacement), Block(then.search, then.replacement)]
    try:
        assert replace_all(asked.text, blocks, path="a").text == expected
    except ToolError:
        assert expected is None


@given(
    st.lists(st.sampled_from("aab ")),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3), st.lists(st.sampled_from("abc"), max_size=4))),
    st.lists(st.sampled_from("ab"), min_size=1, max_size=3),
)
def test_the_index_of_lines_follows_every_edit(
    start: list[str], edits: list[tuple[int, int, list[str]]], wanted: list[str]
) -> None:
    index = Lines("".join(f"{line}\n" for line in start))
    plain = [f"{line}\n" for line in start]
    for first, size, new in edits:
        at = min(first, len(plain))
        lines = [f"{line}\n" for line in new]
        index.replace(at, min(at + size, len(plain)), lines)
        plain[at : at + size] = lines
        assert index.text() == "".join(plain)
        names = [line.strip() for line in plain]
        assert index.runs(wanted) == [
            row for row in range(len(names)) if names[row : row + len(wanted)] == wanted
        ]
        assert set(index.names()) == set(names)


def test_the_index_makes_room_where_there_is_none_left() -> None:
    index = Lines("a\nb\n")
    for number in range(200):
        index.replace(1, 1, [f"{number}\n"])
    assert index.lines == ["a\n", *(f"{number}\n" for number in reversed(range(200))), "b\n"]
    assert index.runs(["0", "b"]) == [200]
