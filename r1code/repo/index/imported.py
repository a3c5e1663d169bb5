"""The modules that an import statement names, as the language writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from r1code.repo.symbols import module_names

_QUOTES = "\"'`<> \t\r\n"
_RUST_TOKEN = re.compile(r"as\s+\w+|[\w:#]+|[{},*]")
_JAVA = re.compile(r"import\s+(?:static\s+)?([\w.]+\*?)")
_MOST = 500
"""Names of one statement."""


def imported(node: Node, text: str) -> Iterator[str]:
    """What the statement `node`, which reads `text`, names."""
    match node.type:
        case "import_statement" | "import_from_statement" | "future_import_statement":
            yield from module_names(node)
        case "use_declaration":
            yield from _rust(text)
        case "import_declaration":
            yield from _JAVA.findall(text)
        case _:
            yield text.strip(_QUOTES)


def _rust(text: str) -> Iterator[str]:
    """`use a::{b, c::D}` names `a::b` and `a::c::D`."""
    prefixes: list[str] = [""]
    last = ""
    count = 0
    for piece in _RUST_TOKEN.findall(text[text.find("use ") + 4 :]):
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
        elif not piece.startswith("as "):
            last = f"{prefixes[-1]}{piece}" if piece != "self" else prefixes[-1].removesuffix("::")
        if count >= _MOST or len(prefixes[-1]) > _MOST:
            return
    if last:
        yield last
