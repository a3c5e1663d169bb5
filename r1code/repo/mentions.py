"""What a task names with `@`: files, lines of them, folders, symbols and revisions. Pure.

    written(text)          # what looks like a mention, with its place: also for completion
    resolve(text, known)   # what each means in a project, and what is wrong with the others

Nothing is guessed: what could mean two things is ambiguous, and what looks like a path and is none is missing.
Code is left alone: what stands in backticks or fences, `@name(`, and a line that decorates the next one.
"""

from __future__ import annotations

import posixpath
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Literal, Protocol

from msgspec import Struct

from r1code.naming import first_of
from r1code.repo.index.languages import languages

REVISION = "rev:"
"""What a mention of a revision begins with, where it is not HEAD or the beginning of a commit's hash."""
_MENTION = re.compile(r'(?<![\w@`./\\+-])@(?:"(?P<quoted>[^"\n]+)"(?P<range>:[\d-]+)?|(?P<plain>[\w./~^:+-]+))')
_LINES = re.compile(r"(.+?):(\d{1,9})(?:-(\d{0,9}))?")
_FENCE = re.compile(r"\s*(```|~~~)")
_TICKS = re.compile(r"`+")
_TO_THE_END = re.compile(r":\d{1,9}-$")
_DECORATOR = re.compile(r"\s*@[\w.]+\s*")
_DECORATED = re.compile(
    r"\s*(@\w|async\b|def\b|class\b|func?\b|fn\b|function\b|export\b|public\b|private\b|protected\b|internal\b|static\b"
    r"|final\b|abstract\b|override\b|interface\b|enum\b|struct\b|record\b|object\b|data\b|val\b|var\b|let\b|const\b"
    r"|void\b|int\b|extension\b|open\b)"
)
_SYMBOL = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_HEAD = re.compile(r"HEAD(?![\w/-])\S*|[0-9a-f]{7,40}")
_OTHER_SUFFIXES = frozenset({".txt", ".rst", ".csv", ".cfg", ".ini", ".xml", ".svg", ".lock", ".proto", ".vue"})
_NAMED = 5
_ENDS = 2

Wrongness = Literal["missing", "ambiguous", "refused"]


class Written(Struct, frozen=True, kw_only=True):
    """A mention as it stands in a text."""

    start: int
    end: int
    """Where, in characters; the end is behind it."""
    text: str
    """With its `@`."""
    name: str
    """Without it, without quotes and lines."""
    first: int | None = None
    last: int | None = None
    """Lines from 1; a last one of None: to the end, or there are none at all."""


class File(Struct, frozen=True, kw_only=True):
    path: str
    first: int | None = None
    """Of the lines that are meant; None: all."""
    last: int | None = None


class Folder(Struct, frozen=True, kw_only=True):
    path: str
    """`.` for the root."""


class Symbol(Struct, frozen=True, kw_only=True):
    name: str
    """With what it belongs to: `Class.method`."""
    path: str
    first: int
    last: int


class Revision(Struct, frozen=True, kw_only=True):
    name: str
    """As it was written."""
    commits: tuple[str, ...]
    """One; or two, of which the difference is meant."""


Target = File | Folder | Symbol | Revision


class Wrong(Struct, frozen=True, kw_only=True):
    """One that means nothing that can be used."""

    text: str
    how: Wrongness
    why: str
    """In words for a person; what else there is belongs to it."""


class Resolved(Struct, frozen=True, kw_only=True):
    targets: tuple[tuple[str, Target], ...] = ()
    """What is meant, each once, in the order of the text, with the words of its first mention."""
    wrong: tuple[Wrong, ...] = ()
    plain: tuple[str, ...] = ()
    """What names nothing here, and does not look as if it should: it stays as it is written."""


class Known(Protocol):
    """What can be asked of a project."""

    files: Sequence[str]
    """That may be seen."""

    def why_not(self, path: str) -> str:
        """Why something that is there may not be seen; empty: nothing is there."""
        ...

    def symbols(self, name: str) -> Sequence[Symbol] | None:
        """What is defined under that name, with or without what it belongs to. None: that is not known yet."""
        ...

    def commit(self, revision: str) -> str | None:
        """The hash of the commit that git knows under that name."""
        ...


def written(text: str) -> tuple[Written, ...]:
    """All that looks like a mention, in order."""
    return tuple(one for match in _MENTION.finditer(_without_code(text)) if (one := _written(text, match)))


def resolve(text: str, known: Known) -> Resolved:
    targets: dict[Target, str] = {}
    wrong: dict[str, Wrong] = {}
    plain: dict[str, None] = {}
    resolver = _Resolver(known)
    for one in written(text):
        found = resolver.found(one)
        if isinstance(found, Wrong):
            wrong.setdefault(one.text, found)
        elif found is None:
            plain.setdefault(one.text)
        elif not isinstance(found, str):
            targets.setdefault(found, one.text)
    return Resolved(
        targets=tuple((text, target) for target, text in targets.items()),
        wrong=tuple(wrong.values()),
        plain=tuple(plain),
    )


