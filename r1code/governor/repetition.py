"""Notices that a stream repeats itself: word for word, with a counter, or with a few words changed.

The text is read in atoms (words, numbers, signs). While it repeats, each atom is what stood one period earlier,
or a number that goes on counting; what is neither is new. A text that says something has new atoms all the time,
also where it looks the same: a row of a table has other values, a case of a proof other words. So what counts is
how much was repeated against how little of it was new, since the repeating began.
"""

from __future__ import annotations

from collections import deque
from typing import Literal

from msgspec import Struct

from r1code.governor.atoms import Atom, Atoms

_ANCHOR = 6
"""Atoms in a row that have to be found again before a period is believed."""
_RING = 8192
"""Atoms that are remembered; a power of 2."""
_LONGEST = 4096
"""Atoms of the longest period that is looked for: two of them are remembered."""
_TROUBLE = 3
"""New atoms among the last `_ANCHOR`, and another period is looked for."""
_CREDIT = 140.0
"""Repeated tokens that a run is believed to have before: a changed word at its beginning shall not end it."""
_DRIFT, _JUMP = 0.5, 3.0
"""What it costs, in new atoms, when a period gets a little longer or shorter; and when it is another one."""
_SLOT, _SLOT_COST = 3, 3.0
"""New so often at the same place of the period, and it is a place for values, as in a table: each costs more."""
_EARLY = 6
"""Copies, before which `early_price` counts: it is not known yet which places are for values."""
_STALE = 2.0
"""A run that repeated so many times what is needed, and still is no loop, is forgotten."""
_TWICE = 1.5
"""Copies, up to which a text may only stand there for the second time."""
_FIRST = 3
"""Copies, before which `first_price` counts."""
_COUNTS = 3
"""Numbers that went on counting, and it is an enumeration."""
_SHOWN = 160
"""Characters of the evidence."""

Kind = Literal["verbatim", "enumeration", "near"]


class Limits(Struct, frozen=True, kw_only=True):
    """When a stream is called a loop. Tokens are estimated (atoms.py); docs/decisions/0021 has the figures."""

    tokens: float
    """Repeated ones: what came once does not count."""
    once: float | None
    """As many, where a long text stands there twice and nothing in it is new. None: twice is no loop."""
    margin: float
    """Repeated tokens that have to be left when each new atom is set against `price` of them."""
    price: float
    """For a text that was said again and again."""
    counting_price: float
    """The same, where numbers go on counting: cases that are really gone through have few new atoms."""
    first_price: float
    """For a text that was said two or three times."""
    early_price: float
    """For a text that was said only a few times."""


class Repetition(Struct, frozen=True, kw_only=True):
    """What was found. Places are characters from the start of the stream."""

    kind: Kind
    start: int
    """Where the first copy begins: what stands before it was said for the first time."""
    end: int
    tokens: int
    """Repeated ones, estimated."""
    copies: int
    excerpt: str
    """The beginning of what is said again and again."""


class _Run:
    """Since when, at which period, and how much of it was new."""

    def __init__(self, lag: int, start: int) -> None:
        self.lag = lag
        self.start = start
        self.repeated = 0.0
        self.new = 0.0
        self.exact = 0.0
        """Repeated since the last new one."""
        self.copies = 0.0
        self.counted = 0


