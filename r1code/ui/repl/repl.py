"""What a person types, and what becomes of it: a turn, a command, a word to the turn under way."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from difflib import get_close_matches
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, get_args

from r1code.config import Reasoning, ThemeName
from r1code.control import Control
from r1code.errors import Cancelled, R1CodeError
from r1code.events import ChecklistChanged, Event, ReplyReceived
from r1code.ui.flow import Flow
from r1code.ui.lines import MARGIN
from r1code.ui.messages import localized
from r1code.ui.piece import Piece
from r1code.ui.repl import commands
from r1code.ui.repl.chips import Chips
from r1code.ui.repl.commands import COMMANDS, as_here
from r1code.ui.repl.custom import performed
from r1code.ui.repl.drafts import Draft, Drafts
from r1code.ui.repl.keys import Acts, keys_of
from r1code.ui.repl.listed import listed
from r1code.ui.repl.pager import Pager
from r1code.ui.repl.screen import Screen
from r1code.ui.repl.watched import answered
from r1code.ui.repl.worker import Failed, Goes, Idle, Job, Opened, Told, Worker
from r1code.ui.safe import safe_line
from r1code.ui.themes import theme_of

if TYPE_CHECKING:
    from r1code.app.custom import Custom
    from r1code.app.desk import Desk
    from r1code.app.watching import Comment
    from r1code.ui.repl.commands.words import Does

LOCAL = {
    "help": "all commands and keys",
    "quit": "leave; the session is kept",
    "reasoning": "tail | full | hidden: what is shown of it",
    "theme": "auto | dark | light | contrast: the colours from now on",
}
"""Commands that are about the screen, and need no session."""
_KEYS = (
    ("Enter", "send; while it works: a word to the model at its next step"),
    ("Tab", "while it works: keep for after this turn"),
    ("Alt-Enter, Ctrl-J", "a new line"),
    ("Esc, Ctrl-C", "stop the turn; what it had said is kept"),
    ("Shift-Tab", "plan mode, and back"),
    ("Ctrl-O", "reasoning, actions and what they found"),
    ("Ctrl-R", "search what you typed, in all sessions"),
    ("Ctrl-X Ctrl-E", "edit the line in your editor"),
    ("@", "mention a file, a folder, a symbol, a revision"),
    ("!COMMAND", "run a command in the sandbox"),
    ("!!COMMAND", "run a command on this machine, in your shell"),
)


class Repl:
    def __init__(self, screen: Screen, opened: Opened[Desk], about: dict[str, str], drafts: Drafts) -> None:
        """`about`: what can be completed, by name, which the commands of the session are added to."""
        self._screen = screen
        self._about = about
        self._drafts = drafts
        self._chips = Chips()
        self._worker: Worker[Desk] = Worker(opened, screen.post, self._job(self._begin))
        self._ended: Future[None] | None = None
        self._desk: Desk | None = None
        self._waiting: list[str] = []
        self._holds = False
        """What waits is of the last time, and goes nowhere before the person sends something."""
        self._warned = False
        self._left = False
        self._modes = Lock()
        """Over what the mode is: a key may change it while the session begins in its own thread."""
        screen.on_told = self._told

    def run(self) -> None:
        """Until the person leaves. Raises what ended the session, if something did."""
        acts = Acts(
            enter=self._enter,
            interrupt=self._interrupt,
            end=self.leave,
            queue=self._queue,
            mode=self._mode,
            look=self._look,
        )
        self._screen.on_shown = self._start
        self._offer_draft()
        try:
            self._screen.run(keys_of(self._screen, self._chips, acts), self.leave)
        finally:
            self._worker.leave()
            self._drafts.close()
        if self._ended is not None:
            try:
                self._ended.result()
            except Cancelled:
                # Who leaves before all is open has left, and stopped nothing.
                if not self._left:
                    raise

    def _start(self) -> None:
        """Once the prompt is there: what comes now is slow to load."""
        self._ended = self._worker.start()
        self._ended.add_done_callback(lambda _: self._screen.stop())

    def _offer_draft(self) -> None:
        draft, buffer = self._drafts.found(), self._screen.buffer
        self._chips = Chips(draft.pastes)
        buffer.text = draft.text
        buffer.cursor_position = len(draft.text)
        self._waiting, self._holds = list(draft.waiting), bool(draft.waiting)
        self._screen.queued = list(draft.waiting)
        self._screen.on_typed = self._keep_draft
        if draft.text.strip():
            self._screen.note("what you had typed and not sent is in the line again; Ctrl-C puts it away")
        if draft.waiting:
            self._screen.note("what waits is of the last time: it follows what you send next; Ctrl-C drops it")

    def _keep_draft(self) -> None:
        text, waiting = self._screen.typed, tuple(self._waiting)
        self._drafts.keep(Draft(text=text, pastes=self._chips.behind((text, *waiting)), waiting=waiting))

    def leave(self) -> None:
        self._left = True
        self._screen.stop()

    def _begin(self, desk: Desk, control: Control) -> Iterator[Event]:
        with self._modes:
            self._desk = desk
            desk.conversation.enter(self._screen.facts.mode)
        self._screen.facts.sandbox, self._screen.facts.context = desk.config.sandbox, None
        self._about |= {name: safe_line(custom.about) for name, custom in desk.customs.items()}
        self._look_around(desk)
        if desk.watching is not None:
            desk.watching.start(self._commented)
        desk.conversation.warm(control)
        self._screen.symbols = desk.symbols(control)
        return iter(())

    def _job(self, job: Job[Desk]) -> Job[Desk]:
        """The same without secrets; after it the status and what can be mentioned are as it left them."""

        def does(desk: Desk, control: Control) -> Iterator[Event | Piece | Goes]:
            if desk.watching is not None:
                desk.watching.works()
            try:
                for told in job(desk, control):
                    veiled = desk.veiled(told)
                    if desk.diary is not None and isinstance(veiled, Event):
                        desk.diary.event(veiled)
                    yield veiled
            finally:
                try:
                    self._look_around(desk)
                finally:
                    if desk.watching is not None:
                        desk.watching.rests()

        return does

    def _look_around(self, desk: Desk) -> None:
        """In the worker's thread: git is asked, and the tree is listed."""
        facts = self._screen.facts
        facts.session, facts.branch = desk.spent, desk.branch
        with self._modes:
            facts.mode = desk.conversation.mode
        facts.profile, facts.model, facts.window = desk.model
        facts.think = desk.config.think or ""
        facts.points = desk.veiled(ChecklistChanged(points=desk.conversation.progress.points)).points
        self._screen.paths = desk.paths()
        self._screen.symbols = desk.symbols()

    def _told(self, told: Told) -> None:
        if isinstance(told, ReplyReceived):
            self._screen.facts.context = told.usage.prompt
        elif isinstance(told, ChecklistChanged):
            self._screen.facts.points = told.points
        elif isinstance(told, Failed):
            if self._desk is not None:
                self._desk.errors.append(told.error)
            self._trouble(told.error)
        elif isinstance(told, Idle):
            self._warned = False
            if told.left:
                # Words to the turn, which nobody read: what was pasted in them is no command, however it begins.
                self._say("\n\n".join(told.left))
                return
            if self._worker.is_busy:
                # Something was said meanwhile, and is under way: what waits follows that.
                return
            text = self._waiting.pop(0) if self._waiting and not self._holds else ""
            self._show_waiting()
            if text:
                self._do(text, steers=False)

    def _trouble(self, error: R1CodeError) -> None:
        flow = Flow(MARGIN, None)
        self._screen.write(Piece(f"! {localized(safe_line(error.what))}\n", "bad"))
        self._screen.write(Piece(flow.feed(as_here(localized(f"{error.why}\nnext: {error.hint}"))) + flow.end()))

    def _enter(self) -> None:
        text = self._take()
        if text.strip():
            self._holds = False
            self._do(text.strip())

    def _take(self) -> str:
        text = self._screen.buffer.text
        if text.strip():
            # On disk before the screen shows it.
            self._screen.buffer.append_to_history()
        self._screen.buffer.reset()
        # The next line begins in insert mode, as in a shell.
        self._screen.app.vi_state.reset()
        # A reset tells nobody of the change.
        self._keep_draft()
        return text

    def _do(self, text: str, *, steers: bool = True) -> None:
        """`steers`: while a turn is under way it is said to that."""
        if text.startswith("!"):
            self._command("host" if text.startswith("!!") else "run", text.lstrip("!").strip(), text)
        elif text.startswith("/") and "/" not in text[1:].split(" ", maxsplit=1)[0]:
            name, _, argument = text[1:].partition(" ")
            self._command(name, argument.strip(), text)
        elif steers and self._worker.is_busy and self._worker.steer(self._chips.whole(text)):
            self._screen.write(Piece(f"{MARGIN}↳ {_one(text)}\n", "strong"))
        else:
            self._say(text)

    def _say(self, text: str) -> None:
        self._echo(text)
        # A long paste is sent whole, and shown as its chip.
        whole = self._chips.whole(text)
        self._worker.submit(self._job(lambda desk, control: desk.conversation.turn(whole, control)))

    def _echo(self, text: str) -> None:
        flow = Flow("  ", None)
        shown = flow.feed(text) + flow.end()
        self._screen.write(Piece(f"\n> {shown[2:]}", "strong"))

    def _command(self, name: str, argument: str, text: str) -> None:
        argument = self._chips.whole(argument)
        if name in {"quit", "exit"}:
            self.leave()
        elif name == "help":
            width = self._screen.output.get_size().columns
            self._screen.write(_help({} if self._desk is None else self._desk.customs, width))
        elif name == "reasoning":
            self._reasoning(argument)
        elif name == "theme":
            self._theme(argument)
        elif (name, argument) == ("resume", ""):
            self._pick()
        elif (name, argument) == ("plan", "edit"):
            self._edit_plan()
        elif self._desk is not None and (custom := self._desk.customs.get(name)) is not None:
            self._echo(text)
            self._worker.submit(self._job(lambda desk, control: performed(desk, custom, argument, control)))
        elif name not in COMMANDS:
            near = get_close_matches(name, list(self._about), 1)
            hint = f"/{near[0]} is there; " if near else ""
            self._screen.write(Piece(localized(f"! there is no /{safe_line(name)}\n"), "bad"))
            self._screen.note(f"{hint}/help shows all")
        else:
            self._echo(text)
            job = self._job(lambda desk, control: _does(name)(desk, argument, control))
            self._worker.submit(job, f"/{name}")

    def _reasoning(self, argument: str) -> None:
        for kind in get_args(Reasoning):
            if argument == kind:
                self._screen.narrator.reasoning = kind
        self._screen.note(f"reasoning: {self._screen.narrator.reasoning} (tail, full or hidden)")

    def _theme(self, argument: str) -> None:
        for name in get_args(ThemeName):
            if argument == name:
                self._screen.dress(theme_of(name, os.environ))
                self._screen.note(f'theme: {name}; `theme = "{name}"` in your configuration keeps it')
                return
        self._screen.note("/theme is followed by auto, dark, light or contrast")

    def _edit_plan(self) -> None:
        desk = self._desk
        file = None if desk is None else desk.conversation.plan_file
        if file is None:
            self._screen.note("there is no plan to edit; /plan TASK makes one")
        else:
            self._screen.edit(file)

    def _pick(self) -> None:
        """Lets the person choose the session to go on with."""
        desk = self._desk
        if desk is None:
            self._screen.note("the session is not open yet")
            return

        from r1code.ui.repl.picker import Picker

        async def picked() -> None:
            # All logs are looked at: that may take a moment.
            infos = await asyncio.to_thread(desk.sessions)
            chosen = await Picker(infos, now=time.time(), output=self._screen.output).run()
            if chosen is not None:
                self._command("resume", chosen, f"/resume {chosen}")

        self._screen.show(picked())

    def _commented(self, comments: list[Comment]) -> None:
        """In the thread that watches."""
        if not self._worker.is_busy:
            self._worker.submit(self._job(lambda desk, control: answered(desk, comments, control)))

    def _queue(self) -> None:
        text = self._take()
        self._waiting.append(text.strip())
        self._show_waiting()

    def _show_waiting(self) -> None:
        self._screen.queued = list(self._waiting)
        self._keep_draft()

    def _interrupt(self) -> None:
        if self._screen.question is not None or self._worker.can_stop:
            if self._warned:
                self.leave()
                return
            self._warned = True
            self._worker.cancel()
            self._screen.note("stopping; Ctrl-C again leaves")
        elif self._screen.buffer.text:
            # It stays in the history: nothing that was typed is lost.
            self._take()
        elif self._holds:
            self._waiting, self._holds = [], False
            self._show_waiting()
        elif self._warned:
            self.leave()
        else:
            self._warned = True
            self._screen.note("Ctrl-C again, or Ctrl-D, leaves")

    def _mode(self) -> None:
        facts = self._screen.facts
        with self._modes:
            facts.mode = "act" if facts.mode == "plan" else "plan"
            if self._desk is not None:
                self._desk.conversation.enter(facts.mode)

    def _look(self) -> None:
        desk = self._desk
        if desk is not None:
            width = self._screen.output.get_size().columns
            from r1code.ui.repl.looking import whole

            text = self._screen.paint.text(list(whole(desk.entries)), width)
            self._screen.show(Pager(text.rstrip("\n"), self._screen.output).run())


def _does(name: str) -> Does:
    does: dict[str, Does] = import_module(f"{commands.__name__}.{COMMANDS[name].module}").DOES
    return does[name]


def _help(customs: Mapping[str, Custom], width: int) -> Piece:
    rows = [(f"/{name} {command.usage}".rstrip(), command.about) for name, command in COMMANDS.items()]
    rows += [(f"/{name}", about) for name, about in LOCAL.items()]
    rows += [(f"/{name} {safe_line(one.hint)}".rstrip(), safe_line(one.about)) for name, one in customs.items()]
    names, keys = ([(name, localized(about)) for name, about in some] for some in (rows, _KEYS))
    return Piece(f"{listed(names, width)}\n{listed(keys, width)}")


def _one(text: str) -> str:
    return safe_line(" ".join(text.split()))
