"""The modules that an import statement names, as the language writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from r1code.repo.symbols import module_names

_QUOTES = "\"'`<> \t\r\n"
_PIECE = re.compile(r"(?:\bas|=>)\s+\w+|[\w:#.\\]+\*?|[{},*]")
_IMPORT = re.compile(r"^import\s+(?:static\s+)?")
_MOST = 500
"""Names of one statement."""


def imported(node: Node, text: str) -> Iterator[str]:
    """What the statement `node`, which reads `text`, names."""
    match node.type:
        case "import_statement" | "import_from_statement" | "future_import_statement":
            yield from module_names(node)
        case "use_declaration" | "namespace_use_declaration":
            yield from _listed(text.partition("use ")[2])
        case "import_declaration" | "import":
            yield from _listed(_IMPORT.sub("", text))
        case _:
            yield text.strip(_QUOTES)


def _listed(text: str) -> Iterator[str]:
    """`a::{b, c::D as E}` names `a::b` and `a::c::D`; the same with other marks between the names."""
    prefixes: list[str] = [""]
    last = ""
    count = 0
    for piece in _PIECE.findall(text):
        if piece == "{":
            prefixes.append(last)
            last = ""
        elif piece in {"}", ","}:
            if last:
                count += 1
                yield last
            last = ""
            if piece == "}" and len(prefixes) > 1:
                prefixes.pop()
        elif not piece.startswith(("as ", "=>")):
            last = prefixes[-1].rstrip(":.\\") if piece == "self" else f"{prefixes[-1]}{piece}"
        if count >= _MOST or len(prefixes[-1]) > _MOST:
            return
    if last:
        yield last
