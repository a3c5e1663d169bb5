"""Inserts lines before, after or into a definition of a source file: the symbol says where, not lines."""

from __future__ import annotations

import textwrap

import msgspec
from msgspec import Struct

from r1code.errors import ToolError
from r1code.repo.files import encode
from r1code.repo.symbols import Definition, can_outline, outline
from r1code.tools.base import Draft, Result, Syntax, typed
from r1code.tools.match_lines import ended, split
from r1code.tools.replace import place_of
from r1code.types import Arguments

_STEP = 4


class _Arguments(Struct, frozen=True, kw_only=True):
    path: str
    before: str | None = None
    after: str | None = None
    into: str | None = None
    syntax: Syntax = "checked"
    content: str


class Insert:
    name = "insert"
    arguments: type[Struct] = _Arguments

    @staticmethod
    def draft(arguments: Arguments, draft: Draft) -> Result:
        asked = typed(arguments, _Arguments)
        path = draft.resolve(asked.path)
        if not can_outline(path):
            raise ToolError(f"<insert> knows Python files only; {path} is none.")
        text = draft.text(path)
        where = {side: name for side in ("before", "after", "into") if (name := getattr(asked, side))}
        if len(where) != 1:
            raise ToolError(
                "<insert> takes exactly one of before, after and into, each the name of a definition."
            )
        if not asked.content.strip():
            raise ToolError("There is nothing to insert: the text is empty.")
        ((side, name),) = where.items()
        after, line = inserted(text.text, asked.content, side=side, name=name, path=path)
        draft.write(path, encode(msgspec.structs.replace(text, text=after)), syntax=asked.syntax)
        return Result(text=f"{path} changed (lines inserted at line {line})")


def inserted(text: str, content: str, *, side: str, name: str, path: str) -> tuple[str, int]:
    """`text` with `content` before, after, or at the end of the definition `name`, and its first line there.

    It gets the indentation of the place, and is set apart by blank lines as definitions are. Raises ToolError
    where the name has no place or more than one.
    """
    lines = ended(split(text))
    there = place_of(name, outline(text), path)
    if side == "into" and there.kind == "constant":
        raise ToolError(f"Nothing can be inserted into {name}, which is a constant. Use before or after.")
    body = textwrap.dedent(content).strip("\n").split("\n")
    indent = _body_indent(there, lines) if side == "into" else " " * there.indent
    fresh = [f"{indent}{line}\n" if line.strip() else "\n" for line in body]
    apart = any(one.kind != "constant" for one in outline("\n".join(body)).definitions)
    apart |= side != "into" and there.kind != "constant"
    blanks = ["\n"] * ((1 if indent else 2) if apart else 0)
    if side == "before":
        at, first = there.first - 1, there.first
        lines[at:at] = [*fresh, *blanks]
    else:
        at, first = there.last, there.last + len(blanks) + 1
        lines[at:at] = [*blanks, *fresh]
    whole = "".join(lines)
    return whole if text.endswith("\n") else whole.removesuffix("\n"), first


def _body_indent(there: Definition, lines: list[str]) -> str:
    """The indentation of what is directly inside a function or class."""
    widths = [len(line) - len(line.lstrip()) for line in lines[there.first : there.last] if line.strip()]
    return " " * min((width for width in widths if width > there.indent), default=there.indent + _STEP)
