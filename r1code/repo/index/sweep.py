"""From what a query found in a file to its definitions, in one pass from the beginning to the end."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast, get_args

from tree_sitter import Node

from r1code.repo.index.outline import Definition, Kind

MOST_DEFINITIONS = 5_000
_SIGNATURE_CHARS = 300
_HEAD_BYTES = 3_000
_DOC_CHARS = 120
_NAME_BYTES = 200
_OWNER_CHARS = 200

KINDS = frozenset(get_args(Kind))
_FRAMES = ("wrap", "lead", "within", "span")
_RANKS = {"body": 0} | dict.fromkeys(_FRAMES, 1) | dict.fromkeys({*KINDS, "owner", "doc"}, 2)
_OWN = frozenset({"constant", "prototype"})
_ROUND = frozenset({"function", "method"})
"""What is `_OWN` in one of these is nobody else's business."""
_METHODS = frozenset({"function", "prototype"})
_HAVING_METHODS = frozenset({"class", "enum", "interface", "struct", "trait"})
_BARE = frozenset({"cell", "element", "key", "rule"})
"""Their names say all."""
_QUOTE = re.compile(r"[\"'`]")
_TEXT_VALUE = re.compile(r"([=:]\s*[A-Za-z]{0,2})([\"'`])(?:\\.|(?!\2).)*\2")
"""A value that is a text: a default, or what a field begins with."""
_TAIL = re.compile(r"(?:[\s{;,:=]|=>)+$")
_BLANKS = re.compile(r"\s+")
_REMARK = re.compile(r"^(?:[\s/*#!;%-]|<!--|--\[\[|\(\*)+")
_TAGS = re.compile(r"</?(?:para|remarks|summary)>")
_QUOTES = re.compile(r"^[A-Za-z]{0,3}(\"\"\"|'''|\"|')")


class _Frame:
    """A node around what comes next."""

    def __init__(self, what: str, node: Node) -> None:
        self.what = what
        self.start, self.end = node.byte_range
        self.row = node.start_point[0]
        self.last = _last_row(node)
        self.body: int | None = None
        self.owner = ""
        self.doc = ""
        self.named: list[_Draft] = []


@dataclass(slots=True)
class _Draft:
    """A definition whose frame is still open."""

    index: int
    name: str
    kind: Kind
    line: int
    first: int
    start: int
    last: int
    parent: int
    owner: str
    signature: str = ""
    doc: str = ""

    @property
    def path(self) -> str:
        path = f"{self.owner}.{self.name}" if self.owner else self.name
        return path if len(path) <= _OWNER_CHARS else path[-_OWNER_CHARS:].partition(".")[2]


