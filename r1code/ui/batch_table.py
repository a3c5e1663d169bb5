"""What came of a batch, or of two, as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from r1code.batch.compare import Change, Comparison, Side
from r1code.batch.rescore import Rescored
from r1code.batch.statistics import Interval
from r1code.batch.summary import Figure, Summary
from r1code.naming import first_of
from r1code.ui.batch_words import in_words
from r1code.ui.flow import cells
from r1code.ui.lines import seconds
from r1code.ui.messages import localized
from r1code.ui.safe import safe_line

_MOST_ROWS = 200
_MOST_NAMES = 20
_SIGNIFICANT = 0.05
_LEFT = 3
_MEDIANS = {"seconds": "median time", "tokens": "median tokens", "cost": "median cost"}


def told_summary(summary: Summary) -> str:
    made = summary.manifest
    head = [
        f"{_who(made.profile, made.model)}, r1code {safe_line(made.r1code)}, {safe_line(made.begun)}",
        localized(f"{summary.done} of {summary.tasks} tasks have a result"),
        localized(f"solved: {summary.solved} of {summary.done}, {told_rate(summary.rate, summary.interval)}"),
    ]
    if summary.faults:
        head.append(localized(f"of {summary.faults} nothing was found out; they count as not solved"))
    outcomes = [f"{in_words(name)} {count}" for name, count in summary.outcomes.items()]
    return "\n".join(
        [*head, *([", ".join(outcomes)] if outcomes else []), *_figures(summary), "", *_rows(summary)]
    )


def _who(profile: str, model: str) -> str:
    return safe_line(f"{profile} ({model})" if model else profile)


def told_rate(rate: float, interval: Interval) -> str:
    return f"{rate:.1%} ({interval[0]:.1%} - {interval[1]:.1%})"


def _figures(summary: Summary) -> list[str]:
    lines: list[str] = []
    if (one := summary.seconds) is not None:
        lines.append(localized(f"time: {seconds(one.total)}, median {seconds(one.median)}{_range(one, seconds)}"))
    if (one := summary.tokens) is not None:
        lines.append(localized(f"tokens: {one.total:,.0f}, median {one.median:,.0f}{_range(one, _whole)}"))
    if (one := summary.cost) is not None:
        unit = f" {summary.currency}" if summary.currency else ""
        lines.append(localized(f"cost: {one.total:.4f}{unit}, median {one.median:.4f}{_range(one, _money)}"))
    else:
        lines.append(localized("cost: not known in whole"))
    return lines


def _range(figure: Figure, told: Callable[[float], str]) -> str:
    return "" if figure.interval is None else f" ({told(figure.interval[0])} - {told(figure.interval[1])})"


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def _money(value: float) -> str:
    return f"{value:.4f}"


def _rows(summary: Summary) -> list[str]:
    shown = summary.rows[:_MOST_ROWS]
    table = [
        (
            "✓" if row.solved else "✗",
            row.id,
            in_words(row.outcome),
            seconds(row.seconds),
            f"{row.tokens:,}",
            "" if row.cost is None else f"{row.cost:.4f}",
        )
        for row in shown
    ]
    more = len(summary.rows) - len(shown)
    return [*aligned(table), *([localized(f"and {more} more; --json has all")] if more else [])]


def aligned(table: Sequence[Sequence[str]]) -> list[str]:
    """Figures to the right, the first columns to the left."""
    widths = [max(map(cells, column)) for column in zip(*table, strict=True)]
    lines: list[str] = []
    for row in table:
        parts = [
            (text + " " * (width - cells(text))) if at < _LEFT else (" " * (width - cells(text)) + text)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(parts).rstrip())
    return lines


def told_comparison(found: Comparison) -> str:
    lines = [
        localized(f"{found.tasks} tasks that both have a result of"),
        f"A  {_side(found.first)}",
        f"B  {_side(found.second)}",
        localized(f"B less A: {told_rate(found.difference, found.interval)}"),
        localized(f"only B solved {len(found.gained)}, only A solved {len(found.lost)}"),
        localized(f"McNemar's exact test: p = {found.p_value:.3g}"),
    ]
    if found.p_value >= _SIGNIFICANT:
        lines.append(localized("chance explains such a difference well enough"))
    lines += [_change(one) for one in found.changes]
    for sign, names in (("+", found.gained), ("-", found.lost)):
        if names:
            lines.append(f"{sign} {safe_line(first_of(names, _MOST_NAMES))}")
    for text, names in (
        ("only A has a result of", found.only_first),
        ("only B has a result of", found.only_second),
        ("not the same task in both:", found.differing),
    ):
        if names:
            lines.append(f"{localized(text)} {safe_line(first_of(names))}")
    return "\n".join(lines)


def _side(side: Side) -> str:
    rate = told_rate(side.rate, side.interval)
    return f"{_who(side.profile, side.model)}: {side.solved}, {rate}"


def _change(change: Change) -> str:
    told = {"seconds": seconds, "tokens": _whole, "cost": _money}[change.name]
    sign = "+" if change.difference >= 0 else "-"
    text = f"{told(change.first)} -> {told(change.second)}, {sign}{told(abs(change.difference))}"
    if change.interval is not None:
        text += f" ({change.interval[0]:,.4g} - {change.interval[1]:,.4g})"
    return f"{localized(_MEDIANS[change.name])}: {text}"


def told_rescored(one: Rescored) -> str:
    if not one.is_known:
        return f"?  {one.id}  {in_words(one.found or 'internal')}: {safe_line(one.why)}"
    found = localized("there is no patch") if one.found is None else in_words(one.found)
    mark = "=" if one.agrees else "≠"
    return f"{mark}  {one.id}  {in_words(one.claimed)} -> {found}"


def told_rescoring(agreeing: int, differing: int, unknown: int) -> str:
    told = localized(f"{agreeing} results hold, {differing} do not")
    more = localized(f"{unknown} could not be tested")
    return f"{told}, {more}" if unknown else told
