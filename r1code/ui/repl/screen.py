"""The bottom of the terminal: what is under way, a question, the line that is edited, the status.

Finished blocks are printed above it, into the terminal's own scrollback, and never drawn again.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import suppress

from prompt_toolkit.application import Application, run_in_terminal
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import Completer, ThreadedCompleter
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import History
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindingsBase
from prompt_toolkit.layout import ConditionalContainer, HSplit, Layout, Window
from prompt_toolkit.layout.controls import BufferControl, FormattedTextControl
from prompt_toolkit.layout.dimension import Dimension
from prompt_toolkit.layout.menus import CompletionsMenu
from prompt_toolkit.layout.processors import HighlightIncrementalSearchProcessor
from prompt_toolkit.widgets import SearchToolbar

from r1code.events import ReasoningDelta, TextDelta
from r1code.ui.flow import Flow, clip
from r1code.ui.lines import MARGIN
from r1code.ui.piece import Piece
from r1code.ui.repl.facts import Facts, status
from r1code.ui.repl.narrator import Block, Narrator
from r1code.ui.repl.painting import Paint
from r1code.ui.repl.question import Question
from r1code.ui.repl.terminal import Terminal
from r1code.ui.repl.worker import Began, Failed, Idle, Told

FRAME_SECONDS = 0.08
"""Between two frames at least: twelve a second are enough to read along."""
_TICK_SECONDS = 0.5
"""Between two looks at the clock, while something goes on."""
_ALONE_SECONDS = 0.15
"""After the key that answers a question: who types a text is faster."""
_ASIDE = "  │ "
_MOST_LINES = 12
"""Of the line that is edited, before it scrolls."""
_QUEUED_LINES = 3

Item = Told | Question


class Screen:
    """Methods are for the thread that runs it, but for `post`."""

    def __init__(
        self,
        paint: Paint,
        facts: Facts,
        *,
        history: History,
        completer: Completer,
        ends: tuple[Input, Terminal] | None = None,
    ) -> None:
        """`ends`: where keys come from and what is written to; None: standard input and output."""
        self.paint = paint
        self.facts = facts
        source, self.output = ends or (None, Terminal.of())
        self.narrator = Narrator(lambda: self.output.get_size().columns)
        self.queued: list[str] = []
        """What waits to be said, as it is shown."""
        self.on_told: Callable[[Told], None] = lambda _: None
        """Told of what the worker posts, after it was shown."""
        self.on_shown: Callable[[], None] = lambda: None
        """Called once, when the prompt is there."""
        self.is_busy = False
        self.paths: Sequence[str] = ()
        """Of the files that can be mentioned."""
        self.buffer = Buffer(
            history=history,
            completer=ThreadedCompleter(completer),
            complete_while_typing=Condition(lambda: self.question is None),
            multiline=True,
            tempfile_suffix=".md",
        )
        self.question: Question | None = None
        self._asked: deque[Question] = deque()
        self.considered = ""
        """The key that will have been the answer, if it stays alone."""
        self._draft = ""
        """What was being typed when a question came."""
        self._items: deque[Item] = deque()
        self._printed: list[Block] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_due = False
        self._is_paged = False
        self._stops = False
        self._search = SearchToolbar(ignore_case=True)
        self.app: Application[None] = Application(
            layout=Layout(self._layout()),
            style=paint.style,
            input=source,
            output=self.output,
            after_render=self._release,
            erase_when_done=True,
        )

    def run(self, keys: KeyBindingsBase, leave: Callable[[], None]) -> None:
        """Until `app.exit`. `leave`: called when the process is asked to end."""
        self.app.key_bindings = keys

        def begun() -> None:
            loop = self._loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, leave)
            self.app.create_background_task(self._tick())
            self._soon()

        # EOFError: the terminal was closed.
        with suppress(EOFError):
            self.app.run(pre_run=begun, handle_sigint=False)

    def stop(self) -> None:
        """Ends `run`, from any thread, as soon as what was posted is shown."""
        self._stops = True
        self._wake()

    def post(self, item: Item) -> None:
        """Shows it with the next frame. For any thread."""
        self._items.append(item)
        if not self._is_due:
            self._wake()

    def _wake(self) -> None:
        loop = self._loop
        if loop is not None:
            # Whoever works may go on for a moment when nobody looks any more.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._soon)

    def write(self, *blocks: Block) -> None:
        """Prints above the prompt."""
        self._printed += blocks
        self._soon()

    def note(self, text: str) -> None:
        width = self.output.get_size().columns
        flow = Flow(MARGIN, width)
        self.write(Piece(flow.feed(text) + flow.end(), "dim"))

    def show(self, coroutine: Coroutine[None, None, None]) -> None:
        """Lets something else have the whole screen, until it is done."""

        async def paged() -> None:
            self._is_paged = True
            try:
                await coroutine
            finally:
                self._is_paged = False
                self._soon()

        self.app.create_background_task(paged())

    def edit(self, file: str) -> None:
        """Opens a file in the person's editor; the screen is back when they leave it."""
        command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"

        async def edited() -> None:
            try:
                code = await run_in_terminal(
                    lambda: subprocess.run([*shlex.split(command), file], check=False).returncode
                )
                self.note(f"{command} ended with {code}" if code else f"{file} is as you left it")
            except (OSError, ValueError) as error:
                self.note(f"{command} could not be started: {error}; set EDITOR to another one")

        self.show(edited())

    def answer(self, text: str) -> None:
        """Answers the question that is asked, and goes on with what was being typed."""
        question, self.question, self.considered = self.question, None, ""
        if question is None:
            return
        question.answer(text)
        self.buffer.text = self._draft
        self.buffer.cursor_position = len(self._draft)
        if question.choices:
            label = next((choice.label for choice in question.choices if choice.key == text), "no answer")
            self.write(Piece(f"{MARGIN}→ {label}\n", "dim"))
        self._next_question()

    def _soon(self) -> None:
        if self._loop is not None and not self._is_due:
            self._is_due = True
            self._loop.call_later(FRAME_SECONDS, self._frame)

    def _frame(self) -> None:
        self._is_due = False
        if not self.app.is_running or (self._is_paged and not self._stops):
            return
        while self._items:
            self._take(self._merged(self._items.popleft()))
        if self.question is not None and not self.question.is_open:
            self.answer(self.question.deny)
        if self._printed:
            blocks, self._printed = self._printed, []
            text = self.paint.text(blocks, self.output.get_size().columns)
            # Erased, printed and drawn again below: all of it appears at once, when it has been drawn.
            self.output.held = True
            self.app.renderer.erase()
            self.output.write_raw(text.replace("\n", "\r\n"))
        if self._stops:
            self._release(None)
            self.app.exit()
        else:
            self.app.invalidate()

    def _merged(self, item: Item) -> Item:
        """With the pieces of the same stream that came after it."""
        if isinstance(item, ReasoningDelta):
            return ReasoningDelta(text="".join([item.text, *self._following(ReasoningDelta)]))
        if isinstance(item, TextDelta):
            return TextDelta(text="".join([item.text, *self._following(TextDelta)]))
        return item

    def _following(self, kind: type[ReasoningDelta | TextDelta]) -> Iterator[str]:
        while self._items and isinstance(item := self._items[0], kind):
            self._items.popleft()
            yield item.text

    def _take(self, item: Item) -> None:
        match item:
            case Piece():
                self._printed.append(item)
            case Question():
                self._asked.append(item)
                self._next_question()
            case Began():
                self.is_busy = True
                self.narrator.live.begin("running" if item.what else "starting", item.what)
                self.on_told(item)
            case Idle() | Failed():
                self._printed += self.narrator.end()
                self.is_busy = self.is_busy and not isinstance(item, Idle)
                self.on_told(item)
            case _:
                self._printed += self.narrator.tell(item)
                self.on_told(item)

    def _next_question(self) -> None:
        if self.question is not None or not self._asked:
            return
        question = self._asked.popleft()
        if not question.is_open:
            self._next_question()
            return
        self.question = question
        question.shown_at = time.monotonic()
        self._draft = self.buffer.text
        self.buffer.text = question.default
        self.buffer.cursor_position = len(question.default)
        flow = Flow(_ASIDE, self.output.get_size().columns)
        if question.choices:
            detail = flow.feed(question.detail) + flow.end()
            self._printed += [Piece(f"{question.title}\n", "warn"), Piece(detail)]
        # A bell calls somebody who has looked away.
        self.output.bell()
        self._soon()

    def consider(self, question: Question, key: str) -> None:
        """Answers with `key` in a moment, unless another key shows that it was the start of a text."""
        self.considered = key

        def answer() -> None:
            if self.considered and self.question is question:
                self.considered = ""
                self.answer(key)

        asyncio.get_running_loop().call_later(_ALONE_SECONDS, answer)

    def keep(self, text: str) -> None:
        """Adds to what was being typed: it came before the question could be read."""
        self._draft += text

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            if self.narrator.live.doing and not self._is_paged:
                self.app.invalidate()

    def _release(self, _: object) -> None:
        shown, self.on_shown = self.on_shown, lambda: None
        shown()
        if self.output.held:
            self.output.held = False
            self.output.flush()

    def _layout(self) -> HSplit:
        control = BufferControl(
            self.buffer,
            input_processors=[HighlightIncrementalSearchProcessor()],
            search_buffer_control=self._search.control,
            focusable=True,
        )
        edited = Window(
            control,
            get_line_prefix=self._prefix,
            wrap_lines=True,
            dont_extend_height=True,
            height=Dimension(min=1, max=_MOST_LINES),
        )
        menu = CompletionsMenu(max_height=8, scroll_offset=1)
        return HSplit(
            [
                self._lines(self._live, lambda: bool(self.narrator.live.doing)),
                self._lines(self._queue, lambda: bool(self.queued)),
                self._lines(self._offer, lambda: self.question is not None),
                edited,
                self._search,
                menu,
                self._lines(self._status, lambda: True),
            ]
        )

    @staticmethod
    def _lines(text: Callable[[], StyleAndTextTuples], is_shown: Callable[[], bool]) -> ConditionalContainer:
        window = Window(FormattedTextControl(text), dont_extend_height=True, wrap_lines=False)
        return ConditionalContainer(window, Condition(is_shown))

    def _width(self) -> int:
        return self.output.get_size().columns

    def _live(self) -> StyleAndTextTuples:
        tail = self.narrator.reasoning == "tail" or self.narrator.live.doing != "thinking"
        pieces = self.narrator.live.pieces(self._width(), tail=tail)
        hint = " · Esc stops it" if self.is_busy and self.question is None else ""
        shown: StyleAndTextTuples = []
        for number, piece in enumerate(pieces, start=1):
            end = hint if number == len(pieces) else "\n"
            shown.append((f"class:{piece.style}", clip(piece.text, self._width() - len(hint))))
            shown.append(("class:dim", end))
        return shown

    def _queue(self) -> StyleAndTextTuples:
        shown = [clip(f"{MARGIN}waits: {' '.join(text.split())}", self._width()) for text in self.queued]
        left = len(shown) - _QUEUED_LINES
        shown = shown[:_QUEUED_LINES] + ([f"{MARGIN}… {left} more"] if left > 0 else [])
        return [("class:dim", "\n".join(shown))]

    def _offer(self) -> StyleAndTextTuples:
        question = self.question
        if question is None:
            return []
        text = question.offer if question.choices else f"{question.title} (Enter)"
        return [("class:warn", f"{MARGIN}{text}")]

    def _prefix(self, line: int, wrapped: int) -> StyleAndTextTuples:
        if line or wrapped:
            return [("", "  ")]
        if self.question is not None:
            return [("class:warn", "? ")]
        return [("class:mode", "plan> ")] if self.facts.mode == "plan" else [("class:prompt", "> ")]

    def _status(self) -> StyleAndTextTuples:
        return [("class:status", clip(status(self.facts, self._width() - 1), self._width() - 1))]
