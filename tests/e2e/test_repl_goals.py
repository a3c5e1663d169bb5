"""What goes on for more than a turn: plans that are ticked off, goals, questions both ways."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from e2e.conftest import FIX, Repo, passes
from e2e.sitting import Sit, logged, sitting
from e2e.test_plan import planner
from fakes.seat import Seat
from r1code.log import Aside, Asked, Entry, Said, Switched

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

TESTS = ("--test", "python3 -m pytest -q -p no:cacheprovider")
PLAN = (
    "<plan>\nMake it right.\n\n## Steps\n1. Turn the sign around.\n2. Say so in a file.\n\n## Files\n"
    "- `shop/cart.py`\n</plan>"
)


@pytest.fixture
def sit(repo: Repo) -> Iterator[Sit]:
    seats: list[Seat] = []
    yield sitting(repo, seats)
    for seat in seats:
        seat.close()


def entries(repo: Repo) -> list[Entry]:
    return [msgspec.json.decode(line, type=Entry) for line in logged(repo).splitlines()]


def test_a_plan_is_sent_back_carried_out_and_ticked_off(sit: Sit, repo: Repo) -> None:
    other = PLAN.replace("Make it right", "Make it better")
    seat = sit(
        PLAN,
        other,
        # A step is not done where something of its reply failed.
        f"{FIX}\n<run>until [ -e ../none ]; do sleep 0.05; done; exit 3</run>\n<note>- [x] 1</note>",
        "<note>- [x] 1. Turn the sign around</note>\n<run>true</run>",
        "<run>touch said; until [ -e ../one ]; do sleep 0.05; done</run>",
        "<note>- [x] 2</note>\n<done>It is right.</done>",
    )
    seat.say("/plan repair it")
    seat.sees("☐ 1. Turn the sign around")
    seat.sees("☐ 2. Say so in a file")
    seat.say("/plan no it must be better")
    seat.sees(r"plan · .*make-it-better\.md")
    file = repo.root / ".r1code/plans/make-it-better.md"
    assert "- [ ] Turn the sign around." in file.read_text()
    file.write_text(f"{file.read_text()}\nA remark of a person, `which` stays.\n")
    seat.say("/act")
    # Shown as long as it is so.
    seat.sees("0 of 2 done")
    (repo.root.parent / "none").touch()
    seat.sees("☑ 1. Turn the sign around")
    seat.sees("1 of 2 done")
    (repo.root.parent / "one").touch()
    seat.sees(r"It is right\.")
    seat.sees("2 of 2 steps of the plan are done")
    text = file.read_text()
    assert "- [x] Turn the sign around.\n- [x] Say so in a file." in text
    assert text.endswith("\nA remark of a person, `which` stays.\n")
    # Ticks are no change of the task's.
    seat.sees("changed 2 files")
    assert seat.all.count("☑ 1.") == 1
    # What is taken back is to be done again.
    seat.say("/undo")
    seat.sees("files put back")
    assert "- [ ] Turn the sign around.\n- [ ] Say so in a file." in file.read_text()
    log = logged(repo)
    assert "The user does not approve the plan: it must be better" in log


def test_a_question_is_answered_by_a_key_and_one_on_the_side_is_forgotten(sit: Sit, repo: Repo) -> None:
    ask = "<question>\nWhich colour?\n- red as a rose\n- green\n</question>"
    seat = sit(ask, "Green it is.", ask, "Blue, then.", "It was ELDER.", "Fine.")
    seat.say("paint it")
    seat.sees("R1 asks")
    seat.sees("1 red as a rose   2 green   t type an answer")
    seat.answer("2")
    seat.sees(r"Green it is\.")
    seat.say("again")
    seat.sees(r"R1 asks(.|\n)*R1 asks")
    seat.answer("t")
    seat.sees("your answer")
    seat.say("blue like the sea")
    seat.sees(r"Blue, then\.")
    assert '"text":"green","origin":"steer"' in logged(repo)
    assert '"text":"blue like the sea","origin":"steer"' in logged(repo)
    seat.say("/btw which tree was it?")
    seat.sees(r"It was ELDER\.")
    seat.sees("does not keep this in mind")
    seat.say("go on")
    seat.sees(r"Fine\.")
    asides = [one.item for one in entries(repo) if isinstance(one.item, Aside)]
    assert [one.reply.text.strip() for one in asides] == ["It was ELDER."]
    heads = {one.parent for one in entries(repo)}
    assert not heads & {one.id for one in entries(repo) if isinstance(one.item, Aside)}
    seat.say("/cost")
    seat.sees("requests? 6|6 requests?|turn 3")


def test_a_goal_is_worked_at_until_the_tests_pass(sit: Sit, repo: Repo) -> None:
    seat = sit("I think it is right.", FIX, "<done>Turned around.</done>", flags=TESTS)
    seat.say('/goal 4 "tests pass"')
    seat.sees("goal, turn 1 of 4: 1 test fails")
    seat.sees("goal, turn 2 of 4: 1 test fails")
    seat.sees("goal reached after 2 turns: all 2 tests pass")
    assert passes(repo.root)
    assert "test_cart.py::" in logged(repo)
    seat.say("/goal tests pass")
    seat.sees("goal reached before anything was done")


def test_a_goal_that_is_only_claimed_is_looked_at_again(sit: Sit, repo: Repo) -> None:
    seat = sit(
        "<run>touch one</run>",
        "<done>Both are there.</done>",
        "NO. The file two is missing.",
        "<run>touch two</run>",
        "<done>Now both.</done>",
        "YES, it was seen.",
        "<run>sleep 60</run>",
    )
    seat.say("/goal the files one and two are there")
    seat.sees("goal, turn 2 of 5: The file two is missing")
    seat.sees("goal reached after 2 turns: R1 says so, and again when it was asked; no tests judged it")
    assert (repo.root / "two").exists()
    seat.say("/goal 2 something else")
    seat.sees("running · run  sleep 60")
    seat.press("\x03")
    seat.sees("goal not reached: you stopped it")


def test_the_planner_answers_in_plan_mode_and_the_actor_else(sit: Sit, repo: Repo) -> None:
    flags = (*planner(repo, PLAN, "The planner again."), "--test", "off")
    seat = sit(f"<note>- [x] 1\n- [x] 2</note>\n{FIX}", "<done>It is right.</done>", "Remembered.", flags=flags)
    seat.sees("^scripted")
    seat.say("/plan repair it")
    seat.sees("plan · .*make-it-right")
    seat.sees("^plan>$")
    seat.say("/act")
    seat.sees(r"It is right\.")
    seat.sees("^scripted")
    assert "- discount" in (repo.root / "shop/cart.py").read_text()
    seat.press("\x1b[Z")
    seat.say("what now?")
    seat.sees(r"The planner again\.")
    switches = [(one.item.role, one.item.profile) for one in entries(repo) if isinstance(one.item, Switched)]
    assert switches == [("planner", "big"), ("actor", "scripted"), ("planner", "big")]
    modes = [
        one.item.text[:12] for one in entries(repo) if isinstance(one.item, Said) and one.item.origin == "mode"
    ]
    assert modes == ["You are in p", "Plan mode is", "You are in p"]
    charged = [one.item.profile for one in entries(repo) if isinstance(one.item, Asked)]
    assert charged == ["big", "scripted", "scripted", "big"]
    seat.press("\x04")
    assert seat.leaves() == 0
    again = sit("I go on.", flags=("-c", "--planner", "big", "--test", "off"))
    again.say("go on")
    again.sees(r"I go on\.")
    assert [one.item.profile for one in entries(repo) if isinstance(one.item, Asked)][-1] == "scripted"
