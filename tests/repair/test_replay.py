from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.house import House
from fakes.sandbox import FakeSandbox, FakeSpawned, Files
from r1code.control import Control
from r1code.dialects.base import Request
from r1code.errors import ContextOverflow
from r1code.log import AnyItem, Compacted, Ended, Entry, Opened, Replied, Resumed, Said, Switched
from r1code.profiles.room import Room
from r1code.providers.base import Delta, Done
from r1code.providers.scripted import ScriptedProvider, ScriptedReply
from r1code.repair.replay import ReplayedProvider, first_difference, stretches
from r1code.tools.diagnostics import DIAGNOSTIC
from r1code.tree.store import Store
from r1code.types import Usage

REPLIES = [
    '<run background="web" ready="up">serve</run>',
    '<logs name="web"/>',
    "<run>ls</run>",
    '<stop name="web"/>',
    "<done>ok</done>",
]


def log_of(
    folder: Path, *, ls: str = "a.txt\n", prints: tuple[str, ...] = ("up\n",), crashes: bool = False
) -> tuple[Entry, ...]:
    spawned = FakeSpawned(prints, ends="exit code 1")

    def listed(_: Files) -> tuple[int, str]:
        if crashes:
            spawned.prints.clear()
        return 0, ls

    sandbox = FakeSandbox({"ls": listed}, store=Store(folder / "objects"), spawned={"serve": spawned})
    house = House(folder, REPLIES, files={"a.txt": "a\n"}, sandbox=sandbox)
    house.turn()
    return house.session.entries


def test_how_far_a_background_command_had_come_is_no_difference(tmp_path: Path) -> None:
    slow = log_of(tmp_path / "slow", prints=("up\n", "one\n", "two\n", "three\n", "four\n"))
    quick = log_of(tmp_path / "quick", prints=("early\n", "up\n", "one\n", "two\n"), crashes=True)
    assert "a.txt\\n[exit code 0, 0.0 s]\\n[background web: ended, exit code 1]" in str(quick)
    assert first_difference(slow, quick) is None


def test_what_a_language_server_said_is_no_difference(tmp_path: Path) -> None:
    said = f"a.txt\n{DIAGNOSTIC}a.py:1: new error: it's [wrong]\n{DIAGNOSTIC}and 3 more"
    # As it comes in an observation: nothing else is told on its lines.
    without, among = log_of(tmp_path / "without", ls="a.txt"), log_of(tmp_path / "with", ls=said)
    assert "and 3 more" in str(among)
    assert first_difference(without, among) is None


def test_what_other_commands_show_beside_it_is_one(tmp_path: Path) -> None:
    one = log_of(tmp_path / "one", prints=("up\n", "one\n", "two\n"))
    other = log_of(tmp_path / "other", ls="b.txt\n", prints=("up\n", "one\n"))
    found = first_difference(one, other)
    assert found is not None
    assert found.step == 3


def test_a_start_that_failed_is_one(tmp_path: Path) -> None:
    found = first_difference(log_of(tmp_path / "one", prints=("up\n", "x")), log_of(tmp_path / "other"))
    assert found is not None
    assert (found.recorded, found.replayed) == ("Observed c1 ok", "Observed c1 failed")


class Narrow:
    """Refuses prompts of more than `most` characters: the profile believes in a larger window."""

    def __init__(self, most: int, window: int | None, replies: list[str]) -> None:
        self._inner = ScriptedProvider([ScriptedReply(text=text, reasoning="hm") for text in replies])
        self._most = most
        self._window = window
        self.refused = 0

    def stream(self, request: Request, control: Control) -> Iterator[Delta | Done]:
        if sum(len(message.content) for message in request.messages) > self._most:
            self.refused += 1
            raise ContextOverflow("too long", why="it has no room", hint="shorten it", window=self._window)
        yield from self._inner.stream(request, control)

    def close(self) -> None:
        pass


WIDE = Room(window=40_000, reserve=100, prompt=30_000, map=0, observation=1_500)
TIGHT = Room(window=40_000, reserve=100, prompt=6_000, map=0, observation=1_500)


@pytest.mark.parametrize(
    ("room", "most", "window"),
    [(WIDE, 20_000, 6_000), (WIDE, 26_000, None), (TIGHT, 12_500, None), (TIGHT, 99_000, None)],
    ids=["the step", "no window said", "the question", "nothing"],
)
def test_what_a_server_refused_as_too_long_is_refused_again(
    tmp_path: Path, room: Room, most: int, window: int | None
) -> None:
    files = {f"f{number}.py": f"line of the file f{number}\n" * 150 for number in range(9)}
    replies = [f"{'I look. ' * 120}\n<read path='{name}'/>" for name in files]
    narrow = Narrow(most, window, [*replies, *["<done>ok</done>"] * 9])
    house = House(tmp_path / "1", [], files=files, room=room, provider=narrow)
    assert house.end().text == "ok"
    assert bool(narrow.refused) == (most < 99_000)
    replayed = ReplayedProvider(house.session.entries)
    again = House(tmp_path / "2", [], files=files, room=room, provider=replayed)
    assert again.end().text == "ok"
    found = [one.item for one in house.session.entries if isinstance(one.item, Compacted)]
    assert len(found) > 1
    assert first_difference(house.session.entries, again.session.entries) is None


OPENED = Opened(root="r", profile="one", base="")
SAID = Said(text="Do it.", origin="task")
ENDED = Ended(reason="cancelled", text="", usage=Usage(), steps=1, seconds=1)
REPLIED = Replied(text="ok", reasoning="", finish="stop", usage=Usage())


@pytest.mark.parametrize(
    ("items", "found"),
    [
        ([OPENED, SAID, REPLIED, ENDED], [("one", 4)]),
        ([OPENED, SAID, ENDED, Resumed(), REPLIED], [("one", 5)]),
        ([OPENED, SAID, ENDED, Switched(profile="two"), Resumed(), REPLIED], [("one", 3), ("two", 3)]),
        # It was killed, or a planner was resumed before its actor got another profile.
        ([OPENED, SAID, Switched(profile="two"), Resumed(), ENDED, Resumed()], [("one", 2), ("two", 4)]),
        ([OPENED, Switched(profile="p", role="planner"), SAID, ENDED, Resumed()], [("one", 5)]),
        ([OPENED, SAID, ENDED, Resumed(), REPLIED, Switched(profile="two"), SAID], [("one", 3), ("two", 4)]),
    ],
)
def test_a_log_has_a_stretch_for_each_profile_that_acted(
    items: list[AnyItem], found: list[tuple[str, int]]
) -> None:
    entries = [Entry(id=at, parent=at - 1 or None, time=0, item=item) for at, item in enumerate(items, start=1)]
    made = stretches(entries, "one")
    assert [(one.profile, len(one.entries)) for one in made] == found
    assert [entry for one in made for entry in one.entries] == entries
