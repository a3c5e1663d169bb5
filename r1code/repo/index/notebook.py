"""A notebook's outline: its cells, and what is defined and used in each, by the lines of the file itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct
from tree_sitter import Node

from r1code.repo.index.extract import extract
from r1code.repo.index.grammar import tools_of
from r1code.repo.index.languages import Language, interpreted, languages
from r1code.repo.index.outline import Definition, Import, Outline
from r1code.repo.index.sweep import MOST_DEFINITIONS

_LANGUAGE = re.compile(rb'"language(?:_info)?"\s*:\s*(?:\{[^{}]*?"name"\s*:\s*)?"(\w+)"')
_MOST_CELLS = 2_000
_TITLE_CHARS = 120
_MAGIC = ("%", "!", "?")


class _Cell(Struct, frozen=True):
    is_code: bool
    first: int
    last: int
    lines: Sequence[str]
    rows: Sequence[int]
    """Of each line, the line of the file that it is in."""


def cells(data: bytes) -> Outline:
    """The outline of a notebook; of a broken one, that of the cells that can be read."""
    json = languages()["json"]
    if not json.is_installed:
        return Outline(language="notebook")
    parser, _ = tools_of(json)
    root = parser.parse(data).root_node
    named = _LANGUAGE.search(data)
    language = (None if named is None else interpreted(named[1].decode().lower())) or languages()["python"]
    found = _Found(language)
    for cell in _cells(root, data):
        found.add(cell)
    return Outline(
        language="notebook",
        lines=data.count(b"\n") + (bool(data) and not data.endswith(b"\n")),
        definitions=tuple(found.definitions),
        imports=tuple(found.imports),
        calls=_sorted(found.calls),
        uses=_sorted(found.uses),
        error=found.error,
        is_cut=len(found.definitions) >= MOST_DEFINITIONS,
    )


class _Found:
    def __init__(self, language: Language) -> None:
        self._language = language
        self._count = 0
        self.definitions: list[Definition] = []
        self.imports: list[Import] = []
        self.calls: dict[str, set[int]] = {}
        self.uses: dict[str, set[int]] = {}
        self.error: int | None = None

    def add(self, cell: _Cell) -> None:
        self._count += 1
        around = len(self.definitions)
        title = next((line.strip() for line in cell.lines if line.strip()), "")
        self.definitions.append(
            Definition(
                name=f"cell {self._count}",
                kind="cell",
                first=cell.first,
                last=cell.last,
                line=cell.first,
                signature=title[:_TITLE_CHARS],
            )
        )
        if cell.is_code and not title.startswith("%%") and self._language.is_installed:
            self._code(cell, around)

    def _code(self, cell: _Cell, around: int) -> None:
        lines = ["" if line.lstrip().startswith(_MAGIC) else line for line in cell.lines]
        inner = extract("\n".join(lines).encode(errors="replace"), self._language)
        rows = cell.rows
        room = max(0, MOST_DEFINITIONS - len(self.definitions))
        for one in inner.definitions[:room]:
            self.definitions.append(
                msgspec.structs.replace(
                    one,
                    first=rows[one.first - 1],
                    last=rows[one.last - 1],
                    line=rows[one.line - 1],
                    parent=around + 1 + one.parent,
                )
            )
        self.imports += [Import(name=one.name, line=rows[one.line - 1]) for one in inner.imports]
        for names, theirs in ((self.calls, inner.calls), (self.uses, inner.uses)):
            for name, places in theirs.items():
                names.setdefault(name, set()).update(rows[place - 1] for place in places)
        if self.error is None and inner.error is not None:
            self.error = rows[min(inner.error, len(rows)) - 1]


def _sorted(names: dict[str, set[int]]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(sorted(names[name])) for name in sorted(names)}


def _cells(root: Node, data: bytes) -> Iterator[_Cell]:
    top = next((node for node in root.named_children if node.type == "object"), None)
    array = None if top is None else _value(top, "cells", data)
    for node in [] if array is None else array.named_children[:_MOST_CELLS]:
        kind, source = (_value(node, key, data) for key in ("cell_type", "source"))
        if source is None:
            continue
        lines: list[str] = [""]
        rows = [source.start_point[0] + 1]
        for piece in [source] if source.type == "string" else source.named_children:
            text = _text(piece, data)
            row = piece.start_point[0] + 1
            if not lines[-1]:
                rows[-1] = row
            first, *more = text.split("\n")
            lines[-1] += first
            lines += more
            rows += [row] * len(more)
        yield _Cell(
            is_code=kind is not None and _text(kind, data) == "code",
            first=node.start_point[0] + 1,
            last=node.end_point[0] + 1,
            lines=lines,
            rows=rows,
        )


def _value(node: Node, key: str, data: bytes) -> Node | None:
    """What an object has under a key."""
    for pair in node.named_children:
        name = pair.child_by_field_name("key")
        if name is not None and _text(name, data) == key:
            return pair.child_by_field_name("value")
    return None


def _text(node: Node, data: bytes) -> str:
    """Of a string; empty for anything else."""
    try:
        return msgspec.json.decode(data[node.start_byte : node.end_byte], type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
