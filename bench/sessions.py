"""How long 1,000 sessions take to list and to search, as a multiple of reading their logs.

The quickest of some rounds, for what else a machine does only adds. Each log has 40 steps and 250 kB.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec

from r1code.app.sessions.listing import sessions_in
from r1code.app.sessions.search import search
from r1code.app.stopped import last_session
from r1code.log import AnyItem, Asked, Called, Ended, Entry, Observed, Opened, Replied, Said, Used
from r1code.log_file import LOG
from r1code.profiles import Price
from r1code.types import Observation, ToolCall, Usage

SESSIONS, STEPS, ROUNDS = 1_000, 40, 5
PRICE = Price(currency="USD", date="2026-01-01", source="x", hit=0.1, miss=1.0, output=4.0)
USED = Usage(prompt=9_000, cached=8_000, completion=700, reasoning=500)
WORDS = "the cart total discount price parser of tabs module test function returns value error "


def log(name: str, number: int) -> bytes:
    items: list[AnyItem] = [
        Opened(schema=1, session=name, root=f"/project/{number % 5}", profile="p", base="", task=WORDS),
        Said(text=WORDS * 150, origin="task"),
    ]
    for step in range(1, STEPS + 1):
        items.append(Asked(profile="p", step=step, price=PRICE, at_most=Decimal("0.05")))
        items.append(Used(asked=len(items), usage=USED))
        items.append(Replied(text=WORDS * 7, reasoning=WORDS * 28, finish="stop", usage=USED))
        items.append(Called(call=ToolCall(id=f"c{step}", name="edit", arguments={"path": f"m{step}.py"})))
        items.append(Observed(observation=Observation(call_id=f"c{step}", status="ok", text=WORDS * 28)))
    items.append(Ended(reason="done", text="ok", usage=USED, steps=STEPS, seconds=1.0))
    entries = (
        Entry(id=at, parent=at - 1 or None, time=1e9 + number, item=item)
        for at, item in enumerate(items, start=1)
    )
    return b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries)


def fill(sessions: Path) -> None:
    for number in range(SESSIONS):
        folder = sessions / f"20260101-{number:06}-0000"
        folder.mkdir(parents=True)
        (folder / LOG).write_bytes(log(folder.name, number))
        (folder / "lock").touch()


def seconds(done: Callable[[], object], before: Callable[[], object] = lambda: None) -> float:
    times = []
    for _ in range(ROUNDS):
        before()
        began = time.perf_counter()
        done()
        times.append(time.perf_counter() - began)
    return min(times)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        sessions = Path(name) / "sessions"
        fill(sessions)
        cache = sessions.with_name("sessions.cache")
        floor = seconds(lambda: sum(len(place.read_bytes()) for place in sessions.glob(f"*/{LOG}")))
        taken = {
            "list, nothing known": seconds(lambda: sessions_in(sessions), lambda: cache.unlink(missing_ok=True)),
            "list, all known": seconds(lambda: sessions_in(sessions)),
            "the last one of a project": seconds(lambda: last_session(sessions, Path("/project/3"))),
        }
        infos = sessions_in(sessions)
        taken["search, in none"] = seconds(lambda: search(sessions, infos, "elephant"))
        taken["search, in all"] = seconds(lambda: search(sessions, infos, "m40.py"))
    print(f"{'read all logs':<26} {floor * 1000:8.1f} ms")
    for what, took in taken.items():
        print(f"{what:<26} {took * 1000:8.1f} ms  {took / floor:5.2f} x")
    print(json.dumps({what: round(took / floor, 2) for what, took in taken.items()}))


main()
