"""The scanner of the text dialect: an answer's action blocks, each found in exactly one way or not at all.

A block is `<name attr="value"/>`, `<name>text</name>` on one line, or an opening and a closing tag around
lines. `end="WORD"` in the opening tag makes `</name WORD>` the only closing tag and the body literal.

Linear in the length of the answer: no pattern here can try the same characters in more than a few ways.
"""

from __future__ import annotations

import re
from functools import cache

from msgspec import Struct

from r1code.errors import FormatError

INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"
"""Byte order mark, zero-width spaces and joiners: nobody sees them, and models copy them."""

_HEAD = re.compile(r"\s*<([A-Za-z_]+)(?=[\s/>]|$)")
_OPEN = re.compile(
    r"""\s*<(?P<name>[A-Za-z_]+)
        (?P<attributes>(?:\s+[A-Za-z-]+\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>=]+?))*)
        \s*(?P<closed>/?)>""",
    re.VERBOSE,
)
_ATTRIBUTE = re.compile(r"""([A-Za-z-]+)\s*=\s*("[^"]*"|'[^']*'|[^\s"'<>=/]+(?:/[^\s"'<>=/]+)*)""")
_PATH = re.compile(r"\bpath\s*=")
_CLOSING = re.compile(r"\s*</([A-Za-z_]+)(?:\s++[^>]*+)?>\s*$")
_FENCE = re.compile(r"\s*(`{3,}+|~{3,}+)\s*+([\w+-]*+)[^`]*+$")
_TRANSPARENT = frozenset({"", "xml", "html", "text", "txt", "plaintext", "tool", "tools", "action", "actions"})
"""Fences in these languages, or in none, may wrap actions; in any other they quote code."""

FENCED = re.compile(r"\s*(`{3,}+|~{3,}+)\s*+[\w+.#-]*+\s*$")
MARKER_OPEN = re.compile(r"(<{5,})\s*SEARCH\s*$")


_TWICE = (
    "Line {row}: <{name}> could end at either </{name}> of this line. Put the text on lines of its own, open "
    'with <{name} ... end="STOP"> and close with </{name} STOP>.'
)


class Grammar(Struct, frozen=True, kw_only=True):
    """What the scanner must know of the names: which there are, and how their bodies are read."""

    names: frozenset[str]
    bodiless: frozenset[str]
    optional: frozenset[str]
    """They need no body, so the next action ends one that is empty."""
    marked: frozenset[str]
    """Their bodies are search/replace blocks, whose markers fence off whatever they hold."""


class Block(Struct, frozen=True, kw_only=True):
    name: str
    attributes: dict[str, str]
    body: tuple[str, ...] | None
    """The lines between the tags, without line ends; None: there was no body."""
    literal: bool
    """The opening tag named its closing tag with `end`: every line between them is meant as it is."""
    closed: bool
    """False: the answer ended without the closing tag."""
    first: int
    last: int
    """Line numbers in the answer, from 1."""


class Line(Struct, frozen=True, gc=False):
    """A line, or the rest of one, that belongs to no block."""

    number: int
    text: str
    quoted: bool
    """It stands in a code fence that quotes code."""
    is_rest: bool
    """A block stands before it on its line."""


class Scan(Struct, frozen=True, kw_only=True):
    blocks: tuple[Block, ...]
    outside: tuple[Line, ...]
    quoted: tuple[tuple[int, str], ...]
    """Lines and names of blocks that stand in a code fence, which quotes them: they are not actions."""
    open_fence: int | None
    """The line of a code fence that quotes code and was never closed."""

    @property
    def prose(self) -> str:
        return "\n".join(line.text for line in self.outside).strip()


def scan(text: str, grammar: Grammar) -> Scan:
    """All blocks of an answer. Raises FormatError where two readings are possible, naming both lines."""
    return _Scanner(text, grammar).scan()


class _Tag(Struct, frozen=True, kw_only=True):
    """An opening tag, and the closing tag that it asks for."""

    name: str
    attributes: dict[str, str]
    end: str | None
    row: int

    @property
    def closer(self) -> str:
        return f"</{self.name}>" if self.end is None else f"</{self.name} {self.end}>"

    @property
    def pattern(self) -> re.Pattern[str]:
        return _closer(self.name, self.end)


class _End(Struct, frozen=True):
    """Where a body of several lines ends."""

    stop: int
    """The row after its last whole line."""
    tail: str | None
    """What stands before the closing tag on its line and belongs to the body."""
    row: int
    rest: str
    """Where to go on: in this row, with this text, which is not yet read."""
    closed: bool = True


