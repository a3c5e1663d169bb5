"""Asks a person whether a call may run."""

from __future__ import annotations

from r1code.approval import Answer, Question
from r1code.control import Control
from r1code.types import Effect, ToolCall
from r1code.ui.ask import Choice, Person
from r1code.ui.describe import background_of
from r1code.ui.messages import localized

_TITLES: dict[Effect, str] = {
    "read": "Read this?",
    "write": "Change this?",
    "exec": "Run this?",
}
_ON_HOST = "Run this on your machine, without a sandbox?"


class PersonApprover:
    def __init__(self, person: Person, *, in_sandbox: bool = False) -> None:
        self._person = person
        self._in_sandbox = in_sandbox

    def ask(self, question: Question, control: Control) -> Answer:
        on_host = question.effect == "exec" and not self._in_sandbox
        title = _ON_HOST if on_host else _TITLES[question.effect]
        detail = f"{_shown(question.call)}\n\n" + localized(f"asked because: {question.why}")
        if question.rules:
            detail += "\n" + localized(f"always means: {', '.join(map(str, question.rules))}")
        key = self._person.ask(title, detail, _choices(question), control, deny="n")
        if key == "y":
            return Answer(kind="yes")
        if key in {"a", "p"}:
            return Answer(kind="always", scope="session" if key == "a" else "project")
        if key == "e":
            command = str(question.call.arguments["command"])
            text = self._person.ask_text("command", control, default=command)
            return Answer(kind="edit", text=text) if text.strip() else Answer(kind="no")
        return Answer(kind="no", text=self._person.ask_text("why not, for R1 (may be empty)", control))


def _choices(question: Question) -> list[Choice]:
    choices = [Choice("y", "yes"), Choice("n", "no")]
    if question.rules:
        choices += [Choice("a", "always in this session"), Choice("p", "always in this project")]
    if question.call.name == "run":
        choices.append(Choice("e", "edit the command"))
    return choices


def _shown(call: ToolCall) -> str:
    """A call as a person can judge it: all that would be run or written."""
    if call.name == "run":
        return "\n".join(filter(None, [str(call.arguments.get("command", "")), background_of(call)]))
    head = [call.name, *(f"{name}={value}" for name, value in call.arguments.items() if name not in _BODIES)]
    body = [f"\n{call.arguments['content']}"] if "content" in call.arguments else []
    edits = call.arguments.get("edits", ())
    body += [f"\n- {_indented(one['search'])}\n+ {_indented(one['replace'])}" for one in edits]
    return " ".join(head) + "".join(body)


_BODIES = frozenset({"content", "edits"})


def _indented(text: str) -> str:
    return text.rstrip("\n").replace("\n", "\n  ")


def agrees_to_no_sandbox(control: Control, person: Person) -> bool:
    """Whether a person consents to commands on their machine."""
    detail = (
        "--sandbox=none: the tests, and every command of the model that you allow, run on this machine as you, "
        "with your files and your network. What they do cannot be undone."
    )
    choices = (Choice("y", "yes, run them here"), Choice("n", "no"))
    return person.ask("Go on without a sandbox?", localized(detail), choices, control, deny="n") == "y"
