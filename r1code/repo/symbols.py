"""Definitions in a source file, by tree-sitter. Pure: text in, values out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Literal

import tree_sitter_python
from msgspec import Struct
from tree_sitter import Language, Node, Parser

_SUFFIXES = (".py", ".pyi")
Kind = Literal["function", "class", "constant"]
_DEFINITIONS: dict[str, Kind] = {"function_definition": "function", "class_definition": "class"}
_BLOCKS = frozenset({"module", "block"})
_BODIES = frozenset({"block", "function_definition", "class_definition", "case_clause"})
_IMPORTS = frozenset({"import_statement", "import_from_statement", "future_import_statement"})


class Definition(Struct, frozen=True, kw_only=True):
    """A function, class, method or constant, with its decorators, as whole lines."""

    name: str
    """`name`, or `Class.name` inside of a class."""
    kind: Kind
    first: int
    last: int
    """Line numbers from 1, both inclusive."""
    indent: int
    """Columns in front of it."""


class Outline(Struct, frozen=True, kw_only=True):
    definitions: tuple[Definition, ...]
    """In the order of the file; a class comes before its methods."""
    imports: tuple[tuple[int, int], ...]
    """First and last line of each import at the top level."""
    other: tuple[int, ...]
    """First lines of top-level statements that are neither of both; comments and docstrings do not count."""
    error: int | None
    """The first line that cannot be parsed; None: the file is whole."""


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_python.language()))


def can_outline(path: str) -> bool:
    return path.endswith(_SUFFIXES)


def outline(text: str) -> Outline:
    """What Python source `text` defines."""
    root = _parser().parse(text.encode()).root_node
    definitions: list[Definition] = []
    imports: list[tuple[int, int]] = []
    other: list[int] = []
    for node in root.children:
        found = list(_definitions(node, ""))
        definitions += found
        if node.type in _IMPORTS:
            imports.append((node.start_point.row + 1, node.end_point.row + 1))
        elif not found and not _is_remark(node):
            other.append(node.start_point.row + 1)
    return Outline(definitions=tuple(definitions), imports=tuple(imports), other=tuple(other), error=_error(root))


def docstring_lines(text: str) -> frozenset[int]:
    """The lines of `text` that belong to strings which stand alone: docstrings, mostly."""
    return frozenset(
        row + 1
        for node in _walk(_parser().parse(text.encode()).root_node)
        if node.type == "expression_statement" and _is_remark(node)
        for row in range(node.start_point.row, node.end_point.row + 1)
    )


def simple_statements(text: str) -> dict[int, int]:
    """First line to last line of each statement that begins its line and holds no other; no docstrings."""
    lines = text.encode().split(b"\n")
    return {
        node.start_point.row + 1: node.end_point.row + 1
        for node in _walk(_parser().parse(text.encode()).root_node)
        if node.parent is not None and node.parent.type in _BLOCKS and _is_simple(node)
        if not lines[node.start_point.row][: node.start_point.column].strip()
    }


def heads(text: str) -> str:
    """What `text` offers to others: heads of functions and classes, annotated fields; no bodies, no values."""
    lines = text.split("\n")
    return "\n".join(
        lines[row] for node in _parser().parse(text.encode()).root_node.children for row in _head(node)
    )


def code_of(text: str) -> str:
    """`text` in a form that does not depend on comments and spaces; how deep a token stands is part of it."""
    found: list[str] = []
    pending = [(_parser().parse(text.encode()).root_node, 0)]
    while pending:
        node, depth = pending.pop()
        depth += node.type == "block"
        if not node.children and node.type != "comment":
            found.append(f"{depth}{(node.text or b'').decode(errors='replace')}")
        pending += [(child, depth) for child in reversed(node.children)]
    return " ".join(found)


def names_in(text: str) -> frozenset[str]:
    """All identifiers that occur in `text`."""
    root = _parser().parse(text.encode()).root_node
    return frozenset(
        (node.text or b"").decode(errors="replace") for node in _walk(root) if node.type == "identifier"
    )


def imported_modules(text: str) -> tuple[str, ...]:
    """The dotted names of the modules that `text` imports anywhere, in order; relative ones keep their dots.

    `from a import b` names both `a` and `a.b`, for `b` may be a module.
    """
    nodes = _walk(_parser().parse(text.encode()).root_node)
    return tuple(dict.fromkeys(name for node in nodes for name in module_names(node)))


def module_names(node: Node) -> Iterator[str]:
    """As `imported_modules`, of one import statement; nothing of any other node."""
    if node.type == "import_statement":
        for name in node.children_by_field_name("name"):
            yield _dotted(name)
    elif node.type == "import_from_statement":
        module = node.child_by_field_name("module_name")
        base = "" if module is None else (module.text or b"").decode(errors="replace")
        yield base
        for name in node.children_by_field_name("name"):
            yield f"{base.rstrip('.')}.{_dotted(name)}" if base.strip(".") else f"{base}{_dotted(name)}"


def _dotted(name: Node) -> str:
    inner = name.child_by_field_name("name") if name.type == "aliased_import" else name
    return "" if inner is None else (inner.text or b"").decode(errors="replace")


def _definitions(node: Node, owner: str) -> Iterator[Definition]:
    inner = node.child_by_field_name("definition") if node.type == "decorated_definition" else node
    if inner is None:
        return
    name: Node | None = None
    kind: Kind | None = _DEFINITIONS.get(inner.type)
    if kind is not None:
        name = inner.child_by_field_name("name")
    elif inner.type == "expression_statement" and inner.children and inner.children[0].type == "assignment":
        # What is only annotated has no value that could be wrong.
        left, right = (inner.children[0].child_by_field_name(side) for side in ("left", "right"))
        kind, name = (
            "constant",
            left if right is not None and left is not None and left.type == "identifier" else None,
        )
    if kind is None or name is None or name.text is None:
        return
    full = f"{owner}{name.text.decode()}"
    yield Definition(
        name=full,
        kind=kind,
        first=node.start_point.row + 1,
        last=node.end_point.row + 1,
        indent=node.start_point.column,
    )
    body = inner.child_by_field_name("body")
    if kind == "class" and body is not None:
        for child in body.children:
            yield from _definitions(child, f"{full}.")


def _head(node: Node) -> Iterator[int]:
    """The rows of the head of a definition, with the first of its docstring and the fields of a class."""
    inner = node.child_by_field_name("definition") if node.type == "decorated_definition" else node
    body = None if inner is None else inner.child_by_field_name("body")
    if inner is None or body is None or inner.type not in _DEFINITIONS:
        return
    yield from range(node.start_point.row, max(body.start_point.row, node.start_point.row + 1))
    for child in body.children:
        is_field = inner.type == "class_definition" and child.type == "expression_statement"
        if is_field or (child == body.children[0] and _is_remark(child)):
            yield child.start_point.row
        else:
            yield from _head(child)


def _is_simple(node: Node) -> bool:
    """By their place: a compound statement has a body or a clause, and a decorated one a definition."""
    return node.is_named and not _is_remark(node) and not any(child.type in _BODIES for child in node.children)


def _is_remark(node: Node) -> bool:
    if node.type == "expression_statement":
        return bool(node.children) and node.children[0].type == "string"
    return node.type == "comment"


def _error(root: Node) -> int | None:
    if not root.has_error:
        return None
    for node in _walk(root):
        if node.is_error or node.is_missing:
            return node.start_point.row + 1
    return 1


def _walk(root: Node) -> Iterator[Node]:
    """Every node, in the order of the text. Without recursion: sources may be nested deeply."""
    pending = [root]
    while pending:
        node = pending.pop()
        yield node
        pending += reversed(node.children)
