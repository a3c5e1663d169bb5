"""A change under review, as pieces: unified or side by side, its statistics, and all of it for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from r1code.tree.entry import Entry
from r1code.tree.hunks import FileReview, Hunk, Line, Review
from r1code.tree.stat import FileStat, Stat
from r1code.ui.diff import DiffLine, inline, laid_out, marked
from r1code.ui.flow import cells
from r1code.ui.messages import localized
from r1code.ui.piece import Piece, Style
from r1code.ui.safe import safe, safe_line

_SIGNS: dict[str, Style] = {"+": "added", "-": "removed", " ": "plain"}
_NO_NEWLINE = DiffLine("\\ No newline at end of file", "dim")
_WIDEST_BAR = 40
_NARROWEST_NAME = 10


def unified(review: Review, width: int | None, *, words: bool) -> Iterator[Piece]:
    """All files and hunks. With `words` a changed line is shown once, with what changed in brackets."""
    for file in review.files:
        yield from heading(file, width)
        for hunk in file.hunks:
            yield from hunk_pieces(file, hunk, width, words=words)


def heading(file: FileReview, width: int | None) -> Iterator[Piece]:
    """The line above the hunks of a file. It begins with a word of ours, so that no name can pass for more."""
    change = file.change
    did = "created" if change.before is None else "deleted" if change.after is None else "changed"
    yield from laid_out(DiffLine(f"{did}  {safe_line(change.path)}{_also(change.after)}", "strong"), "", width)


def _also(after: Entry | None) -> str:
    if after is None:
        return ""
    if after.kind != "file":
        return f"  ({after.kind})"
    return "  (executable)" if after.mode & 0o100 else ""


def hunk_pieces(file: FileReview, hunk: Hunk, width: int | None, *, words: bool = False) -> Iterator[Piece]:
    """One hunk with its number."""
    yield from laid_out(DiffLine(title(file, hunk), "hunk"), "", width)
    lines = shown_lines(file.lines(hunk))
    for line in inline(lines) if words else marked(lines):
        yield from laid_out(line, "", width)


def title(file: FileReview, hunk: Hunk) -> str:
    """The line above a hunk."""
    change = file.change
    if hunk.kind == "mode" and change.before is not None and change.after is not None:
        return f"hunk {hunk.number}  mode {change.before.mode:03o} → {change.after.mode:03o}"
    if hunk.kind == "binary" or file.is_binary:
        return f"hunk {hunk.number}  not text, so there are no lines to show"
    old, new = (
        f"{span.start}" if span.count == 1 else f"{span.start},{span.count}" for span in (hunk.old, hunk.new)
    )
    return f"hunk {hunk.number}  @@ -{old} +{new} @@"


def shown_lines(lines: Iterable[Line]) -> Iterator[DiffLine]:
    """Lines of a hunk as they are shown. Bytes that are not UTF-8 are written as escapes."""
    for line in lines:
        text = safe(line.data.removesuffix(b"\n").decode("utf-8", "backslashreplace"))
        yield DiffLine(line.sign + text, _SIGNS[line.sign], old=line.old, new=line.new)
        if not line.data.endswith(b"\n"):
            yield _NO_NEWLINE


def stat_pieces(stat: Stat, width: int) -> Iterator[Piece]:
    """A line for each file, with a bar, and the sum."""
    names = [_name(file) for file in stat.files]
    counts = ["binary" if file.is_binary else str(file.added + file.removed) for file in stat.files]
    count_width = max(map(len, counts), default=0)
    bar_width = min(_WIDEST_BAR, max(width // 4, 1))
    name_width = max(_NARROWEST_NAME, width - bar_width - count_width - 5)
    name_width = min(name_width, max(map(cells, names), default=0))
    most = max((file.added + file.removed for file in stat.files), default=0)
    for file, name, count in zip(stat.files, names, counts, strict=True):
        shown = _tail(name, name_width)
        yield Piece(f" {shown}{' ' * (name_width - cells(shown))} | {count:>{count_width}}")
        bars = _bars(file, min(1.0, bar_width / most) if most else 0.0)
        yield from [Piece(" "), *bars, Piece("\n")] if bars else [Piece("\n")]
    files = "1 file" if len(stat.files) == 1 else f"{len(stat.files)} files"
    yield Piece(localized(f" {files}, {_lines(stat.added)} added, {stat.removed} removed\n"), "strong")


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count} lines"


def _name(file: FileStat) -> str:
    path = safe_line(file.path)
    notes: list[str] = [file.did] if file.did in {"created", "deleted"} else []
    if file.renamed_from is not None:
        path = f"{safe_line(file.renamed_from)} → {path}"
        notes = [f"{file.alike}%"]
    if file.old_mode is not None and file.new_mode is not None:
        notes.append(_mode(file.old_mode, file.new_mode))
    return f"{path} ({', '.join(notes)})" if notes else path


def _mode(old: str, new: str) -> str:
    plain, program = "100644", "100755"
    short = {(plain, program): "+x", (program, plain): "-x"}
    return f"mode {short.get((old, new), f'{old} → {new}')}"


def _tail(text: str, width: int) -> str:
    """The end that fits: names differ there."""
    if cells(text) <= width:
        return text
    start = len(text)
    left = width - 1
    while start and left >= (size := cells(text[start - 1])):
        start, left = start - 1, left - size
    return f"…{text[start:]}"


def _bars(file: FileStat, scale: float) -> list[Piece]:
    """At least one sign for each kind of change that there is."""
    added, removed = (max(1, round(count * scale)) if count else 0 for count in (file.added, file.removed))
    signs: list[tuple[str, Style]] = [("+" * added, "added"), ("-" * removed, "removed")]
    return [Piece(sign, style) for sign, style in signs if sign]


def as_json(review: Review, stat: Stat, *, hunks: bool) -> str:
    """One object. Bytes and names that are not UTF-8 are written as escapes that stand for a lone surrogate."""
    found: dict[str, Any] = {
        "files": msgspec.to_builtins(stat.files),
        "added": stat.added,
        "removed": stat.removed,
    }
    if hunks:
        found["hunks"] = [_hunk(file, hunk) for file in review.files for hunk in file.hunks]
    # The standard module writes what is not UTF-8, as escapes.
    return json.dumps(found, indent=2)


def _hunk(file: FileReview, hunk: Hunk) -> dict[str, object]:
    return {
        "id": hunk.id,
        "number": hunk.number,
        "path": hunk.path,
        "kind": hunk.kind,
        "old": msgspec.to_builtins(hunk.old),
        "new": msgspec.to_builtins(hunk.new),
        "lines": [
            {
                "sign": one.sign,
                "text": one.data.decode("utf-8", "surrogateescape"),
                "old": one.old,
                "new": one.new,
            }
            for one in file.lines(hunk)
        ],
    }
