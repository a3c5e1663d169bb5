from __future__ import annotations

import re
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.house import House, says
from fakes.sandbox import FakeSandbox
from r1code.account import Account
from r1code.budget import Meter
from r1code.control import Control
from r1code.dialects.base import Request
from r1code.events import Event, HistoryCompacted
from r1code.log import Compacted, Observed, Said
from r1code.profiles.room import Room
from r1code.providers.scripted import ScriptedReply
from r1code.repair.replay import ReplayedProvider
from r1code.session import Session
from r1code.types import Budget, Usage

TASK = "Make the sum right."
TALK = "I think about it. " * 130
LONG = "".join(f"line {number} of the file\n" for number in range(400))
FILES = {f"f{number}.py": LONG.replace("file", f"file f{number}") for number in range(12)} | {"a.py": "x = 1\n"}
EDIT = '<edit path="a.py">\n<<<<<<< SEARCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE\n</edit>'
SUMMARY = "The cause is in a.py: x has to be 2. f0.py to f5.py have nothing to do with it."


def room(prompt: int, most: int | None = None, observation: int = 700) -> Room:
    """Such that `most` tokens can be sent at all."""
    window = None if most is None else most + 100
    return Room(window=window, reserve=100, prompt=prompt, map=0, observation=observation)


def talks(*numbers: int) -> list[str]:
    """Steps with many words."""
    return [f"{TALK}\n{one}" for one in reads(*numbers)]


def reads(*numbers: int) -> list[str]:
    return [f'Now f{number}.\n<read path="f{number}.py"/>' for number in numbers]


SHAPE = room(8_000, 20_000, observation=1_500)
"""Six of the files are too much; with many words, four."""


def compactions(events: list[Event]) -> list[HistoryCompacted]:
    return [event for event in events if isinstance(event, HistoryCompacted)]


def prompt(request: Request) -> str:
    return "".join(f"<{one.role}>\n{one.content}\n" for one in request.messages)


def starts_with(request: Request, earlier: Request) -> bool:
    return prompt(request).startswith(prompt(earlier).removesuffix("\n"))


def test_old_observations_are_left_out_first_and_can_be_read_again(tmp_path: Path) -> None:
    runs = [f"Now f{number}.\n<run>cat f{number}.py</run>" for number in range(6)]
    sandbox = FakeSandbox({f"cat f{number}.py": (0, FILES[f"f{number}.py"]) for number in range(6)})
    replies = [*runs, *reads(6), '<read path="output:1" lines="200-201"/>', "<done>ok</done>"]
    house = House(tmp_path, replies, files=FILES, sandbox=sandbox, room=SHAPE)
    events = house.turn(TASK)
    (told,) = compactions(events)
    assert told.how == "pruned"
    assert told.tokens_after <= SHAPE.target
    assert told.tokens_before > SHAPE.prompt
    after = next(one for one in house.provider.requests if "tokens left out" in prompt(one))
    assert re.search(r'\[\d+ tokens left out; <read path="output:1"/> shows them\]', prompt(after))
    assert all(f"Now f{number}." in prompt(after) for number in range(5))
    assert "line 1 of the file f4" in prompt(after)
    assert '<read path="f0.py"/>' not in prompt(after)
    # What it read for that is what stood there before.
    assert "output:1 (lines 200-201 of 401)\nline 199 of the file f0\nline 200 of the file f0" in house.told()
    assert len(house.provider.requests) == len(replies)


def test_what_is_needed_to_go_on_survives_a_summary(tmp_path: Path) -> None:
    replies = [
        f"{TALK}\n<note>x must be 2</note>\n{EDIT}",
        f"{TALK}\n<test/>",
        *talks(0, 1, 2),
        SUMMARY,
        *reads(5, 6),
        "<done>ok</done>",
    ]
    sandbox = FakeSandbox({"pytest -q": (1, "FAILED test_a.py::test_sum\n1 failed\n")})
    house = House(tmp_path, replies, files=FILES, sandbox=sandbox, room=SHAPE)
    house.control.steer("Never touch f9.py.")
    events = house.turn(TASK)
    assert events[-1].reason == "done"
    assert [told.how for told in compactions(events)] == ["model"]
    asked = next(n for n, one in enumerate(house.provider.requests) if "is shortened now" in prompt(one))
    # It is asked with all that the server knows already.
    assert starts_with(house.provider.requests[asked], house.provider.requests[asked - 1])
    after = house.provider.requests[asked + 1]
    text = prompt(after)
    roles = [message.role for message in after.messages]
    assert roles == [("user", "assistant")[number % 2] for number in range(len(roles))]
    assert after.messages[0].content.startswith(f"{house.model.instructions}\n\n{TASK}\n\n")
    for kept in (SUMMARY, "x must be 2", "Never touch f9.py.", "- a.py", "FAILED test_a.py::test_sum"):
        assert text.count(kept) == 1, kept
    assert text.count(TALK) < 4
    assert "line 1 of the file f2" in text
    assert house.file("a.py") == "x = 2\n"


