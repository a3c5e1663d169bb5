"""Two configurations on the same workload: ratios, with intervals from resampled sessions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist

from msgspec import Struct

from r1code.errors import UsageError
from r1code.serving.bench.figures import counted, is_good, per_second, quantile, sessions_in
from r1code.serving.bench.result import Goal, Level, Result, Turn
from r1code.serving.bench.workload import numbers

_SAMPLES = 1_000
_SEED = 20_260_101
_SAME = 1e-6
_FEWEST = 4
"""Sessions that both have, below which resampling says nothing."""
Interval = tuple[float, float]
_Measure = Callable[[Sequence[Turn], int], float | None]


class Ratio(Struct, frozen=True, kw_only=True):
    name: str
    concurrency: int
    first: float
    second: float
    ratio: float
    """The second by the first."""
    interval: Interval | None
    """95 % of the ratio; None: too few sessions."""

    @property
    def differs(self) -> bool:
        # Equal times differ in their last bits.
        return self.interval is not None and not self.interval[0] - _SAME <= 1 <= self.interval[1] + _SAME


class BenchComparison(Struct, frozen=True, kw_only=True):
    first: str
    second: str
    sessions: dict[int, int]
    """By concurrency, the sessions that both have."""
    ratios: tuple[Ratio, ...]
    only_first: tuple[int, ...]
    only_second: tuple[int, ...]
    """Levels that one alone has."""
    partial: bool
    """One of them did not do all of its plan."""


def _quantile_of(value: Callable[[Turn], float | None], share: float) -> _Measure:
    def measure(turns: Sequence[Turn], _concurrency: int) -> float | None:
        found = sorted(one for turn in turns if turn.failure is None and (one := value(turn)) is not None)
        return quantile(found, share) if found else None

    return measure


def _rate(tokens: Callable[[Turn], float]) -> _Measure:
    return lambda turns, concurrency: per_second(turns, concurrency, tokens) or None


def measures(goal: Goal) -> dict[str, _Measure]:
    return {
        "ttft_p50": _quantile_of(lambda turn: turn.ttft, 0.5),
        "ttft_p95": _quantile_of(lambda turn: turn.ttft, 0.95),
        "tpot_p50": _quantile_of(lambda turn: turn.tpot, 0.5),
        "seconds_p50": _quantile_of(lambda turn: turn.seconds, 0.5),
        "output_per_second": _rate(lambda turn: 0 if turn.failure else turn.completion or 0),
        "goodput": _rate(lambda turn: (turn.completion or 0) * is_good(turn, goal)),
    }


def compare(first: Result, second: Result) -> BenchComparison:
    """Raises UsageError where they did different work."""
    if first.workload != second.workload:
        raise UsageError(
            "the two results cannot be compared",
            why="they are of different workloads",
            hint="run both with the same --seed, --turns, lengths and --rounds",
        )
    if first.served.exact != second.served.exact:
        raise UsageError(
            "the two results cannot be compared",
            why="one has answers of enforced lengths, and the other of whatever length the model chose",
            hint="run both with --lengths most",
        )
    left, right = ({level.concurrency: level for level in one.levels} for one in (first, second))
    common = [level for level in left if level in right]
    ratios: list[Ratio] = []
    shared: dict[int, int] = {}
    for concurrency in common:
        shared[concurrency], found = _level(left[concurrency], right[concurrency], first.goal)
        ratios += found
    if not ratios:
        raise UsageError(
            "the two results cannot be compared",
            why="there is no level of which both have measured sessions",
            hint="run both with the same --concurrency",
        )
    return BenchComparison(
        first=_called(first),
        second=_called(second),
        sessions=shared,
        ratios=tuple(ratios),
        only_first=tuple(level for level in left if level not in right),
        only_second=tuple(level for level in right if level not in left),
        partial=first.ended != "whole" or second.ended != "whole",
    )


def _called(result: Result) -> str:
    return result.label or f"{result.served.profile} ({result.served.model})"


def _level(first: Level, second: Level, goal: Goal) -> tuple[int, list[Ratio]]:
    """How many sessions both have, and the ratios.

    Sessions are resampled as whole, for turns of one are not independent, and in pairs, for both did the same.
    """
    left, right = sessions_in(counted(first)), sessions_in(counted(second))
    names = [name for name in left if name in right]
    if not names:
        return 0, []
    dice = numbers(_SEED, "resampling")
    samples = _SAMPLES if len(names) >= _FEWEST else 0
    picks = [[names[int(next(dice) * len(names))] for _ in names] for _ in range(samples)]
    found: list[Ratio] = []
    for name, measure in measures(goal).items():
        one, two = (_measured(side, names, measure, first.concurrency) for side in (left, right))
        if one is None or two is None:
            continue
        resampled = [
            math.log(two_ / one_)
            for pick in picks
            if (one_ := _measured(left, pick, measure, first.concurrency)) is not None
            and (two_ := _measured(right, pick, measure, first.concurrency)) is not None
        ]
        found.append(
            Ratio(
                name=name,
                concurrency=first.concurrency,
                first=one,
                second=two,
                ratio=two / one,
                interval=_interval(resampled, len(picks), len(names)),
            )
        )
    return len(names), found


def _measured(
    sessions: dict[str, list[Turn]], names: Sequence[str], measure: _Measure, concurrency: int
) -> float | None:
    """None: nothing to measure, or nothing that a ratio could be made of."""
    return measure([turn for name in names for turn in sessions[name]], concurrency) or None


def _interval(logs: list[float], samples: int, sessions: int) -> Interval | None:
    """None: of too many samples nothing could be measured."""
    if not samples or len(logs) < samples * 0.9:
        return None
    logs.sort()
    share = _share(sessions)
    return math.exp(quantile(logs, share)), math.exp(quantile(logs, 1 - share))


def _share(sessions: int) -> float:
    """What is left out at each end: less than 2.5 %, for resamplings of few differ too little from each other.

    Hesterberg's expanded percentile interval: as many standard errors as Student's t asks for.
    """
    normal, free = NormalDist(), sessions - 1
    z = normal.inv_cdf(0.975)
    # Student's quantile by its series; for three degrees of freedom it is right to a hundredth.
    t = z + (z**3 + z) / (4 * free) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * free**2)
    t += (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * free**3)
    return normal.cdf(-t * math.sqrt(sessions / free))
