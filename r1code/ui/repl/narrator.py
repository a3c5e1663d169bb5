"""Events in; out come finished blocks for the scrollback, and what is under way for the lines at the prompt."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from msgspec import Struct

from r1code.config import Reasoning
from r1code.events import (
    CallFinished,
    CallStarted,
    CandidateEvent,
    CommandOutput,
    Event,
    Finished,
    PatchReady,
    PlanReady,
    ReasoningDelta,
    ReplyCut,
    ReplyDiscarded,
    ReplyReceived,
    StepStarted,
    TextDelta,
    TextWasReasoning,
    TurnEnded,
    TurnStarted,
)
from r1code.types import ToolCall
from r1code.ui.checklist import whole
from r1code.ui.describe import card, describe, mark
from r1code.ui.diff import diff_lines, laid_out, marked
from r1code.ui.flow import Flow, clip
from r1code.ui.lines import MARGIN, UNBOUNDED, block, line, more, seconds, wrapped
from r1code.ui.piece import Piece
from r1code.ui.repl.changes import changes
from r1code.ui.repl.folding import Action, Folder, Prose
from r1code.ui.repl.live import Live
from r1code.ui.repl.looks import USUAL, Looks
from r1code.ui.repl.paragraphs import Paragraphs
from r1code.ui.safe import safe_line
from r1code.ui.spending import told_money

_CHANGES = frozenset({"edit", "patch", "replace", "insert", "write"})
_QUIET = frozenset({"read", "list", "search", "logs"})
"""What they found is for the model; Ctrl-O shows it."""
_DIFF_LINES = 40
_OUTPUT_LINES = 8
_ENDS_QUIETLY = frozenset({"done", "answered", "plan", "question"})


class Markdown(Struct, frozen=True):
    """A block for the scrollback that is Markdown."""

    text: str


Block = Piece | Markdown


class Narrator:
    """Append-only, at a flat cost for each event: what came out is for good. All foreign text is made safe."""

    def __init__(self, width: Callable[[], int], looks: Looks = USUAL) -> None:
        self.live = Live()
        self.reasoning: Reasoning = looks.reasoning
        self._spoken = looks.spoken
        self._width = width
        self._folder = Folder()
        self._paragraphs = Paragraphs()
        self._flow: Flow | None = None
        self._thought = False
        self._calls: dict[str, ToolCall] = {}

    def tell(self, event: Event) -> Iterator[Block]:
        match event:
            case ReasoningDelta():
                yield from self._reasons(event.text)
            case TextDelta():
                yield from self._says(event.text)
            case CommandOutput():
                if self.live.doing not in {"running", "testing"}:
                    self.live.begin("testing", event.call_id)
                self.live.tail.feed(event.text)
            case CandidateEvent():
                yield from self.tell(event.inner)
            case TurnStarted() | Finished():
                pass
            case _:
                yield from self._settle()
                yield from self._whole(event)

    def end(self) -> Iterator[Block]:
        """When nothing goes on any more."""
        yield from self._settle()
        self.live.begin("")

    def _whole(self, event: Event) -> Iterator[Block]:
        match event:
            case StepStarted():
                self.live.begin("waiting for the model")
            case ReplyReceived():
                pass
            case TextWasReasoning():
                yield line(f"{MARGIN}(the text above was reasoning)", "dim")
            case ReplyDiscarded() | ReplyCut():
                yield from describe(event, self._width())
                self.live.begin("waiting for the model")
            case CallStarted():
                self._calls[event.call.id] = event.call
                self.live.begin("testing" if event.call.name == "test" else "running", card(event.call))
                yield from self._spoken_only(card(event.call))
            case CallFinished():
                yield from self._finished(event)
            case PatchReady():
                yield self._patch(event)
            case PlanReady():
                yield from self._plan(event)
            case TurnEnded():
                yield from self._turn_ended(event)
            case _:
                yield from describe(event, self._width())

    def _reasons(self, text: str) -> Iterator[Block]:
        if not self._thought or self.live.doing != "thinking":
            yield from self._settle()
            self._thought = True
            self.live.begin("thinking")
            yield from self._spoken_only("thinking")
            bar = MARGIN if self._spoken else "│ "
            self._flow = Flow(bar, self._width()) if self.reasoning == "full" else None
        self.live.tail.feed(text)
        if self._flow is not None and (shown := self._flow.feed(text)):
            yield Piece(shown, "dim")

    def _says(self, text: str) -> Iterator[Block]:
        if self.live.doing not in {"answering", "writing"}:
            yield from self._thoughts()
            self.live.begin("answering")
        self.live.tail.characters += len(text)
        for part in self._folder.feed(text):
            yield from self._part(part)
        if self.live.doing == "answering":
            shown = "\n".join([*self._paragraphs.open, self._folder.rest])
            count = self.live.tail.characters
            self.live.tail.clear()
            self.live.tail.feed(shown[-1_000:])
            self.live.tail.characters = count

    def _part(self, part: Prose | Action) -> Iterator[Block]:
        if isinstance(part, Action):
            yield from map(Markdown, self._paragraphs.end())
            count = self.live.tail.characters
            if self.live.doing != "writing":
                self.live.begin("writing")
                self.live.tail.characters = count
            lines = f" ({part.lines} lines)" if part.lines > 1 else ""
            self.live.what = f"{part.name} {safe_line(part.path)}{lines}"
            return
        if self.live.doing == "writing" and part.text.strip():
            self.live.begin("answering")
        for text in part.text.removesuffix("\n").split("\n"):
            yield from map(Markdown, self._paragraphs.feed(text))

    def _thoughts(self) -> Iterator[Block]:
        """Closes the reasoning with one line."""
        if not self._thought:
            return
        self._thought = False
        if self._flow is not None and (shown := self._flow.end()):
            yield Piece(shown, "dim")
        self._flow = None
        told = f"thought {seconds(self.live.seconds)} · ~{self.live.tokens:,} tokens · Ctrl-O shows it"
        yield line(f"{MARGIN}{told}", "dim", self._width())

    def _spoken_only(self, text: str) -> Iterator[Block]:
        """What the lines at the bottom show, for somebody who cannot see them change."""
        if self._spoken:
            yield line(f"{MARGIN}{text}", "dim", self._width())

    def _settle(self) -> Iterator[Block]:
        """Whatever streams is finished."""
        yield from self._thoughts()
        for part in self._folder.end():
            yield from self._part(part)
        yield from map(Markdown, self._paragraphs.end())

    def _finished(self, event: CallFinished) -> Iterator[Block]:
        seen, width = event.observation, self._width()
        call = self._calls.pop(seen.call_id, None)
        what = safe_line(event.name) if call is None else card(call)
        status = mark(seen.status)
        yield Piece(MARGIN)
        sign, word = status.text.split(" ")
        yield Piece(word if self._spoken else sign, status.style)
        yield Piece(f" {clip(what, width - len(MARGIN) - 4)}\n")
        if seen.status == "ok" and call is not None and event.name in _CHANGES:
            yield from self._changed(call)
        elif not (seen.status == "ok" and event.name in _QUIET):
            yield from block(seen.display or seen.text, _OUTPUT_LINES, width, "dim")
        self.live.begin("waiting for the model")

    def _changed(self, call: ToolCall) -> Iterator[Block]:
        lines = tuple(changes(call))
        for each in marked(lines[:_DIFF_LINES]):
            yield from laid_out(each, f"{MARGIN}  ", self._width())
        if len(lines) > _DIFF_LINES:
            yield line(f"{MARGIN}  {more(len(lines) - _DIFF_LINES)} · Ctrl-O shows all", "dim")

    def _plan(self, event: PlanReady) -> Iterator[Block]:
        width = self._width()
        where = "" if event.file is None else f" · {safe_line(os.path.relpath(event.file))}"
        yield line(f"plan{where}", "good", width)
        yield from whole(event.plan.points, width)
        hint = "/act carries it out · /plan edit changes it · /plan no WHY, or say what is wrong"
        yield Piece(f"{MARGIN}{wrapped(hint, width)}", "dim")

    def _patch(self, event: PatchReady) -> Piece:
        lines = tuple(diff_lines(event.diff)) if event.diff else ()
        added, removed = (sum(each.style == style for each in lines) for style in ("added", "removed"))
        files = "1 file" if event.files == 1 else f"{event.files} files"
        return line(f"changed {files}, +{added} -{removed} lines · /diff · /undo", "strong", self._width())

    def _turn_ended(self, event: TurnEnded) -> Iterator[Block]:
        if event.reason in _ENDS_QUIETLY:
            steps = [f"{event.steps} steps"] if event.steps != 1 else []
            facts = [*steps, seconds(event.seconds), *told_money(event.spent)]
            yield line(f"{MARGIN}{' · '.join(facts)}", "dim", UNBOUNDED)
        else:
            yield from describe(event, self._width())
        self.live.begin("")
