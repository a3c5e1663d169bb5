"""Does a session again from its log, without a model: the same replies, fresh tools and a fresh verdict."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from itertools import pairwise, zip_longest
from typing import cast

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from r1code.approval import Answer, Question
from r1code.control import Control
from r1code.dialects.base import Request
from r1code.errors import BudgetExhausted, ContextOverflow, ProviderError
from r1code.log import (
    AnyItem,
    Aside,
    Asked,
    Called,
    Compacted,
    Concluded,
    Ended,
    Entry,
    Exited,
    Judged,
    Observed,
    Overflowed,
    Renamed,
    Replied,
    Resumed,
    Rewound,
    Switched,
    Used,
)
from r1code.providers.base import Delta, Done
from r1code.tools.diagnostics import DIAGNOSTIC
from r1code.types import Reply, ToolCall

_VOLATILE = frozenset(
    {
        "kind",
        "seconds",
        "usage",
        "tokens_before",
        "tokens_after",
        "size",
        "session",
        "root",
        "settings",
        "digest",
        "failures",
        "flaky",
        "failed_of",
        # They say in words what the lists beside them say, and end with what a gate printed.
        "checks",
        "display",
        # A replay gives all reasoning in a field of its own.
        "split_by_server",
        "thought",
        "replays",
        "branch",
        "known",
        "left",
    }
)
_BACKGROUND = re.compile(r"(?:\\n)?\[(?:background \S+|changed in the background): .*?\]")
"""In an entry's representation. When a background command ended or wrote a file is chance."""
_DIAGNOSTIC = re.compile(rf"\n?^{re.escape(DIAGNOSTIC)}.*$", re.MULTILINE)
"""A line of an observation. When a language server was done is chance, and a replay has none."""
_TIMES = re.compile(r"\d+(?:\.\d+)? ?s\b")
_RANDOM = re.compile(r"r1code-[0-9a-f]{24}")
_Answer = Replied | Reply | ContextOverflow | BudgetExhausted


class Stretch(Struct, frozen=True, kw_only=True):
    """A part of a log in which one profile's model acted."""

    profile: str
    entries: tuple[Entry, ...]


def stretches(entries: Sequence[Entry], profile: str) -> list[Stretch]:
    """A log in parts: another one begins where a resume let another profile's model go on.

    `profile`: the one that the session was begun with.
    """
    found: list[Stretch] = []
    for part in _resumes(entries):
        acted = [one.item.profile for one in part if isinstance(one.item, Switched) and one.item.role == "actor"]
        profile = acted[-1] if acted else profile
        before = found.pop().entries if found and found[-1].profile == profile else ()
        found.append(Stretch(profile=profile, entries=(*before, *part)))
    return found


def _resumes(entries: Sequence[Entry]) -> Iterator[tuple[Entry, ...]]:
    """A log in parts that begin with a resume; with the switch before it, where there is one."""
    begins = [0]
    for at, entry in enumerate(entries):
        if isinstance(entry.item, Resumed):
            begins.append(at - isinstance(entries[at - 1].item, Switched))
    return (tuple(entries[begin:end]) for begin, end in pairwise([*begins, len(entries)]))


class ReplayedProvider:
    """Gives the replies of a log in their order, already split, and refuses what was refused.

    For a profile without reasoning of its own. Of several parts of a log each ends the turn but the last: there
    it was stopped then.
    """

    def __init__(self, *parts: Sequence[Entry]) -> None:
        self._replies: list[_Answer] = []
        for number, entries in enumerate(parts, start=1):
            answers = [answer for entry in whole(entries) if (answer := _answer(entry.item)) is not None]
            self._replies += answers
            if number < len(parts) and not (answers and isinstance(answers[-1], BudgetExhausted)):
                self._replies.append(BudgetExhausted("steps", "here it was stopped then"))
        self._at = 0

    def stream(self, request: Request, control: Control) -> Iterator[Delta | Done]:
        del request
        control.check()
        if self._at >= len(self._replies):
            raise ProviderError(
                "the log holds no more replies",
                why=f"the replay asks for one more than the {len(self._replies)} that were recorded",
                hint="it took another way than the recorded session; the first difference is named below",
            )
        reply = self._replies[self._at]
        self._at += 1
        if isinstance(reply, ContextOverflow | BudgetExhausted):
            raise reply
        if reply.reasoning:
            yield Delta(field="reasoning", text=reply.reasoning)
        yield Delta(field="content", text=reply.text)
        for index, raw in enumerate(reply.raw_calls):
            yield Delta(field="call", text=raw.arguments, index=index, name=raw.name)
        yield Done(finish=reply.finish, usage=reply.usage, cut=reply.cut)

    def close(self) -> None:
        pass


