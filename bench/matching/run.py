"""Applies damaged edits and says what came of them: a table by kind of damage, and whether the bounds hold.

Class A says what the file says: it must be applied exactly. Class B does not: it must be refused, and the error
must name first where it came from. `--peer` gives another agent's matcher the same cases.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from random import Random
from typing import Protocol

import msgspec
import refusals
import repairs
from cases import Case, Kind, Range, Unsuitable
from sources import Sources

from r1code.errors import ToolError
from r1code.repo.files import Text, decode, encode
from r1code.tools.matching import Block, replace_all

KINDS = [*repairs.KINDS, *refusals.KINDS]
LEAST = {"A": 0.99, "B": 0.95}
"""Applied exactly; refused with the origin named first."""
LARGE = 1000
TRIES = 3000
NAMED = re.compile(r"(?:nearest are|already stand in \S+, at) lines (\d+) to (\d+)")


@dataclass(frozen=True)
class Answer:
    """What a matcher makes of a case."""

    data: bytes | None
    """The file after the edit; None: it was refused."""
    place: Range | None
    """The lines that the error names first."""
    seconds: float
    error: str = ""


class Matcher(Protocol):
    name: str

    def answer(self, case: Case, number: int) -> Answer: ...

    def named(self, case: Case, place: Range) -> bool: ...


@dataclass
class Tally:
    """What came of the cases of one kind."""

    count: int = 0
    right: int = 0
    refused: int = 0
    wrong: int = 0
    asked: int = 0
    """Refusals that should name an origin; fewer than `refused` where a matcher was not asked for all."""
    named: int = 0
    seconds: float = 0.0


class Ours:
    name = "r1code"

    def answer(self, case: Case, number: int) -> Answer:
        began = time.perf_counter()
        before = decode(case.data)
        data, error = None, ""
        try:
            after = replace_all(before.text, [Block(case.search, case.replace)], path=case.path)
            data = encode(msgspec.structs.replace(before, text=after.text))
        except ToolError as raised:
            error = str(raised)
        return Answer(data, suggested(error, case), time.perf_counter() - began, error)

    def named(self, case: Case, place: Range) -> bool:
        """At least half of what either of both holds is in both."""
        first, last = place
        return any(
            2 * (min(last, stop) - max(first, start) + 1) >= max(last, stop) - min(first, start) + 1
            for start, stop in case.origins
        )


def suggested(error: str, case: Case) -> Range | None:
    near = NAMED.search(error)
    if near is not None:
        return int(near[1]), int(near[2])
    twice = re.search(r"at lines (\d+)", error)
    return (int(twice[1]), int(twice[1]) + case.search.count("\n") - 1) if twice else None


class Peer:
    """A matcher in a process of its own. Encoding and newline style are not held against it."""

    SUGGESTIONS = 50
    """Cases of a kind for which it is asked what its error would show: it looks long for that."""

    def __init__(self, name: str, python: str) -> None:
        self.name = name
        command = [python, str(Path(__file__).with_name("peer.py"))]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def answer(self, case: Case, number: int) -> Answer:
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the peer has no pipes")
        before = decode(case.data)
        suggest = case.expected is None and number < self.SUGGESTIONS
        asked = {"text": plain(before), "search": case.search, "replace": case.replace, "suggest": suggest}
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        told = json.loads(self._process.stdout.readline())
        data = None if told["after"] is None else self._data(case, before, told["after"])
        return Answer(data, told["place"], told["seconds"], "" if suggest else "not asked")

    @staticmethod
    def _data(case: Case, before: Text, after: str) -> bytes:
        for data in (case.data, case.expected):
            if data is not None and plain(decode(data)) == after:
                return data
        return encode(msgspec.structs.replace(before, text=after, encoding="utf-8"))

    def named(self, case: Case, place: Range) -> bool:
        """What it shows has lines around it, so it is enough that the origin is within."""
        return any(place[0] <= start and stop <= place[1] for start, stop in case.origins)

    def close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()


def plain(text: Text) -> str:
    return text.text.replace("\r\n", "\n")


def generate(kind: Kind, seed: int, count: int, sources: Sources) -> Iterator[Case]:
    """`count` cases, or fewer where too many edits in a row are unsuitable."""
    rng = Random(f"{kind.name} {seed}")
    tries = 0
    while count and tries < TRIES:
        tries += 1
        try:
            case = kind.make(sources.edit(rng), rng)
        except Unsuitable:
            continue
        count, tries = count - 1, 0
        yield case


def judge(tally: Tally, matcher: Matcher, case: Case, number: int) -> Answer | None:
    """Counts what the matcher makes of a case; returns it where it is not right."""
    answer = matcher.answer(case, number)
    tally.count += 1
    tally.seconds += answer.seconds
    named = answer.place is not None and matcher.named(case, answer.place)
    if answer.data is None or answer.data == case.data:
        tally.refused += 1
        tally.asked += answer.error != "not asked"
        tally.named += named
        return None if named and case.expected is None else answer
    tally.right += answer.data == case.expected
    tally.wrong += answer.data != case.expected
    return None if answer.data == case.expected else answer


def broken(kind: Kind, tally: Tally) -> list[str]:
    """The bounds that do not hold. A small sample may miss some more by chance."""
    missed = tally.count - (tally.right if kind.group == "A" else tally.named)
    allowed = tally.count * (1 - LEAST[kind.group])
    if tally.count < LARGE:
        allowed += 2 * sqrt(allowed)
    found = [f"{tally.wrong} applied wrongly"] * (tally.wrong > 0)
    found += [f"{missed} of {tally.count} missed"] * (missed > allowed + 1e-9)
    found += ["no case could be made"] * (not tally.count)
    return [f"{kind.name}: {what}" for what in found]


def row(tally: Tally) -> str:
    named = f"{tally.named}/{tally.asked}" if tally.asked else "-"
    speed = 1000 * tally.seconds / max(1, tally.count)
    return f"{tally.right:>7}{tally.refused:>8}{tally.wrong:>6}{named:>13}{speed:>8.2f}"


def show(case: Case, answer: Answer) -> None:
    parts = [case.search, case.replace, answer.error]
    parts += [data.decode(errors="replace") for data in (case.expected, answer.data) if data is not None]
    print(f"\n{case.path} {case.origins} {answer.place}", *parts, sep=f"\n{'-' * 40}\n")


def compare(kinds: Sequence[Kind], matchers: Sequence[Matcher], options: argparse.Namespace) -> list[str]:
    """Prints the table; returns the bounds that the first matcher breaks."""
    sources = Sources(options.seed)
    share = -(-options.cases // len(kinds))
    header = f"{'right':>7}{'refused':>8}{'wrong':>6}{'named':>13}{'ms':>8}"
    print(f"{'':<29}{'cases':>6}", *(f"{matcher.name:>42}" for matcher in matchers), sep=" |")
    print(f"{'':<29}{'':>6}", *[header] * len(matchers), sep=" |")
    failed: list[str] = []
    sums = {group: [Tally() for _ in matchers] for group in "AB"}
    for kind in kinds:
        tallies = [Tally() for _ in matchers]
        shown = 0
        for number, case in enumerate(generate(kind, options.seed, share, sources)):
            answers = [judge(tally, one, case, number) for tally, one in zip(tallies, matchers, strict=True)]
            if answers[0] is not None and shown < options.show:
                shown += 1
                show(case, answers[0])
        print(f"{kind.group} {kind.name:<27}{tallies[0].count:>6}", *map(row, tallies), sep=" |", flush=True)
        failed += broken(kind, tallies[0])
        for total, tally in zip(sums[kind.group], tallies, strict=True):
            for field, value in vars(tally).items():
                setattr(total, field, getattr(total, field) + value)
    for group, totals in sums.items():
        print(f"{group} {'all':<27}{totals[0].count:>6}", *map(row, totals), sep=" |")
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=5000, help="in all; each kind gets the same share")
    parser.add_argument("--kind", action="append", help="only this kind")
    parser.add_argument("--show", type=int, default=0, help="print so many failures of each kind")
    parser.add_argument("--peer", choices=["aider"], help="another matcher, installed for --peer-python")
    parser.add_argument("--peer-python", default="python3", help="the Python that has the peer")
    options = parser.parse_args()
    peers = [Peer(options.peer, options.peer_python)] if options.peer else []
    kinds = [kind for kind in KINDS if not options.kind or kind.name in options.kind]
    failed = compare(kinds, [Ours(), *peers], options)
    for peer in peers:
        peer.close()
    print("\n".join(failed) or "All bounds hold.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
