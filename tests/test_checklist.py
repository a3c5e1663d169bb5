from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.house import House
from r1code.budget import Meter
from r1code.checklist import MOST, marked, place, read
from r1code.log import Said
from r1code.plan import parse, render
from r1code.repair.progress import Progress, last_notes
from r1code.types import Budget, Plan, Point

STEPS = ("Turn the sign around in `cart.py`.", "Add a test", "2 more tests", "Say so")
POINTS = tuple(Point(text=step) for step in STEPS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 0),
        ("2.", 1),
        ("step 4", 3),
        ("#4", 3),
        ("3. whatever it is called", 2),
        ("turn the sign around in cart.py", 0),
        ("2 more tests", 2),
        ("Turn the sign around in cart", 0),
        ("0", None),
        ("5", None),
        ("something else", None),
        ("7 more things", None),
        ("", None),
    ],
)
def test_a_point_is_named_by_its_number_or_its_words(text: str, expected: int | None) -> None:
    assert place(POINTS, text) == expected


def test_words_that_could_be_two_points_are_none() -> None:
    twins = (Point(text="Change the first file now"), Point(text="Change the fifth file now"))
    assert place(twins, "Change the fi?th file now") is None


def test_only_lines_with_a_box_are_points() -> None:
    note = "My plan [x]\n- [ ] one\n  2. [X] two\n* [x]   three  \n[ ] four\n- five\n- [-] six\n- [x]\n"
    assert read(note) == (
        Point(text="one"),
        Point(text="two", done=True),
        Point(text="three", done=True),
        Point(text="four"),
    )


@given(st.lists(st.tuples(st.text(max_size=20), st.booleans()), max_size=8))
def test_whatever_is_said_no_point_comes_goes_or_is_open_again(said: list[tuple[str, bool]]) -> None:
    before = (*POINTS[:3], Point(text="Say so", done=True))
    after = marked(before, [Point(text=text, done=done) for text, done in said])
    assert [one.text for one in after] == list(STEPS)
    assert all(now.done or not old.done for old, now in zip(before, after, strict=True))


def test_a_list_of_the_models_own_is_replaced_marked_and_dropped() -> None:
    progress = Progress()
    assert progress.noted("the cache is in b.py", succeeded=True) is None
    assert progress.noted("- [ ] one\n- [ ] two", succeeded=True) == ()
    # What it calls done beside something that failed is not.
    assert progress.noted("- [x] one\n- [ ] two", succeeded=False) is None
    assert progress.noted("- [x] one\n- [ ] two", succeeded=True) == (1,)
    assert progress.noted("- [x] one\n- [ ] two", succeeded=True) is None
    assert progress.noted("- [x] one\n- [ ] another thing\n- [ ] two", succeeded=True) == (1,)
    assert [one.done for one in progress.points] == [True, False, False]
    progress.begin()
    assert progress.points == ()
    progress.noted("\n".join(f"- [ ] point {number}" for number in range(1_000)), succeeded=True)
    assert len(progress.points) == MOST


def test_a_plan_is_ticked_off_in_its_file_as_long_as_that_holds_it(tmp_path: Path) -> None:
    plan = Plan(goal="g", steps=STEPS)
    file, secret = tmp_path / "plan.md", tmp_path / "secret.md"
    file.write_text(render(plan))
    file.chmod(0o640)
    progress = Progress()
    progress.carry_out(plan, str(file))
    assert progress.is_file(tmp_path.resolve(), "plan.md")
    assert progress.noted("- [x] 2\n- [x] nothing of the kind\n- [ ] 5", succeeded=True) == (2,)
    assert parse(file.read_text()).done == (2,)
    assert file.stat().st_mode & 0o777 == 0o640
    # A person wrote something else into it meanwhile: it is theirs.
    mine = file.read_text().replace("Add a test", "Add two tests")
    file.write_text(mine)
    assert progress.noted("- [x] 1", succeeded=True) == (1,)
    assert file.read_text() == mine
    # Nor is anything written through a link.
    secret.write_text(render(plan))
    file.unlink()
    file.symlink_to(secret)
    assert progress.noted("- [x] 3", succeeded=True) == (3,)
    assert secret.read_text() == render(plan)
    progress.begin()
    assert progress.is_open
    progress.noted("- [x] 4", succeeded=True)
    assert not progress.is_open
    progress.begin()
    assert progress.points == ()


def test_what_an_undo_takes_back_is_to_be_done_again(tmp_path: Path) -> None:
    file = tmp_path / "plan.md"
    file.write_text(render(Plan(goal="g", steps=STEPS, done=(1,))))
    progress = Progress()
    progress.carry_out(parse(file.read_text()), str(file))
    progress.noted("- [x] 2", succeeded=True, at=5)
    progress.noted("- [x] 3", succeeded=True, at=6)
    assert progress.noted("- [x] 4", succeeded=True, at=6) == (4,)
    assert progress.went({0, 5, 6}) is None
    assert parse(file.read_text()).done == (1, 2, 3, 4)
    assert progress.went({0, 5}) == str(file)
    assert parse(file.read_text()).done == (1, 2)
    progress.went({0})
    assert parse(file.read_text()).done == (1,)
    assert [one.done for one in progress.points] == [True, False, False, False]
    # A redo brings it back.
    assert progress.went({0, 5, 6}) is None
    assert parse(file.read_text()).done == (1, 2, 3, 4)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("<note>- [x] 1</note>\n<note>two</note>", (("- [x] 1", "two"), True)),
        ('<note>- [x] 1</note>\n<read path="a.py"/>', (("- [x] 1",), True)),
        # Nothing is done beside what failed, in a quotation, or in a reply that cannot be read.
        ('<read path="a.py"/>\n<note>- [x] 1</note>\n<read path="none.py"/>', (("- [x] 1",), False)),
        ("So:\n```python\nx = 1\n<note>- [x] 1</note>\n```", ((), False)),
        ("<note>- [x] 1</note>\n<done>a</done>\n<question>b</question>", ((), False)),
    ],
)
def test_notes_count_as_what_they_stand_beside(
    tmp_path: Path, reply: str, expected: tuple[tuple[str, ...], bool]
) -> None:
    house = House(tmp_path, [reply, "Well."], files={"a.py": "x = 1\n"}, headless=False)
    turn = house.agent.turn(Said(text="Do it.", origin="task"), Meter(Budget(steps=1)), house.control)
    for _ in turn:
        pass
    notes, succeeded = last_notes(house.session, house.model)
    assert (notes, succeeded) == expected


def test_without_a_reply_there_are_no_notes(tmp_path: Path) -> None:
    house = House(tmp_path, [])
    assert last_notes(house.session, house.model) == ((), False)
