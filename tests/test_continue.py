"""A session that gets another task: the model has seen what was before, and knows what changed since."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Literal

import pytest

from fakes.house import House
from r1code.app.opening import carry_on, go_on, open_session
from r1code.app.stopped import Resumable, with_its_model
from r1code.app.task import Task
from r1code.budget import Meter
from r1code.ledger import charges_of
from r1code.log import Continued, Ended, Opened, Said, Switched
from r1code.options.grammar import parser
from r1code.repair.next_message import changed_since, next_message
from r1code.secrets.values import unchanged
from r1code.session import SCRATCH, TREE, Session
from r1code.types import Budget

FILES = {"a.py": "x = 1\n", "b.py": "y = 1\n"}
FIRST = ['<read path="a.py"/>\n<read path="b.py"/>', "<done>Seen.</done>"]
WRITE = '<write path="a.py">\nx = 2\n</write>'


def opened(one: House, task: str = "Go on.") -> Opened:
    return Opened(root=str(one.root), profile="scripted", base="b", task=task, settings={"steps": 3})


def gone_on(folder: Path, replies: list[str], after: House, task: str = "Go on.") -> House:
    one = House(folder, replies, after=after)
    go_on(one.session, opened(one, task))
    carry_on(one.toolset, one.session)
    return one


def second(one: House, task: str = "Go on.") -> list[object]:
    return [*one.turn(next_message(one.tree, one.session, task))]


def test_the_model_sees_what_was_before_and_may_write_what_it_has_read(tmp_path: Path) -> None:
    first = House(tmp_path, FIRST, files=FILES)
    first.end()
    seen = first.provider.requests[-1].messages
    one = gone_on(tmp_path, [WRITE, "<done>ok</done>"], first)
    second(one)
    asked = one.provider.requests[0].messages
    assert asked[: len(seen)] == seen
    assert [message.content.strip() for message in asked[len(seen) :]] == ["<done>Seen.</done>", "Task: Go on."]
    assert one.file("a.py") == "x = 2\n"


def test_what_changed_since_is_told_and_has_to_be_read_again(tmp_path: Path) -> None:
    first = House(tmp_path, FIRST, files=FILES)
    first.end()
    (first.root / "a.py").write_text("x = 7\n")
    (first.root / "new.py").write_text("not known before\n")
    one = gone_on(tmp_path, [WRITE, "<done>ok</done>", "<done>ok</done>"], first)
    assert changed_since(one.tree, one.session) == ["a.py"]
    second(one)
    assert "rely on them: a.py\n\nTask: Go on." in one.provider.requests[0].messages[-1].content
    assert "has changed since you read it" in one.told()
    assert one.file("a.py") == "x = 7\n"


def test_what_it_changed_without_having_read_it_counts_as_well(tmp_path: Path) -> None:
    edit = '<edit path="a.py">\n<<<<<<< SEARCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE\n</edit>'
    first = House(tmp_path, [edit, "<done>ok</done>"], files=FILES)
    first.end()
    one = gone_on(tmp_path, ["<done>ok</done>"], first)
    assert changed_since(one.tree, one.session) == []
    second(one)
    (first.root / "a.py").write_text("x = 1\n")
    again = gone_on(tmp_path, ['<read path="a.py"/>', "<done>ok</done>"], one)
    assert changed_since(again.tree, again.session) == ["a.py"]
    second(again)
    last = gone_on(tmp_path, [], again)
    assert changed_since(last.tree, last.session) == []


def test_a_file_that_is_gone_has_changed(tmp_path: Path) -> None:
    first = House(tmp_path, FIRST, files=FILES)
    first.end()
    (first.root / "b.py").unlink()
    one = gone_on(tmp_path, [], first)
    assert changed_since(one.tree, one.session) == ["b.py"]


def test_what_a_turn_before_the_last_has_read_is_still_known(tmp_path: Path) -> None:
    first = House(tmp_path, FIRST, files=FILES)
    first.end()
    one = gone_on(tmp_path, ["<done>Nothing.</done>"], first)
    second(one)
    again = gone_on(tmp_path, [WRITE, "<done>ok</done>"], one)
    second(again)
    assert again.file("a.py") == "x = 2\n"


def test_a_turn_that_a_kill_cut_off_is_closed_first(tmp_path: Path) -> None:
    first = House(tmp_path, FIRST, files=FILES)
    turn = first.agent.turn(Said(text="Do it.", origin="task"), Meter(Budget()), first.control)
    while first.session.next_call() == 1:
        next(turn)
    # As a kill leaves it: a call that nothing came of, and no end.
    log = (first.session.folder / "log.jsonl").read_bytes()
    turn.close()
    (first.session.folder / "log.jsonl").write_bytes(log)
    one = gone_on(tmp_path, ["<done>ok</done>"], first)
    assert one.session.dangling() == []
    kinds = [type(entry.item) for entry in one.session.path()]
    assert kinds[-2:] == [Ended, Continued]
    second(one)
    told = one.provider.requests[0].messages[-1].content
    assert "<read> was interrupted" in told
    assert told.endswith("Task: Go on.")
    assert [charge.turn for charge in charges_of(one.session.entries)] == [1, 2]


@pytest.mark.parametrize(("command", "last"), [("prompt", Continued), ("chat", Ended)])
def test_what_a_kill_left_is_cleared_away_when_a_session_goes_on(
    tmp_path: Path, command: Literal["prompt", "chat"], last: type
) -> None:
    first = House(tmp_path, FIRST, files=FILES)
    first.end()
    folder, begun = first.session.folder, first.session.opened
    (folder / SCRATCH).mkdir()
    (folder / TREE).write_text("t")
    first.session.close()
    before = Resumable(folder=folder, opened=begun, task=begun, profile="scripted")
    task = Task(command=command, text="Go on.", continues=before)
    with closing(
        open_session(task, opened(first), tmp_path / "sessions", hide=unchanged, say=lambda _: None)
    ) as session:
        assert not (folder / SCRATCH).exists()
        assert not (folder / TREE).exists()
        # In a conversation the task comes later.
        assert isinstance(session.path()[-1].item, last)


def test_after_a_plan_the_model_is_told_that_it_may_act(tmp_path: Path) -> None:
    plan = "<plan>\nGoal.\n\n## Steps\n1. one\n</plan>"
    first = House(tmp_path, [plan], files=FILES)
    first.session.append(Switched(profile="scripted", role="planner"))
    first.toolset.enter("plan")
    assert first.end().reason == "plan"
    one = gone_on(tmp_path, ["<done>ok</done>"], first)
    second(one)
    asked = one.provider.requests[0].messages
    assert "Plan mode is over" in asked[-1].content
    assert sum("plan mode now" in message.content for message in asked) == 1


def test_its_own_model_goes_on_unless_another_one_is_named(tmp_path: Path) -> None:
    settings = {"base_url": "http://h/v1", "model_name": "m", "effort": None, "steps": 3}
    begun = Opened(root="r", profile="openai-compatible", base="", settings=settings)
    before = Resumable(folder=tmp_path, opened=begun, task=begun, profile="openai-compatible")
    flags = {"profile": None, "steps": "9"}
    its = {"profile": "openai-compatible", "base_url": "http://h/v1", "model_name": "m", "steps": "9"}
    assert with_its_model(flags, before) == its
    assert with_its_model({"profile": "vllm-r1"}, before) == {"profile": "vllm-r1"}
    switched = Resumable(folder=tmp_path, opened=begun, task=begun, profile="deepseek-flash")
    assert with_its_model(flags, switched) == {"profile": "deepseek-flash", "steps": "9"}


def test_what_is_asked_for_is_the_last_task_on_the_path(tmp_path: Path) -> None:
    session = Session.create(tmp_path, Opened(root="/r", profile="p", base="1", task="one"))
    first = session.append(Said(text="one", origin="task"))
    session.append(Continued(task="two", profile="p", base="2"))
    assert (session.task.task, session.task.base) == ("two", "2")
    session.append(Said(text="other", origin="steer"), parent=first.id)
    assert (session.task.task, session.begun.id) == ("one", 1)
    session.close()


def test_flags_may_stand_before_and_after_the_action() -> None:
    words = ["sessions", "--all", "list", "--search", "x", "-C", "/f"]
    options = parser().parse_args(words)
    assert (options.all, options.json, options.search, options.folder) == (True, False, "x", "/f")
    options = parser().parse_args(["sessions", "--json", "-C", "/f", "list"])
    assert (options.all, options.json, options.search, options.folder) == (False, True, None, "/f")
    assert parser().parse_args(["sessions", "delete", "x"]).all is False
    assert parser().parse_args(["-c", "-p", "Task"]).continues == ""
    assert parser().parse_args(["-c", "id", "-p", "Task"]).continues == "id"
    assert parser().parse_args(["resume", "--model", "m"]).model_name == "m"
