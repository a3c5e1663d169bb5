"""Tests, and commands in the sandbox."""

from __future__ import annotations

from collections.abc import Iterator

from r1code.app.desk import Desk
from r1code.control import Control
from r1code.errors import UsageError
from r1code.events import Event
from r1code.ui.flow import Flow
from r1code.ui.lines import MARGIN, line
from r1code.ui.piece import Piece
from r1code.ui.repl.commands.words import Does, said
from r1code.ui.tests_table import told_tests


def _test(desk: Desk, text: str, control: Control) -> Iterator[Event | Piece]:
    terms = desk.conversation.terms
    if text == "off":
        terms.command = None
        yield from said("no tests judge what is changed; /test COMMAND names some")
        return
    if text:
        terms.command, terms.found = text, False
    report = yield from desk.conversation.test(control)
    if report is None:
        raise UsageError(
            "no test command is known", why="nothing in the project shows one", hint="/test 'pytest -q'"
        )
    yield from told_tests("tests", terms.command or "", report, None)


def _verify(desk: Desk, _: str, control: Control) -> Iterator[Event | Piece]:
    yield from desk.conversation.verify(control)


def _autotest(desk: Desk, text: str, _: Control) -> Iterator[Event | Piece]:
    terms = desk.conversation.terms
    amounts = {"on": 2, "off": 0}
    if text:
        if text not in amounts and not (text.isdecimal() and len(text) == 1):
            raise UsageError(
                f"/autotest {text} cannot be used", why="it is on, off, or 0 to 9", hint="/autotest on"
            )
        terms.autotest = amounts[text] if text in amounts else int(text)
    times = terms.autotest
    yield from said(
        f"what the changes of a turn break is told to the model, at most {times} times a turn"
        if times
        else "what the changes of a turn break is shown, and not told to the model"
    )


def _run(desk: Desk, text: str, control: Control) -> Iterator[Event | Piece]:
    if not text:
        raise UsageError("there is no command", why="/run is followed by one", hint="/run ls, or !ls")
    shown = Flow(f"{MARGIN}│ ", None)
    result = yield from desk.conversation.run(text, control)
    yield Piece(shown.feed(result.output) + shown.end(), "dim")
    word = "ok" if result.succeeded else f"exit code {result.exit_code}"
    yield line(f"{MARGIN}{word} · in the sandbox · {result.seconds:.1f} s", "good" if result.succeeded else "bad")


DOES: dict[str, Does] = {
    "test": _test,
    "verify": _verify,
    "autotest": _autotest,
    "run": _run,
}
