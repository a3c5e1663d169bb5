"""What was used and what it cost, computed from a session's log and from nothing else. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal, localcontext

from msgspec import Struct
from msgspec.structs import replace

from r1code.log import Asked, Ended, Entry, Opened, Replied, Used
from r1code.profiles.price import Cost, Price
from r1code.types import Bill, Spent, Usage

_DIGITS = 60


class Charge(Struct, frozen=True, kw_only=True):
    """One request that used something, or of which that is not known."""

    turn: int
    """From 1, in the order of the log."""
    step: int
    profile: str
    time: float
    """When its answer was complete, in seconds since the epoch; of one that never was, when it was sent."""
    usage: Usage
    price: Price | None = None
    at_most: Decimal | None = None
    """What it was reserved with."""

    @property
    def cost(self) -> Cost | None:
        """None: the price is not known."""
        at = datetime.fromtimestamp(self.time, UTC)
        return None if self.price is None else self.price.cost(self.usage, at)


def charges_of(entries: Sequence[Entry], *, since: int = 0, profile: str = "") -> list[Charge]:
    """Of the requests in a log, from its entry with the place `since` on, in the order in which they were sent.

    What a fork copied is counted where it was used. `profile`: whose the replies are in logs of before 0.2, which
    have no requests. Their price is not known.
    """
    found: dict[int, Charge] = {}
    turn, step, is_old = 1, 0, True
    first = entries[since - 1].id if 0 < since <= len(entries) else _copied(entries)
    for entry in entries[since:] if since else entries:
        item = entry.item
        if entry.id <= first:
            continue
        if isinstance(item, Asked):
            is_old = False
            found[entry.id] = Charge(
                turn=turn,
                step=item.step,
                profile=item.profile,
                time=entry.time,
                usage=Usage(),
                price=item.price,
                at_most=item.at_most,
            )
        elif isinstance(item, Used):
            is_old = False
            asked = found.pop(item.asked, None)
            if asked is None and item.asked > first:
                # What was asked is lost with its line; what it used is not, though nobody knows at what price.
                asked = Charge(turn=turn, step=0, profile="", time=entry.time, usage=Usage())
            if asked is not None and item.usage is not None:
                found[item.asked] = replace(asked, usage=item.usage, time=entry.time)
        elif isinstance(item, Replied) and is_old and profile:
            step += 1
            found[entry.id] = Charge(turn=turn, step=step, profile=profile, time=entry.time, usage=item.usage)
        elif isinstance(item, Ended):
            turn, step = turn + 1, 0
    return [found[asked] for asked in sorted(found)]


def _copied(entries: Sequence[Entry]) -> int:
    opened = entries[0].item if entries else None
    return opened.copied if isinstance(opened, Opened) else 0


def spent(charges: Iterable[Charge]) -> Spent:
    """The sum of some requests."""
    total, bills = Spent(), dict[str, Bill]()
    for charge in charges:
        total = _added(total, charge)
        if (cost := charge.cost) is not None:
            bills[cost.currency] = _billed(bills.get(cost.currency, Bill(currency=cost.currency)), cost, charge)
    return replace(total, bills=tuple(bills[name] for name in sorted(bills)))


def priced(charges: Iterable[Charge], price: Price) -> Bill:
    """What the same tokens, hits included, would have cost at another price."""
    bill = Bill(currency=price.currency)
    for charge in charges:
        other = replace(charge, price=price, at_most=None)
        bill = _billed(bill, price.cost(charge.usage, datetime.fromtimestamp(charge.time, UTC)), other)
    return bill


def _added(total: Spent, charge: Charge) -> Spent:
    usage = charge.usage
    return Spent(
        requests=total.requests + 1,
        prompt=total.prompt.add(usage.prompt),
        hit=total.hit.add(usage.cached),
        miss=total.miss.add(_rest(usage.prompt, usage.cached)),
        completion=total.completion.add(usage.completion),
        answer=total.answer.add(_rest(usage.completion, usage.reasoning)),
        reasoning=total.reasoning.add(usage.reasoning),
        bills=total.bills,
        unpriced=total.unpriced + (charge.price is None),
    )


def _rest(whole: int | None, part: int | None) -> int | None:
    return None if whole is None or part is None or not 0 <= part <= whole else whole - part


def _billed(bill: Bill, cost: Cost, charge: Charge) -> Bill:
    at_most = cost.total if cost.total is not None else cost.at_most
    at_most = charge.at_most if at_most is None else at_most
    with localcontext(prec=_DIGITS):
        return Bill(
            currency=bill.currency,
            total=bill.total + _known(cost),
            unknown=bill.unknown + (cost.total is None),
            at_most=None if bill.at_most is None or at_most is None else bill.at_most + at_most,
            hit=bill.hit + (cost.hit or 0),
            miss=bill.miss + (cost.miss or 0),
            answer=bill.answer + (cost.answer or 0),
            reasoning=bill.reasoning + (cost.reasoning or 0),
            uncached=bill.uncached + _uncached(charge, cost),
        )


def _known(cost: Cost) -> Decimal:
    """As much of the cost as is known for certain."""
    if cost.total is not None:
        return cost.total
    prompt = cost.prompt if cost.prompt is not None else (cost.hit or Decimal(0)) + (cost.miss or Decimal(0))
    return prompt + (cost.output or Decimal(0))


def _uncached(charge: Charge, cost: Cost) -> Decimal:
    if cost.total is None or charge.price is None:
        return Decimal(0)
    usage = replace(charge.usage, cached=0)
    return charge.price.cost(usage, datetime.fromtimestamp(charge.time, UTC)).total or Decimal(0)
