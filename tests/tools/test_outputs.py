from __future__ import annotations

from pathlib import Path

import pytest

from fakes.house import House
from fakes.sandbox import FakeSandbox
from r1code.errors import StateError
from r1code.log import Observed
from r1code.profiles.room import Room
from r1code.tools.outputs import Outputs

LINES = [f"row {number}" for number in range(3_000)]
ROOM = Room(window=None, reserve=1, prompt=90_000, map=0, observation=400)


def house(folder: Path, *replies: str, output: str = "\n".join(LINES)) -> House:
    sandbox = FakeSandbox({"show": (1, output)})
    made = House(folder, [*replies, "<done/>"], files={"a.py": "\n".join(LINES)}, sandbox=sandbox, room=ROOM)
    made.turn()
    return made


def test_a_long_output_shows_head_and_tail_and_its_middle_is_read_like_a_file(tmp_path: Path) -> None:
    ours = house(tmp_path, "<run>show</run>", '<read path="output:1" lines="1500-1501"/>')
    first = ours.provider.requests[1].messages[-1].content
    assert "row 0\nrow 1\n" in first
    assert "row 2999\n[exit code 1" in first
    assert 'bytes left out; <read path="output:1" lines="' in first
    assert "output:1 (lines 1500-1501 of 3001)\nrow 1499\nrow 1500\n" in ours.told()
    assert all(
        ours.outputs.measure(one.item.observation.text) <= 400
        for one in ours.session.entries
        if isinstance(one.item, Observed)
    )


def test_a_long_file_says_which_lines_come_next(tmp_path: Path) -> None:
    ours = house(tmp_path, '<read path="a.py" lines="11-"/>')
    assert "a.py (lines 11-" in ours.told()
    assert ours.told().count("left out") == 1
    last = int(ours.told().partition("(lines 11-")[2].split()[0])
    assert f'<read path="a.py" lines="{last + 1}-3000"/> shows them' in ours.told()
    assert f"\nrow {last - 1}\n[..." in ours.told()


def test_an_output_that_was_short_is_read_again_from_the_log(tmp_path: Path) -> None:
    ours = house(tmp_path, "<run>show</run>", '<read path="output:1"/>', output="one\ntwo\n")
    assert "output:1 (3 lines)\none\ntwo\n[exit code 1" in ours.told()
    assert not (ours.session.folder / "outputs").exists()


def test_an_output_that_there_is_not_is_said(tmp_path: Path) -> None:
    assert "There is no output:9" in house(tmp_path, '<read path="output:9"/>').told()


def test_no_secret_is_kept(tmp_path: Path) -> None:
    secret = "ghp_" + "a1B2" * 9
    ours = house(tmp_path, "<run>show</run>", output="\n".join([*LINES, f"token = '{secret}'", *LINES]))
    kept = (ours.session.folder / "outputs" / "c1").read_text()
    assert len(kept.splitlines()) > 6_000
    assert secret not in kept


def test_a_disk_that_refuses_is_said(tmp_path: Path) -> None:
    (tmp_path / "outputs").write_text("a file stands in the way")
    with pytest.raises(StateError, match="cannot be kept"):
        Outputs(tmp_path / "outputs", most=100).shown("c1", "x\n" * 400)
