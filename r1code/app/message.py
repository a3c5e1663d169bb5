"""The message of a commit, in the style of the project's own: detected from its last subjects. All pure."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct

from r1code.repo.inert import uncommanded, unreferenced

Kind = Literal["feat", "fix", "docs", "test", "refactor", "perf", "chore"]
Emoji = Literal["", "code", "character"]

_FEWEST = 5
"""With fewer subjects nothing is said about a style."""
_SHORTEST, _USUAL, _LONGEST = 50, 72, 100
_WIDTH = 72
_CONVENTIONAL = re.compile(r"(?P<kind>[a-z]+)(\((?P<scope>[^()\s]+)\))?!?: (?P<rest>\S.*)")
_TICKET = re.compile(r"(?P<open>\[?)(?P<key>[A-Z][A-Z0-9]+-\d+)(?P<close>\]?:?) (?P<rest>\S.*)")
_TICKET_IN_NAME = re.compile(r"(?<![A-Za-z0-9])([A-Z][A-Z0-9]+-\d+)(?![A-Za-z0-9])")
_CODE = re.compile(r":[a-z0-9_+]+: +(?P<rest>\S.*)")
_CHARACTER = re.compile(
    "[\u203c-\u3299\U0001f000-\U0001faff][\ufe0f\u200d\U0001f3fb-\U0001f3ff]* *(?P<rest>\\S.*)"
)
_TRAILERS = re.compile(r"([A-Za-z0-9-]+: \S.*\n?)+")
_MADE_BY_GIT = re.compile(r"(Merge |Revert |fixup! |squash! |amend! )")
_EMOJI: dict[Kind, tuple[str, str]] = {
    "feat": (":sparkles:", "\u2728"),
    "fix": (":bug:", "\U0001f41b"),
    "docs": (":memo:", "\U0001f4dd"),
    "test": (":white_check_mark:", "\u2705"),
    "refactor": (":recycle:", "\u267b\ufe0f"),
    "perf": (":zap:", "\u26a1\ufe0f"),
    "chore": (":wrench:", "\U0001f527"),
}
_WORDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        "fix",
        re.compile(r"\b(fix\w*|bugs?|repair\w*|crash\w*|broken|wrong|fail\w*|regression|error)\b", re.IGNORECASE),
    ),
    ("perf", re.compile(r"\b(speed\w*|faster|slow|perf\w*|optimi[sz]\w+)\b", re.IGNORECASE)),
    (
        "refactor",
        re.compile(r"\b(refactor\w*|renam\w+|extract|simplif\w+|clean|tidy|split|move)\b", re.IGNORECASE),
    ),
    ("docs", re.compile(r"\b(document\w*|docs?|readme|docstrings?)\b", re.IGNORECASE)),
    ("chore", re.compile(r"\b(bump|upgrade|dependenc\w+|release|configure)\b", re.IGNORECASE)),
)
_POLITE = re.compile(
    r"^(please|kindly|can you|could you|would you|i want you to|i need you to|you should|let's)[ ,]+",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"^([#>*-]+|\d+[.)])\s+")
_DOCS = re.compile(r"(^|/)docs?/|\.(md|rst|adoc|txt)$", re.IGNORECASE)
_TESTS = re.compile(
    r"(^|/)(tests?|spec)/|(^|/)(test_[^/]*|[^/]*[_.](test|spec)\.[^/]*|conftest\.py)$", re.IGNORECASE
)


class Style(Struct, frozen=True, kw_only=True):
    """How a project writes its subjects. The default is git's own custom."""

    conventional: bool = False
    """`kind(scope): text`."""
    scopes: tuple[str, ...] = ()
    """Those that it uses; none: it uses none."""
    emoji: Emoji = ""
    """A gitmoji comes first."""
    ticket: str = ""
    """How a ticket comes first, with `{}` for it: `{}: `, `[{}] `; empty: none does."""
    capital: bool = True
    period: bool = False
    longest: int = _USUAL


def detect(subjects: Iterable[str]) -> Style:
    """The style of most of them; what git itself wrote does not count."""
    whole = [line for line in subjects if line.strip() and not _MADE_BY_GIT.match(line)]
    if len(whole) < _FEWEST:
        return Style()
    texts = whole
    emoji: Emoji = ""
    for name, pattern in (("code", _CODE), ("character", _CHARACTER)):
        if _most(pattern.match(text) for text in texts):
            emoji = "code" if name == "code" else "character"
            texts = [_rest(pattern, text) for text in texts]
    tickets = [found for text in texts if (found := _TICKET.match(text))]
    ticket = ""
    if 2 * len(tickets) > len(texts):
        forms = Counter(f"{found['open']}{{}}{found['close']} " for found in tickets)
        ticket = forms.most_common(1)[0][0]
        texts = [_rest(_TICKET, text) for text in texts]
    parsed = [found for text in texts if (found := _CONVENTIONAL.match(text))]
    conventional = 2 * len(parsed) > len(texts)
    scopes = Counter(found["scope"] for found in parsed if found["scope"]) if conventional else Counter[str]()
    if conventional:
        texts = [found["rest"] for found in parsed]
    letters = [text[0] for text in texts if text[0].isalpha()]
    return Style(
        conventional=conventional,
        scopes=tuple(sorted(scopes)),
        emoji=emoji,
        ticket=ticket,
        capital=_most(letter.isupper() for letter in letters) if letters else True,
        period=_most(text.endswith(".") for text in texts),
        longest=min(max(*map(len, whole), _SHORTEST), _LONGEST),
    )


