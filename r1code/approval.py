"""Who may do what: each call's effect against a policy, and a question where the policy says to ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

from r1code.control import Control
from r1code.types import Effect, ToolCall

Rule = Literal["allow", "ask", "deny"]
Answer = Literal["yes", "no", "always"]


class Approver(Protocol):
    def ask(self, call: ToolCall, effect: Effect, control: Control) -> Answer:
        """Asks a person. Blocks; raises Cancelled within 0.2 s of a cancel. `always`: for this session."""
        ...


class HeadlessApprover:
    """Nobody is there: what must be asked is refused."""

    def ask(self, call: ToolCall, effect: Effect, control: Control) -> Answer:
        control.check()
        return "no"


class Approvals:
    """The policy of one session. `always` answers are remembered until it ends, never on disk."""

    def __init__(self, rules: Mapping[Effect, Rule], approver: Approver) -> None:
        self._rules = dict(rules)
        self._approver = approver

    def check(self, call: ToolCall, effect: Effect, control: Control) -> str | None:
        """None: it may run. Else why not, in words for the model."""
        rule = self._rules[effect]
        if rule == "deny":
            return f"<{call.name}> is not allowed here. Go on without it."
        if rule == "ask":
            answer = self._approver.ask(call, effect, control)
            if answer == "no":
                return f"The user did not allow this <{call.name}>. Go on without it, or ask why."
            if answer == "always":
                self._rules[effect] = "allow"
        return None