def test_the_mode_and_what_was_handed_over_are_no_part_of_a_summary(tmp_path: Path) -> None:
    replies = ["<plan>\nx is 2.\n</plan>", *talks(0, 1, 2), SUMMARY, EDIT, "<plan>\nAnother one.\n</plan>"]
    house = House(tmp_path, replies, files=FILES, room=SHAPE)
    house.toolset.enter("plan")
    house.turn(TASK)
    handed = Said(text="Your plan failed.", origin="handed")
    events = list(house.agent.turn(handed, Meter(Budget()), house.control))
    assert [told.how for told in compactions(events)] == ["model"]
    text = prompt(house.provider.requests[-1])
    for kept in (TASK, "You are in plan mode now", "Your plan failed."):
        assert text.count(kept) == 1, kept
    # Nor does a summary lift it.
    assert house.file("a.py") == "x = 1\n"


@pytest.mark.parametrize(
    "reply",
    [
        says('<read path="a.py"/>'),
        says("<done>All done.</done>"),
        says(""),
        ScriptedReply(text="The cause is", finish="length"),
    ],
)
def test_a_summary_that_is_none_is_made_from_the_log(tmp_path: Path, reply: ScriptedReply) -> None:
    replies = [*(says(one) for one in talks(0, 1, 2)), reply, says("<done>ok</done>")]
    house = House(tmp_path, replies, files=FILES, room=SHAPE)
    events = house.turn(TASK)
    assert [told.how for told in compactions(events)] == ["log"]
    assert "What was done:\n- read f0.py: ok" in prompt(house.provider.requests[-1])
    assert events[-1].text == "ok"
    # Nothing of it was done.
    assert sum(isinstance(one.item, Observed) for one in house.session.entries) == 3


def test_a_summary_that_does_not_fit_is_not_asked_for(tmp_path: Path) -> None:
    replies = [*talks(0, 1, 2), "<done>ok</done>"]
    house = House(tmp_path, replies, files=FILES, room=room(8_000, 8_100, observation=1_500))
    assert [told.how for told in compactions(house.turn(TASK))] == ["log"]
    assert len(house.provider.requests) == 4


def test_no_unanswered_observation_is_lost_and_all_can_be_read_whole(tmp_path: Path) -> None:
    replies = [
        "\n".join(reads(0, 1, 2, 3, 4, 5, 6, 7)),
        SUMMARY,
        '<read path="output:8" lines="100-101"/>',
        "<done/>",
    ]
    house = House(tmp_path, replies, files=FILES, room=SHAPE)
    (told,) = compactions(house.turn(TASK))
    assert told.how == "model"
    assert told.tokens_after <= SHAPE.target
    text = prompt(house.provider.requests[2])
    assert text.count('<observation of="read">') == 8
    assert all(f"line 0 of the file f{number}" in text for number in range(8))
    assert "line 98 of the file f7" in house.told()


def test_the_log_keeps_everything_and_a_loaded_session_shows_the_same(tmp_path: Path) -> None:
    house = House(tmp_path, [*reads(0, 1, 2, 3, 4, 5), "<done>ok</done>"], files=FILES, room=SHAPE)
    house.turn(TASK)
    shown = house.session.history()
    house.session.close()
    with closing(Session.load(house.session.folder)) as loaded:
        assert loaded.history() == shown
        assert sum(isinstance(entry.item, Compacted) for entry in loaded.path()) == 1
        texts = [one.item.observation.text for one in loaded.path() if isinstance(one.item, Observed)]
        assert all("line 1 of the file" in text for text in texts)


