"""Source text to its outline, by tree-sitter. Pure: bytes in, values out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tree_sitter import Node, QueryCursor

from r1code.repo.index.grammar import tools_of
from r1code.repo.index.imported import imported
from r1code.repo.index.languages import Language
from r1code.repo.index.outline import Import, Outline
from r1code.repo.index.sweep import Sweep

MOST_REFERENCES = 100_000
MOST_IMPORTS = 2_000
_NAME_BYTES = 100
_STATEMENT_BYTES = 10_000
_OPEN = ord("(")

Lines = dict[bytes, list[int]]


def extract(data: bytes, language: Language) -> Outline:
    """The outline of UTF-8 text; bytes that are none of it do no harm. In time that grows with its length."""
    parser, query = tools_of(language)
    root = parser.parse(data).root_node
    captures = QueryCursor(query).captures(root)
    swept = Sweep(data, captures)
    calls: Lines = {}
    uses: Lines = {}
    is_cut = swept.is_cut
    if not language.is_data:
        is_cut |= _references(data, captures, swept.names, calls=calls, uses=uses)
        for name in language.skip:
            calls.pop(name.encode(), None)
            uses.pop(name.encode(), None)
    return Outline(
        language=language.name,
        lines=data.count(b"\n") + (not data.endswith(b"\n") and bool(data)),
        definitions=swept.definitions,
        imports=_imports(data, captures.get("import", ())),
        calls=_decoded(calls),
        uses=_decoded(uses),
        error=_error(root),
        is_cut=is_cut,
    )


def _references(
    data: bytes, captures: Mapping[str, Sequence[Node]], defined: set[int], *, calls: Lines, uses: Lines
) -> bool:
    """Fills in where names stand; whether there were too many. This runs for every identifier of a project."""
    seen = set(defined)
    for node in captures.get("call", ()):
        start, end = node.byte_range
        if start not in seen:
            seen.add(start)
            calls.setdefault(data[start:end], []).append(node.start_point[0] + 1)
    nodes = captures.get("use", ())
    is_cut = len(nodes) > MOST_REFERENCES
    if is_cut:
        nodes = sorted(nodes, key=_place)[:MOST_REFERENCES]
    ending = data + b" "
    for node in nodes:
        start, end = node.byte_range
        if start in seen or end - start > _NAME_BYTES:
            continue
        row = node.start_point[0] + 1
        table = calls if ending[end] == _OPEN else uses
        lines = table.get(name := data[start:end])
        if lines is None:
            table[name] = [row]
        else:
            lines.append(row)
    return is_cut


def _decoded(table: Lines) -> dict[str, tuple[int, ...]]:
    """In order: a query gives what it found in none."""
    return {name.decode(errors="replace"): tuple(sorted(set(table[name]))) for name in sorted(table)}


def _place(node: Node) -> int:
    return node.start_byte


def _imports(data: bytes, nodes: Sequence[Node]) -> tuple[Import, ...]:
    found: dict[str, int] = {}
    for node in sorted(nodes, key=_place):
        start, end = node.byte_range
        text = data[start : min(end, start + _STATEMENT_BYTES)].decode(errors="replace")
        for name in imported(node, text):
            if name and len(found) < MOST_IMPORTS:
                found.setdefault(name, node.start_point[0] + 1)
    return tuple(Import(name=name, line=line) for name, line in found.items())


def _error(root: Node) -> int | None:
    """The first line that cannot be parsed."""
    if not root.has_error:
        return None
    node = root
    while not (node.is_error or node.is_missing):
        inner = next((child for child in node.children if child.has_error or child.is_missing), None)
        if inner is None:
            break
        node = inner
    return node.start_point[0] + 1
