"""A question that the work waits for, asked of whoever sits at the screen."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from r1code.control import POLL_SECONDS, Control
from r1code.ui.ask import Choice
from r1code.ui.messages import localized


class Question:
    """Answered by the screen, waited for by the worker. With `choices` by one key, else by a line."""

    def __init__(
        self, title: str, detail: str, choices: Sequence[Choice], *, deny: str, default: str = ""
    ) -> None:
        self.title = title
        self.detail = detail
        self.choices = tuple(choices)
        self.deny = deny
        """What counts where a person answers nothing."""
        self.default = default
        self.shown_at = time.monotonic()
        self._answer: Future[str] = Future()

    @property
    def is_open(self) -> bool:
        return not self._answer.done()

    @property
    def offers(self) -> tuple[str, ...]:
        """Each key with what it answers."""
        return tuple(f"{choice.key} {localized(choice.label)}" for choice in self.choices)

    def answer(self, text: str) -> None:
        if self.is_open:
            self._answer.set_result(text)

    def wait(self, control: Control) -> str:
        """Raises Cancelled."""
        while True:
            control.check()
            try:
                return self._answer.result(timeout=POLL_SECONDS)
            except TimeoutError:
                continue


class ScreenPerson:
    """Whoever sits at the screen."""

    def __init__(self, put: Callable[[Question], None]) -> None:
        self._put = put

    def ask(self, title: str, detail: str, choices: Sequence[Choice], control: Control, *, deny: str) -> str:
        return self._asked(Question(title, detail, choices, deny=deny), control)

    def ask_text(self, message: str, control: Control, *, default: str = "") -> str:
        return self._asked(Question(message, "", (), deny="", default=default), control)

    def _asked(self, question: Question, control: Control) -> str:
        control.check()
        self._put(question)
        try:
            return question.wait(control)
        finally:
            # Nobody waits any more: it goes from the screen.
            question.answer(question.deny)
