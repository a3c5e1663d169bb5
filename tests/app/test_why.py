from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fakes.recorded import Recorded, edit, write
from r1code.app.checkpoints import Checkpoints
from r1code.app.why import Why
from r1code.control import Control
from r1code.errors import UsageError
from r1code.types import Verdict
from r1code.ui.safe import HIDDEN
from r1code.ui.why import told

CART = """\
def total(prices, discount=0):
    return sum(prices) + discount


def count(prices):
    return len(prices)
"""
TOTAL, COUNT = "def total(prices, discount=0):", "def count(prices):"
PLUS, MINUS = "    return sum(prices) + discount", "    return sum(prices) - discount"
THOUGHT = (
    "The cart is what this is about.\n\n"
    "A discount must be subtracted from the sum of the prices, so the plus is wrong.\n\n"
    "Then I run the tests."
)
FIXED = Verdict(outcome="fixed", why="", sandbox="docker", fixed=("tests/t.py::test_a",))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Recorded]:
    with closing(Recorded(tmp_path, {"shop/cart.py": CART, "notes.md": "a\nb\n"})) as found:
        yield found


def subtract(desk: Recorded, **more: object) -> None:
    desk.step(edit("shop/cart.py", (PLUS, MINUS)), reasoning=THOUGHT, said="The discount is subtracted.", **more)


def test_a_changed_line_leads_to_its_step_its_call_and_what_was_thought_and_said(desk: Recorded) -> None:
    desk.task()
    desk.step(
        ("read", {"path": "shop/cart.py"}), ("search", {"pattern": "nothing"}),
        seen=[f"shop/cart.py (6 lines)\n{CART}", "no line matches nothing"],
    )  # fmt: skip
    desk.step(("test", {}), seen=["1 failed\nE assert 13 == 7"], status="failed")
    subtract(desk)
    # What it saw afterwards had no part in it.
    desk.step(("read", {"path": "shop/cart.py"}), seen=["shop/cart.py (6 lines)\nlater"])
    found = desk.why("shop/cart.py:2")
    assert (found.kind, found.session, found.step, found.checkpoint) == ("changed", desk.session.id, "1.3", 1)
    assert (found.text, found.replaced) == (MINUS, (PLUS,))
    assert found.call is not None
    assert (found.call.name, found.call.arguments["path"]) == ("edit", "shop/cart.py")
    assert found.reasoning == THOUGHT.split("\n\n")[1]
    assert found.is_part
    assert found.said == "The discount is subtracted."
    assert [(one.step, one.what) for one in found.seen] == [("1.1", "read shop/cart.py"), ("1.2", "test")]
    assert PLUS in found.seen[0].lines


def test_what_comes_above_a_line_later_only_shifts_it(desk: Recorded) -> None:
    desk.task()
    subtract(desk)
    desk.step(edit("shop/cart.py", (TOTAL, f'"""The cart."""\n\n\n{TOTAL}')))
    desk.step(edit("shop/cart.py", ("    return len(prices)", "    return len(list(prices))")))
    found = desk.why("shop/cart.py:5")
    assert (found.text, found.step) == (MINUS, "1.1")
    assert desk.why("shop/cart.py:1").step == "1.2"
    assert desk.why("shop/cart.py:9").step == "1.3"


def test_the_last_one_who_wrote_it_counts(desk: Recorded) -> None:
    desk.task()
    subtract(desk)
    desk.step(edit("shop/cart.py", (MINUS, f"{MINUS}  # it is taken off")))
    found = desk.why("shop/cart.py:2")
    assert (found.step, found.replaced) == ("1.2", (MINUS,))


def test_a_move_of_the_file_is_followed(desk: Recorded) -> None:
    desk.task()
    subtract(desk)
    desk.step(("move", {"path": "shop/cart.py", "to": "shop/basket.py"}))
    found = desk.why("shop/basket.py:2")
    assert (found.step, found.was) == ("1.1", ("shop/cart.py",))
    assert desk.why("shop/basket.py:1").kind == "older"


def test_a_line_that_is_older_names_the_commit_it_came_with(desk: Recorded) -> None:
    desk.task()
    subtract(desk)
    found = desk.why("shop/cart.py:6")
    assert found.kind == "older"
    assert found.commit is not None
    assert found.commit.subject == "The first commit"
    assert desk.repository.git("rev-parse", "HEAD").strip() == found.commit.id
    desk.put("new.txt", "mine\n")
    new = desk.why("new.txt:1")
    assert (new.kind, new.commit) == ("older", None)


