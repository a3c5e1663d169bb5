"""Asks a person whether they trust a folder."""

from __future__ import annotations

import sys
from functools import partial

from r1code.app.trust import Person, Question
from r1code.control import Control
from r1code.ui.ask import Choice, TerminalPerson
from r1code.ui.ask import Person as Asked

_CHOICES = (Choice("y", "yes"), Choice("n", "no"), Choice("s", "show what"))
_NEW = "Do you trust this folder?"
_CHANGED = "You trusted this folder, and its files changed. Do you still?"


def person_at_terminal(control: Control, *, json: bool = False) -> Person | None:
    """Who is asked; None: nobody is there."""
    there = sys.stdin.isatty() and sys.stdout.isatty() and not json
    return partial(ask_trust, control=control, person=TerminalPerson()) if there else None


def ask_trust(question: Question, control: Control, person: Asked) -> bool | None:
    """What they say, after they were shown as much as they wanted; None at the end of input. Raises Cancelled."""
    title = _CHANGED if question.changes else _NEW
    files = ", ".join(question.seen.names)
    about = detail = "\n".join(
        [f"{question.root}\n", *question.wishes, f"\n{question.changes or f'This is about: {files}'}"]
    )
    choices: tuple[Choice, ...] = _CHOICES
    if question.whole and not question.changes:
        choices = _CHOICES[:2]
        detail = f"{question.seen.text}\n\n{about}"
    while True:
        key = person.ask(title, detail, choices, control, deny="")
        if key != "s":
            return {"y": True, "n": False}.get(key)
        detail = f"{question.seen.text}\n\n{about}"
