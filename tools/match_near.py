"""Where lines that a file does not have were most likely meant, and what differs there first.

Nothing is ever changed on the strength of a near match: it is only shown.
"""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher

from r1code.tools.match_lines import BLANKS, ENDS, Lines, key

_NEAR = 0.2
_EXTRA = 0.5
_LENGTH = 0.3
_FEW_CHARACTERS = 300
_STEM = 4
_CANDIDATES = 12
_LONG = 300
_MANY_LINES = 60
_MOST_SHOWN = 40
_CUT = "[...]"
_WORD = re.compile(r"[A-Za-z0-9_]+|[^\W\dA-Za-z_]|[^\w\s]")

Range = tuple[int, int]
"""The first line, from 0, and one past the last."""


def nearest(lines: Lines, wanted: Sequence[str]) -> Range | None:
    """The lines most like `wanted`, or None when none are near. Time grows with the file, not with its square."""
    names = [key(line) for line in wanted]
    if not lines.keys or not any(names):
        return None
    best, place = _NEAR, None
    for start in _windows(lines.keys, names):
        window = (start, min(start + len(names), len(lines.keys)))
        for first, stop in dict.fromkeys([window, _aligned(lines.keys, names, start)]):
            value = _likeness(wanted, lines.lines[first:stop])
            if value > best:
                best, place = value, (first, stop)
    return place


