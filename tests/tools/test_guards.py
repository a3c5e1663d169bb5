from __future__ import annotations

from pathlib import Path

from fakes.house import House
from r1code.events import CallFinished

GOOD = "def a():\n    return [1]\n"
FILES = {"a.py": GOOD, "broken.py": "def (:\n", "page.html": "<b>\n"}


def edit(path: str, old: str, new: str, more: str = "") -> str:
    return f'<edit path="{path}"{more}>\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n</edit>'


def statuses(house: House) -> list[str]:
    return [event.observation.status for event in house.turn() if isinstance(event, CallFinished)]


def test_an_edit_that_breaks_the_syntax_is_refused_with_the_place(tmp_path: Path) -> None:
    house = House(tmp_path, [edit("a.py", "    return [1]", "    return [1"), "<done/>"], files=FILES)
    assert statuses(house) == ["failed"]
    assert house.file("a.py") == GOOD
    assert "a.py could not be parsed any more (line 2: return [1)" in house.told()
    assert 'syntax="any"' in house.told()


def test_it_can_be_overridden(tmp_path: Path) -> None:
    broken = edit("a.py", "    return [1]", "    return [1", ' syntax="any"')
    house = House(tmp_path, [broken, "<done/>"], files=FILES)
    assert statuses(house) == ["ok"]
    assert house.file("a.py") == "def a():\n    return [1\n"


def test_edits_that_are_whole_together_are_one_change(tmp_path: Path) -> None:
    both = (
        edit("a.py", "    return [1]", "    return [")
        + "\n"
        + edit("a.py", "    return [", "    return [\n        2]")
    )
    house = House(tmp_path, [both, "<done/>"], files=FILES)
    assert statuses(house) == ["ok", "ok"]
    assert house.file("a.py") == "def a():\n    return [\n        2]\n"


def test_the_edit_that_broke_it_is_told_and_the_other_is_not_applied(tmp_path: Path) -> None:
    both = edit("page.html", "<b>", "<i>") + "\n" + edit("a.py", "    return [1]", "    return (")
    house = House(tmp_path, [both, "<done/>"], files=FILES)
    assert statuses(house) == ["refused", "failed"]
    assert (house.file("a.py"), house.file("page.html")) == (GOOD, "<b>\n")


def test_a_file_that_could_not_be_parsed_before_and_other_languages_are_left_alone(tmp_path: Path) -> None:
    both = edit("broken.py", "def (:", "def ((:") + "\n" + edit("page.html", "<b>", "<b")
    house = House(tmp_path, [both, "<done/>"], files=FILES)
    assert statuses(house) == ["ok", "ok"]


def test_a_new_file_must_be_parsable_too(tmp_path: Path) -> None:
    house = House(tmp_path, ['<write path="new.py">\ndef (:\n</write>', "<done/>"], files=FILES)
    assert statuses(house) == ["failed"]
    assert not (house.root / "new.py").exists()


def test_a_whole_file_is_not_overwritten_unread(tmp_path: Path) -> None:
    write = '<write path="a.py">\nX = 1\n</write>'
    house = House(tmp_path, [write, '<read path="a.py"/>', write, "<done/>"], files=FILES)
    assert statuses(house) == ["failed", "ok", "ok"]
    assert house.file("a.py") == "X = 1\n"
    assert "you have not read it" in house.provider.requests[1].messages[-1].content


def test_a_whole_file_that_changed_since_it_was_read_is_not_overwritten(tmp_path: Path) -> None:
    def formatter(files: dict[str, bytes]) -> tuple[int, str]:
        files["a.py"] = b"Y = 1\n"
        return 0, ""

    write = '<write path="./a.py">\nX = 1\n</write>'
    replies = ['<read path="a.py"/>\n<run>format</run>', write, '<read path="a.py"/>', write, "<done/>"]
    house = House(tmp_path, replies, files=FILES, sandbox={"format": formatter})
    assert statuses(house) == ["ok", "ok", "failed", "ok", "ok"]
    assert "has changed since you read it" in house.provider.requests[2].messages[-1].content


def test_what_the_model_wrote_itself_it_may_write_again(tmp_path: Path) -> None:
    replies = ['<write path="n.py">\nX = 1\n</write>', '<write path="n.py">\nX = 2\n</write>', "<done/>"]
    assert statuses(House(tmp_path, replies, files=FILES)) == ["ok", "ok"]


def test_what_it_changed_in_part_it_does_not_know_for_that(tmp_path: Path) -> None:
    change, write = edit("a.py", "    return [1]", "    return [2]"), '<write path="a.py">\nX = 3\n</write>'
    assert statuses(House(tmp_path / "unread", [change, write, "<done/>"], files=FILES)) == ["ok", "failed"]
    read = '<read path="a.py"/>'
    assert statuses(House(tmp_path / "read", [read, change, write, "<done/>"], files=FILES)) == ["ok"] * 3
