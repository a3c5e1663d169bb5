"""Damage of class B: the lines say something else than the file. The edit must be refused, its origin named."""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape
from random import Random

from cases import Case, Kind, Unsuitable, indent, origin, refusable, text
from sources import WORD, Edit, places


def _rows(edit: Edit, least: int) -> list[int]:
    """The rows of SEARCH that hold something, if they are enough."""
    rows = [row for row, line in enumerate(edit.search) if line.strip()]
    if len(rows) < least:
        raise Unsuitable
    return rows


def _with(edit: Edit, row: int, *lines: str) -> Case:
    """SEARCH says `lines` where the file has one; REPLACE says so, too, where it kept that line."""
    line = edit.search[row]
    kept = edit.replace.index(line) if ("=", line) in edit.ops else None
    new = edit.replace if kept is None else [*edit.replace[:kept], *lines, *edit.replace[kept + 1 :]]
    return refusable(edit, [*edit.search[:row], *lines, *edit.search[row + 1 :]], new)


def _changed(edit: Edit, row: int, line: str) -> Case:
    if line.strip() == edit.search[row].strip() or not line.strip():
        raise Unsuitable
    return _with(edit, row, line)


def line_lost(edit: Edit, rng: Random) -> Case:
    return _with(edit, rng.choice(_rows(edit, 3)[1:-1]))


def line_extra(edit: Edit, rng: Random) -> Case:
    row = rng.choice(_rows(edit, 2)[:-1])
    extra = rng.choice(edit.file).strip()
    return _with(edit, row, edit.search[row], indent(edit.search[row]) + extra if extra else "")


def line_changed(edit: Edit, rng: Random) -> Case:
    row = rng.choice(_rows(edit, 3))
    return _changed(edit, row, indent(edit.search[row]) + rng.choice(edit.file).strip())


def lines_swapped(edit: Edit, rng: Random) -> Case:
    row = rng.choice(range(len(edit.search) - 1)) if len(edit.search) > 1 else 0
    pair = edit.search[row : row + 2]
    if len({line.strip() for line in pair}) < 2 or not all(map(str.strip, pair)):
        raise Unsuitable
    return refusable(edit, [*edit.search[:row], *reversed(pair), *edit.search[row + 2 :]], edit.replace)


def identifier_changed(edit: Edit, rng: Random) -> Case:
    """One name is another of the same file: what a model does that misremembers."""
    row = rng.choice(_rows(edit, 1))
    words = list(WORD.finditer(edit.search[row]))
    others = WORD.findall(" ".join(edit.file))
    if len(WORD.findall(" ".join(edit.search))) < 3 or not words:
        raise Unsuitable
    word, line = rng.choice(words), edit.search[row]
    return _changed(edit, row, line[: word.start()] + rng.choice(others) + line[word.end() :])


def letter_changed(edit: Edit, rng: Random) -> Case:
    row = rng.choice(_rows(edit, 1))
    line = edit.search[row]
    spots = [at for at, character in enumerate(line) if character.isalpha()]
    if len(spots) < 8:
        raise Unsuitable
    at = rng.choice(spots)
    return _changed(edit, row, line[:at] + rng.choice(["", line[at] * 2, rng.choice("aeiost")]) + line[at + 1 :])


def case_changed(edit: Edit, rng: Random) -> Case:
    row = rng.choice(_rows(edit, 1))
    line = edit.search[row]
    words = list(WORD.finditer(line))
    if len(words) < 2:
        raise Unsuitable
    word = rng.choice(words)
    return _changed(edit, row, line[: word.start()] + word[0].swapcase() + line[word.end() :])


def quotes_changed(edit: Edit, rng: Random) -> Case:
    rows = [row for row in _rows(edit, 1) if "'" in edit.search[row] or '"' in edit.search[row]]
    if not rows:
        raise Unsuitable
    row = rng.choice(rows)
    return _changed(edit, row, edit.search[row].translate(str.maketrans("'\"", "\"'")))


def escaped(edit: Edit, _rng: Random) -> Case:
    rows = [row for row in _rows(edit, 1) if escape(edit.search[row]) != edit.search[row]]
    if not rows:
        raise Unsuitable
    return refusable(edit, [escape(line) for line in edit.search], [escape(line) for line in edit.replace])


def space_collapsed(edit: Edit, _rng: Random) -> Case:
    """White space inside of lines, which may be part of a string."""

    def narrow(line: str) -> str:
        body = line.strip()
        wide = re.search(r"\s\s", body)
        return indent(line) + (re.sub(r"\s{2,}", " ", body) if wide else re.sub(r" ?([=,+]) ?", r"\1", body))

    search = [narrow(line) for line in edit.search]
    if [line.rstrip() for line in search] == [line.rstrip() for line in edit.search]:
        raise Unsuitable
    return refusable(edit, search, [narrow(line) for line in edit.replace])


def indent_ragged(edit: Edit, rng: Random) -> Case:
    """One line's indentation is changed against that of the others."""
    row = rng.choice(_rows(edit, 2))
    line = edit.search[row]
    other = rng.choice([indent(line) + "    ", indent(line) + " ", indent(line)[:-1], indent(line)[4:]])
    if other == indent(line):
        raise Unsuitable
    return _with(edit, row, other + line.lstrip())


