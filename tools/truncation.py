"""Long texts as values: what is kept, and what was cut. Pure."""

from __future__ import annotations

from msgspec import Struct

LEAST = 80
_NOTE = 60


def clean(text: str) -> str:
    """`text` as it can be sent and logged: what a file name holds besides UTF-8 becomes a question mark."""
    return text.encode("utf-8", errors="replace").decode()


class Clipped(Struct, frozen=True, kw_only=True):
    text: str
    """At most `limit` characters, the note about the cut included."""
    cut_lines: int
    cut_chars: int
    """Dropped from the original; 0: it is whole."""


def clip(text: str, limit: int) -> Clipped:
    """The head and the tail of `text` in at most `limit` characters, cut at line ends where that is possible.

    The note in between says how much was cut. Raises ValueError for a limit below LEAST.
    """
    if limit < LEAST:
        raise ValueError(f"a limit below {LEAST} leaves no room for the note")
    if len(text) <= limit:
        return Clipped(text=text, cut_lines=0, cut_chars=0)
    room = limit - _NOTE
    head, tail = text[: room // 2], text[len(text) - (room - room // 2) :]
    if "\n" in head:
        head = head[: head.rindex("\n") + 1]
    if "\n" in tail:
        tail = tail[tail.index("\n") + 1 :]
    cut = text[len(head) : len(text) - len(tail)]
    lines = cut.count("\n") + (not cut.endswith("\n"))
    gap = "" if head.endswith("\n") or not head else "\n"
    note = f"{gap}[... {lines} lines, {len(cut)} characters left out ...]\n"
    return Clipped(text=f"{head}{note}{tail}", cut_lines=lines, cut_chars=len(cut))
