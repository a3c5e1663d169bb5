"""A question that a person must answer at the terminal before a call goes on."""

from __future__ import annotations

import os
import sys
import termios
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from msgspec import Struct
from prompt_toolkit import PromptSession
from prompt_toolkit.application import Application
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.input import Input, create_input
from prompt_toolkit.input.typeahead import clear_typeahead
from prompt_toolkit.output import Output, create_output
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.shortcuts import print_formatted_text

from r1code.control import Control
from r1code.errors import Cancelled
from r1code.ui.flow import Flow
from r1code.ui.messages import localized

_PREFIX = "  │ "


class Choice(Struct, frozen=True):
    """What can be answered: its `key` or its `label`, in any case, and Enter."""

    key: str
    label: str


class Terminal:
    """Where a question is asked. Without arguments: standard input and output."""

    def __init__(self, source: Input | None = None, output: Output | None = None) -> None:
        self.source = source or create_input()
        self.output = output or create_output()
        if isinstance(self.output, Vt100_Output):
            # A terminal that does not report its cursor would hold up a cancel for a second.
            self.output.enable_cpr = False

    def forget_early_keys(self) -> None:
        """What was typed before the question was there does not answer it."""
        clear_typeahead(self.source)
        with suppress(NotImplementedError):
            descriptor = self.source.fileno()
            if os.isatty(descriptor):
                termios.tcflush(descriptor, termios.TCIFLUSH)


def ask(
    title: str,
    detail: str,
    choices: Sequence[Choice],
    control: Control,
    *,
    deny: str,
    terminal: Terminal | None = None,
) -> str:
    """The key of the answer; `deny` at the end of input. Raises Cancelled, within 0.2 s of a cancel.

    `title` is ours. `detail` is foreign text and shown whole, safe, and in a column of its own, so that it
    cannot pass for a question or an answer. Ctrl-C cancels `control`.
    """
    control.check()
    terminal = terminal or Terminal()
    flow = Flow(_PREFIX, terminal.output.get_size().columns)
    text = flow.feed(detail) + flow.end()
    asked = FormattedText([("bold", f"{localized(title)}\n"), ("", text)])
    print_formatted_text(asked, output=terminal.output, end="")
    terminal.forget_early_keys()
    offer = ", ".join(f"{choice.key} = {localized(choice.label)}" for choice in choices)
    return answer(choices, offer, control, terminal) or deny


class Person(Protocol):
    """Who can be asked. Methods block, and raise Cancelled within 0.2 s of a cancel."""

    def ask(self, title: str, detail: str, choices: Sequence[Choice], control: Control, *, deny: str) -> str:
        """The key of the answer; `deny` where there is none. `detail` is foreign text, and is shown whole."""
        ...

    def ask_text(self, message: str, control: Control, *, default: str = "") -> str:
        """A line; empty where nothing was said."""
        ...


class TerminalPerson:
    """Whoever sits at a terminal, where nothing else is going on."""

    def __init__(self, terminal: Terminal | None = None) -> None:
        self._terminal = terminal

    def ask(self, title: str, detail: str, choices: Sequence[Choice], control: Control, *, deny: str) -> str:
        return ask(title, detail, choices, control, deny=deny, terminal=self._terminal)

    def ask_text(self, message: str, control: Control, *, default: str = "") -> str:
        return ask_text(f"  {localized(message)}", control, default=default, terminal=self._terminal)


def at_terminal() -> Person | None:
    """Whoever sits at standard input and output; None: nobody does."""
    return TerminalPerson() if sys.stdin.isatty() and sys.stdout.isatty() else None


def answer(choices: Sequence[Choice], offer: str, control: Control, terminal: Terminal) -> str | None:
    """The key of the answer, asked for until it is one; None at the end of input. Raises Cancelled like `ask`."""
    answers = {
        name.casefold(): choice.key
        for choice in choices
        for name in (choice.key, choice.label, localized(choice.label))
    }
    while True:
        line = _line(f"  {offer} > ", control, terminal)
        if line is None:
            return None
        key = answers.get(line.strip().casefold())
        if key is not None:
            return key


def ask_text(message: str, control: Control, *, default: str = "", terminal: Terminal | None = None) -> str:
    """A line that a person types, beginning with `default`; empty at the end of input. Raises Cancelled."""
    control.check()
    return _line(f"{message} > ", control, terminal or Terminal(), default) or ""


def ask_secret(message: str, control: Control, *, terminal: Terminal | None = None) -> str:
    """As `ask_text`, and what is typed is not shown."""
    control.check()
    return _line(f"{message} > ", control, terminal or Terminal(), is_secret=True) or ""


def _line(
    message: str, control: Control, terminal: Terminal, default: str = "", *, is_secret: bool = False
) -> str | None:
    """One line that was typed; None at the end of input."""
    session: PromptSession[str] = PromptSession(input=terminal.source, output=terminal.output)
    app = session.app

    def close() -> None:
        loop = app.loop
        if loop is not None:
            with suppress(RuntimeError):  # it was answered in this very moment
                loop.call_soon_threadsafe(_leave, app)

    def close_if_late() -> None:
        # A cancel may have come after the callback was registered and before there was a loop to wake.
        if control.cancelled:
            _leave(app)

    with control.on_cancel(close):
        try:
            return session.prompt(message, pre_run=close_if_late, default=default, is_password=is_secret)
        except EOFError:
            return None
        except KeyboardInterrupt:
            control.cancel()
            raise Cancelled from None


def _leave(app: Application[str]) -> None:
    if app.future is not None and not app.future.done():
        app.exit(exception=Cancelled())
