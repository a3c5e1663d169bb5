"""Which definitions to suspect first. Pure: three orders of the same suspects, fused into one.

What few passing tests execute is likelier wrong than what many do; so is what speaks of the same things as the
test; so is what stands near it. Each order is weak, and none of them is trusted alone.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from r1code.repair.places import Suspect
from r1code.repo.symbols import names_in

Executed = Mapping[str, Mapping[int, int]]
"""Path -> the lines that the failing test executes, each with the number of passing tests that do."""
Weights = Mapping[str, float]
"""What a word tells about the failure: rare words tell more, and those that the test does not use nothing."""
_FUSION = 2
"""How much the first places count: 1 / (2 + place). With 60, as for lists of documents, they would not."""
_SHORT = 3


def words(text: str) -> Counter[str]:
    """The words in names and prose, in lower case, without the plural."""
    return Counter(_singular(word.lower()) for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", text))


def _singular(word: str) -> str:
    return word[:-1] if len(word) > _SHORT and word.endswith("s") and not word.endswith("ss") else word


def weights(found: Sequence[Suspect], about: str) -> Weights:
    """The weights of the words in `about`, the text of a test and what it said, among suspects."""
    wanted = words(about)
    common = Counter(word for one in found for word in _words_of(one) if word in wanted)
    return {word: math.log(len(found) / count) for word, count in common.items()}


def ranked(found: Sequence[Suspect], executed: Executed, weighed: Weights) -> list[Suspect]:
    """`found`, nearest first, by all three orders."""
    by_lines = _places({one: -_passing(one, found, executed) for one in found})
    by_words = _places({one: _relevance(one, weighed) for one in found})
    fused = {
        one: sum(1 / (_FUSION + place) for place in (at, by_lines[one], by_words[one]))
        for at, one in enumerate(found)
    }
    return sorted(found, key=lambda one: (-fused[one], by_lines[one], by_words[one]))


def lines_of(one: Suspect, executed: Executed) -> dict[int, int]:
    """The lines of a suspect that the failing test executes, with the number of passing tests that do."""
    return {line: count for line, count in executed.get(one.path, {}).items() if line in one.numbers}


def _passing(one: Suspect, found: Sequence[Suspect], executed: Executed) -> float:
    """The fewest passing tests that execute a line of it; of a constant, a line of what may use it."""
    users = [other for other in found if one.name in names_in(other.text)] if one.kind == "constant" else [one]
    return min((count for user in users for count in lines_of(user, executed).values()), default=math.inf)


def _relevance(one: Suspect, weighed: Weights) -> float:
    text = _words_of(one)
    return sum(weighed.get(word, 0.0) for word in text) / math.sqrt(len(text) or 1)


def _words_of(one: Suspect) -> Counter[str]:
    return words(f"{one.name} {one.text}")


def _places(scores: Mapping[Suspect, float]) -> dict[Suspect, int]:
    """The place of each, from 0, highest score first; equals share one."""
    order = sorted(set(scores.values()), reverse=True)
    return {one: order.index(score) for one, score in scores.items()}
