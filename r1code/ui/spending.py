"""What was spent, in words: what is not known says so, and currencies are never added."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from r1code.types import Bill, Spent, Tokens

_SMALLEST = Decimal("0.000001")


def told_spending(spent: Spent) -> str:
    """Tokens and money on one line."""
    if not spent.requests:
        return "no request was sent"
    if spent.prompt == spent.completion == Tokens(unknown=spent.requests):
        return " · ".join(["tokens: unknown", *told_money(spent)])
    prompt = f"prompt {number(spent.prompt)} (hit {number(spent.hit)}, miss {number(spent.miss)})"
    parts = f"reasoning {number(spent.reasoning)}, answer {number(spent.answer)}"
    tokens = f"tokens: {prompt}, completion {number(spent.completion)} ({parts})"
    return " · ".join([tokens, *told_money(spent)])


def told_money(spent: Spent) -> Iterator[str]:
    """One text per currency, and one for what has no price; nothing where nothing has one."""
    yield from map(_told_bill, spent.bills)
    if spent.bills and spent.unpriced:
        yield f"{_requests(spent.unpriced)} without a known price"


def number(tokens: Tokens) -> str:
    if not tokens.unknown:
        return f"{tokens.known:,}"
    return f"at least {tokens.known:,}" if tokens.known else "unknown"


def money(amount: Decimal, *, up: bool = False) -> str:
    """Cut to millionths; `up`: to the next one, for a bound."""
    cut = amount.quantize(_SMALLEST, ROUND_CEILING if up else ROUND_FLOOR).normalize()
    return f"{cut:f}"


def _told_bill(bill: Bill) -> str:
    if not bill.unknown:
        return f"{money(bill.total)} {bill.currency}"
    least = f"at least {money(bill.total)} {bill.currency} + {_requests(bill.unknown)} not known in whole"
    return least if bill.at_most is None else f"{least}, at most {money(bill.at_most, up=True)} {bill.currency}"


def _requests(count: int) -> str:
    return f"{count} request{'' if count == 1 else 's'}"