def _windows(keys: Sequence[str], names: Sequence[str]) -> list[int]:
    """Starts of the runs of lines that share most words with `names`; a word weighs more where it is rare."""
    asked = Counter(word for name in names for word in _terms(name))
    lines = [[word for word in _terms(line) if word in asked] for line in keys]
    spread = Counter(word for line in lines for word in set(line))
    weight = {word: math.log1p(len(keys) / count) for word, count in spread.items()}
    inside: defaultdict[str, int] = defaultdict(int)
    size = min(len(names), len(keys))
    score = 0.0
    scores: list[float] = []
    for stop, line in enumerate(lines, start=1):
        for word in line:
            inside[word] += 1
            score += weight[word] if inside[word] <= asked[word] else 0
        if stop > size:
            for word in lines[stop - size - 1]:
                score -= weight[word] if inside[word] <= asked[word] else 0
                inside[word] -= 1
        if stop >= size:
            scores.append(score)
    return _peaks(scores, max(1, size // 3))


def _terms(line: str) -> Iterator[str]:
    """Words, and how long ones begin: enough of a word that is misspelt or cut off."""
    for word in _WORD.findall(line):
        yield word
        if len(word) > _STEM:
            yield word[:_STEM]


def _peaks(scores: Sequence[float], apart: int) -> list[int]:
    """The places of the highest scores that are not neighbours."""
    peaks: list[int] = []
    ranked = heapq.nlargest(_CANDIDATES * (2 * apart + 1), range(len(scores)), key=scores.__getitem__)
    for start in ranked:
        if scores[start] > 0 and all(abs(start - peak) >= apart for peak in peaks):
            peaks.append(start)
            if len(peaks) == _CANDIDATES:
                break
    return peaks


def _aligned(keys: Sequence[str], names: Sequence[str], start: int) -> Range:
    """The window at `start`, moved to where its first and last common lines say that it belongs."""
    size = len(names)
    rest = max(0, size - _MANY_LINES)
    heads = _common(keys, names[: size - rest], start)
    tails = _common(keys, names[rest:], start + rest) if rest else heads
    begin = heads[0][1] - heads[0][0] if heads else start
    stop = tails[-1][1] + size - rest - tails[-1][0] if tails else start + size
    return max(0, begin), min(max(stop, begin + 1), len(keys))


def _common(keys: Sequence[str], names: Sequence[str], start: int) -> list[tuple[int, int]]:
    """Lines that both have, as the row in `names` and the place in `keys`, about where `start` says."""
    pad = len(names) // 2 + 2
    low = max(0, start - pad)
    matcher = SequenceMatcher(None, names, keys[low : start + len(names) + pad], autojunk=False)
    return [
        (at + row, low + to + row)
        for at, to, size in matcher.get_matching_blocks()
        for row in range(size)
        if names[at + row]
    ]


def _likeness(ours: Sequence[str], theirs: Sequence[str]) -> float:
    """From 0 to 1: how much of `ours` is in `theirs`, in order and in any order, and how many whole lines."""
    ours, theirs = ([line[:_LONG] for line in lines] for lines in (ours, theirs))
    cut = _characters if sum(map(len, ours)) <= _FEW_CHARACTERS else _words
    here, there = cut(ours), cut(theirs)
    common = ordered = _weight((Counter(here) & Counter(there)).elements())
    # The order takes about the square of what is compared; in very long blocks the common lines say enough.
    if len(ours) <= _MANY_LINES:
        matcher = SequenceMatcher(None, here, there, autojunk=cut is not _characters)
        ordered = sum(_weight(here[at : at + size]) for at, _, size in matcher.get_matching_blocks())
    total, extra = _weight(here), _weight(there)
    parts = [found / (total + _EXTRA * (extra - found)) for found in (ordered, common)]
    shorter, longer = sorted([len(ours), len(theirs)])
    return (sum(parts) / 4 + _whole(ours, theirs) / 2) * math.pow(shorter / longer, _LENGTH)


def _whole(ours: Sequence[str], theirs: Sequence[str]) -> float:
    """How many of the lines of `ours` are whole lines of `theirs`. The last may have been cut off."""
    *lines, last = [line.strip() for line in ours if line.strip()] or [""]
    others = Counter(line.strip() for line in theirs)
    count = len(list((Counter(lines) & others).elements())) + any(line.startswith(last) for line in others)
    return count / (len(lines) + 1)


def _characters(lines: Sequence[str]) -> list[str]:
    return [part for word in _words(lines) for part in ([word] if word.startswith("\n") else word)]


def _words(lines: Sequence[str]) -> list[str]:
    """Words and signs, with the indentation of each line as one that counts little."""
    tokens: list[str] = []
    for line in lines:
        indent = len(line) - len(line.lstrip(BLANKS))
        tokens += ["\n" + line[:indent], *_WORD.findall(line)]
    return tokens


def _weight(tokens: Iterable[str]) -> int:
    return sum(1 if token.startswith("\n") else len(token) for token in tokens)


def difference(found: Sequence[str], wanted: Sequence[str], first: int) -> str:
    """A sentence on the first difference. `first` is the number of the first of `found` in its file."""
    theirs, ours = ([line.rstrip(ENDS) for line in lines] for lines in (found, wanted))
    same = _alike(ours, theirs)
    first += same
    ours, theirs = ours[same : same + _MANY_LINES], theirs[same : same + _MANY_LINES]
    for tag, low, high, here, there in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if tag == "replace":
            why = " (only the white space differs)" if ours[low].split() == theirs[here].split() else ""
            at = _alike(ours[low], theirs[here])
            return (
                f"The file has {_quoted(theirs[here], at)} where your SEARCH has {_quoted(ours[low], at)}{why}."
            )
        if tag == "insert":
            many = f", and {there - here - 1} more" if there - here > 1 else ""
            return f"Your SEARCH leaves out line {first + here} of the file, {_quoted(theirs[here])}{many}."
        if tag == "delete":
            many = f", and {high - low - 1} more" if high - low > 1 else ""
            return f"Your SEARCH has a line too many: {_quoted(ours[low])}{many}."
    return ""


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """How many characters, or lines, both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (here, there) in pairs if here != there), min(len(one), len(other)))


def _quoted(line: str, at: int = 0) -> str:
    """The line, or of a long one the part around the character `at`."""
    start = max(0, at - _LONG // 2) if len(line) > _LONG else 0
    part = line[start : start + _LONG]
    return "..." * (start > 0) + repr(part) + "..." * (start + _LONG < len(line))


def excerpt(found: Sequence[str], wanted: Sequence[str]) -> str:
    """`found` as it is shown: of many lines, and of long ones, only a part."""
    bare = [line.rstrip(ENDS) for line in found]
    same = _alike(bare, [line.rstrip(ENDS) for line in wanted])
    low = max(0, min(same - _MOST_SHOWN // 4, len(bare) - _MOST_SHOWN))
    shown = [line if len(line) <= _LONG else f"{line[:_LONG]}{_CUT}" for line in bare[low : low + _MOST_SHOWN]]
    return "\n".join([_CUT] * (low > 0) + shown + [_CUT] * (low + _MOST_SHOWN < len(bare)))
