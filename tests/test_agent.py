from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.house import House, says
from fakes.pace import Pace
from fakes.sandbox import FakeSandbox
from r1code.approval import Answer, Question
from r1code.budget import Meter
from r1code.control import Control
from r1code.errors import ProviderError
from r1code.events import (
    CallFinished,
    CommandOutput,
    Event,
    ReasoningDelta,
    ReplyDiscarded,
    ReplyRejected,
    TextDelta,
    TurnEnded,
)
from r1code.log import Called, Ended, Observed, Said
from r1code.providers.scripted import ScriptedReply
from r1code.session import Session
from r1code.types import Budget, ExecResult

EDIT = '<edit path="a.py">\n<<<<<<< SEARCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE\n</edit>'
BAD_EDIT = '<edit path="b.py">\n<<<<<<< SEARCH\nnot there\n=======\nx = 2\n>>>>>>> REPLACE\n</edit>'
FILES = {"a.py": "x = 1\n", "b.py": "y = 1\n", "pkg/c.py": "def c():\n    return 3\n"}


def statuses(events: list[Event]) -> list[tuple[str, str]]:
    return [(event.name, event.observation.status) for event in events if isinstance(event, CallFinished)]


def paired(folder: Path) -> tuple[list[str], list[str]]:
    """The calls and the observations on disk."""
    with closing(Session.load(folder)) as session:
        items = [entry.item for entry in session.path()]
    assert isinstance(items[-1], Ended)
    calls = [item.call.id for item in items if isinstance(item, Called)]
    return calls, [item.observation.call_id for item in items if isinstance(item, Observed)]


def test_a_turn_reads_edits_and_ends(tmp_path: Path) -> None:
    house = House(tmp_path, ['<read path="a.py"/>', EDIT, "<done>Changed x.</done>"], files=FILES)
    events = house.turn()
    assert statuses(events) == [("read", "ok"), ("edit", "ok")]
    assert isinstance(events[-1], TurnEnded)
    assert (events[-1].reason, events[-1].text, events[-1].steps) == ("done", "Changed x.", 3)
    assert house.file("a.py") == "x = 2\n"
    assert house.file("b.py") == "y = 1\n"


def test_reasoning_is_shown_and_never_sent_back(tmp_path: Path) -> None:
    thinking = ScriptedReply(reasoning="SECRET THOUGHT", text='<read path="a.py"/>')
    house = House(tmp_path, [thinking, "<done/>"], files=FILES)
    events = house.turn()
    shown = "".join(event.text for event in events if isinstance(event, ReasoningDelta))
    assert "SECRET THOUGHT" in shown
    assert all("SECRET" not in message.content for one in house.provider.requests for message in one.messages)
    assert "SECRET" not in "".join(event.text for event in events if isinstance(event, TextDelta))


def test_each_request_starts_with_the_one_before(tmp_path: Path) -> None:
    replies = ['<read path="a.py"/>', "no action", EDIT, "<bad", "<run>ls</run>", "<list/>", "<done/>"]
    house = House(tmp_path, replies, files=FILES, sandbox={"ls": (0, "a.py\n")})
    house.turn()
    requests = [request.messages for request in house.provider.requests]
    assert len(requests) == 7
    for before, after in pairwise(requests):
        assert after[: len(before)] == before


def test_edits_of_one_reply_land_together_or_not_at_all(tmp_path: Path) -> None:
    house = House(tmp_path, [f"{EDIT}\n{BAD_EDIT}\n<run>ls</run>", "<done/>"], files=FILES)
    events = house.turn()
    assert statuses(events) == [("edit", "refused"), ("edit", "failed"), ("run", "refused")]
    assert {path: house.file(path) for path in FILES} == FILES
    assert "was not applied, because another edit" in house.told()
    assert "do not stand in b.py" in house.told()


def test_an_ending_counts_only_if_what_came_with_it_succeeded(tmp_path: Path) -> None:
    house = House(tmp_path, [f"{BAD_EDIT}\n<done>All fixed!</done>", "<done>Now.</done>"], files=FILES)
    assert house.end().text == "Now."


def test_a_reply_that_cannot_be_read_is_answered_and_capped(tmp_path: Path) -> None:
    house = House(tmp_path, ["<read/>"] * 9, files=FILES)
    events = house.turn(budget=Budget(format_errors=2))
    assert sum(isinstance(event, ReplyRejected) for event in events) == 3
    assert events[-1].reason == "format"
    assert "needs a path" in house.told()


def test_nothing_allowed_means_nothing(tmp_path: Path) -> None:
    house = House(tmp_path, ["<read/>"], files=FILES)
    assert house.end(budget=Budget(format_errors=0)).reason == "format"
    assert len(house.provider.requests) == 1
    assert House(tmp_path / "2", [], files=FILES).end(budget=Budget(steps=0)).reason == "budget"


