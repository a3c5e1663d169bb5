"""Damage of class A: what a model does to lines without changing what they say. The edit must land exactly."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from dataclasses import replace
from math import gcd
from random import Random

from cases import (
    Case,
    Kind,
    Line,
    Unsuitable,
    applied,
    filled,
    folded,
    in_file,
    indent,
    once,
    plain,
    remembering,
    repairable,
    same,
    stripped,
    text,
    written,
)
from residue import fenced, fenced_together, numbered_bar, numbered_colon, numbered_tab, unfenced
from sources import Edit, Op, places

_WIDE = {ord(plain): chr(ord(plain) + 0xFEE0) for plain in "(),:;!?[]{}=<>"}
_ACCENTS = str.maketrans("aeiou", "\u00e1\u00e8\u00ee\u00f6\u00fc")
_ENCODINGS = [
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"", "latin-1"),
]
_SPACES = "\u00a0\u00a0\u202f\u2009\u3000"


def trailing_added(edit: Edit, rng: Random) -> Case:
    said = remembering(lambda line: line + rng.choice(["", " ", "  ", "\t"]))
    return repairable(edit, said, written(edit, said), str.rstrip)


def trailing_dropped(edit: Edit, rng: Random) -> Case:
    edit = in_file(edit, remembering(lambda line: line + rng.choice(["", "", " ", "    ", "\t"])))
    return repairable(edit, str.rstrip, written(edit, str.rstrip), str.rstrip)


def crlf_said(edit: Edit, rng: Random) -> Case:
    once(edit, str.rstrip)
    case = plain(edit, rng)
    return replace(case, search=case.search.replace("\n", "\r\n"), replace=case.replace.replace("\n", "\r\n"))


def crlf_file(edit: Edit, rng: Random) -> Case:
    case = plain(edit, rng)
    after = case.expected or b""
    return replace(case, data=case.data.replace(b"\n", b"\r\n"), expected=after.replace(b"\n", b"\r\n"))


def mixed_ends(edit: Edit, rng: Random) -> Case:
    """Some lines of the file end otherwise than the others; new ones end as most lines around them."""
    if {line for tag, line in edit.ops if tag == "+"} & set(edit.search):
        raise Unsuitable
    many = rng.choice([0.1, 0.5, 0.9])
    # Equal lines end equally: which of them a line of REPLACE repeats would be no question with one answer.
    edit = in_file(edit, remembering(lambda line: line + ("\r" if rng.random() < many else "")))
    ends = Counter(line.endswith("\r") for line in edit.search)
    if ends[True] == ends[False] or not ends[True]:
        raise Unsuitable
    once(edit, str.rstrip)
    usual = "\r" if ends[True] > ends[False] else ""
    search, new = ([line.removesuffix("\r") for line in lines] for lines in (edit.search, edit.replace))
    expected = text(applied(edit, lambda line: line + usual)).encode()
    if all(line.endswith("\r") for line in edit.file):
        raise Unsuitable
    return Case(edit.path, text(edit.file).encode(), text(search), text(new), expected)


def no_final_newline(edit: Edit, rng: Random) -> Case:
    edit = replace(edit, after=[])
    case = plain(edit, rng)
    if not edit.search[-1] or not edit.replace or not edit.replace[-1]:
        raise Unsuitable
    return replace(case, data=case.data.removesuffix(b"\n"), expected=(case.expected or b"").removesuffix(b"\n"))


def said_without_newline(edit: Edit, rng: Random) -> Case:
    case = plain(edit, rng)
    if not edit.search[-1] or not edit.replace or not edit.replace[-1]:
        raise Unsuitable
    return replace(case, search=case.search.removesuffix("\n"), replace=case.replace.removesuffix("\n"))


def deeper(edit: Edit, rng: Random) -> Case:
    unit = "\t" if any(line.startswith("\t") for line in edit.file) else " " * rng.choice([1, 2, 3, 4, 4, 4, 8])
    return repairable(edit, filled(lambda line: unit + line), same, stripped)


def shallower(edit: Edit, rng: Random) -> Case:
    indents = [indent(line) for line in [*edit.search, *edit.replace] if line.strip()]
    common = next(
        size for size in range(max(map(len, indents)), -1, -1) if len({one[:size] for one in indents}) == 1
    )
    if not common:
        raise Unsuitable
    dropped = rng.choice([common, common, rng.randint(1, common)])
    return repairable(edit, filled(lambda line: line[dropped:]), same, stripped)


def _tabbed(line: str, unit: int) -> str:
    spaces = len(line) - len(line.lstrip(" "))
    return "\t" * (spaces // unit) + " " * (spaces % unit) + line.lstrip(" ")


def tabs_as_spaces(edit: Edit, rng: Random) -> Case:
    if not any(line.startswith("\t") for line in edit.file):
        step = gcd(*(len(indent(line)) for line in edit.file if line.strip()))
        if step not in {2, 4}:
            raise Unsuitable
        ops: list[Op] = [(tag, _tabbed(line, step)) for tag, line in edit.ops]
        before, after = ([_tabbed(line, step) for line in lines] for lines in (edit.before, edit.after))
        edit = replace(edit, before=before, ops=ops, after=after)
    unit = rng.choice([2, 4, 4, 8])
    said = filled(lambda line: indent(line).expandtabs(unit) + line.lstrip())
    # With tabs and spaces in the file there must be one way back.
    widths = {(len(indent(said(line))), indent(line)) for line in [*edit.search, *edit.replace] if line.strip()}
    spaced = any(tag == "+" and "  " in indent(line) for tag, line in edit.ops)
    if spaced or len(widths) > len({width for width, _ in widths}):
        raise Unsuitable
    return repairable(edit, said, same, stripped)


def spaces_as_tabs(edit: Edit, rng: Random) -> Case:
    if any("\t" in indent(line) for line in edit.file):
        raise Unsuitable
    unit = rng.choice([2, 4, 4])
    return repairable(edit, filled(lambda line: _tabbed(line, unit)), same, stripped)


def _curly(line: str) -> str:
    line = re.sub(r'(^|[\s(\[{=])"', "\\1\u201c", line).replace('"', "\u201d")
    return re.sub(r"(^|[\s(\[{=])'", "\\1\u2018", line).replace("'", "\u2019")


def _said_alike(edit: Edit, said: Line) -> Case:
    said = remembering(said)
    return repairable(edit, said, written(edit, said), folded)


def _there_alike(edit: Edit, there: Line) -> Case:
    """The file has the characters; the model writes the plain lines."""
    there = remembering(there)
    plainly = {there(line): line for line in edit.file}
    edit = in_file(edit, there)

    def said(line: str) -> str:
        return plainly.get(line, line)

    return repairable(edit, said, written(edit, said), folded)


def curly_said(edit: Edit, _rng: Random) -> Case:
    return _said_alike(edit, _curly)


def curly_file(edit: Edit, _rng: Random) -> Case:
    return _there_alike(edit, _curly)


def dash_said(edit: Edit, rng: Random) -> Case:
    return _said_alike(edit, lambda line: re.sub("-", lambda _: rng.choice("-\u2013\u2014\u2011\u2212"), line))


def dash_file(edit: Edit, rng: Random) -> Case:
    return _there_alike(edit, lambda line: re.sub(" - ", lambda _: rng.choice([" \u2013 ", " \u2014 "]), line))


def space_said(edit: Edit, rng: Random) -> Case:
    return _said_alike(
        edit, lambda line: re.sub(" ", lambda _: rng.choice([" ", " ", rng.choice(_SPACES)]), line)
    )


def space_file(edit: Edit, rng: Random) -> Case:
    return _there_alike(edit, lambda line: re.sub("(?<=\\w) ", lambda _: rng.choice(" \u00a0"), line))


def wide_said(edit: Edit, rng: Random) -> Case:
    return _said_alike(edit, lambda line: line.translate(_WIDE) if rng.random() < 0.7 else line)


def wide_file(edit: Edit, rng: Random) -> Case:
    return _there_alike(edit, lambda line: line.translate(_WIDE) if rng.random() < 0.5 else line)


def _accented(edit: Edit, rng: Random) -> Edit:
    def accent(vowel: re.Match[str]) -> str:
        return vowel[0].translate(_ACCENTS) if rng.random() < 0.2 else vowel[0]

    there = remembering(lambda line: re.sub("[aeiou]", accent, line))
    return replace(in_file(edit, there), ops=[(tag, there(line)) for tag, line in edit.ops])


def nfd_said(edit: Edit, rng: Random) -> Case:
    return _said_alike(_accented(edit, rng), lambda line: unicodedata.normalize("NFD", line))


def nfc_said(edit: Edit, rng: Random) -> Case:
    edit = in_file(_accented(edit, rng), lambda line: unicodedata.normalize("NFD", line))
    return _said_alike(edit, lambda line: unicodedata.normalize("NFC", line))


def invisible_said(edit: Edit, rng: Random) -> Case:
    def said(line: str) -> str:
        at = rng.randint(0, len(line))
        return line[:at] + rng.choice("\u200b\ufeff") + line[at:] if line.strip() and rng.random() < 0.4 else line

    return _said_alike(edit, said)


def ellipsis_said(edit: Edit, rng: Random) -> Case:
    return _said_alike(_with_dots(edit, rng, "wait... {}"), lambda line: line.replace("...", "\u2026"))


def _with_dots(edit: Edit, rng: Random, form: str) -> Edit:
    """The edit with one more line of the file in it."""
    row = rng.choice([row for row, (tag, _) in enumerate(edit.ops) if tag != "+"])
    line = form.format(rng.randrange(1000))
    ops = [*edit.ops[:row], ("=", indent(edit.ops[row][1]) + line), *edit.ops[row:]]
    return replace(edit, ops=ops)


def literal_dots(edit: Edit, rng: Random) -> Case:
    edit = _with_dots(edit, rng, rng.choice(["...", f"{edit.comment or '#'} ..."]))
    if places(edit.file, edit.search) != 1:
        raise Unsuitable
    return plain(edit, rng)


def _elided(edit: Edit, rng: Random, mark: str) -> Case:
    """Some lines that stay are left out, in SEARCH and REPLACE alike."""
    ops, rows = edit.ops, range(1, len(edit.ops) - 1)
    runs = [(low, high) for low in rows for high in rows if {tag for tag, _ in ops[low:high]} == {"="}]
    if not runs:
        raise Unsuitable
    low, high = rng.choice(runs)
    dots: list[Op] = [("=", indent(ops[low][1]) + mark)]
    short = replace(edit, ops=[*ops[:low], *dots, *ops[high:]])
    # Each anchor must be there, be found once, and the file must have no such line itself.
    for part in (ops[:low], ops[high:]):
        anchor = [line.strip() for tag, line in part if tag != "+"]
        if not any(anchor) or places([line.strip() for line in edit.file], anchor) != 1:
            raise Unsuitable
    if any("..." in line for line in [*edit.search, *edit.replace]) or short.search == short.replace:
        raise Unsuitable
    case = plain(edit, rng)
    return replace(case, search=text(short.search), replace=text(short.replace))


def elided(edit: Edit, rng: Random) -> Case:
    return _elided(edit, rng, "...")


def elided_as_comment(edit: Edit, rng: Random) -> Case:
    return _elided(edit, rng, {"#": "# ...", "//": "// ...", "": "<!-- ... -->"}[edit.comment])


def deeper_and_trailing(edit: Edit, rng: Random) -> Case:
    longer = remembering(filled(lambda line: line + rng.choice(["", " ", "  "])))
    return repairable(edit, filled(lambda line: "    " + longer(line)), written(edit, longer), stripped)


def deeper_and_curly(edit: Edit, _rng: Random) -> Case:
    if not any(_curly(line) != line for line in edit.search):
        raise Unsuitable
    return repairable(edit, filled(lambda line: "    " + _curly(line)), written(edit, _curly), folded)


def crlf_file_and_trailing(edit: Edit, rng: Random) -> Case:
    case = trailing_added(edit, rng)
    after = case.expected or b""
    return replace(case, data=case.data.replace(b"\n", b"\r\n"), expected=after.replace(b"\n", b"\r\n"))


def fenced_and_deeper(edit: Edit, rng: Random) -> Case:
    unfenced(edit)
    case = deeper(edit, rng)
    return replace(case, search=f"```\n{case.search}```\n", replace=f"```\n{case.replace}```\n")


def encoded(edit: Edit, rng: Random) -> Case:
    """A file in another encoding, or with a mark at its start, stays so."""
    edit = _accented(edit, rng)
    bom, name = rng.choice(_ENCODINGS)
    lines = [*edit.file, *edit.replace]
    if not bom and (max(map(max, filter(None, lines))) > "\u00ff" or all(map(str.isascii, edit.file))):
        raise Unsuitable
    if places(edit.file, edit.search) != 1 or edit.search == edit.replace:
        raise Unsuitable
    data, after = (bom + text(part).encode(name) for part in (edit.file, applied(edit)))
    return Case(edit.path, data, text(edit.search), text(edit.replace), after)


KINDS = [
    Kind(make.__name__, "A", make)
    for make in (
        plain,
        trailing_added,
        trailing_dropped,
        crlf_said,
        crlf_file,
        mixed_ends,
        no_final_newline,
        said_without_newline,
        encoded,
        deeper,
        shallower,
        tabs_as_spaces,
        spaces_as_tabs,
        curly_said,
        curly_file,
        dash_said,
        dash_file,
        space_said,
        space_file,
        wide_said,
        wide_file,
        nfd_said,
        nfc_said,
        invisible_said,
        ellipsis_said,
        literal_dots,
        elided,
        elided_as_comment,
        fenced,
        fenced_together,
        numbered_colon,
        numbered_bar,
        numbered_tab,
        deeper_and_trailing,
        deeper_and_curly,
        crlf_file_and_trailing,
        fenced_and_deeper,
    )
]
