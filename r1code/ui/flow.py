"""Foreign text as it streams: made safe, kept in a column of its own, wrapped or cut. Linear in its length."""

from __future__ import annotations

import re

from rich.cells import get_character_cell_size

from r1code.ui.safe import safe

_PART = re.compile(r"\n|[ \t]+|[^ \t\n]+")
_LINE = re.compile(r"\n|[^\n]+")
_TAB = "    "
_WIDE = 2
_NARROWEST = 8


def cells(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    return len(text) if text.isascii() else sum(map(get_character_cell_size, text))


def clip(text: str, width: int | None) -> str:
    """The start of a one-line `text` that fits in `width` columns, with an ellipsis where it was cut."""
    if width is None or cells(text) <= width:
        return text
    return _head(text, width - 1) + "…"


def _head(text: str, width: int) -> str:
    for index, character in enumerate(text):
        width -= get_character_cell_size(character)
        if width < 0:
            return text[:index]
    return text


class Flow:
    """Puts `prefix` before every line, so that no foreign text ever begins where ours does.

    The result does not depend on how the text was cut into pieces. With a `width`, lines break between words
    (anywhere in scripts with wide characters) and an unfinished word waits for its end. Blank lines at the
    start and at the end are dropped.
    """

    def __init__(self, prefix: str, width: int | None) -> None:
        self._prefix = prefix
        self._room = None if width is None else max(_NARROWEST, width - cells(prefix))
        self._column = 0
        self._open = False
        self._begun = False
        self._blank = 0
        self._gap = ""
        self._word = ""
        self._hard = False

    def feed(self, text: str) -> str:
        """What to write for the next piece of text."""
        text = safe(text)
        out: list[str] = []
        parts: list[str] = (_LINE if self._room is None else _PART).findall(text)
        for part in parts:
            if part == "\n":
                self._settle(out)
                self._break(out)
            elif self._room is None:
                self._put(part, 0, out)
            elif part[0] in " \t":
                self._settle(out)
                self._gap = (self._gap + part.replace("\t", _TAB))[: self._room]
            else:
                self._add(part, self._room, out)
        return "".join(out)

    def end(self) -> str:
        """What to write so that the last line is complete."""
        out: list[str] = []
        self._settle(out)
        if self._open:
            self._break(out)
        self._blank, self._gap = 0, ""
        return "".join(out)

    def _break(self, out: list[str]) -> None:
        if self._open:
            out.append("\n")
        elif self._begun:
            self._blank += 1
        self._open, self._column, self._gap = False, 0, ""

    def _put(self, text: str, width: int, out: list[str]) -> None:
        if not self._open:
            out.append(f"{self._prefix.rstrip()}\n" * self._blank + self._prefix)
            self._open, self._begun, self._blank = True, True, 0
        out.append(text)
        self._column += width

    def _add(self, part: str, room: int, out: list[str]) -> None:
        if not self._hard:
            self._word += part
            if cells(self._word) <= room and not any(map(_is_wide, self._word)):
                return
            part, self._word, self._hard = self._word, "", True
        self._fill(part, room, out)

    def _settle(self, out: list[str]) -> None:
        """Places the word that waited."""
        word, self._word, self._hard = self._word, "", False
        if not word or self._room is None:
            return
        width = cells(word)
        if self._column + len(self._gap) + width <= self._room:
            self._put(self._gap + word, len(self._gap) + width, out)
            self._gap = ""
        elif self._column:
            self._break(out)
            self._put(word, width, out)
        else:
            self._fill(word, self._room, out)

    def _fill(self, text: str, room: int, out: list[str]) -> None:
        """Writes up to the margin and goes on in the next line, wherever that is."""
        if self._gap and self._column + len(self._gap) < room:
            self._put(self._gap, len(self._gap), out)
        elif self._gap and self._column:
            self._break(out)
        self._gap = ""
        for character in text:
            width = get_character_cell_size(character)
            if self._column + width > room:
                self._break(out)
            self._put(character, width, out)


def _is_wide(character: str) -> bool:
    return get_character_cell_size(character) == _WIDE


class Excerpt:
    """The first lines of a text that comes in pieces, each cut to a width. What is left out is counted."""

    def __init__(self, lines: int, width: int) -> None:
        self._most = lines
        self._width = width - 1
        self._lines = 0
        self._open = False
        self._held = ""
        self._column = 0
        self._cut = False

    @property
    def hidden(self) -> int:
        """How many lines were not shown so far."""
        return max(0, self._lines + self._open - self._most)

    def feed(self, text: str) -> str:
        """What of the next piece is shown, made safe."""
        text = self._held + text
        self._held = "\r" if text.endswith("\r") else ""
        text = text[: len(text) - len(self._held)].replace("\r\n", "\n")
        if self._lines >= self._most:
            self._lines += text.count("\n")
            self._open = not text.endswith("\n") if text else self._open
            return ""
        out: list[str] = []
        lines: list[str] = _LINE.findall(text)
        for line in lines:
            shown = self._lines < self._most
            if line == "\n":
                self._lines, self._open, self._column, self._cut = self._lines + 1, False, 0, False
                out.append("\n" if shown else "")
            else:
                self._open = True
                out.append(self._fit(line) if shown and not self._cut else "")
        return "".join(out)

    def _fit(self, line: str) -> str:
        line = safe(line).replace("\t", _TAB)
        head = _head(line, self._width - self._column)
        self._column += cells(head)
        self._cut = len(head) < len(line)
        return f"{head}…" if self._cut else head


def excerpt(text: str, lines: int, width: int) -> tuple[str, int]:
    """The first lines of `text`, and how many more there are."""
    shown = Excerpt(lines, width)
    return shown.feed(text.rstrip("\r\n")), shown.hidden
