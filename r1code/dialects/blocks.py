"""The scanner of the text dialect: an answer's action blocks, each found in exactly one way or not at all.

A block is `<name attr="value"/>`, `<name>text</name>` on one line, or an opening and a closing tag around
lines. `end="WORD"` in the opening tag makes `</name WORD>` the only closing tag and the body literal.
"""

from __future__ import annotations

import re

from msgspec import Struct

from r1code.errors import FormatError

_OPEN = re.compile(
    r"""\s*<(?P<name>[A-Za-z_]+)
        (?P<attributes>(?:\s+[A-Za-z-]+\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>=]+?))*)
        \s*(?P<closed>/?)>""",
    re.VERBOSE,
)
_ATTRIBUTE = re.compile(r"""([A-Za-z-]+)\s*=\s*("[^"]*"|'[^']*'|[^\s"'<>=/]+(?:/[^\s"'<>=/]+)*)""")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})\s*([\w+-]*)[^`]*$")
_TRANSPARENT = frozenset({"", "xml", "html", "text", "txt", "plaintext", "tool", "tools", "action", "actions"})
"""Fences in these languages, or in none, may wrap actions; in any other they quote code."""

FENCED = re.compile(r"\s*(`{3,}|~{3,})\s*[\w+.#-]*\s*$")
MARKER_OPEN = re.compile(r"(<{5,})\s*SEARCH\s*$")


class Grammar(Struct, frozen=True, kw_only=True):
    """What the scanner must know of the names: which there are, and how their bodies are read."""

    names: frozenset[str]
    bodiless: frozenset[str]
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


class Scan(Struct, frozen=True, kw_only=True):
    blocks: tuple[Block, ...]
    prose: str
    quoted: tuple[str, ...]
    """Names of blocks that stand in a code fence, which quotes them: they are not actions."""


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


class _Scanner:
    def __init__(self, text: str, grammar: Grammar) -> None:
        self.lines = text.split("\n")
        self.grammar = grammar
        self.blocks: list[Block] = []
        self.prose: list[str] = []
        self.quoted: list[str] = []
        self.fence: tuple[str, str] | None = None

    def scan(self) -> Scan:
        row, rest = 0, self.lines[0]
        while True:
            opened = self._opening(rest, row)
            if opened is not None:
                row, rest = self._block(opened, row, rest)
            else:
                self._outside(rest, row)
                rest = ""
            if not rest.strip():
                row += 1
                if row >= len(self.lines):
                    break
                rest = self.lines[row]
        prose = "\n".join(self.prose).strip()
        return Scan(blocks=tuple(self.blocks), prose=prose, quoted=tuple(self.quoted))

    def _opening(self, line: str, row: int) -> re.Match[str] | None:
        """The opening tag of an action at the start of `line`."""
        head = re.match(r"\s*<([A-Za-z_]+)(?=[\s/>])", line)
        if head is None:
            return None
        name = head.group(1).lower()
        known = name in self.grammar.names
        if self.fence is not None and self.fence[1] not in _TRANSPARENT:
            if known:
                self.quoted.append(name)
            return None
        match = _OPEN.match(line)
        if known and match is None:
            raise FormatError(
                f'Line {row + 1}: the tag <{name} ...> is malformed. Write its attributes as name="value", '
                "on one line, and end the tag with > or />."
            )
        if not known and match is not None and re.search(r"\bpath\s*=", match.group("attributes")):
            raise FormatError(
                f"Line {row + 1}: there is no action <{name}>. The actions are: "
                f"{', '.join(sorted(self.grammar.names))}."
            )
        return match if known else None

    def _outside(self, line: str, row: int) -> None:
        fence = _FENCE.match(line)
        if fence is not None:
            if self.fence is None:
                self.fence = (fence.group(1), fence.group(2).lower())
            elif fence.group(1).startswith(self.fence[0]) and not fence.group(2):
                self.fence = None
        closing = re.fullmatch(r"\s*</([A-Za-z_]+)(?:\s+[^>]*)?>\s*", line)
        if closing is not None and closing.group(1).lower() in self.grammar.names:
            self._stray(closing.group(1).lower(), row)
        self.prose.append(line)

    def _stray(self, name: str, row: int) -> None:
        if self.fence is not None and self.fence[1] not in _TRANSPARENT:
            return
        if self.blocks and self.blocks[-1].name == name:
            raise FormatError(
                f"The <{name}> of line {self.blocks[-1].first} could end at line {self.blocks[-1].last} or at "
                f"line {row + 1}: both are </{name}>. If the text itself contains that tag, write "
                f'<{name} ... end="STOP"> and close it with </{name} STOP>.'
            )
        raise FormatError(f"Line {row + 1}: </{name}> closes nothing.")

    def _block(self, opened: re.Match[str], row: int, line: str) -> tuple[int, str]:
        """Reads the block whose opening tag is `opened`; returns where to go on, and what is left there."""
        name = opened.group("name").lower()
        attributes = _attributes(opened.group("attributes"), name, row)
        end = attributes.pop("end", None)
        tag = _Tag(name=name, attributes=attributes, end=end, row=row)
        rest = line[opened.end() :]
        if opened.group("closed"):
            self._add(tag, None, row)
            return row, rest
        if name in self.grammar.bodiless:
            return self._bodiless(tag, rest)
        if tag.closer in rest:
            body, _, after = rest.partition(tag.closer)
            if f"</{name}>" in after:
                raise FormatError(
                    f"Line {row + 1}: <{name}> could end at either </{name}> of this line. Put the text on "
                    f'lines of its own, open with <{name} ... end="STOP"> and close with </{name} STOP>.'
                )
            self._add(tag, (body,), row)
            return row, after
        marked = name in self.grammar.marked and not rest.strip()
        last, closed = self._marked_end(tag) if marked else self._plain_end(tag)
        lines = [rest] if rest.strip() else []
        lines += self.lines[row + 1 : last]
        if not closed:
            self._add(tag, tuple(lines), last - 1, closed=False)
            return last - 1, ""
        if self.lines[last].strip() != tag.closer:
            # The closing tag stands at the end of the last line of text.
            lines.append(self.lines[last].rstrip()[: -len(tag.closer)])
        self._add(tag, tuple(lines), last)
        return last, ""

    def _bodiless(self, tag: _Tag, rest: str) -> tuple[int, str]:
        self._add(tag, None, tag.row)
        if rest.strip().startswith(tag.closer):
            return tag.row, rest.strip()[len(tag.closer) :]
        below = tag.row + 1
        if not rest.strip() and below < len(self.lines) and self.lines[below].strip() == tag.closer:
            return below, ""
        return tag.row, rest

    def _plain_end(self, tag: _Tag) -> tuple[int, bool]:
        """The line of the closing tag, or the end of the answer."""
        for last in range(tag.row + 1, len(self.lines)):
            line = self.lines[last]
            if line.strip() == tag.closer or (tag.end is None and line.rstrip().endswith(tag.closer)):
                return last, True
            if tag.end is None and (inner := self._known(line)):
                raise FormatError(
                    f"The <{tag.name}> of line {tag.row + 1} is still open where line {last + 1} begins "
                    f"<{inner}>. If that line is part of the text, open with <{tag.name} ... "
                    f'end="STOP"> and close with </{tag.name} STOP>; else add the missing {tag.closer}.'
                )
        if tag.end is not None:
            raise FormatError(f"The <{tag.name}> of line {tag.row + 1} is never closed with {tag.closer}.")
        return len(self.lines), False

    def _marked_end(self, tag: _Tag) -> tuple[int, bool]:
        """The line of the closing tag that is not inside a search/replace block.

        Without one, where the next action begins: no text may stand there, so it can be nothing else.
        """
        last = tag.row + 1
        while last < len(self.lines):
            line = self.lines[last]
            if line.strip() == tag.closer:
                return last, True
            if self._known(line):
                return last, False
            marker = MARKER_OPEN.match(line)
            if marker is not None:
                last = _marker_close(self.lines, last, len(marker.group(1)))
            last += 1
        return len(self.lines), False

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


def _attributes(text: str, name: str, row: int) -> dict[str, str]:
    attributes: dict[str, str] = {}
    for key, raw in _ATTRIBUTE.findall(text):
        if key.lower() in attributes:
            raise FormatError(f"Line {row + 1}: <{name}> has the attribute {key.lower()} twice.")
        value = raw[1:-1] if raw[:1] in {'"', "'"} else raw
        attributes[key.lower()] = value
    return attributes


def _marker_close(lines: list[str], row: int, size: int) -> int:
    """The line of the marker that closes the search/replace block opened at `row`, or the last line."""
    closer = re.compile(rf">{{{size}}}\s*REPLACE\s*$")
    for last in range(row + 1, len(lines)):
        if closer.match(lines[last]):
            return last
    return len(lines)
