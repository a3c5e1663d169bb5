"""What the results of a batch come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from statistics import median

from msgspec import Struct

from r1code.batch.bundle import Bundle, Manifest
from r1code.batch.result import FAULTS, ItsOutcome, Result, cost_of, tokens_of
from r1code.batch.statistics import Interval, median_interval, wilson
from r1code.types import Spent


class Row(Struct, frozen=True, kw_only=True):
    """One task, in figures."""

    id: str
    outcome: ItsOutcome
    solved: bool
    seconds: float
    tokens: int
    cost: float | None
    """In the one currency that there is; None: not known."""
    attempts: int
    tries: int
    why: str


class Figure(Struct, frozen=True, kw_only=True):
    total: float
    median: float
    interval: Interval | None
    """Of the median, 95 %; None: too few tasks."""


class Summary(Struct, frozen=True, kw_only=True):
    manifest: Manifest
    tasks: int
    done: int
    solved: int
    rate: float
    """Of the tasks that have a result; faults count as not solved."""
    interval: Interval
    """Wilson's, 95 %."""
    faults: int
    """Results that say nothing about the model."""
    outcomes: dict[ItsOutcome, int]
    seconds: Figure | None
    tokens: Figure | None
    cost: Figure | None
    """None where the price of a request is not known."""
    currency: str
    rows: tuple[Row, ...]


def summary_of(bundle: Bundle) -> Summary:
    """Raises StateError."""
    manifest = bundle.manifest
    rows: list[Row] = []
    currencies: set[str] = set()
    for result in bundle.results():
        # Of a result only its figures stay in memory: a verdict may name thousands of tests.
        rows.append(_row(result))
        currencies |= {bill.currency for bill in result.spent.bills}
    solved = sum(one.solved for one in rows)
    costs = [one.cost for one in rows]
    known = [cost for cost in costs if cost is not None]
    is_priced = len(known) == len(costs) and len(currencies) == 1
    return Summary(
        manifest=manifest,
        tasks=manifest.tasks,
        done=len(rows),
        solved=solved,
        rate=solved / len(rows) if rows else 0.0,
        interval=wilson(solved, len(rows)),
        faults=sum(one.outcome in FAULTS for one in rows),
        outcomes=dict(Counter[ItsOutcome](one.outcome for one in rows).most_common()),
        seconds=_figure([one.seconds for one in rows]),
        tokens=_figure([float(one.tokens) for one in rows]),
        cost=_figure(known) if is_priced else None,
        currency=next(iter(currencies), "") if is_priced else "",
        rows=tuple(rows),
    )


def curve(rows: Sequence[Row], measure: Callable[[Row], float]) -> list[tuple[float, float]]:
    """How large a part of all tasks was solved with at most so much each: steps, from (0, 0) on."""
    points = [(0.0, 0.0)]
    solved = sorted(measure(one) for one in rows if one.solved)
    for number, value in enumerate(solved, start=1):
        points += [(value, points[-1][1]), (value, number / len(rows))]
    last = max((measure(one) for one in rows), default=0.0)
    return [*points, (max(last, points[-1][0]), points[-1][1])]


def _row(result: Result) -> Row:
    cost = _cost(result.spent)
    return Row(
        id=result.id,
        outcome=result.outcome,
        solved=result.solved,
        seconds=result.seconds,
        tokens=tokens_of(result.spent),
        cost=None if cost is None else float(cost),
        attempts=result.attempts,
        tries=len(result.tries),
        why=result.why,
    )


def _cost(spent: Spent) -> Decimal | None:
    """What asked nothing cost nothing."""
    return cost_of(spent) if spent.requests else Decimal(0)


def _figure(values: Sequence[float]) -> Figure | None:
    if not values:
        return None
    return Figure(total=sum(values), median=median(values), interval=median_interval(values))
