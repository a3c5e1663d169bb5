"""What was spent as a table: a row per step or day, the sum below, and what it would have cost otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from r1code.app.cost import Days, SessionCost
from r1code.profiles import Price
from r1code.types import Bill, Spent
from r1code.ui.flow import cells
from r1code.ui.messages import localized
from r1code.ui.spending import money, number, told_money

_HEAD = ("requests", "hit", "miss", "reasoning", "answer", "cost")
_UNPRICED = "price not known"


def told_session(cost: SessionCost) -> str:
    rows = [(f"turn {one.turn}, step {one.step}", one.spent) for one in cost.steps]
    turns = [(f"turn {turn}", one) for turn, one in enumerate(cost.turns, start=1)] if len(cost.turns) > 1 else []
    table = _table([*rows, *turns, ("all", cost.spent)])
    more = [*_otherwise(cost.spent, cost.on_o1, cost.o1_price), *_damaged(cost.damaged)]
    return "\n".join([localized(f"session {cost.session}"), *table, *map(localized, more)])


def told_days(cost: Days) -> str:
    rows = [
        (f"{one.day}, {one.sessions} session{'' if one.sessions == 1 else 's'}", one.spent) for one in cost.days
    ]
    table = _table([*rows, ("all", cost.spent)])
    lines = [*_otherwise(cost.spent, cost.on_o1, cost.o1_price), *_damaged(cost.damaged)]
    if cost.unreadable:
        lines.append(f"not counted: {cost.unreadable} sessions whose logs cannot be read")
    return "\n".join([*table, *map(localized, lines)])


def _damaged(lines: int) -> Iterator[str]:
    if lines:
        yield f"not known: what {lines} damaged line{'' if lines == 1 else 's'} of the log said"


def _table(rows: Sequence[tuple[str, Spent]]) -> list[str]:
    table = [("", *_HEAD), *((name, *_cells(one)) for name, one in rows)]
    told = [[localized(cell) for cell in row] for row in table]
    widths = [max(map(cells, column)) for column in zip(*told, strict=True)]
    lines: list[str] = []
    for name, *values, cost in told:
        middle = "  ".join(
            " " * (width - cells(value)) + value for value, width in zip(values, widths[1:-1], strict=True)
        )
        lines.append(f"{name}{' ' * (widths[0] - cells(name))}  {middle}  {cost}".rstrip())
    return lines


def _cells(one: Spent) -> tuple[str, ...]:
    tokens = (one.hit, one.miss, one.reasoning, one.answer)
    cost = "; ".join(told_money(one)) or (_UNPRICED if one.requests else "nothing")
    return (f"{one.requests:,}", *map(number, tokens), cost)


def _otherwise(one: Spent, on_o1: Bill, price: Price) -> Iterator[str]:
    # What is not known in whole would be compared with nothing.
    for bill in one.bills:
        if not bill.unknown:
            yield f"without the server's cache: {money(bill.uncached)} {bill.currency}"
    if one.requests and not on_o1.unknown:
        told = f"{money(on_o1.total)} {on_o1.currency}"
        yield f"the same tokens on OpenAI's o1: {told} (prices of {price.date}, {price.source})"
