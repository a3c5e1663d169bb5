"""A command line as simple commands, where it can be read for certain. Pure.

tree-sitter-bash gives the structure. What it says counts only for the few kinds of nodes named here, for words
of plain characters and quotes, and if `shlex`, another reader, finds the same words. Anything else is unreadable:
a shell has more ways to run something than a list of bad ones could name.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

import tree_sitter_bash
from msgspec import Struct
from tree_sitter import Language, Node, Parser

MOST_BYTES = 20_000
_PLAIN = re.compile(r"[A-Za-z0-9_./:=@%+,-]+")
"""An unquoted word that a shell takes as it is: nothing in it is expanded."""
_QUOTED = re.compile(r'(?:[^$`\\]|\\[^$`"\\\n])*')
"""What may stand in double quotes and means itself."""
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
_GAP = re.compile(rb"[ \t\n]*")
_SEPARATORS = frozenset({"&&", "||", "|", "|&", ";", "\n"})
_WRITES = frozenset({">", ">>", ">|", "&>", "&>>"})
_DISCARDED = "/dev/null"


class Redirect(Struct, frozen=True):
    """A file that a shell opens for a command."""

    access: Literal["read", "write"]
    path: str


class Simple(Struct, frozen=True):
    """One program and its arguments."""

    words: tuple[str, ...]
    redirects: tuple[Redirect, ...] = ()


class Line(Struct, frozen=True, kw_only=True):
    commands: tuple[Simple, ...] = ()
    """In order; what joins them does not matter here."""
    unreadable: str | None = None
    """Why nothing is said of the line, in words; None: `commands` is all that it does."""


class _UnreadableError(Exception):
    """Its text says why."""


def read(text: str) -> Line:
    """The simple commands of `text`, as bash would run it. Raises nothing."""
    try:
        return Line(commands=_commands(text))
    except _UnreadableError as error:
        return Line(unreadable=str(error))


def _commands(text: str) -> tuple[Simple, ...]:
    if _CONTROL.search(text):
        raise _UnreadableError("it holds a character that cannot be seen")
    data = text.encode()
    if len(data) > MOST_BYTES:
        raise _UnreadableError(f"it is longer than {MOST_BYTES} bytes")
    root = _parser().parse(data).root_node
    if root.has_error:
        raise _UnreadableError("it is not a whole shell command")
    _refuse_gaps(root, data)
    found = tuple(_statements(root))
    if not found:
        raise _UnreadableError("there is no command in it")
    return found


@lru_cache(maxsize=1)
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


def _refuse_gaps(root: Node, data: bytes) -> None:
    """The parser skips what it thinks is blank, an escaped line end among it: only real blanks may be skipped."""
    at = 0
    for leaf in _leaves(root):
        if leaf.start_byte < at or not _GAP.fullmatch(data, at, leaf.start_byte):
            raise _UnreadableError("it has something between its words that is no blank")
        at = leaf.end_byte
    if not _GAP.fullmatch(data, at):
        raise _UnreadableError("it has something at its end that is no blank")


def _leaves(node: Node) -> Iterator[Node]:
    if node.child_count == 0 or node.type in {"raw_string", "string"}:
        yield node
    else:
        for child in node.children:
            yield from _leaves(child)


def _statements(node: Node) -> Iterator[Simple]:
    for child in node.children:
        if child.type in {"list", "pipeline"}:
            yield from _statements(child)
        elif child.type == "command":
            yield Simple(_words(child))
        elif child.type == "redirected_statement":
            yield from _redirected(child)
        elif child.type not in _SEPARATORS:
            raise _UnreadableError(f"it has a {_named(child)}, which is not looked into")


def _redirected(node: Node) -> Iterator[Simple]:
    """The parser lets a redirection be one of a whole list or pipeline; a shell takes it to the last command."""
    body, *redirects = node.children
    *before, last = [Simple(_words(body))] if body.type == "command" else _statements_in(body)
    opened = tuple(one for one in map(_redirect, redirects) if one is not None)
    yield from before
    yield Simple(last.words, (*last.redirects, *opened))


def _statements_in(node: Node) -> list[Simple]:
    if node.type not in {"list", "pipeline", "redirected_statement"}:
        raise _UnreadableError(f"it redirects a {_named(node)}, which is not looked into")
    return list(_redirected(node) if node.type == "redirected_statement" else _statements(node))


def _redirect(node: Node) -> Redirect | None:
    if node.type != "file_redirect":
        raise _UnreadableError(f"it has a {_named(node)}, which is not looked into")
    parts = node.children[1:] if node.children[0].type == "file_descriptor" else node.children
    try:
        operator, target = parts
    except ValueError:
        # The parser takes words that follow as more targets; a shell takes them as arguments.
        raise _UnreadableError("it redirects to something that is no single name") from None
    if operator.type == ">&" and target.text in {b"1", b"2"}:
        return None
    if operator.type not in _WRITES | {"<"}:
        raise _UnreadableError(f"it redirects with {operator.type}, which is not looked into")
    path = _literal(target)
    if path == _DISCARDED:
        return None
    return Redirect("read" if operator.type == "<" else "write", path)


def _words(node: Node) -> tuple[str, ...]:
    first, *rest = node.children
    if first.type != "command_name":
        raise _UnreadableError(f"it begins with a {_named(first)}, which is not looked into")
    words = (_literal(first.children[0]), *map(_literal, rest))
    if "=" in words[0] or not words[0]:
        raise _UnreadableError("it is not clear which program it runs")
    text = _text(node)
    try:
        again = tuple(shlex.split(text))
    except ValueError:
        again = ()
    if again != words:
        raise _UnreadableError("its quotes can be read in more than one way")
    return words


def _literal(node: Node) -> str:
    """The word that a node stands for, if a shell expands nothing in it."""
    text = _text(node)
    if node.type in {"word", "number"} and _PLAIN.fullmatch(text):
        return text
    if node.type == "raw_string":
        return text[1:-1]
    if node.type == "string" and _QUOTED.fullmatch(text):
        return text[1:-1]
    if node.type == "concatenation":
        return "".join(map(_literal, node.children))
    raise _UnreadableError(f"a shell may change what stands in it as {text[:60]}")


def _text(node: Node) -> str:
    return (node.text or b"").decode()


def _named(node: Node) -> str:
    return node.type.replace("_", " ") if node.is_named else f"`{node.type}`"
