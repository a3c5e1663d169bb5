from __future__ import annotations

from io import StringIO

import pytest
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from r1code.control import Control
from r1code.types import ToolCall
from r1code.ui.approver import TerminalApprover, agrees_to_no_sandbox
from r1code.ui.ask import Terminal


@pytest.mark.parametrize(("typed", "answer"), [("y\r", "yes"), ("no\r", "no"), ("a\r", "always"), ("\x04", "no")])
def test_a_person_sees_the_whole_command_and_answers(typed: str, answer: str):
    screen = StringIO()
    with create_pipe_input() as keys:
        keys.send_text(typed)
        terminal = Terminal(keys, Vt100_Output(screen, lambda: Size(rows=24, columns=60)))
        call = ToolCall(id="c1", name="run", arguments={"command": "rm -rf build && echo \x1b[2Jdone"})
        assert TerminalApprover(terminal).ask(call, "exec", Control()) == answer
    assert "rm -rf build && echo ␛[2Jdone" in screen.getvalue()


@pytest.mark.parametrize(("typed", "agreed"), [("y\r", True), ("n\r", False), ("\x04", False)])
def test_only_a_yes_is_consent_to_no_sandbox(typed: str, agreed: bool):
    with create_pipe_input() as keys:
        keys.send_text(typed)
        terminal = Terminal(keys, Vt100_Output(StringIO(), lambda: Size(rows=24, columns=60)))
        assert agrees_to_no_sandbox(Control(), terminal) is agreed