class Detector:
    """Fed with a stream in chunks. Linear time, bounded memory, and the same result however the chunks fall."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._atoms = Atoms()
        self._seen = 0
        self._ring: list[Atom] = []
        self._deltas = [0] * _RING
        self._slots = [0] * _RING
        self._last: deque[Atom] = deque(maxlen=_ANCHOR)
        self._costs: deque[float] = deque(maxlen=_ANCHOR)
        # The last place of each `_ANCHOR` atoms; and of those with numbers, whichever numbers they are.
        self._exact: dict[str, int] = {}
        self._shapes: dict[str, int] = {}
        self._run: _Run | None = None
        self.found: Repetition | None = None

    def feed(self, text: str) -> Repetition | None:
        return self._read(self._atoms.feed(text))

    def finish(self) -> Repetition | None:
        return self._read(self._atoms.finish())

    def _read(self, atoms: list[Atom]) -> Repetition | None:
        for atom in atoms:
            if self.found is not None:
                break
            self._take(atom)
        return self.found

    def _take(self, atom: Atom) -> None:
        at = self._seen
        self._seen += 1
        if at < _RING:
            self._ring.append(atom)
        else:
            self._ring[at % _RING] = atom
        self._last.append(atom)
        place = self._anchor(at)
        run = self._run
        if run is None:
            self._slots[at % _RING] = 0
            if place is not None:
                self._begin(at, at - place)
            return
        self._follow(run, atom, at)
        if sum(map(bool, self._costs)) >= _TROUBLE:
            lag = self._drifted(run, at) or (None if place is None else at - place)
            if lag is not None and lag != run.lag:
                self._turn(run, at, lag)
        if run.repeated + _CREDIT < self._limits.price * run.new:
            self._run = None
        elif run.repeated >= self._limits.tokens:
            self._judge(run, atom, at)
            if run.repeated >= _STALE * self._limits.tokens:
                self._run = None

    def _anchor(self, at: int) -> int | None:
        """Where the last atoms stood before, most lately; the place of the last of them."""
        if len(self._last) < _ANCHOR:
            return None
        place = _moved(self._exact, "\0".join([one.text for one in self._last]), at)
        if any(one.value is not None for one in self._last):
            shape = "\0".join([one.text if one.value is None else "#" for one in self._last])
            like = _moved(self._shapes, shape, at)
            place = like if place is None else place
        return None if place is None or at - place > _LONGEST else place

    def _begin(self, at: int, lag: int) -> None:
        before = at - _ANCHOR
        self._run = run = _Run(lag, self._ring[before % _RING].end if before >= 0 else 0)
        for back in range(_ANCHOR - 1, -1, -1):
            self._follow(run, self._ring[(at - back) % _RING], at - back)

    def _follow(self, run: _Run, atom: Atom, at: int) -> None:
        run.copies += 1 / run.lag
        slot = self._slots[(at - run.lag) % _RING]
        cost = 0.0
        if self._is_expected(run, atom, at):
            run.repeated += atom.weight
            run.exact += atom.weight
        else:
            slot += 1
            cost = _SLOT_COST if slot >= _SLOT else 1.0
            run.new += cost
            run.exact = 0.0
        self._slots[at % _RING] = slot
        self._costs.append(cost)

    def _is_expected(self, run: _Run, atom: Atom, at: int) -> bool:
        before = self._ring[(at - run.lag) % _RING]
        if atom.value is None or before.value is None:
            return atom.text == before.text
        delta = self._deltas[at % _RING] = atom.value - before.value
        counts = delta != 0 and delta == self._deltas[(at - run.lag) % _RING]
        run.counted += counts
        return counts or atom.text == before.text

    def _drifted(self, run: _Run, at: int) -> int | None:
        """A period near the run's that the last atoms fit: words came in between, or were left out."""
        for shift in range(1, _drift(run.lag) + 1):
            for lag in (run.lag + shift, run.lag - shift):
                oldest = at - lag - _ANCHOR + 1
                if (
                    0 < lag <= _LONGEST
                    and oldest >= 0
                    and all(
                        self._ring[(at - back) % _RING].text == self._ring[(at - back - lag) % _RING].text
                        for back in range(_ANCHOR)
                    )
                ):
                    return lag
        return None

    def _turn(self, run: _Run, at: int, lag: int) -> None:
        """Goes on with another period: the last atoms are held against that one instead."""
        run.new += (_DRIFT if abs(lag - run.lag) <= _drift(run.lag) else _JUMP) - sum(self._costs)
        for back, cost in enumerate(reversed(self._costs)):
            if not cost:
                run.repeated -= self._ring[(at - back) % _RING].weight
        run.lag = lag
        for back in range(len(self._costs) - 1, -1, -1):
            self._follow(run, self._ring[(at - back) % _RING], at - back)

    def _judge(self, run: _Run, atom: Atom, at: int) -> None:
        limits, copies = self._limits, run.copies
        counting = run.counted >= _COUNTS
        if copies < _TWICE:
            if limits.once is None or run.exact < limits.once:
                return
        else:
            usual = limits.counting_price if counting else limits.price
            price = limits.first_price if copies < _FIRST else limits.early_price if copies < _EARLY else usual
            if run.repeated - price * run.new < limits.margin:
                return
        shown = range(at - run.lag + 1, at - run.lag + 1 + min(run.lag, _SHOWN))
        self.found = Repetition(
            kind="enumeration" if counting else "near" if run.new else "verbatim",
            start=run.start,
            end=atom.end,
            tokens=round(run.repeated),
            copies=int(copies) + 1,
            excerpt=_from_its_line("".join(self._ring[one % _RING].text for one in shown))[:_SHOWN],
        )


def _drift(lag: int) -> int:
    """How much longer or shorter a period may get to be nearly the same."""
    return max(1, min(8, lag // 8))


def _from_its_line(text: str) -> str:
    """What comes round again, from the beginning of a line on, if there is one in it."""
    before, newline, after = text.partition("\n")
    return after + before + newline


def _moved(places: dict[str, int], key: str, at: int) -> int | None:
    """The place under `key`, which becomes `at`. What is too old to matter is forgotten from time to time."""
    place = places.get(key)
    places[key] = at
    if len(places) > 2 * _RING:
        for old in [one for one, where in places.items() if at - where > _RING]:
            del places[old]
    return place


REASONING = Limits(
    tokens=1120, once=1250, margin=200, price=20, counting_price=50, first_price=200, early_price=60
)
ANSWER = Limits(
    tokens=2000, once=None, margin=1000, price=50, counting_price=100, first_price=400, early_price=200
)
