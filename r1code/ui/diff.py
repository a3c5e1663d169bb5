"""A unified diff, line by line: what each is, which of its words changed, and how it is laid out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from r1code.ui.piece import Piece, Style
from r1code.ui.rows import rows
from r1code.ui.safe import safe
from r1code.ui.words import Spans, changed, paired

_HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")
_MOST_LINES = 200
"""That were removed or added in one place and whose words are compared; more are a rewrite."""
_BESIDE: dict[Style, Style] = {"added": "added word", "removed": "removed word"}


class DiffLine(Struct, frozen=True):
    text: str
    """Safe. Of an added, removed or unchanged line the first character is its sign."""
    style: Style
    marks: Spans = ()
    """The words that changed in an added or a removed line; none where all of it did."""
    old: int | None = None
    """Its number before, where that is known."""
    new: int | None = None


def diff_lines(diff: str) -> Iterator[DiffLine]:
    """The lines of `diff`. Inside a hunk the first character decides, elsewhere a line is a heading.

    A removed line `-- x` is shown as removed although it reads `--- x`: hunks are counted, not guessed.
    """
    old = new = 0
    for line in safe(diff).removesuffix("\n").split("\n"):
        if old > 0 or new > 0:
            yield DiffLine(line, _STYLES.get(line[:1], "plain"))
            old -= line[:1] in {"-", " ", ""}
            new -= line[:1] in {"+", " ", ""}
            continue
        hunk = _HUNK.match(line)
        if hunk:
            old, new = (1 if size is None else int(size) for size in hunk.groups())
        outside: Style = "dim" if line.startswith("\\") else "strong"
        yield DiffLine(line, "hunk" if hunk else outside)


_STYLES: dict[str, Style] = {"+": "added", "-": "removed", "\\": "dim"}


def marked(lines: Iterable[DiffLine]) -> Iterator[DiffLine]:
    """The same lines, with their marks."""
    for block in _blocks(lines):
        yield from _marked(block)


def _marked(block: list[DiffLine]) -> list[DiffLine]:
    if block[0].style not in _BESIDE:
        return block
    found = list(block)
    for first, second, spans in _pairs(block):
        for index, marks in zip((first, second), spans, strict=True):
            if index is not None and marks != ((0, len(block[index].text) - 1),):
                found[index] = replace(block[index], marks=tuple((at + 1, end + 1) for at, end in marks))
    return found


def halves(lines: Iterable[DiffLine]) -> Iterator[tuple[DiffLine | None, DiffLine | None]]:
    """What to show beside each other: a line twice, or, marked, a removed one and the one in its place."""
    for block in _blocks(lines):
        found = _marked(block)
        if not any(one.style in _BESIDE for one in block):
            yield found[0], found[0]
            continue
        for first, second, _ in _pairs(block):
            yield None if first is None else found[first], None if second is None else found[second]
        notes = {above.style: one for above, one in pairwise(found) if one.style == "dim"}
        if notes:
            yield notes.get("removed"), notes.get("added")


def inline(lines: Iterable[DiffLine]) -> Iterator[DiffLine]:
    """Each removed line and the one in its place as one, with `[-words-]` and `{+words+}` around what changed."""
    for block in _blocks(lines):
        if not any(one.style in _BESIDE for one in block):
            yield from block
            continue
        for first, second, (olds, news) in _pairs(block):
            old, new = ("" if index is None else block[index].text[1:] for index in (first, second))
            yield _merged((old, olds), (new, news), lone="-" if second is None else "+" if first is None else "")
        yield from (one for one in block if one.style == "dim")


def _merged(old: tuple[str, Spans], new: tuple[str, Spans], *, lone: str) -> DiffLine:
    if lone == "-":
        return DiffLine(f" [-{old[0]}-]", "removed")
    if lone == "+":
        return DiffLine(f" {{+{new[0]}+}}", "added")
    (text, olds), (other, news) = old, new
    out = " "
    marks: list[tuple[int, int]] = []
    at = there = 0
    while at < len(text) or there < len(other):
        removed = next((end for start, end in olds if start == at), at)
        added = next((end for start, end in news if start == there), there)
        if removed > at or added > there:
            part = (f"[-{text[at:removed]}-]" if removed > at else "") + (
                f"{{+{other[there:added]}+}}" if added > there else ""
            )
            marks.append((len(out), len(out) + len(part)))
            out, at, there = out + part, removed, added
        else:
            step = min(_next(olds, at, len(text)) - at, _next(news, there, len(other)) - there)
            out, at, there = out + text[at : at + step], at + step, there + step
    return DiffLine(out, "plain", tuple(marks))


def _next(spans: Spans, at: int, end: int) -> int:
    return next((start for start, _ in spans if start > at), end)


def _blocks(lines: Iterable[DiffLine]) -> Iterator[list[DiffLine]]:
    """Removed lines with the added ones that follow, as one block; every other line is one of its own."""
    block: list[DiffLine] = []
    for line in lines:
        goes_on = line.style == "added" or (line.style == "removed" and not _has(block, "added"))
        if block and (goes_on or line.text.startswith("\\")):
            block.append(line)
            continue
        if block:
            yield block
        block = [line] if line.style in _BESIDE else []
        if not block:
            yield [line]
    if block:
        yield block


def _has(block: list[DiffLine], style: Style) -> bool:
    # The added lines come last, a note about a missing newline perhaps after them.
    return any(one.style == style for one in block[-2:])


def _pairs(block: list[DiffLine]) -> Iterator[tuple[int | None, int | None, tuple[Spans, Spans]]]:
    """The places of a removed line and of what took its place, and the words that changed in both."""
    removed = [index for index, one in enumerate(block) if one.style == "removed"]
    added = [index for index, one in enumerate(block) if one.style == "added"]
    is_rewrite = max(len(removed), len(added)) > _MOST_LINES
    texts = [[block[index].text[1:] for index in side] for side in (removed, added)]
    for first, second in paired(*texts):
        spans: tuple[Spans, Spans] = ((), ())
        if first is not None and second is not None:
            old, new = texts[0][first], texts[1][second]
            spans = (((0, len(old)),), ((0, len(new)),)) if is_rewrite else changed(old, new)
        yield None if first is None else removed[first], None if second is None else added[second], spans


def laid_out(line: DiffLine, prefix: str, width: int | None) -> Iterator[Piece]:
    """What to write for `line`, each row after `prefix`; without a `width` it is one row, as it is.

    A row that goes on with a line has a blank where the sign is: no text can pass for a line of its own.
    """
    if width is None:
        yield from [Piece(prefix if line.text else ""), *_parts(line), Piece("\n")]
        return
    sign, parts = signed(line)
    for number, row in enumerate(rows(parts, width - len(prefix) - len(sign))):
        start = prefix + (sign if number == 0 else " " * len(sign))
        has_mark = not row or row[0].style != line.style
        pieces = (
            [Piece(start, line.style), *row] if has_mark else [Piece(start + row[0].text, line.style), *row[1:]]
        )
        is_blank = not "".join(piece.text for piece in pieces).strip()
        yield from [Piece("\n")] if is_blank else [*pieces, Piece("\n")]


def _parts(line: DiffLine) -> list[Piece]:
    parts: list[Piece] = []
    at = 0
    for start, end in line.marks:
        mark: Style = _BESIDE.get(line.style, "strong")
        parts += [Piece(line.text[at:start], line.style), Piece(line.text[start:end], mark)]
        at = end
    return [part for part in (*parts, Piece(line.text[at:], line.style)) if part.text]


def signed(line: DiffLine) -> tuple[str, list[Piece]]:
    """The sign, and the rest: where tabs stop is counted without it."""
    parts = _parts(line)
    if not parts or line.style in {"strong", "hunk"}:
        return "", parts
    return line.text[0], [replace(parts[0], text=parts[0].text[1:]), *parts[1:]]
