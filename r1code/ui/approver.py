"""Asks a person at the terminal whether a call may run."""

from __future__ import annotations

from typing import cast

from r1code.approval import Answer
from r1code.control import Control
from r1code.types import Effect, ToolCall
from r1code.ui.ask import Choice, Terminal, ask

_CHOICES = (Choice("y", "yes"), Choice("n", "no"), Choice("a", "always in this session"))
_TITLES: dict[Effect, str] = {
    "read": "Read this?",
    "write": "Change this?",
    "exec": "Run this on your machine, without a sandbox?",
}
_ANSWERS: dict[str, Answer] = {"y": "yes", "n": "no", "a": "always"}


class TerminalApprover:
    """Without a `terminal`: standard input and output."""

    def __init__(self, terminal: Terminal | None = None) -> None:
        self._terminal = terminal

    def ask(self, call: ToolCall, effect: Effect, control: Control) -> Answer:
        what = call.arguments.get("command") or f"{call.name} {call.arguments.get('selection', '')}"
        key = ask(_TITLES[effect], cast("str", what), _CHOICES, control, deny="n", terminal=self._terminal)
        return _ANSWERS[key]


def agrees_to_no_sandbox(control: Control, terminal: Terminal | None = None) -> bool:
    """Whether a person consents to commands on their machine."""
    detail = (
        "--sandbox=none: the tests, and every command of the model that you allow, run on this machine as you, "
        "with your files and your network. What they do cannot be undone."
    )
    choices = (Choice("y", "yes, run them here"), Choice("n", "no"))
    return ask("Go on without a sandbox?", detail, choices, control, deny="n", terminal=terminal) == "y"
