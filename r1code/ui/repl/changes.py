"""What an editing action wants to change, as lines of a diff, from its own arguments."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from r1code.types import ToolCall
from r1code.ui.diff import DiffLine
from r1code.ui.safe import safe

_CONTEXT = 1
_MOST = 400
"""Lines of a side that are compared; longer ones are shown as they are."""


def changes(call: ToolCall) -> Iterator[DiffLine]:
    """Nothing for an action without text."""
    given = call.arguments
    for edit in given.get("edits", ()):
        yield from _compared(str(edit["search"]), str(edit["replace"]))
    content = given.get("content")
    if not isinstance(content, str):
        return
    if call.name == "patch":
        yield from (_line(text[:1], text[1:]) for text in _lines(content))
    else:
        yield from (_line("+", text) for text in _lines(content))


def _lines(text: str) -> list[str]:
    return safe(text).removesuffix("\n").split("\n")


def _compared(old: str, new: str) -> Iterator[DiffLine]:
    before, after = _lines(old), _lines(new)
    if max(len(before), len(after)) > _MOST:
        yield from (_line("-", text) for text in before)
        yield from (_line("+", text) for text in after)
        return
    for text in list(difflib.unified_diff(before, after, lineterm="", n=_CONTEXT))[2:]:
        yield DiffLine("  ⋮", "hunk") if text.startswith("@@") else _line(text[:1], text[1:])


def _line(sign: str, text: str) -> DiffLine:
    if sign == "+":
        return DiffLine(f"+{text}", "added")
    return DiffLine(f"-{text}", "removed") if sign == "-" else DiffLine(f" {text}", "plain")
