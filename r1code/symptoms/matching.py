"""Which tests of a run a source means, whatever it calls them. Pure.

Ids are compared as the words in them, so `tests/test_cart.py::TestSum::test_big`, `tests.test_cart.TestSum` with
`test_big`, and `test_big (tests.test_cart.TestSum)` are one. What could be several is none of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from r1code.symptoms.symptom import NamedTest

_SPLIT = re.compile(r"::|[\s/\\.:#>›❯»$]+")
_SUFFIXES = frozenset(
    {"py", "js", "jsx", "ts", "tsx", "mjs", "cjs", "mts", "cts", "rb", "php", "go", "rs", "java"}
)
_SUFFIXED = re.compile(r"\.(?:" + "|".join(sorted(_SUFFIXES)) + r")(?=::|$)")
_CALL = re.compile(r"\(\)$")
_AS_IT_IS = 1_000
Words = tuple[str, ...]


class Matched(Struct, frozen=True, kw_only=True):
    found: tuple[tuple[NamedTest, tuple[str, ...]], ...]
    """What was named, and the ids of the run: several, where a whole file was named."""
    missing: tuple[NamedTest, ...]
    """No test of the run is this one, or it could be several."""

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one for _, ids in self.found for one in ids))


def matched(named: Sequence[NamedTest], ids: Iterable[str], failing: Iterable[str] = ()) -> Matched:
    """`ids`: all of the run. Of several that could be meant, the one that is `failing` is."""
    known = _Known(ids, failing)
    found: list[tuple[NamedTest, tuple[str, ...]]] = []
    missing: list[NamedTest] = []
    for one in named:
        meant = known.meant(one)
        if meant:
            found.append((one, meant))
        else:
            missing.append(one)
    return Matched(found=tuple(found), missing=tuple(missing))


def words_of(identity: str) -> Words:
    """The words of an id, in order and in lower case, without the suffix of its file."""
    plain = _SUFFIXED.sub("", identity[:_AS_IT_IS])
    return tuple(_CALL.sub("", word).casefold() for word in _SPLIT.split(plain) if word)


class _Known:
    def __init__(self, ids: Iterable[str], failing: Iterable[str]) -> None:
        self._ids = tuple(dict.fromkeys(ids))
        self._failing = frozenset(failing)
        self._words = {one: words_of(one) for one in self._ids}
        self._by_last: dict[str, list[str]] = {}
        self._by_group: dict[Words, list[str]] = {}
        for one, its in self._words.items():
            if its:
                self._by_last.setdefault(its[-1], []).append(one)
            self._by_group.setdefault(words_of(one.partition("::")[0]), []).append(one)

    def meant(self, named: NamedTest) -> tuple[str, ...]:
        if named.id in self._words:
            return (named.id,)
        wanted = words_of(named.id)
        if not wanted:
            return ()
        if not named.name and (whole := self._group(wanted)):
            return whole
        same = [one for one in self._by_last.get(wanted[-1], ()) if _fits(wanted, self._words[one])]
        equal = [one for one in same if self._words[one] == wanted]
        if equal:
            return self._one(equal)
        return self._one(self._at(named, same)) or self._one(self._named(named))

    def _group(self, wanted: Words) -> tuple[str, ...]:
        """All tests of a file or module that a source names as a whole."""
        groups = [group for group in self._by_group if group and _fits(wanted, group)]
        return tuple(self._by_group[groups[0]]) if len(groups) == 1 else ()

    def _named(self, named: NamedTest) -> list[str]:
        """By the name, in the file that is named with it, or in what may be the same group."""
        wanted = words_of(named.name)
        if not wanted:
            return []
        group = words_of(named.id)[: -len(wanted)]
        near = [one for one in self._by_last.get(wanted[-1], ()) if self._words[one][-len(wanted) :] == wanted]
        if not named.file:
            near = [one for one in near if _agrees(group, self._words[one][: -len(wanted)])]
        return self._at(named, near)

    def _at(self, named: NamedTest, some: Sequence[str]) -> list[str]:
        """Those that are in the file that a source names, as far as their ids say where they are."""
        file = words_of(named.file)
        if not file:
            return list(some)
        return [one for one in some if not _is_path(one) or _fits(words_of(one.partition("::")[0]), file)]

    def _one(self, some: Sequence[str]) -> tuple[str, ...]:
        if len(some) > 1:
            some = [one for one in some if one in self._failing]
        return (some[0],) if len(some) == 1 else ()


def _fits(left: Words, right: Words) -> bool:
    """Whether one is the end of the other."""
    short, long = sorted((left, right), key=len)
    return bool(short) and long[-len(short) :] == short


def _agrees(named: Words, known: Words) -> bool:
    """Whether what stands before the name can be the same: one may leave out the beginning, or what is within."""
    return not named or not known or _fits(named, known) or known[: len(named)] == named


def _is_path(identity: str) -> bool:
    group = identity.partition("::")[0]
    return "/" in group or _SUFFIXED.search(group) is not None
