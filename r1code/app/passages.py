"""What a line has to do with what was thought and seen before it: passages by the words that they share. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from r1code.app.record import Call, Record, Step

_WORD = re.compile(r"[^\W\d_]\w{2,}")
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_LEAST = 3
"""Letters of a word that says anything."""
MOST = 1_200
"""Characters of a passage."""
_MOST_PARAGRAPHS = 2
_CLOSE = 0.75
"""Of the best paragraph's weight, from which on another one belongs to the passage."""
MOST_LINES = 8
"""Of an observation that are shown."""
_AROUND = 2
"""Lines that are shown before and after the one that it is about."""
_COMMON = frozenset(
    [
        "return",
        "else",
        "elif",
        "raise",
        "with",
        "from",
        "import",
        "self",
        "this",
        "None",
        "True",
        "False",
        "null",
        "true",
        "false",
        "const",
        "function",
        "class",
        "def",
        "the",
        "and",
        "for",
        "not",
        "are",
        "was",
        "but",
        "can",
        "has",
        "have",
        "will",
        "that",
        "then",
        "than",
        "int",
        "str",
        "bool",
        "void",
        "public",
        "static",
    ]
)


class Seen(Struct, frozen=True, kw_only=True):
    """An observation in short."""

    step: str
    """The step that saw it; empty: it is the baseline, which the task told."""
    call: str
    """The id of its call."""
    what: str
    """The tool and what it was asked for: `read shop/cart.py`."""
    lines: tuple[str, ...]
    left_out: int
    """Lines that are not shown."""


def words_of(*texts: str) -> frozenset[str]:
    """The identifiers in some lines, and the words that they are made of."""
    found = {word for text in texts for word in _WORD.findall(text)}
    parts = {part.lower() for word in found for part in _PART.findall(word) if len(part) >= _LEAST}
    return frozenset(found | parts) - _COMMON


def passage(reasoning: str, words: frozenset[str], path: str) -> str:
    """The paragraphs that are most about these words and this file, in their order; else the last one."""
    paragraphs = [one.strip("\n") for one in re.split(r"\n\s*\n", reasoning) if one.strip()]
    if not paragraphs:
        return ""
    name = path.rpartition("/")[2]
    held = [words & words_of(one) for one in paragraphs]
    weights = [
        sum(_weight(word, held) for word in sorted(mine)) + (1.0 if name in one else 0.0)
        for one, mine in zip(paragraphs, held, strict=True)
    ]
    best = max(weights)
    if not best:
        return _cut(paragraphs[-1])
    # Of equals the later ones: what it came to in the end.
    order = sorted(range(len(paragraphs)), key=lambda at: (-weights[at], -at))
    chosen: list[int] = []
    room = MOST
    for at in order[:_MOST_PARAGRAPHS]:
        if weights[at] >= _CLOSE * best and (not chosen or len(paragraphs[at]) <= room):
            chosen.append(at)
            room -= len(paragraphs[at])
    parts: list[str] = []
    for before, at in zip([-1, *sorted(chosen)], sorted(chosen), strict=False):
        parts += ["[...]"] if before >= 0 and at > before + 1 else []
        parts.append(_cut(paragraphs[at]))
    return "\n\n".join(parts)


def _weight(word: str, held: Sequence[frozenset[str]]) -> float:
    """A word that every paragraph has says little about one of them."""
    return math.log(1 + len(held) / sum(word in one for one in held))


def _cut(text: str) -> str:
    return text if len(text) <= MOST else f"{text[:MOST].rsplit(None, 1)[0]} [...]"


def seen_before(record: Record, step: Step, path: str, lines: Sequence[str]) -> Iterator[Seen]:
    """The last look at the file and the last failing test that the model saw before it answered in `step`."""
    before = [
        (one, call)
        for one in record.steps
        if one.entry < step.entry and (not one.is_undone or step.is_undone)
        for call in one.calls
        if call.text
    ]
    needles = [line.strip() for line in lines if line.strip()]
    look = next(((one, call) for one, call in reversed(before) if _shows(call, path)), None)
    if look is not None:
        yield _seen(look[0], look[1], needles or [path])
    test = next(((one, call) for one, call in reversed(before) if _fails(call)), None)
    if test is not None and test != look:
        yield _seen(test[0], test[1], [path])
    elif test is None:
        told = [
            one
            for one in record.tests
            if one.entry < step.entry and (one.report.failed or one.report.uncollected)
        ]
        if told:
            shown, left_out = _excerpt(told[-1].report.digest, [path])
            yield Seen(step="", call="", what=f"tests {told[-1].command}", lines=shown, left_out=left_out)


def _shows(call: Call, path: str) -> bool:
    if call.name == "read":
        return call.arguments.get("path") == path or call.text.startswith(f"{path} (")
    return call.name == "search" and any(line.startswith(f"{path}:") for line in call.text.split("\n"))


def _fails(call: Call) -> bool:
    return call.status == "failed" and call.name in {"test", "run"}


def _seen(step: Step, call: Call, needles: Sequence[str]) -> Seen:
    shown, left_out = _excerpt(call.text, needles)
    return Seen(step=step.id, call=call.id, what=asked(call), lines=shown, left_out=left_out)


def asked(call: Call) -> str:
    """A call in a few words."""
    given = call.arguments
    of = next(
        (given[key] for key in ("path", "pattern", "symbol", "command", "selection", "name") if given.get(key)),
        "",
    )
    return f"{call.name} {of}".strip()


def _excerpt(text: str, needles: Sequence[str]) -> tuple[tuple[str, ...], int]:
    """The lines around the first that holds one of `needles`; else the first ones."""
    lines = text.rstrip("\n").split("\n")
    at = next((at for needle in needles for at, line in enumerate(lines) if needle in line), 0)
    start = max(0, min(at - _AROUND, len(lines) - MOST_LINES))
    end = min(len(lines), at + _AROUND + 1 if at else MOST_LINES)
    shown = tuple(lines[start : min(end, start + MOST_LINES)])
    return shown, len(lines) - len(shown)
