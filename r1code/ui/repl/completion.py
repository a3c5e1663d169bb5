"""What can be completed: commands after `/` at the start, files and symbols after `@`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from r1code.ui.messages import localized
from r1code.ui.safe import safe_line

_COMMAND = re.compile(r"^/([a-z][a-z0-9_-]*|)$")
_MENTION = re.compile(r"(?:^|(?<=\s))@([^\s@`]*)$")
_MOST = 50
_MOST_SYMBOLS = 20


class Completions(Completer):
    """`commands`: each with what it is for. `paths`, and the names of `symbols`: asked for at each key."""

    def __init__(
        self,
        commands: Mapping[str, str],
        paths: Callable[[], Sequence[str]],
        symbols: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self._commands = commands
        self._paths = paths
        self._symbols = symbols

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        before = document.text_before_cursor
        if command := _COMMAND.match(before):
            typed = command.group(1)
            for name in ranked(typed, list(self._commands)):
                yield Completion(
                    name, -len(typed), display=f"/{name}", display_meta=localized(self._commands[name])
                )
        elif mention := _MENTION.search(before):
            typed = mention.group(1)
            for path in ranked(typed, self._paths())[:_MOST]:
                yield Completion(path, -len(typed), display=safe_line(path))
            # Of names there are too many to show without a letter.
            for name in ranked(typed, self._symbols())[:_MOST_SYMBOLS] if typed else ():
                yield Completion(name, -len(typed), display=safe_line(name), display_meta=localized("symbol"))


def ranked(typed: str, names: Sequence[str]) -> list[str]:
    """Those in which the characters of `typed` stand in order; the closest first, the shortest of equals."""
    if not typed:
        return sorted(names, key=lambda name: (name.count("/"), name))[:_MOST]
    wanted = typed.casefold()
    found: list[tuple[tuple[int, int, str], str]] = []
    for name in names:
        score = _score(wanted, name.casefold())
        if score is not None:
            found.append(((score, len(name), name), name))
    return [name for _, name in sorted(found)]


def _score(wanted: str, name: str) -> int | None:
    """The lower, the closer: in one piece at the start of a name beats in one piece anywhere, beats scattered."""
    leaf = name.rfind("/") + 1
    at = name.find(wanted, leaf)
    if at >= 0:
        return 0 if at == leaf else 1
    if (at := name.find(wanted)) >= 0:
        return 2
    at = first = -1
    for character in wanted:
        at = name.find(character, at + 1)
        if at < 0:
            return None
        first = at if first < 0 else first
    return 3 + at - first - len(wanted) + 1
