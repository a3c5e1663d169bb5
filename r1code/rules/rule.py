"""A rule: which calls it is about, as a person writes it. Pure.

run(git status)        this command, and no other
run(pytest *)          `*` as the last word: with any arguments; elsewhere: one word, or a part of one
run, exec, read, edit  all commands; all that runs something, reads, or changes files
edit(path=docs/**)     all changes of these files, globs as in .gitignore
search(pattern=*)      any other argument of a tool, `*` for any text
"""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct
from pathspec import GitIgnoreSpec

from r1code.errors import UsageError
from r1code.types import Effect

EFFECTS: dict[str, Effect] = {"read": "read", "edit": "write", "exec": "exec"}
"""Names that stand for every tool of an effect: how R1 reads or edits is its own choice."""
TOOLS = frozenset(
    {"list", "search", "patch", "replace", "insert", "delete", "move", "chmod", "run", "logs", "stop", "test"}
)
_TEXT = re.compile(r"(?P<tool>[a-z]+)(?:\((?P<inside>.*)\))?")
_ARGUMENT = re.compile(r"(?P<name>[a-z]+)=(?P<pattern>.+)")
_SHELL = frozenset("|&;<>()$`{}[]?~#!\\\n")
_QUOTES = frozenset("'\"")

Word = tuple[str, ...]
"""The literal parts of a pattern's word, between its `*`: one part, and it is literal."""


class Rule(Struct, frozen=True, kw_only=True):
    """`str` gives what `parse` read."""

    tool: str
    """A tool, or a name of EFFECTS."""
    argument: str | None = None
    """Which argument the pattern is about: `command` of run, or as named; None: there is no pattern."""
    pattern: str = ""

    def __str__(self) -> str:
        if self.argument is None:
            return self.tool
        inside = self.pattern if self.tool == "run" else f"{self.argument}={self.pattern}"
        return f"{self.tool}({inside})"

    @property
    def words(self) -> tuple[Word, ...]:
        """The words of the pattern of a command."""
        return _words(self.pattern)

    @property
    def is_complete(self) -> bool:
        """Whether a command's pattern leaves nothing open."""
        return all(len(word) == 1 for word in self.words)

    def is_about(self, tool: str, effect: Effect) -> bool:
        return EFFECTS.get(self.tool) == effect if self.tool in EFFECTS else self.tool == tool

    def has_path(self, path: str) -> bool:
        """Whether the glob holds for a path in normal form."""
        return _spec(self.pattern).match_file(path)

    def has_value(self, value: str) -> bool:
        """Whether the pattern holds for the whole of another argument."""
        return re.fullmatch(_regex(tuple(self.pattern.split("*"))), value, re.DOTALL) is not None

    def free_in(self, words: tuple[str, ...]) -> tuple[str, ...] | None:
        """The words of a command that a `*` stands for; None: the pattern does not hold for the command."""
        pattern = self.words
        rest = pattern[-1] == ("", "") and len(pattern) > 1
        fixed = pattern[:-1] if rest else pattern
        if len(words) < len(fixed) or (len(words) > len(fixed) and not rest):
            return None
        if not all(re.fullmatch(_regex(one), word, re.DOTALL) for one, word in zip(fixed, words, strict=False)):
            return None
        open_ones = (word for one, word in zip(fixed, words, strict=False) if len(one) > 1)
        return *open_ones, *words[len(fixed) :]


def parse(text: str) -> Rule:
    """The rule that `text` says. Raises UsageError that says what is wrong with it."""
    text = text.strip(" \t\n")
    match = _TEXT.fullmatch(text)
    if match is None:
        raise _wrong(text, "it is neither a name nor a name with something in parentheses")
    tool = "edit" if match["tool"] == "write" else match["tool"]
    if tool not in EFFECTS and tool not in TOOLS:
        known = ", ".join([*EFFECTS, *sorted(TOOLS)])
        raise _wrong(text, f"there is no tool or effect {tool}; there are {known}")
    if match["inside"] is None:
        return Rule(tool=tool)
    inside = match["inside"].strip(" \t")
    if tool == "run":
        if not _words(inside, text):
            raise _wrong(text, "there is no command in its parentheses")
        return Rule(tool=tool, argument="command", pattern=inside)
    argument = _ARGUMENT.fullmatch(inside)
    if argument is None:
        raise _wrong(text, f"in its parentheses must stand an argument and a pattern, as in {tool}(path=src/**)")
    if argument["name"] == "path":
        _refuse_path(argument["pattern"], text)
    return Rule(tool=tool, argument=argument["name"], pattern=argument["pattern"])


def literal(words: tuple[str, ...]) -> Rule | None:
    """The rule for exactly this command; None: no pattern can say it."""
    if any(_CONTROL.search(word) for word in words):
        return None
    return Rule(tool="run", argument="command", pattern=" ".join(map(_quoted, words)))


def exact_path(tool: str, path: str) -> Rule | None:
    """The rule for exactly this path; None: no glob can say it."""
    if _CONTROL.search(path) or path != path.strip():
        return None
    return Rule(tool=tool, argument="path", pattern="/" + re.sub(r"([\\*?\[\]!#])", r"\\\1", path))


_PLAIN = re.compile(r"[A-Za-z0-9_./:=@%+,-]+")
_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def _quoted(word: str) -> str:
    if _PLAIN.fullmatch(word):
        return word
    return "'" + word.replace("'", "'\"'\"'") + "'"


@lru_cache(maxsize=1_000)
def _words(pattern: str, rule: str = "") -> tuple[Word, ...]:
    """Words at blanks; quotes as in a shell, and a `*` in them is a star."""
    words: list[list[str]] = []
    quote, inside = "", False
    for char in pattern:
        if quote:
            if char == quote:
                quote = ""
            else:
                words[-1][-1] += char
            continue
        if char in " \t":
            inside = False
            continue
        if not inside:
            words.append([""])
            inside = True
        if char in _QUOTES:
            quote = char
        elif char == "*":
            words[-1].append("")
        elif char in _SHELL:
            raise _wrong(
                rule or pattern, f"a shell gives {char!r} a meaning, and a rule names one command; quote it"
            )
        else:
            words[-1][-1] += char
    if quote:
        raise _wrong(rule or pattern, f"a quote {quote} is not closed")
    return tuple(map(tuple, words))


@lru_cache(maxsize=1_000)
def _regex(parts: Word) -> str:
    return ".*".join(map(re.escape, parts))


@lru_cache(maxsize=1_000)
def _spec(pattern: str) -> GitIgnoreSpec:
    return GitIgnoreSpec.from_lines([pattern])


def _refuse_path(pattern: str, text: str) -> None:
    if pattern.startswith(("!", "#")) or not pattern.strip("/ "):
        raise _wrong(text, "a pattern of paths begins with a path; a backslash before ! or # makes it one")
    if pattern.startswith("~") or ".." in pattern.split("/"):
        raise _wrong(text, "paths are relative to the project, and rules reach no further")
    try:
        _spec(pattern)
    except ValueError as error:
        raise _wrong(text, f"its pattern of paths cannot be read: {error}") from error


def _wrong(text: str, why: str) -> UsageError:
    return UsageError(
        f"the rule {text!r} cannot be used",
        why=why,
        hint="write it like run(git status), run(pytest *), edit(path=docs/**), read, exec; docs/approvals.md",
    )
