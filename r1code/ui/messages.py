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


class _Template(Struct, frozen=True):
    literal: tuple[str, ...]
    pattern: re.Pattern[str]
    other: str


class Catalogue:
    """English messages, and what they are in another language."""

    def __init__(self, messages: Mapping[str, str]) -> None:
        self._whole = {text: other for text, other in messages.items() if not GAP.search(text)}
        found = (_template(text, other) for text, other in messages.items() if GAP.search(text))
        # Of several that fit, the one with the most words of its own is meant.
        self._templates = sorted(found, key=lambda one: -sum(map(len, one.literal)))
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
            if all(part in text for part in one.literal) and (match := one.pattern.fullmatch(text)):
                return filled(one.other, [self._parts(part, depth - 1) for part in match.groups()])
        return None


def _template(text: str, other: str) -> _Template:
    parts = GAP.split(text)[::2]
    letters = sum(map(str.isalpha, "".join(parts)))
    # What has hardly a word of its own would fit half of all sentences: only words fill its gaps.
    gap = "(.*)" if letters >= _LETTERS else r"(\S*)"
    pattern = gap.join(map(re.escape, parts))
    return _Template(tuple(filter(None, parts)), re.compile(pattern), other)


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
