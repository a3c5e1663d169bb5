"""What only the person at the screen can say while something goes on: a yes, an answer."""

from __future__ import annotations

from r1code.control import Control
from r1code.repair.questions import Choices
from r1code.ui.ask import Choice, Person
from r1code.ui.flow import clip
from r1code.ui.safe import safe_line

_OTHER = Choice("t", "type an answer")
_MOST_LABEL = 24
"""Columns of an answer where the keys are named; it is shown whole above."""
_YES = (Choice("y", "yes"), Choice("n", "no"))


class Asking:
    def __init__(self, person: Person) -> None:
        self._person = person

    def agrees(self, command: str, control: Control) -> bool:
        """Whether a command of theirs is to run on this machine. Raises Cancelled."""
        title = "Run this on this machine, in your own shell and outside of any sandbox?"
        return self._person.ask(title, command, _YES, control, deny="n") == "y"

    def chosen(self, asked: Choices, control: Control) -> str:
        """The answer to a question of the model's, chosen or typed; empty: none. Raises Cancelled."""
        keys = [str(number) for number in range(1, len(asked.answers) + 1)]
        listed = [f"{key}  {answer}" for key, answer in zip(keys, asked.answers, strict=True)]
        offered = [
            Choice(key, clip(safe_line(answer), _MOST_LABEL))
            for key, answer in zip(keys, asked.answers, strict=True)
        ]
        detail = "\n".join([asked.text, "", *listed])
        key = self._person.ask("R1 asks", detail, [*offered, _OTHER], control, deny="")
        if key == _OTHER.key:
            return self._person.ask_text("your answer", control)
        return asked.answers[keys.index(key)] if key in keys else ""
