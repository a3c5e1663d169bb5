from __future__ import annotations

from io import StringIO
from pathlib import Path

import msgspec
import pytest
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from r1code.app.trust import NOTHING, Question, Seen
from r1code.control import Control
from r1code.ui.ask import Terminal, TerminalPerson
from r1code.ui.truster import ask_trust

SEEN = Seen(
    digests={"hooks/pre-commit": "1", "hooks/x.sample": "2", "gone": NOTHING, "long": "3"},
    texts={"hooks/pre-commit": "rm -rf \x1b[2J.", "hooks/x.sample": "sample"},
)
NEW = Question(root=Path("/home/x/a\x1b[2J"), wishes=("it runs \x1b[2J this",), seen=SEEN, changes="")
CHANGED = Question(root=Path("/home/x"), wishes=("w",), seen=SEEN, changes="-echo one\n+echo two\n")


class Screen(StringIO):
    """Types `then` where the question is asked again after `shown`: what is typed before that does not count."""

    def __init__(self, keys: PipeInput, shown: str, then: str) -> None:
        super().__init__()
        self._keys, self._shown, self._then = keys, shown, then

    def write(self, text: str) -> int:
        done = super().write(text)
        if self._then and "show what >" in self.getvalue().partition(self._shown)[2]:
            self._keys.send_text(self._then)
            self._then = ""
        return done


def asked(typed: str, question: Question, shown: str = "", then: str = "") -> tuple[bool | None, str]:
    """The answer, and what was on the screen."""
    with create_pipe_input() as keys:
        screen = Screen(keys, shown, then)
        keys.send_text(typed)
        terminal = Terminal(keys, Vt100_Output(screen, lambda: Size(rows=24, columns=80)))
        answer = ask_trust(question, Control(), TerminalPerson(terminal))
    return answer, screen.getvalue()


@pytest.mark.parametrize(("typed", "answer"), [("y\r", True), ("No\r", False), ("x\ry\r", True), ("\x04", None)])
def test_a_person_sees_what_it_is_about_and_answers(typed: str, answer: bool | None) -> None:
    found, screen = asked(typed, NEW)
    assert found is answer
    for part in ("Do you trust this folder?", "/home/x/a␛[2J", "it runs ␛[2J this", "hooks/pre-commit, long"):
        assert part in screen, part
    assert "gone" not in screen
    assert "rm -rf" not in screen


def test_the_files_are_shown_and_then_it_is_asked_again() -> None:
    found, screen = asked("s\r", NEW, "== hooks/pre-commit", "n\r")
    assert found is False
    assert screen.count("Do you trust this folder?") == 2
    assert "== hooks/pre-commit" in screen
    assert "rm -rf ␛[2J." in screen
    assert "not shown: it is long" in screen
    assert "sample" not in screen
    # What it comes to stays between the files and the answer.
    assert "it runs ␛[2J this" in screen.partition("rm -rf")[2]


def test_a_change_stays_in_the_question_after_the_files_were_shown() -> None:
    found, screen = asked("s\r", CHANGED, "== hooks/pre-commit", "y\r")
    assert found is True
    assert "+echo two" in screen.partition("== hooks/pre-commit")[2]


def test_who_asked_for_it_is_shown_the_files_at_once() -> None:
    found, screen = asked("s\ry\r", msgspec.structs.replace(NEW, whole=True))
    assert found is True
    assert "rm -rf ␛[2J." in screen
    # What was there before stays enough where it was trusted: the change.
    found, screen = asked("y\r", msgspec.structs.replace(CHANGED, whole=True))
    assert ("+echo two" in screen, "rm -rf" in screen) == (True, False)


def test_a_change_is_shown_at_once() -> None:
    found, screen = asked("y\r", CHANGED)
    assert found is True
    assert "its files changed. Do you still?" in screen
    assert "-echo one" in screen
    assert "+echo two" in screen
