"""What r1code says, in the language of the person: a catalogue of messages, applied where they are shown.

Everywhere else they stay English: in logs, in JSON, in what a model reads. A catalogue maps each English message,
with `{0}`, `{1}` for what is filled in, to another language's; `messages.templates` of the tests reads all of
them out of the source, and a gate keeps every catalogue complete. docs/decisions/0034 says why it is done so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pkgutil import get_data

import msgspec
from msgspec import Struct

from r1code.errors import R1CodeError
from r1code.types import Language

ENGLISH: Language = "en"
GAP = re.compile(r"\{(\d+)\}")
BETWEEN = " · "
"""What stands on both sides of it is said apart."""
_LISTED = ", "
_MOST_KNOWN = 2_000
_DEEPEST = 3
_LETTERS = 6
_LONGEST = 2_000
"""Characters: a longer line is none of ours."""


_SPACE = re.compile(r"(\s)")


class Template(Struct, frozen=True):
    """A message with gaps. What fills them is found without going back: a line may be made up to be slow."""

    fields: tuple[tuple[str, ...], ...]
    """The texts around its gaps: of all of it, or of each word and each space."""
    takes_words: bool
    """Only words fill its gaps."""
    other: str
    dropped: tuple[int, ...] = ()
    """Gaps that the other language has no use for: endings of plurals, nouns of counts."""

    @classmethod
    def of(cls, text: str, other: str) -> Template:
        parts = GAP.split(text)[::2]
        letters = sum(map(str.isalpha, "".join(parts)))
        # What has hardly a word of its own would fit half of all sentences; a word and a colon name what follows.
        takes_words = letters < _LETTERS and not parts[0].endswith(": ")
        fields = _SPACE.split(text) if takes_words else [text]
        dropped = set(GAP.findall(text)) - set(GAP.findall(other))
        return cls(
            tuple(tuple(GAP.split(field)[::2]) for field in fields),
            takes_words,
            other,
            tuple(sorted(map(int, dropped))),
        )

    @property
    def size(self) -> int:
        """Characters of its own."""
        return sum(len(part) for field in self.fields for part in field)

    def gaps(self, text: str) -> list[str] | None:
        """What fills its gaps, the first one as far as possible; None: it does not fit."""
        given = _SPACE.split(text) if self.takes_words else [text]
        if len(given) != len(self.fields):
            return None
        found: list[str] = []
        for parts, field in zip(self.fields, given, strict=True):
            gaps = _between(parts, field)
            if gaps is None:
                return None
            found += gaps
        # What says something is not left out.
        is_whole = all(not found[gap] or found[gap].isalpha() for gap in self.dropped)
        return found if is_whole else None


def _between(parts: Sequence[str], text: str) -> list[str] | None:
    """What stands between `parts`, which are all of `text` otherwise. From its end, each as late as possible."""
    first, last = parts[0], parts[-1]
    if len(parts) == 1:
        return [] if text == first else None
    start, end = len(first), len(text) - len(last)
    if start > end or not (text.startswith(first) and text.endswith(last)):
        return None
    found: list[str] = []
    for part in reversed(parts[1:-1]):
        at = text.rfind(part, start, end)
        if at < 0:
            return None
        found.append(text[at + len(part) : end])
        end = at
    return [text[start:end], *reversed(found)]


class Catalogue:
    """English messages, and what they are in another language."""

    def __init__(self, messages: Mapping[str, str]) -> None:
        self._whole = {text: other for text, other in messages.items() if not GAP.search(text)}
        found = (Template.of(text, other) for text, other in messages.items() if GAP.search(text))
        # Of several that fit, the one with the most words of its own is meant.
        self._templates = sorted(found, key=lambda one: -one.size)
        self._known: dict[str, str] = {}

    def told(self, text: str) -> str:
        """The same in the other language, line by line; what is in no catalogue stays as it is."""
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        return "\n".join(self._line(line) for line in text.split("\n"))

    def _line(self, line: str) -> str:
        known = self._known.get(line)
        if known is None:
            known = line if len(line) > _LONGEST else self._parts(line, _DEEPEST)
            self._known[line] = known
        return known

    def _parts(self, line: str, depth: int) -> str:
        return BETWEEN.join(self._part(part, depth) for part in line.split(BETWEEN))

    def _part(self, part: str, depth: int) -> str:
        text = part.strip()
        found = self._message(text, depth) if text and depth else None
        return part if found is None else part.replace(text, found, 1)

    def _message(self, text: str, depth: int) -> str | None:
        if (whole := self._whole.get(text)) is not None:
            return whole
        if _LISTED in text:
            # A list of counts and messages, and no sentence with a comma.
            parts = text.split(_LISTED)
            are_ours = all(one[:1].isdigit() or one in self._whole for one in parts)
            listed = [self._message(one, depth) for one in parts] if are_ours else [None]
            if all(listed):
                return _LISTED.join(filter(None, listed))
        for one in self._templates:
            if (gaps := one.gaps(text)) is not None:
                return filled(one.other, [self._parts(gap, depth - 1) for gap in gaps])
        return None


def filled(message: str, values: Sequence[str]) -> str:
    """With its gaps filled; other braces are just that."""
    return GAP.sub(lambda gap: values[int(gap.group(1))], message)


def language_of(environ: Mapping[str, str]) -> Language:
    """As the locale says; English where it says nothing that there is a catalogue for."""
    said = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return "zh" if said.startswith("zh") else ENGLISH


def catalogue_of(language: Language) -> Catalogue | None:
    """None: English needs none."""
    if language == ENGLISH:
        return None
    data = get_data("r1code.ui", f"{language}.toml")
    if data is None:
        raise FileNotFoundError(f"r1code/ui/{language}.toml")
    return Catalogue(msgspec.toml.decode(data, type=dict[str, str]))


class _Voice:
    """Of the process, as its locale is."""

    catalogue: Catalogue | None = None


def speak(language: Language) -> None:
    """In which language messages are shown from now on."""
    _Voice.catalogue = catalogue_of(language)


def localized(text: str) -> str:
    """`text` of ours, as the person reads it. Foreign text does not belong here."""
    return text if _Voice.catalogue is None else _Voice.catalogue.told(text)


def localized_error(error: R1CodeError) -> str:
    """All of it, in lines."""
    if _Voice.catalogue is None:
        return str(error)
    why, following = localized("why:"), localized("next:")
    return f"{localized(error.what)}\n  {why} {localized(error.why)}\n  {following} {localized(error.hint)}"
