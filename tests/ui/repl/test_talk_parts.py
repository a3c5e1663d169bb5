"""Parts of a conversation that can be looked at alone: drafts, checklists, questions."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1code.control import Control
from r1code.repair.questions import Choices, choices
from r1code.types import Point
from r1code.ui.ask import Choice
from r1code.ui.checklist import whole, window
from r1code.ui.flow import cells
from r1code.ui.repl.asking import Asking
from r1code.ui.repl.chips import Chips
from r1code.ui.repl.commands import as_here
from r1code.ui.repl.drafts import Draft, Drafts, project_of

LONG = "\n".join(f"line {number}" for number in range(30))


def test_a_draft_is_in_its_file_at_once_and_for_its_project_alone(tmp_path: Path) -> None:
    state, project = tmp_path / "state", tmp_path / "project"
    drafts = Drafts(state, project)
    assert drafts.found() == Draft()
    kept = Draft(text="half a 句子\udcff", pastes=("", LONG), waiting=("next", "then"))
    drafts.keep(kept)
    (file,) = state.glob("*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    # Another one that is there now neither sees it nor writes over it.
    beside = Drafts(state, project)
    assert beside.found() == Draft()
    beside.keep(Draft(text="of the other"))
    elsewhere = Drafts(state, tmp_path / "elsewhere")
    assert elsewhere.found() == Draft()
    elsewhere.close()
    drafts.close()
    again = Drafts(state, project)
    assert again.found() == kept
    again.keep(Draft())
    assert not list(state.glob("*.json"))
    again.close()


def test_what_a_disk_refuses_or_holds_does_not_stop_anybody_from_typing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    drafts = Drafts(tmp_path / "file", tmp_path)
    drafts.keep(Draft(text="x"))
    assert drafts.found() == Draft()
    state = tmp_path / "state"
    drafts = Drafts(state, tmp_path)
    drafts.keep(Draft(text="x"))
    (file,) = state.glob("*.json")
    file.write_bytes(b'{"text": 7')
    drafts.close()
    again = Drafts(state, tmp_path)
    assert again.found() == Draft()
    again.close()


def test_a_project_is_the_checkout_around_a_folder(tmp_path: Path) -> None:
    inner = tmp_path / "repo/src/deep"
    inner.mkdir(parents=True)
    assert project_of(inner) == inner
    (tmp_path / "repo/.git").mkdir()
    assert project_of(inner) == tmp_path / "repo"
    (tmp_path / "link").symlink_to(inner)
    assert project_of(tmp_path / "link") == tmp_path / "repo"


def test_chips_of_a_draft_stand_for_the_same_text_later() -> None:
    chips = Chips()
    first, second = chips.folded(LONG), chips.folded(f"{LONG}\nmore")
    text = f"look at {second} [paste #7: of nobody]"
    pastes = chips.behind([text])
    # What is not named any more is not kept.
    assert pastes == ("", f"{LONG}\nmore")
    again = Chips(pastes)
    assert again.whole(text) == chips.whole(text)
    assert again.whole(first) == first
    assert again.folded(LONG) != second


def test_questions_have_two_to_four_answers_at_their_end_or_none() -> None:
    asked = choices("\nWhich one?\nThere are two:\n\n- the **first**\n2) the second\n")
    assert asked == Choices(text="Which one?\nThere are two:", answers=("the **first**", "the second"))
    for text in ("Which?", "Which?\n- one", "Which?\n" + "- x\n" * 5, "- a\n- b", "Which?\n- a\n- b\nWell?", ""):
        assert choices(text) == Choices(text=text.strip(), answers=())


@given(st.text(max_size=200))
def test_any_text_can_be_a_question(text: str) -> None:
    assert len(choices(text).answers) in {0, 2, 3, 4}


class Somebody:
    def __init__(self, key: str, text: str = "") -> None:
        self.key = key
        self.text = text
        self.asked: list[tuple[str, str, list[Choice], str]] = []

    def ask(self, title: str, detail: str, choices: list[Choice], control: Control, *, deny: str) -> str:
        control.check()
        self.asked.append((title, detail, list(choices), deny))
        return self.key

    def ask_text(self, message: str, control: Control, *, default: str = "") -> str:
        control.check()
        assert message
        return self.text + default


ASKED = Choices(text="Which?", answers=("red", "\x1b[31mgreen and more than fits on a line of keys"))


@pytest.mark.parametrize(("key", "answer"), [("1", "red"), ("2", ASKED.answers[1]), ("t", "mine"), ("", "")])
def test_an_answer_is_chosen_typed_or_left_open(key: str, answer: str) -> None:
    person = Somebody(key, "mine")
    assert Asking(person).chosen(ASKED, Control()) == answer
    ((title, detail, offered, deny),) = person.asked
    assert (title, deny) == ("R1 asks", "")
    assert ASKED.answers[1] in detail
    assert [one.key for one in offered] == ["1", "2", "t"]
    assert all("\x1b" not in one.label and cells(one.label) <= 24 for one in offered)


def test_nothing_runs_on_this_machine_without_a_yes() -> None:
    assert [Asking(Somebody(key)).agrees("rm x", Control()) for key in ("y", "n", "")] == [True, False, False]


@given(st.lists(st.booleans(), max_size=60), st.integers(min_value=12, max_value=80))
def test_a_checklist_shows_what_is_next_in_a_few_lines(done: list[bool], width: int) -> None:
    points = [Point(text=f"point \x1b[2J {number} 中文\nmore", done=one) for number, one in enumerate(done)]
    rows = window(points, width)
    assert bool(rows) is not all(done)
    assert len(rows) <= 6
    assert all(cells(row.text) <= width and "\n" not in row.text for row in rows)
    shown = "".join(row.text for row in [*rows, *whole(points, width)])
    assert "\x1b" not in shown
    if rows:
        (strong,) = [row for row in rows if row.style == "strong"]
        assert strong.text.lstrip().startswith(f"☐ {done.index(False) + 1}."[: width - 4])


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("`r1code checkpoints list` shows what there is", "`/checkpoints` shows what there is"),
        (
            "--force undoes it all, and `r1code redo` brings it back",
            "--force undoes it all, and `/redo` brings it back",
        ),
        ("`r1code rewind N` goes there", "`/rewind N` goes there"),
        # Here there is no such one, or it means something else.
        ("`r1code checkpoints show N` shows each", "`r1code checkpoints show N` shows each"),
        ("r1code trust --remove takes it away", "r1code trust --remove takes it away"),
        ("see the folder my-r1code undo", "see the folder my-r1code undo"),
    ],
)
def test_what_a_shell_would_be_told_is_called_as_it_is_here(told: str, shown: str) -> None:
    assert as_here(told) == shown


def test_a_lost_folder_is_no_error(tmp_path: Path) -> None:
    state = tmp_path / "state"
    drafts = Drafts(state, tmp_path)
    for file in state.iterdir():
        file.unlink()
    state.rmdir()
    drafts.keep(Draft(text="x"))
    assert not state.exists()
    drafts.close()