def test_an_empty_reply_is_never_an_ending(tmp_path: Path) -> None:
    house = House(tmp_path, [ScriptedReply(raw="only thinking"), "<done>ok</done>"], files=FILES)
    assert house.end().text == "ok"
    assert "empty after the reasoning" in house.told()
    assert [message.role for message in house.provider.requests[1].messages] == ["user"]


def test_prose_is_nudged_once_and_then_ends_where_nobody_reads_along(tmp_path: Path) -> None:
    house = House(tmp_path, ["The tests pass now.", "They really do."], files=FILES)
    assert house.end().reason == "gave_up"
    assert "held no action" in house.told()


def test_prose_is_an_answer_where_somebody_reads_along(tmp_path: Path) -> None:
    house = House(tmp_path, ["It is 42."], files=FILES, headless=False)
    assert (house.end().reason, len(house.provider.requests)) == ("answered", 1)


def test_going_in_circles_is_told_once_and_then_ends(tmp_path: Path) -> None:
    house = House(tmp_path, ['<read path="a.py"/>'] * 9, files=FILES)
    end = house.end()
    assert end.reason == "stuck"
    assert "<read> was sent 4 times" in end.text
    assert "going in circles" in house.told()


def test_a_budget_ends_the_turn_in_order(tmp_path: Path) -> None:
    house = House(tmp_path, ['<read path="a.py"/>', '<read path="b.py"/>', "<done/>"], files=FILES)
    end = house.end(budget=Budget(steps=2))
    assert (end.reason, end.steps) == ("budget", 2)
    assert "2 steps" in end.text


def test_steering_is_read_at_the_next_step(tmp_path: Path) -> None:
    house = House(tmp_path, ['<read path="a.py"/>', "<done/>"], files=FILES)
    house.control.steer("Look at b.py, too.")
    house.turn()
    assert "Look at b.py, too." in house.provider.requests[0].messages[-1].content


def test_a_protected_file_is_refused_in_words_for_the_model(tmp_path: Path) -> None:
    house = House(tmp_path, [EDIT, "<done/>"], files=FILES, protected=lambda path: path == "a.py")
    assert statuses(house.turn()) == [("edit", "failed")]
    assert house.file("a.py") == FILES["a.py"]
    assert "is protected" in house.told()


def test_what_a_command_changed_comes_back_but_not_into_protected_files(tmp_path: Path) -> None:
    def touch(files: dict[str, bytes]) -> tuple[int, str]:
        files["made.txt"] = b"new\n"
        files["b.py"] = b"cheat\n"
        return 0, "ok\n"

    house = House(
        tmp_path,
        ["<run>make</run>", "<done/>"],
        files=FILES,
        sandbox={"make": touch},
        protected=lambda path: path == "b.py",
    )
    house.turn()
    assert house.file("made.txt") == "new\n"
    assert house.file("b.py") == FILES["b.py"]
    assert "changed: made.txt" in house.told()
    assert "not kept, because they are protected: b.py" in house.told()


def test_a_failing_command_is_an_observation_with_its_facts(tmp_path: Path) -> None:
    house = House(tmp_path, ["<run>false</run>", "<done/>"], files=FILES, sandbox={"false": (1, "no\n")})
    events = house.turn()
    assert statuses(events) == [("run", "failed")]
    assert "".join(event.text for event in events if isinstance(event, CommandOutput)) == "no\n"
    assert "[exit code 1" in house.told()


@pytest.mark.parametrize(
    ("reply", "part"),
    [
        ('<read path="../outside.py"/>', "outside"),
        ('<read path=".git/config"/>', "git"),
        ('<read path=".env"/>', "secret"),
        ('<read path="missing.py"/>', "does not exist"),
        ('<read path="pkg"/>', "folder"),
        ('<read path="a.py" lines="7-9"/>', "has 1 lines"),
        ('<search pattern="(" />', "("),
        ('<list path="nowhere"/>', "no files below nowhere"),
        ('<write path="link/x.py">\nx\n</write>', "outside"),
    ],
)
def test_what_cannot_be_done_is_an_observation(tmp_path: Path, reply: str, part: str) -> None:
    house = House(tmp_path, [reply, "<done/>"], files={**FILES, ".env": "KEY=1\n"})
    (house.root / "link").symlink_to(tmp_path)
    assert [status for _, status in statuses(house.turn())] == ["failed"]
    assert part in house.told()


def test_tools_tell_what_is_there(tmp_path: Path) -> None:
    replies = ['<list path="pkg"/>\n<search pattern="return \\d"/>\n<read path="pkg/c.py" lines="2"/>', "<done/>"]
    house = House(tmp_path, replies, files=FILES)
    house.turn()
    assert house.told() == (
        '<observation of="list">\n1 files below pkg\npkg/c.py\n</observation>\n\n'
        '<observation of="search">\n1 matching lines\npkg/c.py:2:     return 3\n</observation>\n\n'
        '<observation of="read">\npkg/c.py (lines 2-2 of 2)\n    return 3\n</observation>'
    )


