"""An answer as it streams, in parts: prose, and the actions in it, which are told as cards and not as text.

This decides what is shown, never what is done: the dialect reads the whole answer by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from r1code.tools.names import ORDER

_ENDINGS = ("note", "plan", "question", "done")
"""Written for a person: their text is shown, their tags are not."""
_NAMES = "|".join(ORDER)
_OPEN = re.compile(rf"\s*<({_NAMES})\b([^>]*)>?")
_LAST = "|".join(_ENDINGS)
_ENDING = re.compile(rf"^\s*</?(?:{_LAST})\b[^>]*>|</(?:{_LAST})\s*>\s*$")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_WORD = re.compile(r"""\bend\s*=\s*["']?([^\s"'/>]+)""")
_PATH = re.compile(r"""\bpath\s*=\s*["']?([^\s"'/>][^"'>]*)""")


class Prose(Struct, frozen=True):
    text: str


class Action(Struct, frozen=True):
    """One is being written: `lines` of it so far."""

    name: str
    path: str
    lines: int


class Folder:
    """The result does not depend on how the text was cut into pieces. Linear: each line is looked at once."""

    def __init__(self) -> None:
        self._line = ""
        self._action: Action | None = None
        self._closer: re.Pattern[str] | None = None
        self._fence = ""

    @property
    def rest(self) -> str:
        """The unfinished line, where it is prose; empty: there is none, or it may become an action."""
        return "" if self._action is not None or self._line.lstrip().startswith("<") else self._line

    def feed(self, text: str) -> Iterator[Prose | Action]:
        head, newline, tail = text.rpartition("\n")
        if newline:
            for line in f"{self._line}{head}".split("\n"):
                yield from self._whole(line)
            self._line = tail
        else:
            self._line += text

    def end(self) -> Iterator[Prose | Action]:
        line, self._line = self._line, ""
        if line:
            yield from self._whole(line)
        self._action, self._closer, self._fence = None, None, ""

    def _whole(self, line: str) -> Iterator[Prose | Action]:
        if self._action is not None:
            self._action = Action(self._action.name, self._action.path, self._action.lines + 1)
            yield self._action
            if self._closer is not None and self._closer.search(line):
                self._action = None
            return
        opened = None if self._fence else _OPEN.match(line)
        if opened is None:
            self._look_for_fence(line)
            yield Prose(f"{_ENDING.sub('', line)}\n")
            return
        name, attributes = opened.groups()
        word, path = _WORD.search(attributes), _PATH.search(attributes)
        action = Action(name, path.group(1) if path else "", 1)
        yield action
        closer = re.compile(rf"</{name}\s+{re.escape(word.group(1))}\s*>" if word else rf"</{name}\s*>")
        if not (attributes.rstrip().endswith("/") or closer.search(line)):
            self._action, self._closer = action, closer

    def _look_for_fence(self, line: str) -> None:
        found = _FENCE.match(line)
        if found is None:
            return
        if not self._fence:
            self._fence = found.group(1)
        elif found.group(1).startswith(self._fence) and not line.strip("`~ \t"):
            self._fence = ""
