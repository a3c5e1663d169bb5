from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.house import House
from fakes.sandbox import FakeSandbox, FakeSpawned
from r1code.stuck import Circles
from r1code.tree.store import Store
from r1code.types import Budget, Observation, ToolCall


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


def told(circles: Circles, arguments: dict[str, str], text: str, tree: str = "t") -> str | None:
    call = ToolCall(id="c1", name="edit", arguments=arguments)
    return circles.observe([call], [Observation(call_id="c1", status="failed", text=text)], tree)


@pytest.mark.parametrize(
    "text",
    [
        "1 failed in {n}.31s",
        "ok (took {n} ms)",
        "[12:{n}:07] error: no such table",
        "<object at 0x7f0000{n}aabb> is not callable",
        "started at 2026-03-{n}",
        "seed 17000000{n}1",
    ],
)
def test_output_that_differs_in_times_and_addresses_alone_is_the_same(text: str) -> None:
    circles = Circles()
    evidence = [told(circles, {"command": "make"}, text.format(n=number)) for number in (11, 12, 13)]
    assert evidence[:2] == [None, None]
    assert "3 times" in str(evidence[2])


def test_an_edit_that_fails_with_other_white_space_is_the_same_edit() -> None:
    circles = Circles()
    tried = ("x = 1\n", "  x = 1\n", "\tx  =  1")
    evidence = [told(circles, {"search": search}, "The text was not found.") for search in tried]
    assert "3 times" in str(evidence[2])


@pytest.mark.parametrize("numbers", [("3 failed", "2 failed", "1 failed"), ("line 10", "line 11", "line 12")])
def test_numbers_that_say_something_are_no_repetition(numbers: tuple[str, ...]) -> None:
    circles = Circles()
    assert [told(circles, {"command": "make"}, text) for text in numbers] == [None] * 3


START, LOGS, SLEEP = '<run background="web" ready="up">serve</run>', '<logs name="web"/>', "<run>sleep 5</run>"


def waiting(folder: Path, *replies: str, ends: str | None = None) -> House:
    spawned = FakeSpawned(("up\n",), ends=ends)
    sandbox = FakeSandbox({"sleep 5": (0, "")}, store=Store(folder / "objects"), spawned={"serve": spawned})
    return House(folder, [START, *replies, "<done>ok</done>"], files={"a.txt": "a\n"}, sandbox=sandbox)


@pytest.mark.parametrize(
    "replies", [(LOGS,) * 9, (SLEEP, LOGS) * 5, (f"{SLEEP}\n{LOGS}",) * 5], ids=["looks", "in turn", "at once"]
)
def test_waiting_for_a_command_that_still_runs_is_no_circle(tmp_path: Path, replies: tuple[str, ...]) -> None:
    house = waiting(tmp_path, *replies)
    assert house.end().reason == "done"
    assert "(nothing new)\n[background web: running for " in house.told()


def test_a_wait_that_does_not_end_ends_with_the_steps(tmp_path: Path) -> None:
    end = waiting(tmp_path, *[LOGS] * 30).end(budget=Budget(steps=20))
    assert (end.reason, end.steps) == ("budget", 20)


def test_looks_at_a_command_that_has_ended_are_a_circle(tmp_path: Path) -> None:
    assert waiting(tmp_path, *[LOGS] * 9, ends="exit code 1").end().reason == "stuck"


STEP = st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz"), st.sampled_from("tu"))


@given(st.lists(STEP, max_size=30))
def test_a_step_that_came_twice_before_is_always_noticed(steps: list[tuple[str, str, str]]) -> None:
    circles = Circles()
    for number, (name, text, tree) in enumerate(steps):
        evidence = observed(circles, name, text, tree)
        if steps[: number + 1].count(steps[number]) >= 3:
            assert evidence is not None
            return


@given(st.lists(st.integers(0, 10**6), unique=True, max_size=30))
def test_steps_that_all_tell_something_new_are_never_a_circle(texts: list[int]) -> None:
    circles = Circles()
    assert all(observed(circles, "read", f"file {text}", tree=str(text)) is None for text in texts)