def test_a_reply_that_breaks_off_counts_for_nothing_and_is_asked_for_again(tmp_path: Path) -> None:
    broken = says('<write path="new.py">\nX = 1\n</write>', error="connection lost", fail_after=2)
    house = House(tmp_path, [broken, says('<read path="a.py"/>'), says("<done/>")], files=FILES)
    events = house.turn()
    assert events[-1].reason == "done"
    assert events[-1].steps == 2
    (discarded,) = (event for event in events if isinstance(event, ReplyDiscarded))
    assert "connection lost" in discarded.why
    assert house.provider.requests[0] == house.provider.requests[1]
    assert not (house.root / "new.py").exists()
    # What was discarded is not part of what the model is shown.
    assert "new.py" not in "".join(message.content for message in house.provider.requests[-1].messages[1:])


def test_a_backend_that_breaks_off_every_time_fails(tmp_path: Path) -> None:
    house = House(tmp_path, [says("<done/>", error="connection lost", fail_after=1)] * 4, files=FILES)
    with pytest.raises(ProviderError, match="the backend failed"):
        house.turn()
    assert len(house.provider.requests) == 3


# Wherever a turn ends, every logged call has exactly one observation.

REPLIES = st.lists(
    st.sampled_from(
        [
            says('<read path="a.py"/>\n<read path="b.py"/>'),
            says(EDIT),
            says(f"{EDIT}\n{BAD_EDIT}\n<run>ls</run>"),
            says("<run>ls</run>\n<test/>"),
            says("<read/>"),
            says("prose"),
            says("<list/>", error="connection lost", fail_after=1),
            says("<done/>"),
        ]
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=60, deadline=None)
@given(replies=REPLIES, stop=st.integers(1, 60), how=st.sampled_from(["cancel", "leave", "run on"]))
def test_wherever_a_turn_ends_every_call_has_one_observation(
    tmp_path_factory: pytest.TempPathFactory, replies: list[ScriptedReply], stop: int, how: str
) -> None:
    house = House(tmp_path_factory.mktemp("house"), replies, files=FILES, sandbox={"ls": (0, "a\nb\n")})
    turn = house.agent.turn(Said(text="Do it.", origin="task"), Meter(Budget()), house.control)
    events: list[Event] = []
    try:
        for event in turn:
            events.append(event)
            if len(events) == stop and how == "cancel":
                house.control.cancel()
            if len(events) == stop and how == "leave":
                turn.close()
                break
    except ProviderError:
        assert how != "leave" or len(events) < stop
    else:
        if how != "leave":
            assert isinstance(events[-1], TurnEnded)
    house.session.close()
    calls, seen = paired(house.session.folder)
    assert sorted(calls) == sorted(seen)
    assert len(set(calls)) == len(calls)


# A cancel takes effect in at most half a second in every phase.


class HangingSandbox(FakeSandbox):
    """Blocks the way a real one does: on a queue, with the control."""

    def __init__(self, phase: str) -> None:
        super().__init__({})
        self.phase = phase

    def start(self, control: Control) -> None:
        if self.phase == "start":
            control.call(lambda: time.sleep(1.2))

    def run(
        self, command: str, control: Control, *, env: dict[str, str] | None = None, seconds: float | None = None
    ) -> Generator[str, None, ExecResult]:
        yield "collecting\n"
        control.get(queue.Queue())
        raise AssertionError


class HangingApprover:
    def ask(self, question: Question, control: Control) -> Answer:
        control.sleep(60)
        return Answer(kind="no")


PHASES: dict[str, Callable[[Path], House]] = {
    "waiting for the first token": lambda folder: House(folder, [says("x", hang_after=0)]),
    "in the middle of the reasoning": lambda folder: House(
        folder, [ScriptedReply(reasoning="hm " * 9000, text="", delay_seconds=0.02, chunk=2)]
    ),
    "no bytes arriving": lambda folder: House(folder, [says("y" * 99, hang_after=3)]),
    "a test running": lambda folder: House(folder, ["<test/>"], sandbox=HangingSandbox("run")),
    "the container starting": lambda folder: House(folder, ["<run>ls</run>"], sandbox=HangingSandbox("start")),
    "an approval open": lambda folder: House(folder, ["<run>ls</run>"], approver=HangingApprover()),
}


@pytest.mark.parametrize("phase", PHASES)
def test_a_cancel_takes_effect_at_once(tmp_path: Path, phase: str) -> None:
    house = PHASES[phase](tmp_path)
    cancelled: list[float] = []

    def cancel() -> None:
        cancelled.append(pace.seconds)
        house.control.cancel()

    timer = threading.Timer(0.4, cancel)
    with Pace() as pace:
        timer.start()
        end = house.end()
        seconds = pace.seconds
    assert end.reason == "cancelled"
    assert cancelled
    assert seconds - cancelled[0] <= 0.5
    house.session.close()
    calls, seen = paired(house.session.folder)
    assert calls == seen
