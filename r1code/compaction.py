"""Makes the history that a model sees shorter, before it is too long. The log keeps all of it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import reduce

from msgspec.structs import replace

from r1code import prompts
from r1code.account import Account
from r1code.context import Model
from r1code.control import Control
from r1code.errors import ContextOverflow, FormatError
from r1code.events import Event, HistoryCompacted, Notice, ReasoningDelta, TextDelta, TextWasReasoning
from r1code.log import Called, Compacted, Entry, Observed, Overflowed, Replied, Said
from r1code.profiles.room import Room, narrowed
from r1code.session import Session
from r1code.tools.outputs import Outputs, name_of
from r1code.tools.truncation import LEAST, clip
from r1code.types import Message, Observation, Reply, ToolCall

KEPT_STEPS = 3
"""Steps that stay word for word; fewer where they are long, and always the last one."""
_KEPT_INSTRUCTIONS = 4
"""Folders whose instructions stay; those of others are told again when the model works there again."""
_SMALL = 60
"""Tokens of an observation that is not worth leaving out."""
_SUMMARY = 12
_TESTS = 24
"""The parts of the working context that a summary and the last run of the tests may have."""
_LINE_END = "\n"
_WORTH = 0.875
"""Of a prompt: a compaction that leaves more costs the server's cache for nothing."""
_QUESTION = 400
"""Tokens, more than enough, of the question for a summary."""


