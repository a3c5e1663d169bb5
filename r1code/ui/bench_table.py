"""What came of a bench, of two, or of a plan, as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from r1code.serving.bench.compare import BenchComparison, Ratio
from r1code.serving.bench.figures import Figures, Spread, all_figures, saturation
from r1code.serving.bench.plan import Amount, Plan
from r1code.serving.bench.result import Ending, Result
from r1code.serving.bench.vllm_own import Own
from r1code.ui.bench_charts import hit_rate
from r1code.ui.flow import cells
from r1code.ui.lines import seconds
from r1code.ui.messages import localized
from r1code.ui.safe import safe_line

_FOREIGN = 0.02
"""A share of tokens that is not ours, above which somebody else used the server."""
_WHYS = 3
_LATE, _LATE_PART = 0.02, 0.25
"""Seconds, and the part of a token's time, above which a busy machine is told of."""
_ENDINGS: dict[Ending, str] = {
    "interrupted": "interrupted: what was measured by then",
    "time": "--max-seconds ended it: what was measured by then",
    "requests": "--max-requests ended it: what was measured by then",
    "failing": "given up: nothing but failures came",
}
_NAMES = {
    "ttft_p50": "first token, median",
    "ttft_p95": "first token, 95 %",
    "tpot_p50": "later tokens, median",
    "seconds_p50": "whole turn, median",
    "output_per_second": "output tokens/s",
    "goodput": "output tokens/s within the goal",
}
_RATES = frozenset({"output_per_second", "goodput"})


def told_result(result: Result) -> str:
    figures = all_figures(result)
    served = result.served
    version = f", vLLM {served.vllm}" if served.vllm else ""
    name = f"{result.label}: " if result.label else ""
    head = safe_line(f"{name}{served.model}, {served.base_url}{version}, r1code {result.r1code}, {result.begun}")
    lines = [head, *_levels(figures)]
    if (found := saturation(figures)) is not None:
        rate = f"{found.output_per_second:,.0f} tokens/s with {found.concurrency} sessions at a time"
        if found.reached:
            lines.append(localized(f"saturated: {rate}; more sessions add less than 5 %"))
        else:
            lines.append(localized(f"not saturated: {rate}, and it still grew at the last level"))
    goal = result.goal
    lines.append(localized(f"within the goal: first token {goal.ttft:g} s, later ones {goal.tpot:g} s each"))
    return "\n".join([*lines, *remarks(result, figures)])


def remarks(result: Result, figures: Sequence[Figures]) -> list[str]:
    """What whoever reads the figures has to know."""
    found: list[str] = []
    if result.ended != "whole":
        found.append(localized(_ENDINGS[result.ended]))
    if result.warm is not None and result.warm.failure is not None:
        found.append(localized(f"the first request failed: {safe_line(result.warm.why)}"))
    failures = Counter(turn.why for level in result.levels for turn in level.turns if turn.failure is not None)
    if total := failures.total():
        found.append(localized(f"failed turns: {total}; each counts as not within the goal, and makes no tokens"))
        found += [f"  {count} × {safe_line(why)}" for why, count in failures.most_common(_WHYS)]
    if short := sum(one.short for one in figures):
        found.append(localized(f"answers that were shorter than asked for: {short}"))
    if late := max((one.lag or 0.0 for one in figures if _is_late(one)), default=0.0):
        found.append(localized(f"this machine was busy: times may be {late * 1000:.0f} ms too long"))
    if any((one.foreign or 0) > _FOREIGN for one in figures):
        found.append(
            localized("the server read prompts besides ours: somebody else used it, and took part of it")
        )
    if any(one.turns and one.output_per_second == 0 and not one.failures for one in figures):
        found.append(localized("the server counts no tokens (usage): there is no throughput"))
    return found


def _is_late(one: Figures) -> bool:
    lag = one.lag or 0.0
    return lag > _LATE or (one.tpot is not None and lag > _LATE_PART * one.tpot.p50)


def _levels(figures: Sequence[Figures]) -> list[str]:
    head = (
        "sessions",
        "turns",
        "first token 50 %",
        "95 %",
        "later 50 %",
        "95 %",
        "pieces 99 %",
        "turn 50 %",
        "in/s",
        "out/s",
        "hits",
        "preempted",
        "within goal",
        "failed",
    )
    rows = [_row(one) for one in figures]
    return _aligned([tuple(map(localized, head)), *rows])


