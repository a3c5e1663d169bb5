"""What failing tests say, short enough for a model and in the order in which it matters. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from r1code.naming import first_of
from r1code.sandbox.runners.frames import frame_of
from r1code.types import Case

_LONGEST = 300
_GAP = "[...]"
_NOTE = 130
_ENTRY = re.compile(r"(?:_ )+_?\s*$")
_LOCATION = re.compile(r"(?P<path>[^\s:]+):(?P<line>\d+): ")
_LEAD = re.compile(r"\s+\d+: |[\w./*()]+\(.*\)$|created by ")
_TELLING = re.compile(
    r"E  |>\s|\s*(?:\w+\.)*\w*(?:Error|Exception|Failure)\b|.*\b(?:panicked at|assert|Assert|panic:)"
    r"|\s*(?:left|right|Expected|Received|expected|actual|Actual|got|want|[-+] )|.*\b(?:expected|got|want)\b",
)
_ERROR = re.compile(r"(?:\w+[.:]+)*\w*(?:Error|Exception|Failure|Panic)\b.*")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")


def digest(failures: Sequence[Case], *, limit: int, known: Collection[str] | None = None) -> str:
    """At most `limit` characters about these failures; what was left out is said at the end.

    First those that are not `known`, each marked as new; then the others. Failures with the same error stand
    together. Of tracebacks the project's own frames stay, and the lines that say what was wrong.
    """
    groups = list(_groups(failures, known))
    blocks = [_Block(group, known) for group in groups]
    whole = "\n\n".join(block.whole() for block in blocks)
    if len(whole) <= limit:
        return whole
    room = limit - _NOTE
    heads = [block.head() for block in blocks]
    while heads and sum(len(head) + 2 for head in heads) > room:
        heads.pop()
    room -= sum(len(head) + 2 for head in heads)
    texts: list[str] = []
    for index, (head, block) in enumerate(zip(heads, blocks, strict=False)):
        share = room // (len(heads) - index)
        text = block.within(len(head) + share)
        room -= len(text) - len(head)
        texts.append(text)
    missing = sum(len(group) for group in groups[len(heads) :])
    left = f"{missing} failing tests and " if missing else ""
    texts.append(f"[left out: {left}lines of those above; run a test alone to see all that it says]")
    return "\n\n".join(texts)[: max(limit, 0)]


def _groups(failures: Sequence[Case], known: Collection[str] | None) -> Iterator[list[Case]]:
    """Failures with the same error, new ones first, else in the order of the run."""
    found: dict[tuple[bool, str], list[Case]] = {}
    for one in failures:
        old = known is not None and one.id in known
        same = _ADDRESS.sub("0x", error_of(one.text))
        found.setdefault((old, same or one.id), []).append(one)
    for key in sorted(found, key=lambda key: key[0]):
        yield found[key]


class _Block:
    """What is said about failures with one error."""

    def __init__(self, group: Sequence[Case], known: Collection[str] | None) -> None:
        first = group[0]
        word = "NOT LOADED" if first.state == "uncollected" else "FAILED"
        new = " (new)" if known is not None and first.id not in known else ""
        place = f" ({first.file}:{first.line})" if first.file and first.line is not None else ""
        self._title = _cut(f"{word} {first.id}{new}{place}")
        others = [one.id for one in group[1:]]
        self._also = _cut(f"the same error in {first_of(others)}") if others else ""
        self._lines = [_cut(line) for line in folded(first.text)]
        self._error = _cut(error_of(first.text))

    def head(self) -> str:
        return self._joined([self._error] if self._error else [])

    def whole(self) -> str:
        return self._joined(self._lines)

    def within(self, room: int) -> str:
        """The most that fits; never less than the head."""
        whole = self.whole()
        if len(whole) <= room:
            return whole
        kept = self._joined(squeezed(self._lines, room - len(self._joined([])) - 1))
        return kept if len(self.head()) <= len(kept) <= room else self.head()

    def _joined(self, lines: Sequence[str]) -> str:
        return "\n".join([self._title, *lines, *([self._also] if self._also else [])])


def squeezed(lines: Sequence[str], room: int) -> list[str]:
    """The lines that tell most, in their order, in at most `room` characters with the gaps between them."""
    telling = [index for index, line in enumerate(lines) if _TELLING.match(line)]
    ordered = dict.fromkeys([*telling, *reversed(range(len(lines)))])
    kept: set[int] = set()
    room -= len(_GAP) + 1
    for index in ordered:
        cost = len(lines[index]) + len(_GAP) + 2
        if cost <= room:
            kept.add(index)
            room -= cost
    out: list[str] = []
    for index, line in enumerate(lines):
        if index in kept:
            out.append(line)
        elif not out or out[-1] != _GAP:
            out.append(_GAP)
    return out


def error_of(text: str) -> str:
    """The line that names the error; the first one where none does."""
    lines = [line for line in text.splitlines() if line.strip()]
    for line in lines:
        if line.startswith("E  "):
            return line[1:].strip()
    for line in reversed(lines):
        if not line.startswith((" ", "\t")) and _ERROR.match(line[:_LONGEST]):
            return line.strip()
    return lines[0].strip() if lines else ""


def folded(text: str) -> list[str]:
    """The lines of a failure; in place of frames of libraries stands how many they were."""
    lines = _without_foreign_entries(text.splitlines())
    out: list[str] = []
    hidden = index = 0
    while index < len(lines):
        line = lines[index]
        frame = frame_of(line)
        below = frame_of(lines[index + 1]) if index + 1 < len(lines) and _LEAD.match(line) else None
        if frame is None and below is not None and below.foreign:
            index += 1
            continue
        if frame is not None and frame.foreign:
            hidden += 1
            index += 1
            # Python shows the source of a frame below it.
            while line.lstrip().startswith('File "') and index < len(lines) and lines[index].startswith("    "):
                index += 1
            continue
        out += [_frames(hidden)] if hidden else []
        hidden = 0
        out.append(line)
        index += 1
    return [*out, _frames(hidden)] if hidden else out


def _without_foreign_entries(lines: Sequence[str]) -> list[str]:
    """Pytest shows each frame as an entry of its own, which ends with its place; what it says of errors stays."""
    entries: list[list[str]] = [[]]
    for line in lines:
        if _ENTRY.fullmatch(line):
            entries.append([])
        else:
            entries[-1].append(line)
    if len(entries) == 1:
        return list(lines)
    out: list[str] = []
    hidden = 0
    for entry in entries:
        places = [found for line in entry if (found := _LOCATION.match(line)) is not None]
        place = frame_of(f'  File "{places[-1]["path"]}", line 1') if places else None
        if place is not None and place.foreign:
            hidden += 1
            out += [line for line in entry if line.startswith("E  ")]
            continue
        out += [_frames(hidden)] if hidden else []
        out += entry
        hidden = 0
    return [*out, _frames(hidden)] if hidden else out


def _frames(count: int) -> str:
    return f"    [{count} {'frame' if count == 1 else 'frames'} of libraries]"


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} [...]"
