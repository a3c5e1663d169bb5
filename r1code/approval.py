"""Who may do what: each call against rules and mode, and a question where they say to ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import msgspec
from msgspec import Struct

from r1code.control import Control
from r1code.errors import ToolError
from r1code.rules.policy import Asked, Policy
from r1code.rules.rule import Rule
from r1code.tools.diff_text import parse
from r1code.types import Effect, Observation, ToolCall

Scope = Literal["session", "project"]


class Question(Struct, frozen=True, kw_only=True):
    """What a person is asked."""

    call: ToolCall
    effect: Effect
    why: str
    """Why it is asked at all."""
    rules: tuple[Rule, ...]
    """What `always` would remember; none: it can be allowed only this time."""


class Answer(Struct, frozen=True, kw_only=True):
    """`yes` and `no` are for this call; `always` is a yes that is remembered; `edit`: another command runs."""

    kind: Literal["yes", "no", "always", "edit"]
    scope: Scope = "session"
    """How far `always` reaches."""
    text: str = ""
    """Words for the model with a `no`; the command with an `edit`."""


class Approver(Protocol):
    def ask(self, question: Question, control: Control) -> Answer:
        """Asks a person. Blocks; raises Cancelled within 0.2 s of a cancel."""
        ...


class HeadlessApprover:
    """Nobody is there: what must be asked is refused."""

    def ask(self, question: Question, control: Control) -> Answer:
        control.check()
        return Answer(kind="no")


class Permit(Struct, frozen=True, kw_only=True):
    """What may run of a batch: its calls, or nothing and why, in words for the model."""

    calls: tuple[ToolCall, ...] = ()
    refusal: str | None = None
    note: str = ""
    """What the model must be told of a call that a person changed."""

    def told(self, observations: Sequence[Observation]) -> tuple[Observation, ...]:
        """The observations, with the note."""
        return tuple(
            msgspec.structs.replace(seen, text=f"{self.note}{seen.text}") if self.note else seen
            for seen in observations
        )


def nothing(_rules: Sequence[Rule]) -> None:
    """Remembers nothing."""


class Approvals:
    """The consent of one session. `remember` keeps rules for the project, beyond the session."""

    def __init__(
        self, policy: Policy, approver: Approver, remember: Callable[[Sequence[Rule]], None] = nothing
    ) -> None:
        self._policy = policy
        self._approver = approver
        self._remember = remember

    def check(self, batch: Sequence[ToolCall], effect: Effect, control: Control) -> Permit:
        """What of a batch may run: all of it, or nothing. May ask a person; raises Cancelled."""
        calls: list[ToolCall] = []
        note = ""
        for call in batch:
            one = self._check(call, effect, control)
            if one.refusal is not None:
                return one
            calls += one.calls
            note += one.note
        return Permit(calls=tuple(calls), note=note)

    def _check(self, call: ToolCall, effect: Effect, control: Control) -> Permit:
        ruling = self._policy.decide(asked_of(call, effect))
        if ruling.decision == "allow":
            return Permit(calls=(call,))
        if ruling.decision == "deny":
            return Permit(refusal=f"This <{call.name}> is not allowed here: {ruling.why}. Go on without it.")
        question = Question(call=call, effect=effect, why=ruling.why, rules=ruling.rules)
        answer = self._approver.ask(question, control)
        if answer.kind == "edit":
            return self._edited(call, effect, answer.text)
        if answer.kind == "no":
            said = f" They say: {answer.text}" if answer.text else " Go on without it, or ask why."
            return Permit(refusal=f"The user did not allow this <{call.name}> ({ruling.why}).{said}")
        if answer.kind == "always":
            self._policy.remember(ruling.rules)
            if answer.scope == "project":
                self._remember(ruling.rules)
        return Permit(calls=(call,))

    def _edited(self, call: ToolCall, effect: Effect, command: str) -> Permit:
        """A person wrote it, so it is not asked again; what is denied stays denied."""
        changed = msgspec.structs.replace(call, arguments={**call.arguments, "command": command})
        ruling = self._policy.decide(asked_of(changed, effect))
        if ruling.decision == "deny":
            return Permit(refusal=f"The user changed the command to `{command}`, and {ruling.why}.")
        return Permit(calls=(changed,), note=f"[the user changed the command to: {command}]\n")


def asked_of(call: ToolCall, effect: Effect) -> Asked:
    """What a call amounts to for the rules."""
    return Asked(tool=call.name, effect=effect, arguments=call.arguments, paths=_paths(call, effect))


def _paths(call: ToolCall, effect: Effect) -> tuple[str, ...]:
    if effect == "exec":
        return ()
    if call.name == "patch":
        try:
            files = parse(str(call.arguments.get("content", "")))
        except ToolError:
            # The tool will say so, and does nothing.
            return ()
        return tuple(dict.fromkeys(path for one in files for path in (one.path, one.to) if path is not None))
    named = (call.arguments.get(name) for name in ("path", "to"))
    found = tuple(path for path in named if isinstance(path, str))
    return found or ((".",) if effect == "read" else ())
