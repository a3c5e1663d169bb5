"""What a bench sends: sessions of turns, made of seeded words. The same workload is the same bytes, anywhere."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from statistics import NormalDist
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from r1code.errors import UsageError

Count = Annotated[int, Meta(ge=1)]
Tokens = Annotated[int, Meta(ge=1, le=1_000_000)]
Message = dict[str, str]

_TEXT = """
able about after again air all also and any area ask away back base bed been best big black blue body
book both box boy bring build call came can car care case cause change child city class clear close cold
come common could country course cut dark day deep did door down draw drive dry each early earth east
easy eat end even ever every eye face fact fall family far farm fast father feel few field final find
fine fire fish five floor fly follow food foot force form found four free friend front full game gave
girl give glass go gold good great green ground group grow had half hand hard has head hear heart heat
help high hold home horse hot hour house idea inch just keep kind king knew know land large last late
lay lead learn leave left less letter life light like line list little live long look lost love low made
main make man many map mark may mean men might mile mind miss money moon more most mother move much
music must name near need never new next night north note number off often old once one only open order
other over own page paper part pass people place plain plan plant play point poor power press problem
pull put question quick rain reach read ready real record red rest right river road rock room round rule
run said same saw say school sea second see seem self sentence serve set several shape she ship short
should show side simple sing size sleep slow small snow some song soon sound south special spell stand
star start state stay step still stop story street strong study such sun sure table take talk teach tell
ten test than them then there these they thing think this those thought three through time together told
too took top toward town travel tree true try turn two under unit until up us use usual very voice vowel
walk want war warm was watch water way week well went were west what wheel when where which while white
who whole why will wind with wood word work world would write year you young
"""
"""Short and common: in every vocabulary about one token each."""
_WORDS = _TEXT.split()
_LINE = 12


class Draw(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A log-normal distribution, as lengths of reasoning and times of tools have: many small, some very large."""

    median: Annotated[float, Meta(ge=0)]
    spread: Annotated[float, Meta(ge=0, le=3)]
    """The standard deviation of the logarithm; 0: always the median."""
    most: Annotated[float, Meta(ge=0)]

    def at(self, share: float) -> float:
        """The value below which this share (above 0, below 1) of all lies."""
        if not self.spread or not self.median:
            return min(self.median, self.most)
        return min(self.median * math.exp(self.spread * NormalDist().inv_cdf(share)), self.most)


class Workload(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two results can be compared where theirs are equal."""

    seed: int = 0
    turns: Count = 6
    """Of a session."""
    prefix: Tokens = 3_000
    """What all sessions begin with: instructions and map. In words, which are about a token each."""
    task: Tokens = 300
    answer: Tokens = 150
    """What of each reply stays in the history; the reasoning does not."""
    observation: Tokens = 600
    """What a tool gives back, and the next turn begins with."""
    output: Draw = Draw(median=500, spread=0.7, most=4_000)
    """Tokens that a reply has, most of which are reasoning."""
    pause: Draw = Draw(median=2, spread=0.8, most=20)
    """Seconds before a turn, while tools run."""
    rounds: Count = 2
    """Sessions that each of those at a time does, one after the other."""
    least: Count = 4
    """Sessions of a level, however few are at a time."""

    def sessions(self, concurrency: int) -> int:
        return max(self.least, self.rounds * concurrency)


class PlannedTurn(Struct, frozen=True, kw_only=True):
    pause: float
    """Seconds before it."""
    output: int
    said: str
    """The user's message: a task, then observations."""
    kept: str
    """What stands for the reply in the history of later turns, whatever the server wrote: so no prompt depends on
    what a model made of an earlier one."""


class Session(Struct, frozen=True, kw_only=True):
    id: str
    turns: tuple[PlannedTurn, ...]


def prefix_of(workload: Workload) -> str:
    return _text(numbers(workload.seed, "prefix"), workload.prefix)


def sessions_of(workload: Workload, concurrency: int) -> Iterator[Session]:
    """Those of one level. No two levels have one in common, so none finds another's turns in the cache."""
    for number in range(workload.sessions(concurrency)):
        name = f"{concurrency}.{number}"
        yield Session(id=name, turns=tuple(_turns(workload, name)))


def _turns(workload: Workload, name: str) -> Iterator[PlannedTurn]:
    drawn = numbers(workload.seed, f"draws {name}")
    words = numbers(workload.seed, f"words {name}")
    for number in range(workload.turns):
        yield PlannedTurn(
            pause=round(workload.pause.at(next(drawn)), 3),
            output=max(1, round(workload.output.at(next(drawn)))),
            said=_text(words, workload.observation if number else workload.task),
            kept=_text(words, workload.answer),
        )


def messages_of(prefix: str, turns: Sequence[PlannedTurn], *, system: bool) -> list[Message]:
    """The conversation up to the last of these turns, which is to be answered. Each begins with the one before.

    `system`: whether the prefix may be a message of its own; models like R1 get it in the user's first.
    """
    messages: list[Message] = [{"role": "system", "content": prefix}] if system else []
    for at, turn in enumerate(turns):
        said = turn.said if at or system else f"{prefix}\n\n{turn.said}"
        messages.append({"role": "user", "content": said})
        if at < len(turns) - 1:
            messages.append({"role": "assistant", "content": turn.kept})
    return messages


def workload_of(values: dict[str, object]) -> Workload:
    """Raises UsageError."""
    try:
        return msgspec.convert(values, Workload)
    except msgspec.ValidationError as error:
        raise UsageError(
            "such a workload cannot be made", why=str(error), hint="docs/serve-bench.md says what each number is"
        ) from error


def numbers(seed: int, name: str) -> Iterator[float]:
    """Numbers between 0 and 1, never one of them. Of a hash, not `random`: that one's methods may change."""
    for block in range(1 << 32):
        digest = hashlib.sha256(f"{seed} {name} {block}".encode()).digest()
        for at in range(0, len(digest), 4):
            yield (int.from_bytes(digest[at : at + 4], "big") + 0.5) / (1 << 32)


def _text(stream: Iterator[float], words: int) -> str:
    picked = [_WORDS[int(next(stream) * len(_WORDS))] for _ in range(words)]
    return "\n".join(" ".join(picked[at : at + _LINE]) for at in range(0, words, _LINE))
