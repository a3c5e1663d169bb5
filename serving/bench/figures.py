"""From turns to figures: pure. Throughput is that of slots which are always busy (docs/serve-bench.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from msgspec import Struct

from r1code.serving.bench.result import Goal, Level, Result, Turn

_GROWTH = 1.05
"""Throughput that grows less than this from a level to any later one does not grow."""


class Spread(Struct, frozen=True, kw_only=True):
    mean: float
    p50: float
    p90: float
    p95: float
    p99: float
    most: float


class Goodput(Struct, frozen=True, kw_only=True):
    share: float
    """Of all turns, those that met the goal; failed ones did not."""
    tokens_per_second: float
    """Of output, of those turns."""


class Figures(Struct, frozen=True, kw_only=True):
    """Of a level. None: nothing was measured."""

    concurrency: int
    sessions: int
    turns: int
    """That the figures are of: without the tail."""
    tail: int
    failures: dict[str, int]
    """Of all turns, by kind."""
    ttft: Spread | None
    tpot: Spread | None
    itl: Spread | None
    """Between pieces, which may hold several tokens."""
    seconds: Spread | None
    """From the request to the end of the answer."""
    tokens_per_piece: float | None
    input_per_second: float
    output_per_second: float
    turns_per_second: float
    hit_rate: float | None
    """Of the prompts' tokens, by the usage of the answers."""
    server_hit_rate: float | None
    """By the server's metric."""
    preemptions: float | None
    goodput: Goodput | None
    short: int
    """Answers that were shorter than asked for."""
    lag: float | None
    """Seconds that this machine may have added to times, for it was busy."""
    foreign: float | None
    """Tokens of prompts that the server had besides ours, as a share: above 0, others used it too."""


class Saturation(Struct, frozen=True, kw_only=True):
    concurrency: int
    output_per_second: float
    reached: bool
    """False: at the last level it still grew."""


def spread(values: Iterable[float]) -> Spread | None:
    ordered = sorted(values)
    if not ordered:
        return None
    p50, p90, p95, p99 = (quantile(ordered, share) for share in (0.5, 0.9, 0.95, 0.99))
    return Spread(mean=sum(ordered) / len(ordered), p50=p50, p90=p90, p95=p95, p99=p99, most=ordered[-1])


def quantile(ordered: Sequence[float], share: float) -> float:
    """Between the two nearest values, as numpy and vLLM's bench have it."""
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def counted(level: Level) -> list[Turn]:
    return [turn for turn in level.turns if not turn.tail]


def sessions_in(turns: Iterable[Turn]) -> dict[str, list[Turn]]:
    ordered = sorted(turns, key=lambda turn: (turn.session, turn.number))
    return {name: list(group) for name, group in groupby(ordered, key=lambda turn: turn.session)}


def per_second(turns: Sequence[Turn], concurrency: int, tokens: Callable[[Turn], float]) -> float:
    """What `concurrency` slots make in a second, each of which is always in a turn or in its pause."""
    busy = sum(turn.seconds + turn.pause for turn in turns)
    return concurrency * sum(map(tokens, turns)) / busy if busy else 0.0


def is_good(turn: Turn, goal: Goal) -> bool:
    """A turn of one token has no TPOT, and cannot miss its goal."""
    if turn.failure is not None or turn.ttft is None:
        return False
    return turn.ttft <= goal.ttft and (turn.tpot is None or turn.tpot <= goal.tpot)


def figures_of(level: Level, goal: Goal) -> Figures:
    turns = counted(level)
    answered = [turn for turn in turns if turn.failure is None]
    failures: dict[str, int] = {}
    for turn in level.turns:
        if turn.failure is not None:
            failures[turn.failure] = failures.get(turn.failure, 0) + 1
    good = [turn for turn in turns if is_good(turn, goal)]
    pieces = sum(turn.pieces for turn in answered)
    share = Goodput(
        share=len(good) / len(turns) if turns else 0.0,
        tokens_per_second=per_second(turns, level.concurrency, lambda turn: _output(turn) * is_good(turn, goal)),
    )
    return Figures(
        concurrency=level.concurrency,
        sessions=len(sessions_in(turns)),
        turns=len(turns),
        tail=len(level.turns) - len(turns),
        failures=dict(sorted(failures.items())),
        ttft=spread(turn.ttft for turn in answered if turn.ttft is not None),
        tpot=spread(turn.tpot for turn in answered if turn.tpot is not None),
        itl=_gaps(level),
        seconds=spread(turn.seconds for turn in answered),
        tokens_per_piece=sum(map(_output, answered)) / pieces if pieces else None,
        input_per_second=per_second(turns, level.concurrency, _input),
        output_per_second=per_second(turns, level.concurrency, _output),
        turns_per_second=per_second(turns, level.concurrency, lambda turn: turn.failure is None),
        hit_rate=_hit_rate(answered),
        server_hit_rate=_ratio(level.counters.hits, level.counters.queries),
        preemptions=level.counters.preemptions,
        goodput=share if turns else None,
        short=sum(_output(turn) < turn.wanted for turn in answered if turn.completion is not None),
        lag=level.lag,
        foreign=_foreign(level),
    )


def all_figures(result: Result) -> list[Figures]:
    return [figures_of(level, result.goal) for level in result.levels]


def saturation(figures: Sequence[Figures]) -> Saturation | None:
    """The first level that no later one exceeds by more than 5 %. None: nothing was made at any."""
    whole = [one for one in figures if one.output_per_second > 0]
    for at, one in enumerate(whole):
        later = [other.output_per_second for other in whole[at + 1 :]]
        if all(rate <= _GROWTH * one.output_per_second for rate in later):
            return Saturation(
                concurrency=one.concurrency, output_per_second=one.output_per_second, reached=bool(later)
            )
    return None


def _output(turn: Turn) -> float:
    return turn.completion or 0 if turn.failure is None else 0


def _input(turn: Turn) -> float:
    return turn.prompt or 0 if turn.failure is None else 0


def _gaps(level: Level) -> Spread | None:
    gaps = level.gaps
    shares = [gaps.quantile(share) for share in (0.5, 0.9, 0.95, 0.99, 1.0)]
    p50, p90, p95, p99, most = (value or 0.0 for value in shares)
    if not gaps.count:
        return None
    return Spread(mean=gaps.mean, p50=p50, p90=p90, p95=p95, p99=p99, most=most)


def _hit_rate(turns: Sequence[Turn]) -> float | None:
    told = [turn for turn in turns if turn.cached is not None and turn.prompt]
    return _ratio(sum(turn.cached or 0 for turn in told), sum(turn.prompt or 0 for turn in told))


def _ratio(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole


def _foreign(level: Level) -> float | None:
    """What failed may have been read as well, so with failures nobody can say."""
    ours = sum(turn.prompt or 0 for turn in level.turns)
    if level.counters.prompt is None or not ours or any(turn.failure for turn in level.turns):
        return None
    return max(0.0, level.counters.prompt / ours - 1)
