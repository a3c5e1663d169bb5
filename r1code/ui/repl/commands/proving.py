"""Tests."""

from __future__ import annotations

from collections.abc import Iterator

from r1code.app.desk import Desk
from r1code.control import Control
from r1code.errors import UsageError
from r1code.events import Event
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


DOES: dict[str, Does] = {
    "test": _test,
    "verify": _verify,
    "autotest": _autotest,
}