class Compaction:
    """Of one session and its model. Nothing that the model was not yet asked about is left out.

    First observations are left out, of all steps but the last: whatever they said can be read again. If that is
    not enough, the model sums up all but the last steps; what it is asked with begins with all that it was asked
    with before, so that its server knows it already. `changes` names the changed files, a line each.
    """

    def __init__(
        self,
        session: Session,
        model: Model,
        room: Room,
        outputs: Outputs,
        *,
        changes: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self._session = session
        self._model = model
        self._given = room
        self._outputs = outputs
        self._changes = changes

    def fit(self, account: Account, control: Control) -> Generator[Event, None, None]:
        """Shortens the history if the next prompt would be longer than it should. Raises as Model.ask does."""
        self._outputs.most = min(self._outputs.most, self._room.observation)
        last, most = self._session.compacted, self._room.prompt
        if last is not None:
            # What could not be made shorter is not tried again at each step: each try costs the server's cache.
            most = max(most, min(self._room.most, last.tokens_after * 5 // 4))
        if not self._model.is_within(self._session.history(), most):
            yield from self.compact(account, control)

    def compact(self, account: Account, control: Control) -> Generator[Event, None, bool]:
        """Shortens the history now; whether that was possible. Raises as Model.ask does."""
        pruned = self._pruned()
        if pruned.tokens_after <= self._room.target:
            return (yield from self._done(pruned))
        if self._summed(pruned, None).tokens_after > pruned.tokens_before * _WORTH:
            return False
        question, reply = "", None
        if pruned.tokens_before + _QUESTION <= self._room.most:
            yield Notice(text="the conversation gets too long: the model is asked to sum it up")
            question = prompts.load("compact")
            reply = yield from self._ask(question, account, control)
        return (yield from self._done(replace(self._summed(pruned, reply), question=question, reply=reply)))

    def overflowed(self, overflow: ContextOverflow) -> Generator[Event, None, bool]:
        """Shortens the history that a server refused as too long, without asking it; whether that was possible.

        From now on the server's own limit counts.
        """
        yield from self._learn(overflow, self._session.history())
        pruned = self._pruned()
        item = pruned if pruned.tokens_after <= self._room.target else self._summed(pruned, None)
        return (yield from self._done(item))

    @property
    def _room(self) -> Room:
        """What was given, without what the server refused: all that it ever refused in this session."""
        return reduce(
            lambda room, one: narrowed(room, one.size, window=one.window, asked=one.asked),
            overflows(self._session),
            self._given,
        )

    def _learn(self, overflow: ContextOverflow, history: Sequence[Message]) -> Generator[Event, None, None]:
        before, size = self._room.prompt, self._model.size(history)
        refused = Overflowed(
            profile=self._session.profile, size=size, window=overflow.window, asked=overflow.asked
        )
        self._session.append(refused)
        if self._room.prompt < before:
            said = "does not say what it takes" if overflow.window is None else f"takes {overflow.window:,}"
            yield Notice(
                text=f"the server refused a prompt of about {size:,} tokens as too long and {said}: from now on "
                f"prompts have at most {self._room.prompt:,} (a profile's context_window says it beforehand)"
            )

    def _done(self, item: Compacted) -> Generator[Event, None, bool]:
        if item.tokens_after >= item.tokens_before:
            return False
        self._session.append(item)
        yield HistoryCompacted(how=item.how, tokens_before=item.tokens_before, tokens_after=item.tokens_after)
        return True

    def _ask(self, question: str, account: Account, control: Control) -> Generator[Event, None, Reply | None]:
        """What the model says to its own history and `question`; None: not even that fits."""
        history = (*self._session.history(), Message(role="user", text=question))
        asking = self._model.ask(history, account, control)
        try:
            while True:
                event = next(asking)
                # It is no step, and nothing of it is for the person who follows the work.
                if not isinstance(event, ReasoningDelta | TextDelta | TextWasReasoning):
                    yield event
        except StopIteration as stop:
            reply: Reply = stop.value
        except ContextOverflow as overflow:
            yield from self._learn(overflow, history)
            return None
        finally:
            asking.close()
        return reply

    def _measured(self, item: Compacted) -> Compacted:
        return replace(item, tokens_after=self._model.size(self._session.history(item)))

    def _pruned(self) -> Compacted:
        """The history as it is, without the observations of all but the last steps."""
        before = self._model.size(self._session.history())
        item = self._session.compacted or Compacted(how="pruned", tokens_before=0, tokens_after=0)
        item = Compacted(
            tasks=item.tasks,
            summary=item.summary,
            kept=item.kept,
            shortened=item.shortened,
            how="pruned",
            tokens_before=before,
            tokens_after=before,
        )
        steps = self._steps()
        for count in range(min(KEPT_STEPS, len(steps)), 0, -1):
            item = self._measured(self._without(item, steps[-count].id))
            if item.tokens_after <= self._room.target:
                break
        return item

    def _without(self, item: Compacted, since: int) -> Compacted:
        """Leaves out the observations before an entry, but what the tests said last."""
        tested = self._last_test()
        old = [
            entry.item.observation
            for entry in self._session.path()
            if isinstance(entry.item, Observed)
            and item.kept <= entry.id < since
            and (tested is None or entry.id != tested[0])
        ]
        calls = _calls(self._session.path())
        shortened = {seen.call_id: self._left_out(seen, calls[seen.call_id]) for seen in old}
        return replace(
            item,
            shortened={**item.shortened, **{key: text for key, text in shortened.items() if text is not None}},
        )

    def _left_out(self, seen: Observation, call: ToolCall) -> str | None:
        """What stands for an observation; None: itself."""
        tokens = self._outputs.measure(seen.text)
        if tokens <= _SMALL:
            return None
        # Of a file, what it is now is worth more than what it was.
        path = str(call.arguments.get("path", "")) if call.name == "read" else ""
        if not path or '"' in path:
            path = name_of(seen.call_id)
        return f'[{tokens} tokens left out; <read path="{path}"/> shows them]'

    def _summed(self, pruned: Compacted, reply: Reply | None) -> Compacted:
        """A summary in place of all but the last steps: as many of them as there is room for."""
        steps = self._steps()
        item = pruned
        for count in range(min(KEPT_STEPS, len(steps)), 0, -1):
            item = self._before(steps[-count].id, pruned, reply)
            if item.tokens_after <= self._room.target:
                break
        return item if item.tokens_after <= self._room.prompt else self._squeezed(item)

    def _before(self, kept: int, pruned: Compacted, reply: Reply | None) -> Compacted:
        path = [entry for entry in self._session.path() if entry.id < kept]
        said = [(entry.id, entry.item.origin) for entry in path if isinstance(entry.item, Said)]
        # A plan that was handed over is as good as a task, and the mode has to stay known.
        told = [at for at, origin in said if origin in {"task", "handed"}]
        mode = [at for at, origin in said if origin == "mode"]
        rules = [at for at, origin in said if origin == "instructions"][-_KEPT_INSTRUCTIONS:]
        tasks = tuple(sorted({*told[:1], *rules, *told[-1:], *mode[-1:]}))
        by_model = self._usable(reply)
        summary = self._summary(path, by_model, without=tasks)
        return self._measured(
            replace(pruned, how="log" if by_model is None else "model", tasks=tasks, summary=summary, kept=kept)
        )

    def _squeezed(self, item: Compacted) -> Compacted:
        """The last step's observations in what room there is: heads and tails, and how to see the rest."""
        seen = [
            entry.item.observation
            for entry in self._session.path()
            if isinstance(entry.item, Observed) and entry.id >= item.kept
        ]
        spare = self._room.target - item.tokens_after + sum(self._outputs.measure(one.text) for one in seen)
        most = max(LEAST, spare // max(len(seen), 1))
        shortened = {
            one.call_id: self._outputs.again(one.call_id, self._whole(one), most)
            for one in seen
            if self._outputs.measure(one.text) > most
        }
        return self._measured(replace(item, shortened={**item.shortened, **shortened}))

    def _whole(self, seen: Observation) -> str:
        return self._outputs.whole(name_of(seen.call_id)) or seen.text

    def _usable(self, reply: Reply | None) -> str | None:
        """The model's summary; None: it said something else."""
        if reply is None:
            return None
        try:
            parsed = self._model.parse(reply, self._session.next_call())
        except FormatError:
            return None
        if parsed.calls or parsed.ending.kind != "none":
            return None
        return self._cut(reply.text.strip(), _SUMMARY) or None

    def _cut(self, text: str, part: int) -> str:
        return clip(text, max(LEAST, self._room.prompt // part), self._outputs.measure).text

    def _summary(self, path: Sequence[Entry], by_model: str | None, *, without: Sequence[int]) -> str:
        """All that must not be lost of `path`, in words, but the entries `without`."""
        notes, plan = self._kept(path)
        tested = self._last_test()
        since = 0 if tested is None else tested[0]
        return prompts.load(
            "compacted",
            by_model=by_model is not None,
            summary=by_model or self._cut(_told(path), _SUMMARY),
            notes=notes,
            plan=plan,
            said=[
                entry.item.text
                for entry in path
                if isinstance(entry.item, Said)
                and entry.item.origin in {"task", "steer"}
                and entry.id not in without
            ],
            changes=self._changes(),
            tests=self._cut(tested[1].text, _TESTS) if tested is not None and since <= path[-1].id else "",
        )

    def notes(self) -> list[str]:
        """What the model wanted to remember, up to now."""
        return self._kept(self._session.path())[0]

    def _kept(self, path: Sequence[Entry]) -> tuple[list[str], str]:
        """The notes of all replies, and the last plan."""
        meant = [self._meant(entry.item) for entry in path if isinstance(entry.item, Replied)]
        return [note for noted, _ in meant for note in noted], next(
            (planned for _, planned in reversed(meant) if planned), ""
        )

    def _meant(self, item: Replied) -> tuple[tuple[str, ...], str]:
        """The notes and the plan in a reply."""
        try:
            parsed = self._model.parse(
                Reply(text=item.text, reasoning=item.reasoning, raw_calls=item.raw_calls), 1
            )
        except FormatError:
            return (), ""
        return parsed.notes, parsed.ending.text if parsed.ending.kind == "plan" else ""

    def _steps(self) -> list[Entry]:
        """The replies that the model sees word for word, in order."""
        last = self._session.compacted
        kept = 1 if last is None else last.kept
        return [one for one in self._session.path() if isinstance(one.item, Replied) and one.id >= kept]

    def _last_test(self) -> tuple[int, Observation] | None:
        """The last observation of a run of the tests, and its entry."""
        tests = {
            one.item.call.id
            for one in self._session.path()
            if isinstance(one.item, Called) and one.item.call.name == "test"
        }
        return next(
            (
                (one.id, one.item.observation)
                for one in reversed(self._session.path())
                if isinstance(one.item, Observed) and one.item.observation.call_id in tests
            ),
            None,
        )


def overflows(session: Session) -> list[Overflowed]:
    """What the server of the profile whose model answers now refused as too long, in order."""
    items = [entry.item for entry in session.entries if isinstance(entry.item, Overflowed)]
    return [one for one in items if one.profile == session.profile]


def _calls(path: Sequence[Entry]) -> dict[str, ToolCall]:
    return {one.item.call.id: one.item.call for one in path if isinstance(one.item, Called)}


def _told(path: Sequence[Entry]) -> str:
    """What was done, a line for each call."""
    calls = _calls(path)
    lines = [
        f"- {_named(calls[one.item.observation.call_id])}: {one.item.observation.status}"
        for one in path
        if isinstance(one.item, Observed) and one.item.observation.call_id in calls
    ]
    return "\n".join(lines)


def _named(call: ToolCall) -> str:
    keys = ("path", "command", "pattern", "selection")
    about = next((str(call.arguments[key]) for key in keys if key in call.arguments), "")
    return f"{call.name} {about.strip().partition(_LINE_END)[0]}".strip()