class _Scanner:
    def __init__(self, text: str, grammar: Grammar) -> None:
        self.lines = text.split("\n")
        self.grammar = grammar
        self.blocks: list[Block] = []
        self.outside: list[Line] = []
        self.quoted: list[tuple[int, str]] = []
        self.fence: tuple[str, str, int] | None = None
        """Its mark, its language, and the row where it begins."""
        self.quotes = False
        """The fence quotes code."""

    def scan(self) -> Scan:
        row = 0
        while row < len(self.lines):
            line = self.lines[row]
            if "<" in line or "`" in line or "~" in line:
                row = self._line(row, line)
            else:
                self.outside.append(Line(row + 1, line, self.quotes, is_rest=False))
                row += 1
        return Scan(
            blocks=tuple(self.blocks),
            outside=tuple(self.outside),
            quoted=tuple(self.quoted),
            open_fence=self.fence[2] + 1 if self.fence is not None and self.quotes else None,
        )

    def _line(self, row: int, rest: str) -> int:
        """Reads a line, and the blocks that begin on it; returns the row to go on with."""
        is_rest = False
        while True:
            opened = self._opening(rest, row) if "<" in rest else None
            if opened is None:
                self._outside(rest, row, is_rest=is_rest)
                return row + 1
            row, rest = self._block(opened, row, rest)
            is_rest = True
            if not rest.strip():
                return row + 1

    def _opening(self, line: str, row: int) -> re.Match[str] | None:
        """The opening tag of an action at the start of `line`."""
        line = _visible(line)
        head = _HEAD.match(line)
        if head is None:
            return None
        name = head.group(1).lower()
        known = name in self.grammar.names
        if self.quotes:
            if known:
                self.quoted.append((row + 1, name))
            return None
        match = _OPEN.match(line)
        if known and match is None:
            raise FormatError(
                f'Line {row + 1}: the tag <{name} ...> is malformed. Write its attributes as name="value", '
                "on one line, and end the tag with > or />."
            )
        if not known and match is not None and _PATH.search(match.group("attributes")):
            raise FormatError(
                f"Line {row + 1}: there is no action <{name}>. The actions are: "
                f"{', '.join(sorted(self.grammar.names))}."
            )
        return match if known else None

    def _outside(self, line: str, row: int, *, is_rest: bool) -> None:
        if "`" in line or "~" in line:
            fence = _FENCE.match(line)
            if fence is None:
                pass
            elif self.fence is None:
                self.fence = (fence.group(1), fence.group(2).lower(), row)
                self.quotes = self.fence[1] not in _TRANSPARENT
            elif fence.group(1).startswith(self.fence[0]) and not fence.group(2):
                self.fence, self.quotes = None, False
        if "</" in line:
            closing = _CLOSING.match(_visible(line))
            if closing is not None and closing.group(1).lower() in self.grammar.names and not self.quotes:
                self._stray(closing.group(1).lower(), row)
        self.outside.append(Line(row + 1, line, self.quotes, is_rest))

    def _stray(self, name: str, row: int) -> None:
        last = self.blocks[-1] if self.blocks else None
        if last is None or last.name != name:
            raise FormatError(
                f"Line {row + 1}: </{name}> closes nothing. Leave it out, or open the <{name}> that it belongs "
                "to."
            )
        if name in self.grammar.bodiless:
            raise FormatError(
                f"Line {row + 1}: </{name}> closes nothing, because the <{name}> of line {last.first} takes no "
                "text. Write all that it needs as attributes."
            )
        raise FormatError(
            f"The <{name}> of line {last.first} could end at line {last.last} or at line {row + 1}: both are "
            f'</{name}>. If the text itself contains that tag, write <{name} ... end="STOP"> and close it with '
            f"</{name} STOP>."
        )

    def _block(self, opened: re.Match[str], row: int, line: str) -> tuple[int, str]:
        """Reads the block whose opening tag is `opened`; returns where to go on, and what is left there."""
        name = opened.group("name").lower()
        attributes = _attributes(opened.group("attributes"), name, row)
        tag = _Tag(name=name, attributes=attributes, end=attributes.pop("end", None) or None, row=row)
        rest = _visible(line)[opened.end() :]
        if opened.group("closed") or name in self.grammar.bodiless:
            self._add(tag, None, row)
            return self._after_bodiless(tag, rest)
        if inline := tag.pattern.search(rest):
            if _closer(name, None).search(rest, inline.end()):
                raise FormatError(_TWICE.format(row=row + 1, name=name))
            self._add(tag, (rest[: inline.start()],), row)
            return row, rest[inline.end() :]
        marked = name in self.grammar.marked and not rest.strip()
        end = self._marked_end(tag) if marked else self._plain_end(tag)
        lines = ([rest] if rest.strip() else []) + self.lines[row + 1 : end.stop]
        if end.tail is not None:
            lines.append(end.tail)
        if tag.end is None and tag.pattern.search(end.rest):
            raise FormatError(_TWICE.format(row=end.row + 1, name=name))
        self._add(tag, tuple(lines), end.row, closed=end.closed)
        return end.row, end.rest

    def _after_bodiless(self, tag: _Tag, rest: str) -> tuple[int, str]:
        """Past a closing tag that follows at once, although nothing has to be closed."""
        if closing := tag.pattern.match(rest.lstrip()):
            return tag.row, rest.lstrip()[closing.end() :]
        below = tag.row + 1
        if not rest.strip() and below < len(self.lines) and tag.pattern.fullmatch(self.lines[below].strip()):
            return below, ""
        return tag.row, rest

    def _plain_end(self, tag: _Tag) -> _End:
        """The closing tag, or the end of the answer."""
        pattern, lines = tag.pattern, self.lines
        for row in range(tag.row + 1, len(lines)):
            line = lines[row]
            if "<" not in line:
                continue
            if tag.end is not None:
                if pattern.fullmatch(line.strip()):
                    return _End(row, None, row, "")
                continue
            if end := _ends(pattern, line, row):
                return end
            inner = self._known(line)
            if inner and tag.name in self.grammar.optional and not "".join(lines[tag.row + 1 : row]).strip():
                return _End(tag.row + 1, None, row - 1, "")
            if inner:
                raise FormatError(
                    f"The <{tag.name}> of line {tag.row + 1} is still open where line {row + 1} begins "
                    f"<{inner}>. If that line is part of the text, open with <{tag.name} ... "
                    f'end="STOP"> and close with </{tag.name} STOP>; else add the missing {tag.closer}.'
                )
        if tag.end is not None:
            raise FormatError(f"The <{tag.name}> of line {tag.row + 1} is never closed with {tag.closer}.")
        return _End(len(lines), None, len(lines) - 1, "", closed=False)

    def _marked_end(self, tag: _Tag) -> _End:
        """The closing tag that is not inside a search/replace block.

        Without one, where the next action begins: no text may stand there, so it can be nothing else.
        """
        row = tag.row + 1
        while row < len(self.lines):
            line = self.lines[row]
            if "<" in line:
                if (closing := tag.pattern.match(line.lstrip())) is not None:
                    return _End(row, None, row, line.lstrip()[closing.end() :])
                if self._known(line):
                    return _End(row, None, row - 1, "")
                marker = MARKER_OPEN.match(line)
                if marker is not None:
                    row = _marker_close(self.lines, row, len(marker.group(1)))
            row += 1
        return _End(len(self.lines), None, len(self.lines) - 1, "", closed=False)

    def _known(self, line: str) -> str | None:
        """The name of the action that `line` opens."""
        head = _OPEN.match(line)
        name = "" if head is None else head.group("name").lower()
        return name if name in self.grammar.names else None

    def _add(self, tag: _Tag, body: tuple[str, ...] | None, last: int, *, closed: bool = True) -> None:
        self.blocks.append(
            Block(
                name=tag.name,
                attributes=tag.attributes,
                body=body,
                literal=tag.end is not None,
                closed=closed,
                first=tag.row + 1,
                last=last + 1,
            )
        )