def _answer(item: AnyItem) -> _Answer | None:
    """What the provider had said to a request, as far as the entry tells of one."""
    if isinstance(item, Overflowed):
        return ContextOverflow(
            "the server refused the conversation as too long",
            why="the log says so",
            hint="it took another way than the recorded session; the first difference is named below",
            window=item.window,
            asked=item.asked,
        )
    if isinstance(item, Compacted):
        return item.reply
    if isinstance(item, Ended):
        # What a clock and a price decided then is not decided anew.
        return None if item.limit is None or item.limit == "steps" else BudgetExhausted(item.limit, item.text)
    return item if isinstance(item, Replied) else None


def whole(entries: Sequence[Entry]) -> list[Entry]:
    """A log as if no turn of it had been stopped that was resumed."""
    found: list[Entry] = []
    stopped, steps = len(entries), 0
    for entry in entries:
        item = entry.item
        if isinstance(item, Resumed):
            # With the end go the verdict on what there was then, and what else was said of it.
            found = found[:stopped]
            while found and isinstance(found[-1].item, Overflowed):
                # It ended the turn; now it would begin a compaction.
                found.pop()
            steps = _answered(found)
        elif isinstance(item, Ended):
            stopped = len(found)
            # All turns of a run are counted together, from its own beginning.
            found.append(replace(entry, item=replace(item, steps=item.steps + steps)))
        elif not isinstance(item, Asked | Used | Renamed | Aside | Concluded | Exited):
            found.append(entry)
    return found


def _answered(entries: Sequence[Entry]) -> int:
    """Steps so far; one that was stopped before its answer is asked again, and is none."""
    steps = 0
    for item in (entry.item for entry in entries):
        steps = item.steps if isinstance(item, Ended) else steps + isinstance(item, Replied)
    return steps


class RecordedApprover:
    """Answers as was answered then: a call that was refused is refused again."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        seen = (entry.item.observation for entry in entries if isinstance(entry.item, Observed))
        self._refused = {one.call_id for one in seen if one.status == "refused"}

    def ask(self, question: Question, control: Control) -> Answer:
        control.check()
        return Answer(kind="no" if question.call.id in self._refused else "yes")


class Difference(Struct, frozen=True, kw_only=True):
    step: int
    """Model calls before it."""
    recorded: str
    replayed: str


def first_difference(recorded: Sequence[Entry], replayed: Sequence[Entry]) -> Difference | None:
    """Where two logs of the same replies part; None: they came to the same end.

    What a clock or chance decides (times, names of temporary folders, how far a background command had come)
    does not count.
    """
    step = 0
    chance: set[str] = set()
    # What was undone later is no part of what the replies did; nor is what they cost.
    items = (
        [one.item for one in whole(log) if not isinstance(one.item, Rewound | Switched)]
        for log in (recorded, replayed)
    )
    for left, right in zip_longest(*items):
        if isinstance(left, Called) and _is_chance(left.call):
            chance.add(left.call.id)
        told = (_told(left, chance), _told(right, chance))
        if told[0] != told[1]:
            return Difference(step=step, recorded=told[0], replayed=told[1])
        step += isinstance(left, Replied)
    return None


def _is_chance(call: ToolCall) -> bool:
    """Whether what a call shows is how far a background command has come."""
    return call.name in {"logs", "stop"} or "background" in call.arguments


def _told(item: AnyItem | None, chance: Container[str]) -> str:
    """What an entry says, as far as it must be the same again; of calls of `chance`, only how they ended."""
    if item is None:
        return "nothing more"
    if isinstance(item, Observed) and item.observation.call_id in chance:
        return f"Observed {item.observation.call_id} {item.observation.status}"
    if isinstance(item, Judged):
        # Logs of before 0.2 have no report with it, and the verdict says what matters of it.
        item = Judged(verdict=item.verdict)
    return f"{type(item).__name__} {_steady(str(_lasting(msgspec.to_builtins(item))))}"


def _lasting(value: object) -> object:
    """`value` without what may differ from run to run."""
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        return {key: _lasting(inner) for key, inner in fields.items() if key not in _VOLATILE}
    if isinstance(value, str):
        return _DIAGNOSTIC.sub("", value)
    if isinstance(value, list | tuple):
        return [_lasting(inner) for inner in cast("list[object]", value)]
    return value


def _steady(text: str) -> str:
    return _RANDOM.sub("r1code-#", _TIMES.sub("# s", _BACKGROUND.sub("", text)))
