"""All tools together: batches, the one place where a ToolError becomes an observation, and plan mode."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Self

import msgspec

from r1code import prompts
from r1code.control import Control
from r1code.errors import FormatError, ToolError
from r1code.events import Event
from r1code.secrets.values import Hide, texts, unchanged
from r1code.tools.added import Added
from r1code.tools.background import Background
from r1code.tools.base import Draft, ExecTool, ReadTool, Result, WriteTool
from r1code.tools.diagnostics import Diagnostics
from r1code.tools.hooks import Hooks
from r1code.tools.names import ORDER
from r1code.tools.outputs import Outputs
from r1code.tools.truncation import clean
from r1code.tree.worktree import WorkTree
from r1code.types import AgentMode, Effect, Observation, ToolCall, ToolSpec

Batch = tuple[ToolCall, ...]

_AFTER_FAILURE = "This was not done, because an edit before it in the same reply failed."
_ONLY_PLANNED = (
    "This was not done: in plan mode only reading actions run. Say in your <plan> that it is to be done."
)
_BROKEN = (
    "Nothing was changed: {path} could not be parsed any more ({where}). Send the change again, corrected. "
    'If the file is meant to be like that, add syntax="any" to the action.'
)


class Toolset:
    def __init__(
        self,
        tree: WorkTree,
        *,
        reads: Sequence[ReadTool],
        writes: Sequence[WriteTool],
        execs: Sequence[ExecTool],
        protected: Callable[[str], bool] = lambda _: False,
        hooks: Hooks | None = None,
    ) -> None:
        self._tree = tree
        self._reads = {tool.name: tool for tool in reads}
        self._writes = {tool.name: tool for tool in writes}
        self._execs = {tool.name: tool for tool in execs}
        self._protected = protected
        self._hooks = hooks
        self._background: Background | None = None
        self._diagnostics: Diagnostics | None = None
        self._outputs = Outputs()
        self._added = Added()
        self._restore: Hide = unchanged
        self._mode: AgentMode = "act"
        self._told: AgentMode = "act"
        self._seen: dict[str, str | None] = {}
        """What the model has read or written, and the digest of it then."""
        self._left: dict[str, str | None] = {}
        """What it has changed without knowing it, and the digest of it then."""
        self._touched: set[str] = set()

    def restoring(self, restore: Hide) -> Self:
        """From now on `restore` goes over what the model writes into files, but never over commands."""
        self._restore = restore
        return self

    def beside(self, background: Background) -> Self:
        """From now on files follow what goes on in the background, and the model is told of that."""
        self._background = background
        return self

    def checking(self, diagnostics: Diagnostics) -> Self:
        """From now on the model is told what its edits broke."""
        self._diagnostics = diagnostics
        return self

    @property
    def going_on(self) -> list[str]:
        """The names of the commands that run in the background."""
        return [] if self._background is None else self._background.running

    @property
    def known(self) -> dict[str, str | None]:
        """The files that the model knows, and what was in them then, by its name; None: nothing."""
        return dict(self._seen)

    @property
    def left(self) -> dict[str, str | None]:
        """The files that the model has changed without knowing them, and what was in them then."""
        return dict(self._left)

    def knowing(self, known: Mapping[str, str | None], left: Mapping[str, str | None]) -> None:
        """Goes on with what the model knew, and had changed unknown, when its turn ended."""
        self._seen.update(known)
        self._left.update(left)

    def told(self, mode: AgentMode) -> None:
        """Goes on where the model was last told of this mode."""
        self._told = mode

    def keeping(self, outputs: Outputs) -> Self:
        """From now on `outputs` says what is shown of a long observation, and keeps the whole."""
        self._outputs = outputs
        return self

    def reading(self, added: Added) -> Self:
        """From now on the model is told that these folders only can be read, where it would change them."""
        self._added = added
        return self

    @property
    def descriptions(self) -> list[str]:
        """What the model is told of each tool that is here, always in the same order."""
        here = {*self._reads, *self._writes, *self._execs}
        return [prompts.load(f"tools/{name}") for name in ORDER if name in here]

    @property
    def specs(self) -> list[ToolSpec]:
        """Each tool that is here, in the same order as `descriptions`."""
        here: dict[str, ReadTool | WriteTool | ExecTool] = {**self._reads, **self._writes, **self._execs}
        return [ToolSpec(name=name, arguments=here[name].arguments) for name in ORDER if name in here]

    def effect(self, call: ToolCall) -> Effect:
        if call.name in self._reads:
            return "read"
        return "write" if call.name in self._writes else "exec"

    def refuse_unknown(self, calls: Sequence[ToolCall]) -> None:
        """Raises FormatError for a call of a tool that is not here."""
        here = {*self._reads, *self._writes, *self._execs}
        for call in calls:
            if call.name not in here:
                known = ", ".join(name for name in ORDER if name in here)
                raise FormatError(f"There is no <{call.name}> here. The actions are: {known}.")

    def enter(self, mode: AgentMode) -> None:
        """From now on only what the mode allows runs. What is described to the model stays as it is."""
        self._mode = mode

    @property
    def mode(self) -> AgentMode:
        return self._mode

    def announcement(self) -> str | None:
        """What the model is to be told of the mode, once after each change of it."""
        if self._mode == self._told:
            return None
        self._told = self._mode
        return prompts.load(f"{self._mode}_mode")

    def refusal(self, effect: Effect, *, broken: bool) -> str | None:
        """Why nothing with this effect runs now, in words for the model. `broken`: an edit before it failed."""
        if effect == "read":
            return None
        return _ONLY_PLANNED if self._mode == "plan" else _AFTER_FAILURE if broken else None

    def batches(self, calls: Sequence[ToolCall]) -> Iterator[Batch]:
        """Neighbouring writes are one batch: they land together. Every other call is a batch of its own."""
        pending: list[ToolCall] = []
        for call in calls:
            if self.effect(call) == "write":
                pending.append(call)
                continue
            if pending:
                yield tuple(pending)
                pending = []
            yield (call,)
        if pending:
            yield tuple(pending)

    def touched(self) -> set[str]:
        """The files that the model read or changed since this was asked last."""
        touched, self._touched = self._touched, set[str]()
        return touched

    @staticmethod
    def interrupted(call: ToolCall) -> str:
        """What is known of a call that was cut short, in words for the model."""
        return f"The <{call.name}> was interrupted. It may have been done in part: look before you go on."

    def state(self) -> str:
        """A digest of the work tree: equal before and after means that nothing changed."""
        return self._tree.snapshot().digest

    def run(self, batch: Batch, control: Control) -> Generator[Event, None, tuple[Observation, ...]]:
        """One observation for each call, in order."""
        if refusal := self.refusal(self.effect(batch[0]), broken=False):
            return tuple(Observation(call_id=call.id, status="refused", text=refusal) for call in batch)
        background = self._background
        told = [] if background is None else background.take_back(control)
        *others, last = yield from self._run(batch, control)
        told += [] if background is None else background.news()
        told += [] if self._diagnostics is None else self._diagnostics.news()
        return *others, msgspec.structs.replace(last, text=clean("\n".join([last.text, *told])))

    def _run(self, batch: Batch, control: Control) -> Generator[Event, None, tuple[Observation, ...]]:
        batch = tuple(map(self._restored, batch))
        call = batch[0]
        if call.name in self._writes:
            return (yield from self._write(batch, control))
        try:
            if call.name in self._reads:
                result = self._reads[call.name].read(call.arguments, control)
                if call.name == "read":
                    self._see(call.arguments["path"])
            else:
                result = yield from self._execs[call.name].run(call.arguments, call.id, control)
        except ToolError as error:
            result = Result(text=str(error), status="failed")
        return (self._observation(call, result),)

    def _write(self, batch: Batch, control: Control) -> Generator[Event, None, tuple[Observation, ...]]:
        draft = Draft(self._tree, self._protected)
        results: list[Result] = []
        authors: dict[str, int] = {}
        for number, call in enumerate(batch):
            results.append(self._drafted(call, draft))
            named = {path for path in draft.paths if path == call.arguments.get("path")}
            authors.update(dict.fromkeys((draft.paths - authors.keys()) | named, number))
        bad = any(result.status == "failed" for result in results)
        if not bad:
            # Only now: two edits of one file may make it whole again together.
            for path, where in draft.broken().items():
                results[authors[path]] = Result(text=_BROKEN.format(path=path, where=where), status="failed")
                bad = True
        if not bad:
            # What it only changed in part, it does not know for that.
            known = {path for path in draft.paths if self._knows(path) or batch[authors[path]].name == "write"}
            try:
                told = yield from self._land(draft, batch[-1].id, control)
                self._touched |= draft.paths
                results[-1] = _with(results[-1], told)
                self._left.update((path, self._digest(path)) for path in draft.paths)
                for path in known:
                    self._see(path)
            except ToolError as error:
                results = [Result(text=str(error), status="failed") for _ in batch]
        elif len(batch) > 1:
            results = [_not_applied(result) for result in results]
        return tuple(self._observation(call, result) for call, result in zip(batch, results, strict=True))

    def _restored(self, call: ToolCall) -> ToolCall:
        if call.name in self._execs:
            return call
        return msgspec.structs.replace(call, arguments=texts(call.arguments, self._restore))

    def _drafted(self, call: ToolCall, draft: Draft) -> Result:
        try:
            self._added.refuse_change(call.arguments)
            self._refuse_unseen(call)
            return self._writes[call.name].draft(call.arguments, draft)
        except ToolError as error:
            return Result(text=str(error), status="failed")

    def _land(self, draft: Draft, call_id: str, control: Control) -> Generator[Event, None, list[str]]:
        """Applies a draft, and lets the hooks and the diagnostics look at it; what they say."""
        before = {} if self._diagnostics is None else self._diagnostics.before(draft.paths)
        if self._hooks is None:
            draft.land()
            told: list[str] = []
        else:
            may = yield from self._hooks.before(draft.paths, control)
            draft.land()
            told = yield from self._hooks.after(draft.paths, may, call_id, control)
        if self._background is not None:
            self._background.follow(control)
        if self._diagnostics is not None:
            told += yield from self._diagnostics.after(before, control)
        return told

    def _observation(self, call: ToolCall, result: Result) -> Observation:
        text, display = self._outputs.shown(call.id, result.text), clean(result.display)
        return Observation(call_id=call.id, status=result.status, text=text, display=display)

    def _knows(self, path: str) -> bool:
        """Whether the model knows what is at `path`; of nothing, there is nothing to know."""
        try:
            entry = self._tree.entry(path)
        except ToolError:
            # A link that leads out, or a folder: nothing that could be known.
            return False
        return entry is None or self._seen.get(path) == entry.digest

    def _digest(self, path: str) -> str | None:
        try:
            entry = self._tree.entry(path)
        except ToolError:
            # A folder, or a link that leads out.
            return None
        return None if entry is None else entry.digest

    def _see(self, path: str) -> None:
        """The model knows what is at `path` now."""
        with suppress(ToolError):
            entry, path = self._tree.entry(path), self._tree.resolve(path)
            self._seen[path] = None if entry is None else entry.digest
            # Whatever it had made of the file, this is what it knows by now.
            self._left.pop(path, None)
            self._touched.add(path)

    def _refuse_unseen(self, call: ToolCall) -> None:
        """Raises ToolError where a whole file would be replaced that the model does not know as it is."""
        if call.name != "write" or not isinstance(call.arguments.get("path"), str):
            return
        path = self._tree.resolve(call.arguments["path"])
        if self._knows(path):
            return
        if path in self._seen:
            raise ToolError(f"{path} has changed since you read it. Read it again, then write it.")
        raise ToolError(f"{path} exists, and you have not read it. Read it first, or replace lines with <edit>.")


def _with(result: Result, told: Sequence[str]) -> Result:
    if not told:
        return result
    return msgspec.structs.replace(result, text="\n".join([result.text, *told]))


def _not_applied(result: Result) -> Result:
    if result.status == "failed":
        return result
    return Result(
        text="This edit is right, but it was not applied, because another edit of the same reply failed. Send it "
        "again together with the corrected one.",
        status="refused",
    )
