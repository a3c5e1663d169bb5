"""Places in text, and which files of the repository they mean. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from r1code.sandbox.runners.frames import place_of
from r1code.symptoms.symptom import MOST_PLACES, Spot, Symptom

_MOST_HINTS = 30


def spots_in(lines: Iterable[str]) -> Iterator[Spot]:
    """The places that lines of tracebacks, compilers and runners name, without those of libraries."""
    for line in lines:
        found = place_of(line)
        if found is not None and not found.foreign:
            yield Spot(path=found.path.replace("\\", "/"), line=found.line or 0)


def distinct(spots: Iterable[Spot]) -> tuple[Spot, ...]:
    """Each place once, where it was named last: that is nearest to the fault. The last ones, if they are many."""
    found: dict[Spot, None] = {}
    for spot in spots:
        found.pop(spot, None)
        found[spot] = None
        if len(found) > MOST_PLACES:
            del found[next(iter(found))]
    return tuple(found)


class Files:
    """The files of a repository, by the ends of their paths."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._whole: set[str] = set()
        self._by_name: dict[str, list[str]] = {}
        for path in paths:
            self._whole.add(path)
            self._by_name.setdefault(path.rpartition("/")[2], []).append(path)

    def meant(self, named: str) -> str | None:
        """The file that a path of another machine means; None: none, or it could be several.

        `/home/runner/work/shop/shop/app/cart.py` is `app/cart.py` where there is such a file, and not `cart.py`.
        """
        path = named.replace("\\", "/").removeprefix("./")
        if path in self._whole:
            return path
        tail = f"/{path.lstrip('/')}"
        same = self._by_name.get(path.rpartition("/")[2], [])
        longer = [one for one in same if f"/{one}".endswith(tail)]
        if longer:
            return longer[0] if len(longer) == 1 else None
        shorter = sorted((one for one in same if tail.endswith(f"/{one}")), key=len)
        return shorter[-1] if shorter else None

    def resolved(self, spots: Sequence[Spot]) -> tuple[Spot, ...]:
        """The places that are in the repository, by their paths there, in their order, each once."""
        found = (Spot(path=path, line=one.line) for one in spots if (path := self.meant(one.path)) is not None)
        return distinct(found)


def all_spots(symptoms: Iterable[Symptom]) -> list[Spot]:
    return [spot for symptom in symptoms for spot in symptom.places]


def hints(symptoms: Iterable[Symptom], paths: Iterable[str]) -> str:
    """Lines as tracebacks have them, about where it failed elsewhere: what the pipeline looks for places in."""
    given = tuple(symptoms)
    spots = Files(paths).resolved(all_spots(given))[-_MOST_HINTS:]
    errors = [line for symptom in given for line in symptom.errors]
    return "\n".join([*(f"{spot.path}:{spot.line}: " for spot in spots), *errors[:_MOST_HINTS]])
