from __future__ import annotations

from pathlib import Path

from fakes.house import House
from r1code.events import CallFinished

FILES = {"a.py": "x = 1\n"}
EDIT = '<edit path="a.py">\n<<<<<<< SEARCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE\n</edit>'
PLAN = "<plan>\nGoal.\n\n## Steps\n1. one\n</plan>"


def test_in_plan_mode_only_reads_run_and_nobody_is_asked(tmp_path: Path) -> None:
    house = House(tmp_path, [f'<read path="a.py"/>\n{EDIT}\n<run>ls</run>', PLAN], files=FILES)
    house.toolset.enter("plan")
    events = house.turn()
    done = [(event.name, event.observation.status) for event in events if isinstance(event, CallFinished)]
    assert done == [("read", "ok"), ("edit", "refused"), ("run", "refused")]
    assert house.file("a.py") == "x = 1\n"
    assert events[-1].reason == "plan"
    assert house.sandbox.commands == []


def test_a_change_of_mode_is_a_message_and_leaves_the_prefix(tmp_path: Path) -> None:
    house = House(tmp_path, [PLAN, EDIT, "<done>ok</done>"], files=FILES)
    house.toolset.enter("plan")
    house.turn()
    house.toolset.enter("act")
    house.turn("Go on.")
    requests = [one.messages for one in house.provider.requests]
    other = House(tmp_path / "act", ["<done>ok</done>"], files=FILES)
    other.turn()
    plain = other.provider.requests[0].messages[0].content
    assert requests[0][0].content.startswith(plain)
    assert "plan mode now" in requests[0][0].content[len(plain) :]
    assert requests[1][0] == requests[0][0]
    assert requests[2][: len(requests[1])] == requests[1]
    assert house.file("a.py") == "x = 2\n"