def first_dedented(edit: Edit, _rng: Random) -> Case:
    """The first line begins at the first column, the others where they should."""
    row = _rows(edit, 2)[0]
    if not indent(edit.search[row]):
        raise Unsuitable
    return _with(edit, row, edit.search[row].lstrip())


def comment_dropped(edit: Edit, rng: Random) -> Case:
    rows = _rows(edit, 1)
    whole = [row for row in rows[1:-1] if re.match(r"\s*(#|//|/\*.*\*/$)", edit.search[row])]
    tails = [row for row in rows if re.search(r"\S\s+(# |// |/\*.*\*/$)", edit.search[row])]
    if not whole and not tails:
        raise Unsuitable
    row = rng.choice(whole + tails)
    if row in whole:
        return _with(edit, row)
    return _changed(edit, row, re.sub(r"(\S)\s+(# |// |/\*.*\*/$).*", "\\1", edit.search[row]))


def cut_off(edit: Edit, rng: Random) -> Case:
    """The lines end within one of them."""
    row = rng.choice(_rows(edit, 1))
    line = edit.search[row].rstrip()
    if len(line.strip()) < 8:
        raise Unsuitable
    at = rng.randint(len(indent(line)) + 4, len(line) - 1)
    kept = line[:at].rstrip()
    if text(edit.file).count(text(edit.search[:row]) + kept) > 1:
        raise Unsuitable
    first = len(edit.before) + 1
    return refusable(edit, [*edit.search[:row], kept], edit.replace, [(first, first + row)])


def wrapped(edit: Edit, rng: Random) -> Case:
    """One line is two."""
    row = rng.choice(_rows(edit, 1))
    line = edit.search[row]
    gaps = [match.end() for match in re.finditer(r"\S\s+(?=\S)", line)]
    if not gaps or len(line.strip()) < 12:
        raise Unsuitable
    at = rng.choice(gaps)
    return _with(edit, row, line[:at].rstrip(), indent(line) + line[at:])


def numbers_on_some(edit: Edit, rng: Random) -> Case:
    rows = _rows(edit, 2)
    bare = set(rng.sample(rows, rng.randint(1, len(rows) - 1)))
    first = len(edit.before) + 1
    search = [line if row in bare else f"{first + row}: {line}" for row, line in enumerate(edit.search)]
    return refusable(edit, search, edit.replace)


def file_changed(edit: Edit, rng: Random) -> Case:
    """The lines were as SEARCH says when the model read them; the file has changed since."""
    rows = _rows(edit, 3)
    lines = list(edit.search)
    for row in sorted(rng.sample(rows, rng.randint(1, min(2, len(rows) - 2))), reverse=True):
        change = rng.choice(["line", "word", "insert", "delete"])
        other = indent(lines[row]) + (rng.choice(edit.file).strip() or "something")
        if change == "line":
            lines[row] = other
        elif change == "word":
            lines[row] = WORD.sub("renamed", lines[row], count=1)
        elif change == "insert":
            lines.insert(row, other)
        else:
            del lines[row]
    changed = replace(edit, ops=[("=", line) for line in lines])
    return refusable(changed, edit.search, edit.replace)


def sent_twice(edit: Edit, _rng: Random) -> Case:
    """The file has what REPLACE says, for the edit was made before."""
    if not any(map(str.strip, edit.replace)):
        raise Unsuitable
    return refusable(replace(edit, ops=[("=", line) for line in edit.replace]), edit.search, edit.replace)


def region_twice(edit: Edit, rng: Random) -> Case:
    """The lines stand at a second place, too."""
    file, (first, last) = edit.file, origin(edit)
    at = rng.choice([rng.randint(0, first - 1), rng.randint(last, len(file))])
    return _twice(edit, at, edit.search, edit.search)


def _twice(edit: Edit, at: int, copy: list[str], search: list[str]) -> Case:
    file, (first, last) = edit.file, origin(edit)
    moved = len(copy) if at < first else 0
    data = text([*file[:at], *copy, *file[at:]])
    origins = sorted([(first + moved, last + moved), (at + 1, at + len(copy))])
    return Case(edit.path, data.encode(), text(search), text(edit.replace), None, origins)


def region_twice_loosely(edit: Edit, rng: Random) -> Case:
    """No place has exactly these lines; two have them by the same level."""
    rows = _rows(edit, 1)
    file, (first, last) = edit.file, origin(edit)
    at = rng.choice([rng.randint(0, first - 1), rng.randint(last, len(file))])
    if rng.random() < 0.5:
        search = [line + " " if row in rows else line for row, line in enumerate(edit.search)]
        return _twice(edit, at, edit.search, search)
    copy, search = ([" " * by + line if line.strip() else line for line in edit.search] for by in (8, 4))
    if places(file, search) or places(file, copy) or any("\t" in indent(line) for line in edit.search):
        raise Unsuitable
    return _twice(edit, at, copy, search)


KINDS = [
    Kind(make.__name__, "B", make)
    for make in (
        line_lost,
        line_extra,
        line_changed,
        lines_swapped,
        identifier_changed,
        letter_changed,
        case_changed,
        quotes_changed,
        escaped,
        space_collapsed,
        indent_ragged,
        first_dedented,
        comment_dropped,
        cut_off,
        wrapped,
        numbers_on_some,
        file_changed,
        sent_twice,
        region_twice,
        region_twice_loosely,
    )
]