def _most(answers: Iterable[object]) -> bool:
    given = [bool(one) for one in answers]
    return 2 * sum(given) > len(given)


def _rest(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.match(text)
    return found["rest"] if found else text


def message(style: Style, task: str, paths: Sequence[str], *, branch: str = "") -> str:
    """A whole message, without trailers: the subject from the task's first line, and from the paths without one.

    What of that line has no room becomes the body.
    """
    lines = [line for line in (_clean(line) for line in task.splitlines()) if line]
    first = _POLITE.sub("", _MARKUP.sub("", lines[0], count=1), count=1) if lines else ""
    about = uncommanded(first.rstrip(" .!,;:")) or _about(paths)
    subject, whole = _subject(style, about, paths, branch)
    if whole:
        return subject
    return f"{subject}\n\n{textwrap.fill(about, _WIDTH, break_long_words=False, break_on_hyphens=False)}"


def with_trailer(text: str, trailer: str) -> str:
    """A message that ends with the trailer, among others that are there."""
    whole = tidy(text).rstrip("\n")
    last = whole.rpartition("\n\n")
    if trailer in whole.splitlines():
        return f"{whole}\n"
    return f"{whole}{chr(10) if last[0] and _TRAILERS.fullmatch(last[2]) else chr(10) * 2}{trailer}\n"


def tidy(text: str) -> str:
    """As `git commit` tidies a message up: no white space at the ends of lines, no two empty lines in a row."""
    lines = "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")
    return re.sub(r"\n{3,}", "\n\n", lines) + "\n" if lines else ""


def _subject(style: Style, about: str, paths: Sequence[str], branch: str) -> tuple[str, bool]:
    """The subject, and whether all of `about` is in it."""
    kind = _kind(about, paths)
    head = ""
    if style.emoji:
        head += f"{_EMOJI[kind][style.emoji == 'character']} "
    found = _TICKET_IN_NAME.search(branch) if style.ticket else None
    if found:
        head += style.ticket.format(found[1])
    if style.conventional:
        scope = _scope(style.scopes, paths)
        head += f"{kind}({scope}): " if scope else f"{kind}: "
    end = "." if style.period else ""
    text = _cased(about, capital=style.capital)
    room = max(style.longest - len(head) - len(end), 1)
    if len(text) <= room:
        return f"{head}{text}{end}", True
    cut = text[: room - 1 + len(end)]
    words = cut if text[len(cut)] == " " else cut.rpartition(" ")[0]
    return f"{head}{words.rstrip(' .!,;:') or cut}…", False


def _cased(text: str, *, capital: bool) -> str:
    """The first letter as asked for; what looks like a name in code stays as it is."""
    word = text.partition(" ")[0]
    is_plain = word.isalpha() and word[1:] == word[1:].lower() and len(word) > 1
    if not is_plain:
        return text
    return (word[0].upper() if capital else word[0].lower()) + text[1:]


def _kind(about: str, paths: Sequence[str]) -> Kind:
    if paths and all(_TESTS.search(path) for path in paths):
        return "test"
    if paths and all(_DOCS.search(path) for path in paths):
        return "docs"
    for kind, pattern in _WORDS:
        if pattern.search(about):
            return kind
    return "feat"


def _scope(scopes: Sequence[str], paths: Sequence[str]) -> str:
    """The scope that the project uses and that all the paths have in their names; none is invented."""
    for scope in scopes:
        if paths and all(scope in re.split(r"[/.]", path) for path in paths):
            return scope
    return ""


def _about(paths: Sequence[str]) -> str:
    named = [unreferenced(_clean(path)) for path in paths]
    if len(named) == 1:
        return f"Change {named[0] or 'one file'}"
    folder = unreferenced(_clean(_shared(paths)))
    return f"Change {len(named)} files" + (f" in {folder}" if folder else "")


def _shared(paths: Sequence[str]) -> str:
    folders = [path.split("/")[:-1] for path in paths]
    shared: list[str] = []
    for parts in zip(*folders, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return "/".join(shared)


def _clean(text: str) -> str:
    """On one line, and with nothing in it that does not show."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
