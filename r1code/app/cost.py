"""What sessions and days cost, computed from the logs: there is no second account of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from r1code.app.logs import Line, lines
from r1code.errors import StateError
from r1code.ledger import Charge, charges_of, priced, spent
from r1code.log import Entry, Opened
from r1code.log_file import LOG, candidates_of
from r1code.profiles import Price, load_profiles
from r1code.types import Bill, Spent

O1 = "openai-o1"
"""The profile whose price stands for what a vendor takes."""
_DAY = 86_400
_NEEDED = frozenset({"Opened", "Asked", "Used", "Ended"})


class StepCost(Struct, frozen=True, kw_only=True):
    turn: int
    step: int
    spent: Spent


class SessionCost(Struct, frozen=True, kw_only=True):
    session: str
    turns: tuple[Spent, ...]
    steps: tuple[StepCost, ...]
    spent: Spent
    on_o1: Bill
    """What the same tokens would have cost on o1."""
    o1_price: Price
    damaged: int
    """Lines of the log that cannot be read: what they told is not known."""


class DayCost(Struct, frozen=True, kw_only=True):
    day: str
    """As the clock of this machine has it."""
    sessions: int
    spent: Spent


class Days(Struct, frozen=True, kw_only=True):
    days: tuple[DayCost, ...]
    """Those on which something was used, oldest first."""
    spent: Spent
    on_o1: Bill
    o1_price: Price
    damaged: int
    """Lines of logs that cannot be read: what they told is not known."""
    unreadable: int
    """Sessions whose logs cannot be read at all: what they used is not in here."""


class _Log(Struct, frozen=True, kw_only=True):
    session: str
    is_replay: bool
    charges: tuple[Charge, ...]
    damaged: int
    """Lines of it that cannot be read."""


def cost_of(folder: Path) -> SessionCost:
    """Of the session in `folder`, also while it runs. Raises StateError."""
    log = _read(folder)
    charges = log.charges
    turns = sorted({charge.turn for charge in charges})
    steps = sorted({(charge.turn, charge.step) for charge in charges})
    price = _o1_price()
    return SessionCost(
        session=log.session,
        turns=tuple(spent(one for one in charges if one.turn == turn) for turn in turns),
        steps=tuple(
            StepCost(turn=turn, step=step, spent=spent(_at(charges, turn, step))) for turn, step in steps
        ),
        spent=spent(charges),
        on_o1=priced(charges, price),
        o1_price=price,
        damaged=log.damaged,
    )


def cost_of_days(sessions: Path, days: int, now: Callable[[], float] = time.time) -> Days:
    """Of today and the days before it, `days` in all. Only logs that were written since are read."""
    first = _day(now() - (days - 1) * _DAY)
    by_day: dict[str, list[tuple[str, Charge]]] = {}
    unreadable = damaged = 0
    for folder in sorted(sessions.glob("*")):
        try:
            if _day((folder / LOG).stat().st_mtime) < first:
                continue
            log = _read(folder)
        except FileNotFoundError:
            continue
        except StateError:
            unreadable += 1
            continue
        damaged += log.damaged
        for charge in () if log.is_replay else log.charges:
            if (day := _day(charge.time)) >= first:
                by_day.setdefault(day, []).append((log.session, charge))
    every = [charge for found in by_day.values() for _, charge in found]
    price = _o1_price()
    return Days(
        days=tuple(
            DayCost(
                day=day,
                sessions=len({session for session, _ in by_day[day]}),
                spent=spent(charge for _, charge in by_day[day]),
            )
            for day in sorted(by_day)
        ),
        spent=spent(every),
        on_o1=priced(every, price),
        o1_price=price,
        damaged=damaged,
        unreadable=unreadable,
    )


def charges_in(folder: Path) -> tuple[Charge, ...]:
    """Of the session in `folder`, those of its candidates too. Raises StateError."""
    return _read(folder).charges


def newest(sessions: Path) -> Path:
    """The folder of the session that was begun last. Raises StateError where there is none."""
    folders = [folder for folder in sessions.glob("*") if (folder / LOG).exists()]
    if not folders:
        raise StateError(
            "there is no session yet",
            why=f"{sessions} has none",
            hint="r1code -p TASK, or r1code fix, begins one",
        )
    return max(folders, key=lambda folder: folder.name)


def _at(charges: Iterable[Charge], turn: int, step: int) -> Iterator[Charge]:
    return (charge for charge in charges if (charge.turn, charge.step) == (turn, step))


def _o1_price() -> Price:
    price = load_profiles()[O1].profile.price
    if price is None:
        raise ValueError(f"the profile {O1} in the package has no price")
    return price


def _day(at: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(at))


def _read(folder: Path) -> _Log:
    """A line that cannot be read takes nothing away from what the others say.

    What each candidate of a repair used counts as a turn.
    """
    candidates = [_read(one) for one in candidates_of(folder)]
    entries, damaged = _needed(lines(folder))
    first = entries[0].item if entries else None
    opened = first if isinstance(first, Opened) else None
    charges = charges_of(entries, profile="" if opened is None else opened.profile)
    if candidates:
        charges = [replace(charge, turn=len(candidates) + charge.turn) for charge in charges]
        for number, one in enumerate(candidates, start=1):
            charges += [replace(charge, turn=number) for charge in one.charges]
            damaged += one.damaged
    return _Log(
        session=folder.name,
        is_replay=opened is not None and bool(opened.replays),
        charges=tuple(charges),
        damaged=damaged,
    )


def _needed(found: Sequence[Line]) -> tuple[list[Entry], int]:
    """The entries that say what was used, and how many lines are damaged. All else is not even decoded."""
    entries: list[Entry] = []
    is_old, damaged = True, 0
    for line in found:
        is_old = is_old and line.kind not in {"Asked", "Used"}
        if not line.kind or line.kind in _NEEDED or (is_old and line.kind == "Replied"):
            entry = line.entry()
            if entry is None:
                damaged += 1
            else:
                entries.append(entry)
    return entries, damaged
