"""Tests that cannot pass together: two of them ask the same and expect different answers. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from msgspec import Struct

from r1code.repair import asked_elsewhere, asked_python
from r1code.repair.asked import Asked

_MOST = 2_000
"""Files that are read."""
READ = (".py", *asked_elsewhere.READ)
"""How the names of files end that can be read."""


class Contradiction(Struct, frozen=True, kw_only=True):
    one: Asked
    other: Asked


def contradictions(
    sources: Mapping[str, str], targets: Sequence[str], passed: Sequence[str]
) -> Iterator[Contradiction]:
    """Pairs of which at least one test is among `targets`, and the other is there, or is one that `passed`."""
    by_call: dict[str, list[Asked]] = {}
    for one in _certain([one for path, text in list(sources.items())[:_MOST] for one in _asked(path, text)]):
        if one.path.endswith(".py") and any("autouse" in text for text in sources.values()):
            # What a fixture does before each test, nobody can read here.
            continue
        by_call.setdefault(one.call, []).append(one)
    for group in by_call.values():
        for one, other in combinations(group, 2):
            if one.expected == other.expected:
                continue
            wanted = [any(each.is_in(test) for test in targets) for each in (one, other)]
            known = [any(each.is_in(test) for test in passed) for each in (one, other)]
            if any(wanted) and all(
                is_target or is_known for is_target, is_known in zip(wanted, known, strict=True)
            ):
                yield Contradiction(one=one, other=other)


def _asked(path: str, text: str) -> Iterator[Asked]:
    return asked_python.asked(path, text) if path.endswith(".py") else asked_elsewhere.asked(path, text)


def _certain(found: Sequence[Asked]) -> Iterator[Asked]:
    """Those whose tests a report cannot mean by the name of another one."""
    files = {(one.path, one.names) for one in found}
    named = Counter(names[-1] for _, names in files)
    return (one for one in found if not one.ends or named[one.names[-1]] == 1)