def test_going_back_before_a_compaction_brings_the_whole_history_back(tmp_path: Path) -> None:
    house = House(tmp_path, [*reads(0, 1, 2, 3, 4, 5), "<done>ok</done>"], files=FILES, room=SHAPE)
    house.turn(TASK)
    before = next(one for one in house.session.entries if isinstance(one.item, Compacted))
    last = house.session.entries[before.parent - 1]
    house.session.append(last.item, parent=last.parent)
    assert house.session.compacted is None
    assert "tokens left out" not in "".join(message.text for message in house.session.history())


def test_a_replay_gives_the_summary_where_it_was_asked_for(tmp_path: Path) -> None:
    replies = [*talks(0, 1, 2), SUMMARY, "<done>ok</done>"]
    shape = SHAPE
    house = House(tmp_path / "1", replies, files=FILES, room=shape)
    assert [told.how for told in compactions(house.turn(TASK))] == ["model"]
    again = House(tmp_path / "2", [], files=FILES, room=shape, provider=ReplayedProvider(house.session.entries))
    events = again.turn(TASK)
    assert events[-1].text == "ok"
    assert again.session.history() == house.session.history()


def test_a_summary_is_paid_for_and_is_no_step(tmp_path: Path) -> None:
    used = Usage(prompt=10, completion=1)
    replies = [says(one, usage=used) for one in (*talks(0, 1, 2), SUMMARY, "<done>ok</done>")]
    house = House(tmp_path, replies, files=FILES, room=SHAPE)
    end = house.turn(TASK)[-1]
    assert (end.steps, end.usage.prompt) == (4, 50)


def test_a_used_up_budget_asks_for_no_summary(tmp_path: Path) -> None:
    house = House(tmp_path, talks(0, 1, 2), files=FILES, room=SHAPE)
    end = house.end(TASK, Budget(steps=3))
    assert (end.reason, len(house.provider.requests)) == ("budget", 3)


def test_a_task_that_alone_is_too_long_is_sent_as_it_is(tmp_path: Path) -> None:
    house = House(tmp_path, ['<read path="a.py"/>', "<list/>", "<done>ok</done>"], files=FILES, room=room(1_000))
    assert compactions(house.turn("Do it. " * 1_000)) == []


def test_it_is_done_when_asked_for_too(tmp_path: Path) -> None:
    house = House(tmp_path, [*reads(0, 1, 2, 3), "<done>ok</done>", SUMMARY], files=FILES)
    house.turn(TASK)
    before = house.model.size(house.session.history())
    events = list(house.compaction.compact(Account(house.session, Meter(Budget())), Control()))
    (told,) = compactions(events)
    assert told.tokens_before == before > told.tokens_after == house.model.size(house.session.history())
    # There is nothing more to gain.
    assert compactions(list(house.compaction.compact(Account(house.session, Meter(Budget())), Control()))) == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), prompt_tokens=st.integers(4_000, 9_000))
def test_whatever_comes_the_prompt_stays_within_and_begins_as_the_one_before(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, prompt_tokens: int
) -> None:
    kinds = st.sampled_from(["read", "many", "talk", "bad", "run", "note"])
    replies: list[str] = []
    for number, kind in enumerate(data.draw(st.lists(kinds, min_size=5, max_size=25))):
        replies.append(
            {
                "read": f'<read path="f{number % 12}.py" lines="{number + 1}-400"/>',
                "many": "\n".join(reads(*range(number % 7 + 1))) + f"\n<run>echo {number}</run>",
                "talk": f"I wonder about {number}. " * 60 + "\n<list/>",
                "bad": f"<read/> {number}",
                "run": f"<run>echo {number}</run>",
                "note": f"<note>remember {number}</note>\n<run>echo {number}</run>",
            }[kind]
        )
    sandbox = FakeSandbox({f"echo {number}": (0, f"{number}\n" * 900) for number in range(25)})
    folder = tmp_path_factory.mktemp("house")
    house = House(
        folder, [*replies, *["<done>ok</done>"] * 30], files=FILES, sandbox=sandbox,
        room=room(prompt_tokens, prompt_tokens, observation=prompt_tokens // 6),
    )  # fmt: skip
    house.turn(TASK, Budget(format_errors=None, steps=60))
    requests = house.provider.requests
    assert all(house.model.instructions in prompt(one) and TASK in prompt(one) for one in requests)
    shortened = sum(isinstance(entry.item, Compacted) for entry in house.session.path())
    changed = sum(not starts_with(after, before) for before, after in pairwise(requests))
    assert changed <= shortened
    house.session.close()
