from __future__ import annotations

from r1code.stuck import Circles
from r1code.types import Observation, ToolCall


def observed(circles: Circles, name: str, text: str, tree: str = "t") -> str | None:
    call = ToolCall(id="c1", name=name, arguments={"path": name})
    return circles.observe([call], [Observation(call_id="c1", status="ok", text=text)], tree)


def test_the_same_call_with_the_same_observation_three_times() -> None:
    circles = Circles()
    assert observed(circles, "read", "x") is None
    assert observed(circles, "read", "x") is None
    assert "<read> was sent 3 times" in str(observed(circles, "read", "x"))


def test_the_same_call_with_a_new_observation_is_progress() -> None:
    circles = Circles()
    assert all(observed(circles, "test", f"{count} failed") is None for count in range(9, 0, -1))


def test_the_same_failure_after_a_change_is_progress() -> None:
    circles = Circles()
    assert all(observed(circles, "test", "1 failed", tree=str(tree)) is None for tree in range(6))


def test_two_steps_in_turn() -> None:
    circles = Circles()
    evidence = [observed(circles, name, "x") for name in ("read", "list", "read", "list")]
    assert evidence[:3] == [None, None, None]
    assert "in turn" in str(evidence[3])


def test_a_change_made_and_taken_back_twice() -> None:
    circles = Circles()
    evidence = [observed(circles, "edit", str(step), tree) for step, tree in enumerate("abab")]
    assert evidence[:3] == [None, None, None]
    assert "taken back" in str(evidence[3])
