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
from prompt_toolkit.cursor_shapes import ModalCursorShapeConfig
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import History
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindingsBase
from prompt_toolkit.key_binding.vi_state import InputMode
from prompt_toolkit.layout import ConditionalContainer, HSplit, Layout, Window
from prompt_toolkit.layout.controls import BufferControl, FormattedTextControl
from prompt_toolkit.layout.dimension import Dimension
from prompt_toolkit.layout.menus import CompletionsMenu
from prompt_toolkit.layout.processors import HighlightIncrementalSearchProcessor
from prompt_toolkit.widgets import SearchToolbar

from r1code.events import ReasoningDelta, TextDelta
from r1code.ui.flow import Flow
from r1code.ui.lines import MARGIN
from r1code.ui.messages import localized
from r1code.ui.piece import Piece
from r1code.ui.repl import bottom
from r1code.ui.repl.attention import Attention
from r1code.ui.repl.facts import Facts
from r1code.ui.repl.looks import USUAL, Looks
from r1code.ui.repl.narrator import Block, Narrator
from r1code.ui.repl.painting import Paint
from r1code.ui.repl.question import Question
from r1code.ui.repl.terminal import Terminal
from r1code.ui.repl.worker import Began, Failed, Idle, Opens, Told
from r1code.ui.themes import Theme

FRAME_SECONDS = 0.08
"""Between two frames at least: twelve a second are enough to read along."""
_TICK_SECONDS = 0.5
"""Between two looks at the clock, while something goes on."""
_ALONE_SECONDS = 0.15
"""After the key that answers a question: who types a text is faster."""
_ASIDE = "  │ "
_MOST_LINES = 12
"""Of the line that is edited, before it scrolls."""

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
        looks: Looks = USUAL,
        ends: tuple[Input, Terminal] | None = None,
    ) -> None:
        """`ends`: where keys come from and what is written to; None: standard input and output."""
        self.paint = paint
        self.facts = facts
        source, self.output = ends or (None, Terminal.of())
        self.looks = looks
        self._attention = Attention(self.output, looks, facts.project, environ=os.environ)
        self.narrator = Narrator(lambda: self.output.get_size().columns, looks)
        self.queued: list[str] = []
        """What waits to be said, as it is shown."""
        self.on_told: Callable[[Told], None] = lambda _: None
        """Told of what the worker posts, after it was shown."""
        self.on_shown: Callable[[], None] = lambda: None
        """Called once, when the prompt is there."""
        self.on_typed: Callable[[], None] = lambda: None
        """Called before what was typed is shown."""
        self.is_busy = False
        self.paths: Sequence[str] = ()
        """Of the files that can be mentioned."""
        self.symbols: Sequence[str] = ()
        self.buffer = Buffer(
            history=history,
            completer=ThreadedCompleter(completer),
            complete_while_typing=Condition(lambda: self.question is None and not looks.spoken),
            multiline=True,
            tempfile_suffix=".md",
            on_text_changed=lambda _: self.on_typed(),
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
            editing_mode=EditingMode.VI if looks.keys == "vi" else EditingMode.EMACS,
            cursor=ModalCursorShapeConfig() if looks.keys == "vi" else None,
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
            if self.looks.animated:
                self.app.create_background_task(self._tick())
            self._attention.open()
            self._soon()

        # EOFError: the terminal was closed.
        try:
            with suppress(EOFError):
                self.app.run(pre_run=begun, handle_sigint=False)
        finally:
            self._attention.close()

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
        self.write(Piece(flow.feed(localized(text)) + flow.end(), "dim"))

    def dress(self, theme: Theme) -> None:
        """In these colours from now on."""
        self.paint.theme = theme
        self.app.style = self.paint.style

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
        self._attention.answered()
        self.buffer.text = self._draft
        self.buffer.cursor_position = len(self._draft)
        if question.choices:
            label = next((choice.label for choice in question.choices if choice.key == text), "no answer")
            self.write(Piece(f"{MARGIN}→ {localized(label)}\n", "dim"))
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
                self._attention.works()
                self.narrator.live.begin("running" if item.what else "starting", item.what)
                self.on_told(item)
            case Opens():
                self.is_busy = item.stops
                self._attention.works()
                self.narrator.live.begin("opening", item.session)
            case Idle() | Failed():
                self._printed += self.narrator.end()
                self.is_busy = self.is_busy and not isinstance(item, Idle)
                if not self.is_busy:
                    self._attention.rests()
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
        self._draft, self.question = self.buffer.text, question
        question.shown_at = time.monotonic()
        self.buffer.text = question.default
        self.buffer.cursor_position = len(question.default)
        flow = Flow(MARGIN if self.looks.spoken else _ASIDE, self.output.get_size().columns)
        if question.choices:
            detail = flow.feed(question.detail) + flow.end()
            self._printed += [Piece(f"{localized(question.title)}\n", "warn"), Piece(detail)]
        self._attention.asks()
        self._soon()

    def consider(self, question: Question, key: str) -> None:
        """Answers with `key` in a moment, unless another key shows that it was the start of a text."""
        self.considered = key

        def answer() -> None:
            if self.considered and self.question is question:
                self.considered = ""
                self.answer(key)

        asyncio.get_running_loop().call_later(_ALONE_SECONDS, answer)

    @property
    def typed(self) -> str:
        """What was not sent yet; an answer to a question is none of it."""
        return self.buffer.text if self.question is None else self._draft

    def keep(self, text: str) -> None:
        """Adds to what was being typed: it came before the question could be read."""
        self._draft += text
        self.on_typed()

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
                self._lines(self._live, lambda: bool(self.narrator.live.doing) and not self.looks.spoken),
                self._lines(lambda: bottom.checklist(self.facts.points, self._width()), self._has_checklist),
                self._lines(lambda: bottom.queue(self.queued, self._width()), lambda: bool(self.queued)),
                self._lines(
                    lambda: bottom.offer(self.question, self._width()), lambda: self.question is not None
                ),
                edited,
                self._search,
                menu,
                # A line that changes would be read out again and again.
                self._lines(lambda: bottom.facts(self.facts, self._width()), lambda: not self.looks.spoken),
            ]
        )

    @staticmethod
    def _lines(text: Callable[[], StyleAndTextTuples], is_shown: Callable[[], bool]) -> ConditionalContainer:
        window = Window(FormattedTextControl(text), dont_extend_height=True, wrap_lines=False)
        return ConditionalContainer(window, Condition(is_shown))

    def _width(self) -> int:
        return self.output.get_size().columns

    def _live(self) -> StyleAndTextTuples:
        stops = self.is_busy and self.question is None
        return bottom.live(self.narrator, self._width(), animated=self.looks.animated, stops=stops)

    def _has_checklist(self) -> bool:
        return self.is_busy and bool(self.facts.points) and not self.looks.spoken

    def _prefix(self, line: int, wrapped: int) -> StyleAndTextTuples:
        if line or wrapped:
            return [("", "  ")]
        if self.question is not None:
            return [("class:warn", "? ")]
        if self.looks.keys == "vi" and self.app.vi_state.input_mode != InputMode.INSERT:
            return [("class:mode", "n> ")]
        return [("class:mode", "plan> ")] if self.facts.mode == "plan" else [("class:prompt", "> ")]