def test_an_undone_change_does_not_count(desk: Recorded) -> None:
    desk.task()
    subtract(desk)
    Checkpoints(desk.git, desk.state, print).undo(Control(), by="turn", part="files", force=False)
    desk.put("shop/cart.py", CART.replace(PLUS, MINUS))
    assert desk.why("shop/cart.py:2").kind == "older"
    assert desk.why("shop/cart.py:2").session == ""


def test_what_somebody_else_changed_between_two_changes_or_since_is_told_as_such(desk: Recorded) -> None:
    desk.task()
    subtract(desk)
    desk.put("shop/cart.py", CART.replace(PLUS, "    return 7"))
    since = desk.why("shop/cart.py:2")
    assert (since.kind, since.checkpoint, since.session) == ("outside", 1, "")
    desk.step(edit("shop/cart.py", ("    return len(prices)", "    return 0")))
    between = desk.why("shop/cart.py:2")
    assert (between.kind, between.session, between.replaced) == ("outside", "", (MINUS,))
    assert desk.why("shop/cart.py:6").step == "1.2"


def test_a_line_that_a_command_wrote_leads_to_the_command(desk: Recorded) -> None:
    desk.task()
    desk.ran("make notes", {"notes.md": "a\nB\n"}, reasoning="The notes are made by a command.")
    found = desk.why("notes.md:2")
    assert found.call is not None
    assert (found.call.name, found.call.arguments) == ("run", {"command": "make notes"})
    assert found.reasoning == "The notes are made by a command."


def test_a_line_of_a_repair_leads_to_the_step_that_wrote_it_in_its_copy(desk: Recorded, tmp_path: Path) -> None:
    copy = desk.copy(tmp_path / "copy")
    desk.tested("tests/t.py::test_a", digest="FAILED test_a\nE 13 == 7")
    desk.task()
    subtract(desk, tree=copy)
    desk.step(write("docs/cart.md", "# Cart\n\nOld words\n"), tree=copy)
    desk.step(write("docs/cart.md", "# Cart\n\nNew words\n"), reasoning="New words are better.", tree=copy)
    desk.step(edit("shop/cart.py", (COUNT, f"# how many\n{COUNT}")), tree=copy)
    # A command in the copy, of which the log only says that it was there.
    desk.step(("run", {"command": "format"}), seen=["[exit code 0, 0.1 s]\nchanged: shop/cart.py"])
    final = copy.read("shop/cart.py").replace(b"return len", b"return  len")
    desk.end(FIXED)
    changes = {"shop/cart.py": final, "docs/cart.md": copy.read("docs/cart.md")}
    desk.tree.write(changes, "fix: pytest -q")
    assert [desk.why(f"shop/cart.py:{line}").step for line in (2, 5, 7)] == ["1.1", "1.4", "1.5"]
    assert desk.why("shop/cart.py:6").kind == "older"
    assert [desk.why(f"docs/cart.md:{line}").step for line in (1, 3)] == ["1.2", "1.3"]
    assert desk.why("docs/cart.md:3").replaced == ("Old words",)
    (seen,) = desk.why("shop/cart.py:2").seen
    assert (seen.step, seen.what, seen.lines[0]) == ("", "tests pytest -q", "FAILED test_a")


def test_an_attempt_that_was_given_up_has_no_part_in_the_one_that_is_proven(
    desk: Recorded, tmp_path: Path
) -> None:
    remark = f"# how many\n{COUNT}"
    first, second = desk.copy(tmp_path / "first"), desk.copy(tmp_path / "second")
    desk.task()
    desk.step(edit("shop/cart.py", (COUNT, remark)), tree=first)
    desk.end(Verdict(outcome="not_fixed", why="", sandbox="docker"))
    desk.task()
    subtract(desk, tree=second)
    desk.step(("run", {"command": "remark"}), seen=["[exit code 0, 0.1 s]\nchanged: shop/cart.py"])
    final = second.read("shop/cart.py").replace(COUNT.encode(), remark.encode())
    desk.end(FIXED)
    desk.tree.write({"shop/cart.py": final}, "fix: pytest -q")
    assert [desk.why(f"shop/cart.py:{line}").step for line in (2, 5)] == ["2.1", "2.2"]


def test_an_edit_that_was_taken_back_in_between_does_not_hide_the_next(desk: Recorded, tmp_path: Path) -> None:
    copy = desk.copy(tmp_path / "copy")
    desk.task()
    desk.step(edit("shop/cart.py", (PLUS, "    return 0")), tree=copy)
    copy.write({"shop/cart.py": CART.encode()})
    subtract(desk, tree=copy)
    desk.step(edit("shop/cart.py", (COUNT, f"# how many\n{COUNT}")), tree=copy)
    desk.end(FIXED)
    desk.tree.write({"shop/cart.py": copy.read("shop/cart.py")}, "fix: pytest -q")
    assert [desk.why(f"shop/cart.py:{line}").step for line in (2, 5)] == ["1.2", "1.3"]


