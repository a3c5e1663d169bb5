from __future__ import annotations

from io import StringIO

import pytest
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from r1code.approval import Answer, Question
from r1code.control import Control
from r1code.rules.rule import parse
from r1code.types import ToolCall
from r1code.ui.approver import PersonApprover, agrees_to_no_sandbox
from r1code.ui.ask import Terminal, TerminalPerson

RULES = (parse("run(npm test)"),)
RUN = Question(
    call=ToolCall(id="c1", name="run", arguments={"command": "rm -rf build && echo \x1b[2Jdone"}),
    effect="exec",
    why="no rule \x1b[2J",
    rules=(),
)


def asked(typed: str, question: Question, **more: bool) -> tuple[Answer, str]:
    """The answer, and what was on the screen."""
    screen = StringIO()
    with create_pipe_input() as keys:
        keys.send_text(typed)
        terminal = Terminal(keys, Vt100_Output(screen, lambda: Size(rows=24, columns=60)))
        answer = PersonApprover(TerminalPerson(terminal), **more).ask(question, Control())
    return answer, screen.getvalue()


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("y\r", Answer(kind="yes")),
        ("no\r\r", Answer(kind="no")),
        ("n\rtry make\r", Answer(kind="no", text="try make")),
        ("a\rn\r\r", Answer(kind="no")),
        ("e\r -v\r", Answer(kind="edit", text="rm -rf build && echo \x1b[2Jdone -v")),
        ("e\r\x15\r", Answer(kind="no")),
        ("\x04\x04", Answer(kind="no")),
    ],
)
def test_a_person_sees_the_whole_command_and_answers(typed: str, answer: Answer):
    found, screen = asked(typed, RUN)
    assert found == answer
    assert "rm -rf build && echo ␛[2Jdone" in screen
    assert "no rule ␛[2J" in screen
    assert "without a sandbox" in screen
    assert "always" not in screen


@pytest.mark.parametrize(("typed", "scope"), [("a\r", "session"), ("p\r", "project")])
def test_always_shows_the_rule_that_is_remembered(typed: str, scope: str):
    question = Question(call=RUN.call, effect="exec", why="", rules=RULES)
    found, screen = asked(typed, question, in_sandbox=True)
    assert found == Answer(kind="always", scope=scope)
    assert "always means: run(npm test)" in screen
    assert "without a sandbox" not in screen


def test_a_change_is_shown_whole():
    edits = [{"search": "old\nlines\n", "replace": "new\x1b[1m\n"}]
    call = ToolCall(id="c1", name="edit", arguments={"path": "a.py", "edits": edits})
    _, screen = asked("y\r", Question(call=call, effect="write", why="", rules=()))
    for part in ("Change this?", "edit path=a.py", "- old", "lines", "+ new␛[1m"):
        assert part in screen
    assert "edit the command" not in screen


@pytest.mark.parametrize(("typed", "agreed"), [("y\r", True), ("n\r", False), ("\x04", False)])
def test_only_a_yes_is_consent_to_no_sandbox(typed: str, agreed: bool):
    with create_pipe_input() as keys:
        keys.send_text(typed)
        terminal = Terminal(keys, Vt100_Output(StringIO(), lambda: Size(rows=24, columns=60)))
        assert agrees_to_no_sandbox(Control(), TerminalPerson(terminal)) is agreed