def _row(one: Figures) -> tuple[str, ...]:
    return (
        str(one.concurrency),
        str(one.turns),
        _spread(one.ttft, "p50", _seconds),
        _spread(one.ttft, "p95", _seconds),
        _spread(one.tpot, "p50", _milliseconds),
        _spread(one.tpot, "p95", _milliseconds),
        _spread(one.itl, "p99", _milliseconds),
        _spread(one.seconds, "p50", _seconds),
        f"{one.input_per_second:,.0f}",
        f"{one.output_per_second:,.0f}",
        _percent(hit_rate(one)),
        "-" if one.preemptions is None else f"{one.preemptions:.0f}",
        _percent(None if one.goodput is None else one.goodput.share),
        str(sum(one.failures.values())),
    )


def _spread(found: Spread | None, name: str, told: Callable[[float], str]) -> str:
    return "-" if found is None else told(getattr(found, name))


def _seconds(value: float) -> str:
    return f"{value:.2f} s"


def _milliseconds(value: float) -> str:
    return f"{value * 1000:.1f} ms"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _aligned(table: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(cells, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(" " * (width - cells(text)) + text for text, width in zip(row, widths, strict=True))
        for row in table
    ]


def told_plan(plan: Plan, amounts: Sequence[Amount]) -> str:
    served, work = plan.served, plan.workload
    enforced = "enforced (min_tokens, ignore_eos)" if served.exact else "limited (max_tokens)"
    head = (
        localized("sessions"),
        localized("in all"),
        localized("requests"),
        localized("prompts"),
        localized("shared"),
    )
    table = [(*head, localized("answers"), localized("pauses"), localized("longest"))]
    table += [
        (
            str(one.concurrency),
            str(one.sessions),
            f"{one.requests:,}",
            f"{one.prompt:,}",
            f"{one.shareable:,}",
            f"{one.output:,}",
            seconds(one.pauses),
            f"{one.longest:,}",
        )
        for one in amounts
    ]
    total = sum(one.prompt for one in amounts), sum(one.output for one in amounts)
    requests = sum(one.requests for one in amounts) + 1
    return "\n".join(
        [
            safe_line(f"{served.model}, {served.base_url}"),
            localized(f"seed {work.seed}; lengths of answers are {enforced}"),
            *_aligned(table),
            localized(
                f"{requests:,} requests with about {total[0]:,} tokens of prompts, {total[1]:,} of answers"
            ),
            localized(f"at most {plan.limits.requests:,} requests and {seconds(plan.limits.seconds)}"),
        ]
    )


def told_comparison(found: BenchComparison) -> str:
    lines = [f"A  {safe_line(found.first)}", f"B  {safe_line(found.second)}"]
    for concurrency, sessions in found.sessions.items():
        lines.append(localized(f"{concurrency} at a time, {sessions} sessions in both:"))
        lines += _aligned([_ratio(one) for one in found.ratios if one.concurrency == concurrency])
    for text, levels in (
        ("only A has the levels", found.only_first),
        ("only B has the levels", found.only_second),
    ):
        if levels:
            lines.append(f"{localized(text)} {', '.join(map(str, levels))}")
    if found.partial:
        lines.append(localized("one of them did not do all of its plan"))
    lines.append(localized("B by A, with 95 % of resampled sessions; * where that leaves out 1"))
    return "\n".join(lines)


def _ratio(one: Ratio) -> tuple[str, ...]:
    told: Callable[[float], str] = (lambda value: f"{value:,.0f}") if one.name in _RATES else _precise
    interval = "" if one.interval is None else f"{one.interval[0]:.2f} - {one.interval[1]:.2f}"
    return (
        localized(_NAMES[one.name]),
        told(one.first),
        "->",
        told(one.second),
        f"× {one.ratio:.2f}",
        interval,
        "*" if one.differs else "",
    )


def _precise(value: float) -> str:
    return f"{value * 1000:,.1f} ms" if value < 1 else f"{value:,.2f} s"


def told_own(own: Own) -> str:
    """A line of vLLM's own bench."""
    first = "-" if own.median_ttft_ms is None else f"{own.median_ttft_ms / 1000:.2f} s"
    later = "-" if own.median_tpot_ms is None else f"{own.median_tpot_ms:.1f} ms"
    rates = f"{own.total_token_throughput - own.output_throughput:,.0f} in/s, {own.output_throughput:,.0f} out/s"
    times = f"first token {first}, later {later}"
    counts = f"{own.completed} answered, {own.failed} failed"
    return localized(f"{own.max_concurrency or '?'} at a time: {rates}; {times}; {counts}")