class _Resolver:
    def __init__(self, known: Known) -> None:
        self._known = known
        self._files = frozenset(known.files)
        self._folders = frozenset(_above(known.files))
        self._suffixes = _OTHER_SUFFIXES.union(
            (suffix for one in languages().values() for suffix in one.suffixes),
            (posixpath.splitext(path)[1] for path in known.files),
        ) - {""}

    def found(self, one: Written) -> Target | Wrong | Literal["later"] | None:
        """None: it names nothing, and need not. `later`: it may be a symbol, of which nothing is known yet."""
        if one.name.startswith(REVISION):
            return self._revision(one, one.name.removeprefix(REVISION))
        path = posixpath.normpath(one.name)
        found = self._at(one, path)
        if found is None and one.first is None and _HEAD.fullmatch(one.name):
            revision = self._revision(one, one.name)
            # A word of such letters may be no hash at all.
            found = revision if isinstance(revision, Revision) or one.name.startswith("HEAD") else None
        return found or self._by_name(one, path)

    def _at(self, one: Written, path: str) -> Target | Wrong | None:
        """What is at exactly that path."""
        if path.startswith(("/", "../")) or path == "..":
            return _wrong(one, "refused", "it leads out of the project")
        if path in self._files and not one.name.endswith("/"):
            return _lines(one, path)
        if path == "." or path in self._folders:
            return Folder(path=path) if one.first is None else _wrong(one, "missing", "a folder has no lines")
        why = self._known.why_not(path)
        return _wrong(one, "refused", why) if why else None

    def _revision(self, one: Written, name: str) -> Target | Wrong:
        ends = [end or "HEAD" for end in name.split("..")] if ".." in name else [name]
        commits = [self._known.commit(end) for end in ends[:_ENDS]]
        if len(ends) > _ENDS or None in commits or not name:
            return _wrong(one, "missing", "git knows no such commit, branch or tag")
        return Revision(name=name, commits=tuple(filter(None, commits)))

    def _by_name(self, one: Written, path: str) -> Target | Wrong | Literal["later"] | None:
        """By the end of a path, or as a symbol."""
        files = [file for file in self._known.files if file.endswith(f"/{path}")]
        folders = sorted(folder for folder in self._folders if folder.endswith(f"/{path}"))
        ends: list[Target | Wrong] = [] if one.name.endswith("/") else [_lines(one, file) for file in files]
        ends += [Folder(path=folder) for folder in folders] if one.first is None and "/" in one.name else []
        symbols: Sequence[Symbol] | None = ()
        if one.first is None and _SYMBOL.fullmatch(one.name):
            symbols = self._known.symbols(one.name)
        if len(ends) + len(symbols or ()) > 1:
            named = [*files, *(f"{folder}/" for folder in folders)] if ends else []
            named += [f"{each.name} ({each.path}:{each.first})" for each in symbols or ()]
            return _wrong(one, "ambiguous", f"it may be {first_of(named, _NAMED)}")
        if ends:
            return ends[0]
        if symbols:
            return symbols[0]
        if self._looks_like_a_path(one):
            return _wrong(one, "missing", "there is no such file or folder")
        return "later" if symbols is None else None

    def _looks_like_a_path(self, one: Written) -> bool:
        top, slash, _ = one.name.partition("/")
        return (
            one.first is not None
            or one.name.endswith("/")
            or posixpath.splitext(one.name)[1] in self._suffixes
            or bool(slash and (top in self._folders or top == "."))
        )


def _lines(one: Written, path: str) -> File:
    return File(path=path, first=one.first, last=one.last)


def _wrong(one: Written, how: Wrongness, why: str) -> Wrong:
    return Wrong(text=one.text, how=how, why=why)


def _above(files: Iterable[str]) -> Iterator[str]:
    for path in files:
        while path := path.rpartition("/")[0]:
            yield path


def _written(text: str, match: re.Match[str]) -> Written | None:
    name, end = match["quoted"] or "", match.end()
    if name:
        name += match["range"] or ""
    else:
        name = _ended(match["plain"])
        end = match.start() + 1 + len(name)
    if not name or text[end : end + 1] in {"(", "@", "*"}:
        return None
    first = last = None
    if not name.startswith(REVISION) and (ranged := _LINES.fullmatch(name)):
        name, first = ranged[1], int(ranged[2])
        last = first if ranged[3] is None else int(ranged[3]) if ranged[3] else None
    return Written(
        start=match.start(), end=end, text=text[match.start() : end], name=name, first=first, last=last
    )


def _ended(plain: str) -> str:
    """Without what ends a sentence: two dots are part of a range, or a folder, and `:10-` are lines."""
    if plain.startswith(".") and not plain.strip("./"):
        return plain
    if plain.startswith(REVISION):
        return plain if plain.endswith("..") and not plain.endswith("...") else plain.rstrip(".:-+")
    return plain if _TO_THE_END.search(plain) else plain.rstrip(".:-+")


def _without_spans(line: str) -> str:
    """A line with code between as many backticks before as behind it made unreadable."""
    runs = [match.span() for match in _TICKS.finditer(line)]
    later: dict[int, deque[int]] = {}
    for number, (start, end) in enumerate(runs):
        later.setdefault(end - start, deque()).append(number)
    kept, done, number = "", 0, 0
    while number < len(runs):
        start, end = runs[number]
        same = later[end - start]
        while same and same[0] <= number:
            same.popleft()
        number = same[0] if same else number
        if same:
            kept += line[done:start] + "`" * (runs[number][1] - start)
            done = runs[number][1]
        number += 1
    return kept + line[done:]


def _without_code(text: str) -> str:
    """The text with blanks where code stands, as long as before."""
    kept: list[str] = []
    fence = ""
    lines = text.split("\n")
    for line, after in pairwise([*lines, ""]):
        mark = _FENCE.match(line)
        is_code = bool(fence or mark) or bool(_DECORATOR.fullmatch(line) and _DECORATED.match(after))
        if mark and (not fence or mark[1] == fence):
            fence = "" if fence else mark[1]
        kept.append(" " * len(line) if is_code else _without_spans(line))
    return "\n".join(kept)
