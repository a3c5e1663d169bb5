from __future__ import annotations

from r1code.approval import Answer, Approvals, HeadlessApprover
from r1code.control import Control
from r1code.types import Effect, ToolCall

CALL = ToolCall(id="c1", name="run", arguments={"command": "ls"})


class FakeApprover:
    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)

    def ask(self, call: ToolCall, effect: Effect, control: Control) -> Answer:
        return self.answers.pop(0)


def test_what_the_policy_allows_is_not_asked() -> None:
    approvals = Approvals({"exec": "allow"}, FakeApprover())
    assert approvals.check(CALL, "exec", Control()) is None


def test_what_the_policy_denies_is_refused_in_words_for_the_model() -> None:
    approvals = Approvals({"exec": "deny"}, FakeApprover("yes"))
    assert "not allowed" in str(approvals.check(CALL, "exec", Control()))


def test_always_is_remembered_and_yes_is_not() -> None:
    approvals = Approvals({"exec": "ask"}, FakeApprover("yes", "no", "always"))
    found = [approvals.check(CALL, "exec", Control()) is None for _ in range(4)]
    assert found == [True, False, True, True]


def test_with_nobody_there_what_must_be_asked_is_refused() -> None:
    approvals = Approvals({"exec": "ask"}, HeadlessApprover())
    assert approvals.check(CALL, "exec", Control()) is not None
