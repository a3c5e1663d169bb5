"""Two batches of the same tasks, task by task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from msgspec import Struct

from r1code.batch.bundle import Bundle
from r1code.batch.statistics import Interval, mcnemar, median_interval, paired_difference, wilson
from r1code.batch.summary import Row, summary_of
from r1code.errors import UsageError


class Side(Struct, frozen=True, kw_only=True):
    """One of the two, on the tasks that both have."""

    profile: str
    model: str
    solved: int
    rate: float
    interval: Interval


class Change(Struct, frozen=True, kw_only=True):
    """Of a figure from the first to the second."""

    name: str
    first: float
    second: float
    """Medians."""
    difference: float
    """The median of what each task needed more in the second."""
    interval: Interval | None
    """Of that, 95 %; None: too few tasks."""


class Comparison(Struct, frozen=True, kw_only=True):
    tasks: int
    """That both have a result of."""
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    """Tasks that one alone has a result of: they do not count."""
    differing: tuple[str, ...]
    """Tasks of one name that are not the same in both: they do not count either."""
    first: Side
    second: Side
    difference: float
    interval: Interval
    gained: tuple[str, ...]
    """Solved by the second alone."""
    lost: tuple[str, ...]
    """Solved by the first alone."""
    p_value: float
    """Of McNemar's exact test."""
    changes: tuple[Change, ...]


def compare(first: Bundle, second: Bundle) -> Comparison:
    """Raises StateError, and UsageError where they have no task in common."""
    left, right = summary_of(first), summary_of(second)
    one, other = ({row.id: row for row in rows} for rows in (left.rows, right.rows))
    asked, again = ({task.id: task for task in bundle.tasks} for bundle in (first, second))
    common = [name for name in one if name in other]
    differing = tuple(name for name in common if asked[name] != again[name])
    names = [name for name in common if name not in set(differing)]
    if not names:
        raise UsageError(
            "the two batches cannot be compared",
            why="there is no task that both have a result of",
            hint="compare two folders that were made from the same tasks.jsonl",
        )
    pairs = [(one[name], other[name]) for name in names]
    gained = tuple(new.id for old, new in pairs if new.solved and not old.solved)
    lost = tuple(new.id for old, new in pairs if old.solved and not new.solved)
    sides = [
        _side(manifest.profile, manifest.model, [pair[at] for pair in pairs])
        for at, manifest in enumerate((left.manifest, right.manifest))
    ]
    return Comparison(
        tasks=len(pairs),
        only_first=tuple(name for name in one if name not in other),
        only_second=tuple(name for name in other if name not in one),
        differing=differing,
        first=sides[0],
        second=sides[1],
        difference=(len(gained) - len(lost)) / len(pairs),
        interval=paired_difference(len(gained), len(lost), len(pairs)),
        gained=gained,
        lost=lost,
        p_value=mcnemar(len(gained), len(lost)),
        changes=_changes(pairs, is_priced=bool(left.currency) and left.currency == right.currency),
    )


def _side(profile: str, model: str, rows: Sequence[Row]) -> Side:
    solved = sum(row.solved for row in rows)
    interval = wilson(solved, len(rows))
    return Side(profile=profile, model=model, solved=solved, rate=solved / len(rows), interval=interval)


def _changes(pairs: Sequence[tuple[Row, Row]], *, is_priced: bool) -> tuple[Change, ...]:
    measures: dict[str, Callable[[Row], float]] = {
        "seconds": lambda row: row.seconds,
        "tokens": lambda row: row.tokens,
    }
    if is_priced:
        measures["cost"] = lambda row: row.cost or 0.0
    found: list[Change] = []
    for name, measure in measures.items():
        values = [(measure(old), measure(new)) for old, new in pairs]
        differences = [new - old for old, new in values]
        found.append(
            Change(
                name=name,
                first=median(old for old, _ in values),
                second=median(new for _, new in values),
                difference=median(differences),
                interval=median_interval(differences),
            )
        )
    return tuple(found)