@cache
def _plain_closer(name: str) -> re.Pattern[str]:
    return re.compile(rf"</\s*{name}\s*>", re.IGNORECASE)


def _closer(name: str, end: str | None) -> re.Pattern[str]:
    if end is None:
        return _plain_closer(name)
    return re.compile(rf"</\s*(?i:{name})\s+{re.escape(end)}\s*>")


def _ends(pattern: re.Pattern[str], line: str, row: int) -> _End | None:
    """The end of a body at `line`: its closing tag begins the line, or ends it."""
    found = list(pattern.finditer(line))
    if not found:
        return None
    if not line[: found[0].start()].strip():
        return _End(row, None, row, line[found[0].end() :])
    if not line[found[-1].end() :].strip():
        return _End(row, line[: found[-1].start()], row, "")
    return None


def _visible(line: str) -> str:
    """`line` without the invisible characters that stand before its text."""
    return line if line[:1].isascii() else line.lstrip(INVISIBLE)


def _attributes(text: str, name: str, row: int) -> dict[str, str]:
    attributes: dict[str, str] = {}
    for key, raw in _ATTRIBUTE.findall(text):
        if key.lower() in attributes:
            raise FormatError(f"Line {row + 1}: <{name}> has the attribute {key.lower()} twice. Keep one.")
        value = raw[1:-1] if raw[:1] in {'"', "'"} else raw
        attributes[key.lower()] = value
    return attributes


def _marker_close(lines: list[str], row: int, size: int) -> int:
    """The line of the marker that closes the search/replace block opened at `row`, or the last line."""
    closer = re.compile(rf">{{{size}}}\s*REPLACE\s*$")
    for last in range(row + 1, len(lines)):
        if lines[last].startswith(">") and closer.match(lines[last]):
            return last
    return len(lines)
