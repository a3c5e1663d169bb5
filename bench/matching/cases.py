"""What one damaged edit is, and what is common to all kinds of damage."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Literal

from sources import Edit, Op, places

EDGES = "".join(map(chr, [9, 10, 11, 12, 13, 32, 0xA0, 0x2009, 0x202F, 0x3000, 0x200B, 0xFEFF]))
"""What the text of a line does not begin or end with."""

Line = Callable[[str], str]
Range = tuple[int, int]
"""The first line, from 1, and the last."""


class Unsuitable(Exception):
    """This damage cannot be done to this edit, or leaves it with two readings: another edit is tried."""


@dataclass(frozen=True)
class Case:
    path: str
    data: bytes
    search: str
    replace: str
    expected: bytes | None
    """The file after the edit; None: the edit must be refused."""
    origins: list[Range] = field(default_factory=list)
    """Where the edit came from; several where the file has it several times."""


@dataclass(frozen=True)
class Kind:
    name: str
    group: Literal["A", "B"]
    make: Callable[[Edit, Random], Case]
    longest: int = 30


def same(line: str) -> str:
    return line


def stripped(line: str) -> str:
    return line.strip()


def folded(line: str) -> str:
    """Coarser than what any matcher should take for equal: no Unicode variants, quotes, dashes or dots."""
    plain = unicodedata.normalize("NFKC", line)
    alike = str.maketrans("\u2018\u2019\u201c\u201d\u2013\u2014\u2010\u2011\u2212", "''\"\"-----", "\u200b\ufeff")
    return plain.translate(alike).strip()


def filled(change: Line) -> Line:
    """`change` for all lines but blank ones."""
    return lambda line: change(line) if line.strip() else line


def indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def remembering(change: Line) -> Line:
    """`change`, which may be random, made to do the same to equal lines."""
    known: dict[str, str] = {}

    def once(line: str) -> str:
        if line not in known:
            known[line] = change(line)
        return known[line]

    return once


def text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def in_file(edit: Edit, there: Line) -> Edit:
    """The same edit where the file's lines are what `there` makes of them."""
    ops: list[Op] = [(tag, line if tag == "+" else there(line)) for tag, line in edit.ops]
    before, after = ([there(line) for line in lines] for lines in (edit.before, edit.after))
    return replace(edit, before=before, ops=ops, after=after)


def applied(edit: Edit, new: Line = same) -> list[str]:
    """The lines of the file after the edit; `new` gives those that REPLACE adds."""
    inside = [new(line) if tag == "+" else line for tag, line in edit.ops if tag != "-"]
    return [*edit.before, *inside, *edit.after]


def written(edit: Edit, said: Line) -> Line:
    """What an added line becomes in the file, as the model said it: only text of the file's own is the file's."""
    own: dict[str, str] = {}
    for line in edit.search:
        if own.setdefault(said(line).strip(EDGES), line.strip()) != line.strip():
            raise Unsuitable

    def new(line: str) -> str:
        if line in edit.search:
            return line
        whole = said(line)
        body = whole.strip(EDGES)
        return whole.replace(body, own[body]) if body in own else whole

    return new


def repairable(edit: Edit, said: Line, new: Line, alike: Line) -> Case:
    """The model says `said` of each line. `alike` is what a matcher may leave aside: found once by it."""
    lines = {*edit.search, *edit.replace}
    if len({said(line) for line in lines}) < len(lines):
        raise Unsuitable
    search, replacement = [said(line) for line in edit.search], [said(line) for line in edit.replace]
    if search == edit.search:
        raise Unsuitable
    once(edit, alike)
    return Case(
        path=edit.path,
        data=text(edit.file).encode(),
        search=text(search),
        replace=text(replacement),
        expected=text(applied(edit, new)).encode(),
    )


def once(edit: Edit, alike: Line) -> None:
    if places([alike(line) for line in edit.file], [alike(line) for line in edit.search]) != 1:
        raise Unsuitable


def origin(edit: Edit) -> Range:
    return len(edit.before) + 1, len(edit.before) + len(edit.search)


def refusable(edit: Edit, search: list[str], replacement: list[str], origins: list[Range] | None = None) -> Case:
    """`search` is not in the file as it is."""
    if any(line.strip(" \t#/*<>!-") in {"...", "\u2026"} for line in search):
        # Such a line may stand for what the file has there: that is no damage.
        raise Unsuitable
    if places(edit.file, search) or not any(map(str.strip, search)) or search == replacement:
        raise Unsuitable
    return Case(
        path=edit.path,
        data=text(edit.file).encode(),
        search=text(search),
        replace=text(replacement),
        expected=None,
        origins=origins or [origin(edit)],
    )


def plain(edit: Edit, _rng: Random) -> Case:
    """The edit as it is, without any damage."""
    data, after = (text(lines).encode() for lines in (edit.file, applied(edit)))
    return Case(edit.path, data, text(edit.search), text(edit.replace), after)
