"""A session that a clean re-run proved, as samples: what a model was sent for a step, and what it answered.

A line for each step, not one for each session: the dialects do not send back what R1 thought in earlier steps,
and compactions shorten what was said. What a model is to learn from is a step as it met it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from r1code.app.training.spoken import Spoken, spoken_in
from r1code.dialects.base import ChatMessage, Function, Request
from r1code.errors import StateError
from r1code.log import (
    Adopted,
    Called,
    Continued,
    Entry,
    Judged,
    Observed,
    Opened,
    Planned,
    Replied,
    Rewound,
    Said,
    Switched,
    Tested,
    Tried,
)
from r1code.log_file import entries_of, is_history, opened_of, path_of
from r1code.profiles.tokenizers import tokenizer_of
from r1code.session import PATCH, history_of
from r1code.size import size
from r1code.tools.writes import WRITES
from r1code.types import Message, Part, Verdict

_WRITES = frozenset(tool.name for tool in WRITES)
_REFUSED = frozenset({"rejected", "nudge", "stuck"})
"""What r1code says after a reply that led nowhere."""
_ENDS = 8
"""Tokens around what is thought and said."""


class Sample(Struct, frozen=True, kw_only=True):
    """One step."""

    prompt: tuple[ChatMessage, ...]
    """As it was sent."""
    reply: ChatMessage
    """With its reasoning."""
    functions: tuple[Function, ...] = ()
    spoken: Spoken
    part: Part
    strategy: str
    tokens: int
    """Of prompt and reply, as the model counts them, or somewhat more."""


class Trajectory(Struct, frozen=True, kw_only=True):
    """One task of a session, from which it went straight to the proof."""

    session: str
    root: str
    base: str
    task: str
    """What was asked for, and what the failing tests said."""
    patch: str
    began: float
    commit: str
    repository: str
    verdict: Verdict
    samples: tuple[Sample, ...]


Reason = Literal[
    "damaged", "copy", "unjudged", "unfixed", "doubtful", "undone", "unspoken", "silent", "same", "near", "empty",
    "license", "long", "secret", "formless",
]  # fmt: skip
"""Why a session, or a line of it, is not in the data; ui/training.py has the words."""


class Unfit(Exception):
    """A session or a line is no material. `about`: what is asked about it, if there is more to say."""

    def __init__(self, reason: Reason, about: str = "") -> None:
        super().__init__(reason)
        self.why: tuple[Reason, str] = (reason, about)


def trajectory_of(folder: Path, *, wrong_turns: bool = False) -> Trajectory:
    """`wrong_turns`: also the replies that led nowhere. Raises Unfit."""
    try:
        entries, kept = entries_of(folder), spoken_in(folder)
    except StateError as error:
        raise Unfit("damaged") from error
    opened = opened_of(entries)
    if opened.replays or opened.forked:
        raise Unfit("copy")
    judged, verdict = _proof(entries)
    path = path_of(entries, judged)
    begun, given = next((one, one.item) for one in reversed(path) if isinstance(one.item, Opened | Continued))
    if not kept:
        raise Unfit("unspoken")
    story = _Story(entries, kept, wrong_turns=wrong_turns)
    samples = tuple(story.samples(begun, judged))
    if not samples:
        raise Unfit("silent")
    return Trajectory(
        session=folder.name,
        root=opened.root,
        base=given.base,
        task="\n".join([given.task, *_digests(path, begun)]),
        patch=_patch(folder),
        began=entries[0].time,
        commit=kept[0].commit,
        repository=kept[0].repository,
        verdict=verdict,
        samples=samples,
    )


def _proof(entries: Sequence[Entry]) -> tuple[int, Verdict]:
    """Where the last verdict is, if all is repaired by it, and nothing was taken back. Raises Unfit."""
    verdicts = [(one.id, one.item.verdict) for one in entries if isinstance(one.item, Judged)]
    if not verdicts:
        raise Unfit("unjudged")
    judged, verdict = verdicts[-1]
    if verdict.outcome != "fixed":
        raise Unfit("unfixed")
    if verdict.tampered or verdict.flaky or getattr(verdict, "suspicious", ()):
        raise Unfit("doubtful")
    if any(isinstance(one.item, Rewound) for one in entries):
        raise Unfit("undone")
    return judged, verdict


class _Story:
    """Which replies led to a proof, and how the model was asked for them."""

    def __init__(self, entries: Sequence[Entry], kept: Sequence[Spoken], *, wrong_turns: bool) -> None:
        self._entries = entries
        self._kept = kept
        self._wrong_turns = wrong_turns

    def samples(self, begun: Entry, judged: int) -> Iterator[Sample]:
        """In the order of the log, but a plan before what was done for it."""
        for since, leaf, strategy in self._ways(begun, judged):
            path = [one for one in path_of(self._entries, leaf) if one.id > since]
            for at, entry in enumerate(path):
                if isinstance(entry.item, Replied):
                    sample = self._sample(entry, entry.item, path[at + 1 :], strategy)
                    if sample is not None:
                        yield sample

    def _ways(self, begun: Entry, judged: int) -> Iterator[tuple[int, int, str]]:
        """The conversations that led to the proof: after which entry, up to which, by which strategy."""
        since = [one for one in self._entries[begun.id : judged] if is_history(one.item)]
        adopted = [(one.id, one.item.strategy) for one in since if isinstance(one.item, Adopted)]
        pipelines = [at for at, strategy in adopted if strategy == "pipeline"]
        for one in since if pipelines else ():
            if one.id > pipelines[-1] and self._is_kept(one, begun):
                yield begun.id, one.id, "pipeline"
        if pipelines and adopted[-1][1] == "pipeline":
            return
        for planned in path_of(self._entries, judged):
            if planned.id > begun.id and isinstance(planned.item, Planned) and planned.item.by == "model":
                made = [one.id for one in since if one.id < planned.id and self._role(one.id) == "planner"]
                if made:
                    yield self._asked(made[-1]), made[-1], "loop"
        yield begun.id, judged, "loop"

    def _asked(self, at: int) -> int:
        """Where the planner was asked for the plan that it made last."""
        path = path_of(self._entries, at)
        return max(one.id for one in path if isinstance(one.item, Said) and one.item.origin in {"task", "handed"})

    def _is_kept(self, tried: Entry, begun: Entry) -> bool:
        """Whether the pipeline kept what the model had answered, and nothing else that was tried then."""
        if not isinstance(tried.item, Tried) or tried.item.came != "better":
            return False
        path = path_of(self._entries, tried.id)
        return sum(isinstance(one.item, Tried) for one in path if one.id > begun.id) == 1

    def _role(self, at: int) -> Part:
        switches = [one.item for one in path_of(self._entries, at) if isinstance(one.item, Switched)]
        return switches[-1].role if switches else "actor"

    def _sample(self, entry: Entry, replied: Replied, after: Sequence[Entry], strategy: str) -> Sample | None:
        """None: it leads nowhere, it is no answer in a chat, or nobody knows what was asked."""
        came = _came(after)
        if not self._wrong_turns and _leads_nowhere(replied, came):
            return None
        role, history = self._role(entry.id), history_of(self._entries, entry.parent)
        kept = [one for one in self._kept if one.role == role and one.after < entry.id]
        if not kept or (kept[-1].hole and history and history[-1].text.startswith(kept[-1].hole)):
            return None
        spoken = kept[-1]
        prompt = spoken.dialect.render(spoken.instructions, history)
        calls = tuple(one.item.call for one in came if isinstance(one.item, Called))
        reply = ChatMessage(role="assistant", content=replied.text)
        if spoken.native:
            said = Message(role="assistant", text=replied.text, raw_calls=replied.raw_calls, calls=calls)
            rendered = spoken.dialect.render(spoken.instructions, (*history, said))
            if len(rendered) == len(prompt):
                # Nothing followed the reasoning.
                return None
            reply = rendered[len(prompt)]
        return Sample(
            prompt=prompt,
            reply=replace(reply, reasoning_content=replied.reasoning or None),
            functions=spoken.functions,
            spoken=spoken,
            part=role,
            strategy=strategy,
            tokens=_tokens(spoken, prompt, replied),
        )


def _came(after: Sequence[Entry]) -> list[Entry]:
    """What came of a reply: what follows it until the next one."""
    replies = (at for at, one in enumerate(after) if isinstance(one.item, Replied))
    return list(after[: next(replies, len(after))])


def _leads_nowhere(replied: Replied, came: Sequence[Entry]) -> bool:
    """Whether it was cut, refused or answered by r1code itself, or asked for a change that could not be made."""
    if replied.cut is not None or replied.finish not in {"stop", "calls", "unknown"}:
        return True
    names = {one.item.call.id: one.item.call.name for one in came if isinstance(one.item, Called)}
    for item in (one.item for one in came):
        if isinstance(item, Said) and item.origin in _REFUSED:
            return True
        if isinstance(item, Observed) and item.observation.status != "ok":
            seen = item.observation
            # Tests that fail are an answer, too.
            if seen.status != "failed" or names.get(seen.call_id) in _WRITES:
                return True
    return False


def _tokens(spoken: Spoken, prompt: Sequence[ChatMessage], replied: Replied) -> int:
    profile = spoken.bare_profile
    said = [replied.reasoning, replied.text, *(f"{raw.name}{raw.arguments}" for raw in replied.raw_calls)]
    asked = size(profile, Request(messages=tuple(prompt), functions=spoken.functions))
    return asked + sum(map(tokenizer_of(profile).count, said)) + _ENDS


def _digests(path: Sequence[Entry], begun: Entry) -> list[str]:
    return [one.item.report.digest for one in path if one.id > begun.id and isinstance(one.item, Tested)]


def _patch(folder: Path) -> str:
    try:
        return (folder / PATCH).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