class Sweep:
    """Reads the captures of one file; `definitions` has what came of them."""

    def __init__(self, data: bytes, captures: Mapping[str, Sequence[Node]]) -> None:
        self._data = data
        self._remarks = _remarks(data, captures)
        self._comments = sorted(node.byte_range for node in captures.get("comment", ()))
        self._frames: list[_Frame] = []
        self._drafts: list[_Draft] = []
        self.names: set[int] = set()
        """Where the names of definitions begin."""
        self.is_cut = False
        for what, node in _events(captures):
            self._take(what, node)
        while self._frames:
            self._close()
        self.definitions = tuple(
            Definition(
                name=one.name,
                kind=one.kind,
                first=one.first + 1,
                last=one.last + 1,
                line=one.line + 1,
                parent=one.parent,
                owner=one.owner,
                signature=one.signature,
                doc=one.doc,
            )
            for one in self._drafts
        )

    def _take(self, what: str, node: Node) -> None:
        start = node.start_byte
        while self._frames and self._frames[-1].end <= start:
            self._close()
        if what in _FRAMES:
            self._frames.append(_Frame(what, node))
        elif what in KINDS:
            self._name(cast("Kind", what), node)
        elif self._frames:
            frame = self._frames[-1]
            if what == "body":
                frame.body = start if frame.body is None else frame.body
            elif what == "owner":
                text = self._text(start, min(node.end_byte, start + _NAME_BYTES))
                frame.owner = frame.owner or _BLANKS.sub("", text.partition("<")[0]).replace("::", ".")
            else:
                frame.doc = frame.doc or _docstring(self._text(start, min(node.end_byte, start + _HEAD_BYTES)))

    def _text(self, start: int, end: int) -> str:
        return self._data[start:end].decode(errors="replace")

    def _name(self, kind: Kind, node: Node) -> None:
        """Of the innermost frame; a second name there is a second definition."""
        at = len(self._frames) - 1
        while at >= 0 and self._frames[at].what != "span":
            at -= 1
        start, end = node.byte_range
        name = _BLANKS.sub(" ", self._text(start, min(end, start + _NAME_BYTES))).strip()
        if kind == "key":
            name = name.strip("\"'")
        if at < 0 or not name or end - start > _NAME_BYTES or start in self.names:
            return
        if len(self._drafts) >= MOST_DEFINITIONS:
            self.is_cut = True
            return
        frame = self._frames[at]
        around, owner, is_method = self._around(at)
        kind_around = None if around is None else around.kind
        if kind in _OWN and kind_around in _ROUND:
            return
        if kind in _METHODS and (is_method or kind_around in _HAVING_METHODS):
            kind = "method"
        self.names.add(start)
        row = node.start_point[0]
        first, start = self._beginning(at, row)
        draft = _Draft(
            index=len(self._drafts),
            name=name,
            kind=kind,
            line=row,
            first=first,
            start=start,
            last=frame.last,
            parent=-1 if around is None else around.index,
            owner=owner,
        )
        frame.named.append(draft)
        self._drafts.append(draft)

    def _around(self, at: int) -> tuple[_Draft | None, str, bool]:
        """The definition around a frame, what is before its names, and whether that is a type's own block."""
        owner = self._frames[at].owner
        is_method = bool(owner)
        for index in range(at - 1, -1, -1):
            other = self._frames[index]
            if other.named:
                path = other.named[0].path
                return other.named[0], f"{path}.{owner}" if owner else path, is_method
            if other.what == "within" and other.owner:
                owner = f"{other.owner}.{owner}" if owner else other.owner
                is_method = True
        return None, owner, is_method

    def _beginning(self, at: int, row: int) -> tuple[int, int]:
        """The first row and the first byte, with what is wrapped around the frame."""
        first, start = self._frames[at].row, self._frames[at].start
        for index in range(at - 1, -1, -1):
            other = self._frames[index]
            if other.what == "wrap":
                first = other.row
            elif other.what == "lead" and other.row == row and not other.named:
                start = other.start
            else:
                break
        return first, start

    def _close(self) -> None:
        """What is known only at the end of a frame: where its body began, and what its docstring says."""
        frame = self._frames.pop()
        end = frame.end if frame.body is None else frame.body
        for draft in frame.named:
            draft.signature = self._signature(draft, end)
            draft.doc = frame.doc or self._remark(draft.first)

    def _signature(self, draft: _Draft, end: int) -> str:
        if draft.kind in _BARE:
            return ""
        start = draft.start
        raw = self._without_comments(start, min(end, start + _HEAD_BYTES)).strip()
        text = _BLANKS.sub(" ", raw)
        text = _TAIL.sub("", text)
        if "\n" in raw:
            text = text.replace("( ", "(").replace(", )", ")").replace(" )", ")")
        text = _without_values(text, draft.kind)
        if draft.name not in text:
            text = f"{text} {draft.name}"
        return text if len(text) <= _SIGNATURE_CHARS else text[:_SIGNATURE_CHARS].rstrip() + " ..."

    def _without_comments(self, start: int, end: int) -> str:
        parts: list[str] = []
        for at in range(bisect_left(self._comments, (start, start)), len(self._comments)):
            first, after = self._comments[at]
            if first >= end:
                break
            parts.append(self._text(start, first))
            start = after
        return "".join([*parts, self._text(start, end)])

    def _remark(self, row: int) -> str:
        """The first line of the comment that ends right above a row."""
        doc = ""
        found = self._remarks.get(row - 1)
        while found is not None:
            row, text = found
            doc = text or doc
            found = self._remarks.get(row - 1)
        return doc


def _without_values(text: str, kind: str) -> str:
    """A signature without texts that are values: one may be a password, and none tells what it is about."""
    if kind == "heading":
        return text
    name, equals, value = text.partition("=")
    if kind == "constant" and equals and _QUOTE.search(value):
        return f"{name.rstrip()} = ..."
    return _TEXT_VALUE.sub(r"\1\2...\2", text)


def _events(captures: Mapping[str, Sequence[Node]]) -> Iterator[tuple[str, Node]]:
    """What matters to definitions, by place; a body comes before what begins with it, a frame before its name."""
    found: list[tuple[int, int, int, str, int, Node]] = []
    for what, nodes in captures.items():
        rank = _RANKS.get(what)
        if rank is not None:
            for node in nodes:
                start, end = node.byte_range
                found.append((start, rank, -end, what, len(found), node))
    found.sort()
    seen: set[tuple[int, int, str]] = set()
    for start, _, end, what, _, node in found:
        if (start, end, what) not in seen:
            seen.add((start, end, what))
            yield what, node


def _last_row(node: Node) -> int:
    row, column = node.end_point
    return row - 1 if column == 0 and row > node.start_point[0] else row


def _remarks(data: bytes, captures: Mapping[str, Sequence[Node]]) -> dict[int, tuple[int, str]]:
    """Last row of each comment that begins its line -> its first row, and the first of its words.

    What stands between a comment and what it is about, as attributes do, is a remark without words.
    """
    found: dict[int, tuple[int, str]] = {}
    for node in captures.get("comment", ()):
        row, column = node.start_point
        start = node.start_byte
        if not data[start - column : start].strip():
            text = data[start : min(node.end_byte, start + _HEAD_BYTES)].decode(errors="replace")
            if row == 0 and text.startswith("#!"):
                continue
            found[_last_row(node)] = (row, _first_line(text, _REMARK))
    for node in captures.get("attribute", ()):
        found[_last_row(node)] = (node.start_point[0], "")
    return found


def _docstring(text: str) -> str:
    text = _QUOTES.sub("", text, count=1)
    return _first_line(text.rstrip("\"'"), None)


def _first_line(text: str, marks: re.Pattern[str] | None) -> str:
    for line in _TAGS.sub("", text).splitlines():
        words = (line if marks is None else marks.sub("", line)).strip().removesuffix("*/").removesuffix("-->")
        if words.strip():
            words = _BLANKS.sub(" ", words.strip())
            return words if len(words) <= _DOC_CHARS else words[:_DOC_CHARS].rstrip() + " ..."
    return ""
