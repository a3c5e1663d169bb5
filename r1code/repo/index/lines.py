"""Outlines of Markdown and YAML, line by line: their grammars write past their buffers on deeply nested text.

(tree-sitter-markdown 0.5.4, issue 243; tree-sitter-yaml 0.7.2, issue 48.) Headings and the first two levels of
keys need no grammar. Pure, and in time that grows with the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from r1code.repo.index.outline import Definition, Kind, Outline

MOST_DEFINITIONS = 1_000
_NAME_CHARS = 200
_LINE_CHARS = 1_000
"""What comes after them is no heading and no key; some patterns try each place in a line with each other."""
_LEVELS = 2
"""Of keys."""

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*))?$")
_CLOSING = re.compile(r"(?:^|[ \t]+)#+[ \t]*$")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_PARAGRAPH = re.compile(r" {0,3}(?![-+*>#|<=]|\d+[.)])\S")
_KEY = re.compile(
    r"""[ ]*
    (?:"([^"]*)" | '([^']*)' | ([^\s#&*!|>%@`"'?{}\[\],-][^#]*? | -[^\s#][^#]*?))
    [ \t]*:(?:[ \t]+(.*))?$""",
    re.VERBOSE,
)
_ITEM = re.compile(r" *-(?:\s|$)")
_BLOCK_TEXT = re.compile(r"(?:[&!]\S*[ \t]+)*[|>][-+0-9]*[ \t]*(?:#.*)?$")


class _Found(Struct, frozen=True):
    level: int
    name: str
    kind: Kind
    row: int
    """Where it begins; its name is there."""
    text: str
    """Its signature."""


def headings(data: bytes) -> Outline:
    """Of Markdown: what is under a heading reaches to the next one that is as high."""
    lines = _lines(data)
    return _outline("markdown", lines, _headings(lines))


def keys(data: bytes) -> Outline:
    """Of YAML: the keys of its documents, and the keys in those."""
    lines = _lines(data)
    return _outline("yaml", lines, _keys(lines))


def _lines(data: bytes) -> list[str]:
    lines = data.decode(errors="replace").replace("\r\n", "\n").split("\n")
    return [line[:_LINE_CHARS] for line in (lines[:-1] if not lines[-1] else lines)]


def _headings(lines: Sequence[str]) -> Iterator[_Found]:
    fence = ""
    begin = _front_matter(lines)
    for row in range(begin, len(lines)):
        line = lines[row]
        mark = _FENCE.match(line)
        if fence:
            if mark is not None and mark[1].startswith(fence) and not mark[2].strip():
                fence = ""
        elif mark is not None:
            fence = mark[1]
        elif (found := _HEADING.match(line)) is not None:
            name = _CLOSING.sub("", found[2] or "").strip()
            yield _Found(len(found[1]), name, "heading", row, f"{found[1]} {name}")
        elif row > begin and (under := _UNDERLINE.match(line)) is not None and _PARAGRAPH.match(lines[row - 1]):
            level = 1 if under[1][0] == "=" else 2
            name = lines[row - 1].strip()
            yield _Found(level, name, "heading", row - 1, f"{'#' * level} {name}")


def _front_matter(lines: Sequence[str]) -> int:
    """The row after the settings that some tools put in front."""
    if lines and lines[0].rstrip() == "---":
        for row in range(1, len(lines)):
            if lines[row].rstrip() == "---":
                return row + 1
    return 0


def _keys(lines: Sequence[str]) -> Iterator[_Found]:
    indents: list[int] = []
    """Of the keys that are open, outermost first."""
    text_in = -1
    """A block of text goes on while lines are further to the right than this."""
    for row, line in enumerate(lines):
        if not line.strip():
            continue
        indent = len(line) - len(line.lstrip(" "))
        if text_in >= 0 and indent > text_in:
            continue
        text_in = -1
        if line.startswith(("---", "...")):
            indents = []
        found = _KEY.match(line)
        is_item = _ITEM.match(line) is not None
        if found is None and not is_item:
            continue
        # An item of a list may stand right below its key.
        while indents and (indents[-1] > indent or (indents[-1] == indent and not is_item)):
            indents.pop()
        if found is None:
            indents.append(indent)
            continue
        if _BLOCK_TEXT.match(found[4] or ""):
            text_in = indent
        if len(indents) < _LEVELS and (indents or not indent):
            name = found[1] or found[2] or found[3] or ""
            yield _Found(len(indents) + 1, name.strip(), "key", row, "")
        indents.append(indent)


def _outline(language: str, lines: Sequence[str], found: Iterator[_Found]) -> Outline:
    every = [one for one in found if one.name and len(one.name) <= _NAME_CHARS]
    some = every[:MOST_DEFINITIONS]
    ends = [len(lines)] * len(some)
    parents = [-1] * len(some)
    around: list[int] = []
    for index, one in enumerate(some):
        while around and some[around[-1]].level >= one.level:
            ends[around.pop()] = one.row
        parents[index] = around[-1] if around else -1
        around.append(index)
    made: list[Definition] = []
    for index, one in enumerate(some):
        parent = parents[index]
        made.append(
            Definition(
                name=one.name,
                kind=one.kind,
                first=one.row + 1,
                last=_last(lines, one.row, ends[index]),
                line=one.row + 1,
                parent=parent,
                owner=made[parent].path if parent >= 0 and one.kind == "key" else "",
                signature=one.text,
            )
        )
    return Outline(language=language, lines=len(lines), definitions=tuple(made), is_cut=len(every) > len(some))


def _last(lines: Sequence[str], row: int, end: int) -> int:
    """The last line before the row `end` that has something on it."""
    while end > row + 1 and not lines[end - 1].strip():
        end -= 1
    return end
