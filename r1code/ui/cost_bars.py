"""Bars of what each step used, as numbers that a page draws. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from msgspec import Struct

from r1code.app.record import Step
from r1code.ui.spending import money

HEIGHT = 100
"""Of the highest bar."""
_LEAST = 0.6
"""Of a part that is there at all."""


class Part(Struct, frozen=True, kw_only=True):
    kind: str
    y: float
    height: float


class Bar(Struct, frozen=True, kw_only=True):
    step: str
    told: str
    """In words, for who points at it or cannot see it."""
    parts: tuple[Part, ...]


class Panel(Struct, frozen=True, kw_only=True):
    """One scale."""

    title: str
    most: str
    """What the highest bar stands for."""
    kinds: tuple[tuple[str, str], ...]
    """Each kind of part, with its name."""
    bars: tuple[Bar, ...]


def panels(steps: Sequence[Step]) -> tuple[Panel, ...]:
    """Prompts, what was written, and money; each only where something of it is known."""
    asked = (("hit", "from the server's cache"), ("miss", "not from it"))
    written = (("reasoning", "reasoning"), ("answer", "answer"))
    found = [_tokens("Tokens read, by step", steps, asked), _tokens("Tokens written, by step", steps, written)]
    currencies = sorted({bill.currency for step in steps for bill in step.spent.bills})
    found += [_money(currency, steps) for currency in currencies]
    return tuple(panel for panel in found if any(bar.parts for bar in panel.bars))


Values = Sequence[tuple[str, Decimal]]
"""Of one step: each kind of part, and how much it is."""


class _Scale(Struct, frozen=True, kw_only=True):
    title: str
    kinds: tuple[tuple[str, str], ...]
    told: Callable[[Decimal], str]


def _tokens(title: str, steps: Sequence[Step], kinds: tuple[tuple[str, str], ...]) -> Panel:
    # Where a server does not divide them, the whole is known all the same.
    whole = "prompt" if kinds[0][0] == "hit" else "completion"
    values: list[Values] = []
    for step in steps:
        parts = [(kind, Decimal(getattr(step.spent, kind).known)) for kind, _ in kinds]
        rest = Decimal(getattr(step.spent, whole).known) - sum(value for _, value in parts)
        values.append([*parts, ("rest", max(rest, Decimal(0)))])
    return _panel(_Scale(title=title, kinds=kinds, told="{:,}".format), steps, values)


def _money(currency: str, steps: Sequence[Step]) -> Panel:
    kinds = (("hit", "cached"), ("miss", "not cached"), ("reasoning", "reasoning"), ("answer", "answer"))
    values: list[Values] = []
    for step in steps:
        bills = [bill for bill in step.spent.bills if bill.currency == currency]
        parts = [(kind, sum((getattr(bill, kind) for bill in bills), Decimal(0))) for kind, _ in kinds]
        rest = sum((bill.total for bill in bills), Decimal(0)) - sum(value for _, value in parts)
        values.append([*parts, ("rest", max(rest, Decimal(0)))])
    scale = _Scale(title=f"Cost in {currency}, by step", kinds=kinds, told=money)
    return _panel(scale, steps, values)


def _panel(scale: _Scale, steps: Sequence[Step], values: Sequence[Values]) -> Panel:
    nothing = Decimal(0)
    most = max((sum((value for _, value in parts), nothing) for parts in values), default=nothing)
    names = dict(scale.kinds) | {"rest": "not divided"}
    bars: list[Bar] = []
    for step, parts in zip(steps, values, strict=True):
        at, drawn = float(HEIGHT), list[Part]()
        for kind, value in parts:
            if value:
                height = max(_LEAST, float(value / most) * HEIGHT)
                at -= height
                drawn.append(Part(kind=kind, y=round(at, 2), height=round(height, 2)))
        words = ", ".join(f"{names[kind]} {scale.told(value)}" for kind, value in parts if value)
        bars.append(Bar(step=step.id, told=f"step {step.id}: {words or 'not known'}", parts=tuple(drawn)))
    used = {kind for parts in values for kind, value in parts if value}
    legend = tuple((kind, name) for kind, name in names.items() if kind in used)
    return Panel(title=scale.title, most=scale.told(most), kinds=legend, bars=tuple(bars))
