from __future__ import annotations

from pathlib import Path

from fakes.house import House
from fakes.sandbox import FakeSandbox, FakeSpawned, Files
from r1code.log import Entry
from r1code.repair.replay import first_difference
from r1code.tree.store import Store

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
