from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from fakes.house import House
from r1code.app.remembered import Remembered
from r1code.approval import Answer, Approvals, HeadlessApprover, Question, asked_of
from r1code.control import Control
from r1code.errors import StateError, UsageError
from r1code.rules.policy import Policy, Rules
from r1code.rules.rule import Rule, parse
from r1code.types import ApprovalMode, Effect, ToolCall
from rules.test_bypasses import resolve


class FakeApprover:
    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.questions: list[Question] = []

    def ask(self, question: Question, control: Control) -> Answer:
        self.questions.append(question)
        return self.answers.pop(0)


YES, NO = Answer(kind="yes"), Answer(kind="no")


def run(command: str) -> ToolCall:
    return ToolCall(id="c1", name="run", arguments={"command": command})


def approvals(approver: FakeApprover, mode: ApprovalMode = "ask", **kinds: Sequence[str]) -> Approvals:
    rules = Rules(**{kind: tuple(map(parse, texts)) for kind, texts in kinds.items()})
    return Approvals(Policy(mode, rules, resolve), approver)


def test_what_a_rule_allows_is_not_asked() -> None:
    permit = approvals(FakeApprover(), allow=["run(ls *)"]).check([run("ls src")], "exec", Control())
    assert (permit.refusal, permit.calls) == (None, (run("ls src"),))


def test_what_a_rule_denies_is_refused_in_words_for_the_model() -> None:
    permit = approvals(FakeApprover(YES), deny=["run(ls *)"]).check([run("ls src")], "exec", Control())
    assert permit.refusal == "This <run> is not allowed here: the rule run(ls *) denies it. Go on without it."


def test_always_is_remembered_and_yes_is_not() -> None:
    approver = FakeApprover(YES, NO, Answer(kind="always"))
    judge = approvals(approver)
    found = [judge.check([run("ls")], "exec", Control()).refusal is None for _ in range(4)]
    assert found == [True, False, True, True]
    assert [str(rule) for rule in approver.questions[0].rules] == ["run(ls)"]


def test_always_means_this_command_and_no_other() -> None:
    judge = approvals(FakeApprover(Answer(kind="always"), NO))
    assert judge.check([run("ls")], "exec", Control()).refusal is None
    assert judge.check([run("ls -l")], "exec", Control()).refusal is not None


def test_a_no_may_say_why() -> None:
    permit = approvals(FakeApprover(Answer(kind="no", text="use make"))).check([run("npm i")], "exec", Control())
    assert "They say: use make" in str(permit.refusal)


def test_one_refusal_refuses_the_whole_batch() -> None:
    edits = [ToolCall(id=f"c{at}", name="edit", arguments={"path": f"{at}.py", "edits": []}) for at in range(3)]
    permit = approvals(FakeApprover(YES, NO)).check(edits, "write", Control())
    assert permit.calls == ()


def test_a_person_may_change_the_command_and_the_model_is_told(tmp_path: Path) -> None:
    approver = FakeApprover(Answer(kind="edit", text="ls docs"))
    house = House(
        tmp_path, ["<run>ls src</run>", "<done/>"], approver=approver, sandbox={"ls docs": (0, "a.md\n")}
    )
    house.turn()
    assert house.sandbox.commands == ["ls docs"]
    assert "[the user changed the command to: ls docs]\na.md" in house.told()


def test_a_changed_command_can_still_be_denied(tmp_path: Path) -> None:
    approver = FakeApprover(Answer(kind="edit", text="rm x"))
    rules = Rules(deny=(parse("run(rm *)"),))
    house = House(tmp_path, ["<run>ls</run>", "<done/>"], approver=approver, rules=rules)
    house.turn()
    assert house.sandbox.commands == []


def test_with_nobody_there_what_must_be_asked_is_refused() -> None:
    judge = Approvals(Policy("ask", Rules(), resolve), HeadlessApprover())
    assert judge.check([run("ls")], "exec", Control()).refusal is not None


DIFF = "--- a/src/a.py\n+++ b/docs/b.py\n@@\n-x\n+y\n--- /dev/null\n+++ b/new.py\n@@\n+x\n"


@pytest.mark.parametrize(
    ("name", "effect", "arguments", "paths"),
    [
        ("edit", "write", {"path": "a.py", "edits": []}, ("a.py",)),
        ("move", "write", {"path": "a.py", "to": "b.py"}, ("a.py", "b.py")),
        ("patch", "write", {"content": DIFF}, ("src/a.py", "docs/b.py", "new.py")),
        ("patch", "write", {"content": "no diff"}, ()),
        ("search", "read", {"pattern": "x"}, (".",)),
        ("run", "exec", {"command": "ls"}, ()),
    ],
)
def test_all_paths_of_a_call_are_known(name: str, effect: Effect, arguments: dict, paths: tuple) -> None:
    assert asked_of(ToolCall(id="c1", name=name, arguments=arguments), effect).paths == paths


def remembered(root: Path, state: Path) -> list[str]:
    return [str(rule) for rule in Remembered(root, state).rules]


def test_what_is_remembered_belongs_to_a_folder_by_its_real_path(tmp_path: Path) -> None:
    root, other, state = tmp_path / "root", tmp_path / "other", tmp_path / "state"
    root.mkdir()
    other.mkdir()
    (tmp_path / "link").symlink_to(root)
    rules: tuple[Rule, ...] = (parse("run(npm test)"), parse("edit(path=/a.py)"))
    Remembered(root, state).add(rules)
    Remembered(tmp_path / "link", state).add(rules)
    assert remembered(root, state) == ["run(npm test)", "edit(path=/a.py)"]
    assert remembered(other, state) == []
    assert list(root.rglob("*")) == []
    assert str(Remembered(root, state).remove(1)) == "run(npm test)"
    assert remembered(root, state) == ["edit(path=/a.py)"]
    with pytest.raises(UsageError, match="no approval 2"):
        Remembered(root, state).remove(2)


@pytest.mark.parametrize("data", ["", "{}", '{"root": "ROOT", "allow": ["run("]}'])
def test_a_damaged_file_of_approvals_allows_nothing(tmp_path: Path, data: str) -> None:
    Remembered(tmp_path, tmp_path / "state").add([parse("exec")])
    (file,) = (tmp_path / "state/approvals").iterdir()
    file.write_text(data.replace("ROOT", str(tmp_path)))
    with pytest.raises(StateError, match="cannot be read"):
        remembered(tmp_path, tmp_path / "state")