def test_what_a_formatter_made_of_an_edit_belongs_to_the_edit_and_is_told(desk: Recorded) -> None:
    desk.task()
    desk.step(edit("shop/cart.py", (PLUS, "    return sum( prices )-discount")))
    desk.tree.write({"shop/cart.py": CART.replace(PLUS, MINUS).encode()}, "ruff format -q")
    found = desk.why("shop/cart.py:2")
    assert found.call is not None
    assert (found.step, found.call.name) == ("1.1", "edit")
    assert "by edit  shop/cart.py  (1 edit), then ruff format -q\n" in said(found)


def test_it_is_told_in_words_and_nothing_in_it_is_obeyed(desk: Recorded) -> None:
    desk.task()
    desk.step(
        edit("shop/cart.py", (PLUS, f"{MINUS}  # \x1b[31mred \u202eltr")),
        reasoning="The \x1b]0;title\x07 discount.\n\nverdict: fixed",
        said="\x1b[2J",
    )
    text = said(desk.why("shop/cart.py:2"))
    assert HIDDEN.search(text) is None
    assert f"turn 1, step 1 of session {desk.session.id}: checkpoint 1" in text
    assert "it said:\n  ␛[2J\n" in text
    assert f"the whole step: r1code export {desk.session.id} --step 1.1\n" in text
    assert "it came with the commit " in said(desk.why("shop/cart.py:1"))
    desk.put("shop/cart.py", "mine\n")
    assert "changed outside of r1code, since checkpoint 1\n" in said(desk.why("shop/cart.py:1"))


def said(found: Why) -> str:
    return "".join(piece.text for piece in told(found, None))


def test_what_was_kept_and_applied_later_leads_to_the_session_that_made_it(
    desk: Recorded, tmp_path: Path
) -> None:
    copy = desk.copy(tmp_path / "copy")
    desk.task()
    subtract(desk, tree=copy)
    made = desk.session.id
    desk.session.close()
    by_hand = desk.copy(tmp_path / "other")
    assert by_hand.read("shop/cart.py") == CART.encode()
    tree = desk._open(desk.root)
    tree._origin = None
    patch = tree.snapshot().diff(copy.snapshot())
    Checkpoints(desk.git, desk.state, print)._tree.apply(patch, f"apply {made}")
    found = desk.why("shop/cart.py:2")
    assert (found.kind, found.session, found.step) == ("changed", made, "1.1")


def test_a_session_of_ones_choice_is_asked_what_it_wrote_there(desk: Recorded) -> None:
    desk.task()
    subtract(desk)
    first = desk.session.id
    desk.open()
    desk.task()
    desk.step(edit("shop/cart.py", (MINUS, "    return 1")))
    assert desk.why("shop/cart.py:2").session == desk.session.id
    before = desk.why("shop/cart.py:2", first)
    assert (before.session, before.text) == (first, MINUS)
    with pytest.raises(UsageError, match="wrote nothing"):
        desk.why("shop/cart.py:1", first)


def test_a_log_that_is_gone_leaves_what_the_timeline_knows(desk: Recorded) -> None:
    desk.task()
    subtract(desk)
    desk.session.close()
    (desk.folder / "log.jsonl").unlink()
    found = desk.why("shop/cart.py:2")
    assert (found.kind, found.checkpoint, found.step) == ("changed", 1, "")
    assert "there is no session" in found.lost


@pytest.mark.parametrize(
    ("place", "said"),
    [("shop/cart.py", "names no line"), ("shop/cart.py:99", "no line 99"), ("shop/cart.py:0", "no line 0"),
     ("nothing.py:1", "does not exist"), ("../x:1", "outside"), (".env:1", "may hold secrets")],
)  # fmt: skip
def test_a_place_that_is_none_says_what_is_wrong(desk: Recorded, place: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        desk.why(place)
    assert said in str(caught.value)


def test_a_secret_in_a_line_is_not_shown(desk: Recorded) -> None:
    desk.task()
    key = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"
    desk.step(write("key.py", f'TOKEN = "{key}"\n'), reasoning=f"The TOKEN is {key}.")
    found = desk.why("key.py:1")
    assert key not in repr(found)
    assert "hidden_github_" in found.text
    assert "hidden_github_" in found.reasoning
