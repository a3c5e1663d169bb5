"""Events in, pieces of output out: the one place that knows what is being shown at the moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from r1code.events import (
    CallFinished,
    CallStarted,
    CandidateEvent,
    CommandOutput,
    Event,
    ReasoningDelta,
    TextDelta,
    TextWasReasoning,
)
from r1code.ui.describe import LINES, card, describe, mark
from r1code.ui.flow import Excerpt, Flow, clip
from r1code.ui.lines import MARGIN, UNBOUNDED, block, line, more
from r1code.ui.piece import Piece, Style
from r1code.ui.safe import safe_line

OUTPUT_LINES = 20
"""Shown of one command's output."""

_BAR = "│ "
_OUTPUT = f"{MARGIN}{_BAR}"
_Kind = Literal["reasoning", "text", "output"]
_PREFIXES: dict[_Kind, str] = {"reasoning": _BAR, "text": MARGIN, "output": _OUTPUT}


class Transcript:
    """Append-only: what was told is never told again, so the cost of an event does not grow with the turn.

    All foreign text is made safe here. Column 0 belongs to r1code: no model, command or file can write a
    line that looks like a verdict. `width` is asked for whenever a new paragraph begins; None: no terminal.
    """

    def __init__(self, width: Callable[[], int | None]) -> None:
        self._width = width
        self._stream: tuple[_Kind, str] | None = None
        self._flow = Flow("", None)
        self._style: Style = "plain"
        self._cards: dict[str, str] = {}
        self._outputs: dict[str, Excerpt] = {}
        self._candidates: dict[int, _Candidate] = {}

    def tell(self, event: Event) -> Iterator[Piece]:
        """What to write for `event`; a stream's last line may stay open."""
        match event:
            case ReasoningDelta():
                yield from self._flowing("reasoning", event.text)
            case TextDelta():
                yield from self._flowing("text", event.text)
            case CommandOutput():
                yield from self._output(event)
            case CandidateEvent():
                yield from self.end()
                candidate = self._candidates.setdefault(event.candidate, _Candidate(event.candidate, self._width))
                yield from candidate.tell(event.inner)
            case _:
                yield from self.end()
                yield from self._whole(event)

    def end(self) -> Iterator[Piece]:
        """What to write so that the last line is complete."""
        if self._stream is not None:
            self._stream = None
            yield Piece(self._flow.end(), self._style)

    def close(self) -> Iterator[Piece]:
        """What to write when nothing more will come."""
        yield from self.end()
        for candidate in self._candidates.values():
            yield from candidate.close()

    def _whole(self, event: Event) -> Iterator[Piece]:
        match event:
            case TextWasReasoning():
                yield line("(the text above was reasoning)", "dim")
            case CallStarted():
                self._cards[event.call.id] = card(event.call)
                yield line(f"→ {self._cards[event.call.id]}", "strong", self._width() or UNBOUNDED)
            case CallFinished():
                yield from self._finished(event)
            case _:
                yield from describe(event, self._width())

    def _flowing(self, kind: _Kind, text: str, call_id: str = "") -> Iterator[Piece]:
        stream = kind, call_id
        if self._stream != stream:
            yield from self.end()
            if kind == "reasoning":
                yield line("reasoning", "dim")
            self._stream, self._flow = stream, Flow(_PREFIXES[kind], self._width())
            self._style = "plain" if kind == "text" else "dim"
        yield Piece(self._flow.feed(text), self._style)

    def _output(self, event: CommandOutput) -> Iterator[Piece]:
        shown = self._outputs.get(event.call_id)
        if shown is None:
            width = (self._width() or UNBOUNDED) - len(_OUTPUT)
            shown = self._outputs[event.call_id] = Excerpt(OUTPUT_LINES, width)
        text = shown.feed(event.text)
        if text:
            yield from self._flowing("output", text, event.call_id)

    def _finished(self, event: CallFinished) -> Iterator[Piece]:
        seen = event.observation
        output = self._outputs.pop(seen.call_id, None)
        if output is not None and output.hidden:
            yield line(f"{_OUTPUT}{more(output.hidden)}", "dim")
        what = self._cards.pop(seen.call_id, safe_line(event.name))
        status = mark(seen.status)
        room = (self._width() or UNBOUNDED) - len(status.text) - 2
        yield status
        yield Piece(f"  {clip(what, room)}\n")
        yield from block(seen.display or seen.text, LINES, self._width(), "dim")


class _Candidate:
    """One of several attempts that run at the same time: told in whole lines that carry its number."""

    def __init__(self, number: int, width: Callable[[], int | None]) -> None:
        self._label = f"[{number}] "
        self._width = width
        self._transcript = Transcript(self._narrower)
        self._line: list[Piece] = []

    def _narrower(self) -> int | None:
        width = self._width()
        return None if width is None else width - len(self._label)

    def tell(self, event: Event) -> Iterator[Piece]:
        yield from self._lines(self._transcript.tell(event))

    def close(self) -> Iterator[Piece]:
        yield from self._lines(self._transcript.close())

    def _lines(self, pieces: Iterator[Piece]) -> Iterator[Piece]:
        for piece in pieces:
            for text in piece.text.splitlines(keepends=True):
                self._line.append(Piece(text, piece.style))
                if text.endswith("\n"):
                    written, self._line = self._line, []
                    if "".join(each.text for each in written).strip():
                        yield Piece(self._label, "dim")
                        yield from written
