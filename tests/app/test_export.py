from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from fakes.recorded import Recorded, edit, write
from r1code.app.checkpoints import Checkpoints
from r1code.app.export import Document, document_of, only, session_folder
from r1code.app.record import record_of
from r1code.control import Control
from r1code.errors import StateError, UsageError
from r1code.log import Opened
from r1code.session import PATCH
from r1code.types import Usage, Verdict

CODE = "".join(
    f"{word}\n"
    for word in ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"]
)
TOKEN = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Recorded]:
    with closing(Recorded(tmp_path, {"a.txt": CODE}, task="Count in English")) as found:
        yield found


def exported(desk: Recorded) -> Document:
    return document_of(desk.folder, desk.state, {})


def two_steps(desk: Recorded) -> None:
    desk.task("Count. Here is the map.")
    desk.step(edit("a.txt", ("two", "2")), reasoning="The second first.", said="I begin.")
    desk.step(edit("a.txt", ("eleven", "11"), ("ten", "10")), write("b.txt", "b\n"))
    desk.end(Verdict(outcome="unbroken", why="", sandbox="docker"))


def test_a_document_tells_turns_steps_calls_and_what_each_changed(desk: Recorded) -> None:
    two_steps(desk)
    found = exported(desk)
    assert (found.task, found.outcome, found.lost) == ("Count in English", "unbroken", ())
    assert [(step.id, step.reasoning, step.said) for step in found.steps] == [
        ("1.1", "The second first.", "I begin."),
        ("1.2", "", ""),
    ]
    assert [[call.name for call in step.calls] for step in found.steps] == [["edit"], ["edit", "write"]]
    assert found.steps[1].calls[1].text == "b.txt created (1 lines)"
    hunks = {hunk.id: hunk for file in found.files for hunk in file.hunks}
    assert {name: hunk.steps for name, hunk in hunks.items()} == {
        "a.txt#1": ("1.1",),
        "a.txt#2": ("1.2",),
        "b.txt#1": ("1.2",),
    }
    assert [step.hunks for step in found.steps] == [("a.txt#1",), ("a.txt#2", "b.txt#1")]
    changed = [(line.sign, line.text, line.step) for line in hunks["a.txt#1"].lines if line.sign != " "]
    assert changed == [("-", "two", "1.1"), ("+", "2", "1.1")]


def test_the_steps_of_one_hunk_are_told_apart_line_by_line(desk: Recorded) -> None:
    desk.task()
    desk.step(edit("a.txt", ("two", "2")))
    desk.step(edit("a.txt", ("four", "4")))
    ((hunk,),) = [file.hunks for file in exported(desk).files]
    assert hunk.steps == ("1.1", "1.2")
    assert [(line.text, line.step) for line in hunk.lines if line.sign == "+"] == [("2", "1.1"), ("4", "1.2")]


def test_costs_are_those_of_the_ledger_step_by_step(desk: Recorded) -> None:
    desk.task()
    desk.step(usage=Usage(prompt=1000, cached=0, completion=100, reasoning=40))
    desk.step(usage=Usage(prompt=2000, cached=1000, completion=10, reasoning=0))
    desk.end()
    found = exported(desk)
    costs = [step.spent.bills[0].total for step in found.steps]
    assert costs == [Decimal("0.0014"), Decimal("0.00114")]
    assert found.spent.bills[0].total == found.turns[0].spent.bills[0].total == sum(costs)
    assert (found.steps[1].spent.hit.known, found.steps[0].spent.reasoning.known) == (1000, 40)


def test_what_a_person_took_back_is_there_and_says_so(desk: Recorded) -> None:
    two_steps(desk)
    desk.session.close()
    Checkpoints(desk.git, desk.state, print).undo(Control(), by="step", part="both", force=False)
    found = exported(desk)
    assert [step.is_undone for step in found.steps] == [False, True]
    assert [part.kind for part in found.turns[-1].parts if not hasattr(part, "id")] == ["undone"]
    assert [file.path for file in found.files] == ["a.txt", "b.txt"]
    Checkpoints(desk.git, desk.state, print).redo(Control(), part="both", force=False)
    assert [step.is_undone for step in exported(desk).steps] == [False, False]


def test_a_patch_that_never_reached_the_tree_is_told_from_the_session(desk: Recorded, tmp_path: Path) -> None:
    copy = desk.copy(tmp_path / "copy")
    desk.task()
    desk.step(edit("a.txt", ("two", "2")), tree=copy)
    desk.step(write("new/b.txt", "b\n"), tree=copy)
    patch = desk.tree.snapshot().diff(copy.snapshot())
    (desk.folder / PATCH).write_text(desk.git.unified(patch, desk.store))
    found = exported(desk)
    assert [(file.path, file.did, file.hunks[0].steps) for file in found.files] == [
        ("a.txt", "changed", ("1.1",)),
        ("new/b.txt", "created", ("1.2",)),
    ]


def test_a_session_whose_tree_is_gone_is_exported_all_the_same(desk: Recorded) -> None:
    two_steps(desk)
    before = exported(desk)
    desk.root.rename(desk.root.with_name("elsewhere"))
    assert exported(desk) == before


def test_contents_that_are_gone_are_told_and_the_rest_is_there(desk: Recorded) -> None:
    two_steps(desk)
    for file in (desk.state / "objects").rglob("*"):
        if file.is_file():
            file.unlink()
    found = exported(desk)
    assert found.files == ()
    assert "a stored content is missing" in found.lost[0]
    assert len(found.steps) == 2


def test_secrets_are_hidden_and_counted_also_those_that_the_log_holds(desk: Recorded) -> None:
    desk.task(f"Use the token {TOKEN}.")
    desk.step(write("key.py", f'TOKEN = "{TOKEN}"\n'), reasoning=f"It is {TOKEN}.", said="hidden_aws_0123abcd")
    assert TOKEN in (desk.folder / "log.jsonl").read_text()
    found = exported(desk)
    assert TOKEN not in json.dumps(msgspec.to_builtins(found))
    assert "hidden_github_" in found.files[0].hunks[0].lines[0].text
    assert (found.secrets, found.fresh) == (2, 1)


def test_the_keys_of_a_private_key_are_hidden_although_a_diff_has_them_line_by_line(desk: Recorded) -> None:
    body = "\n".join(f"MIIEpAIBAAKCAQEA7v3{number}QhPzYxWnVbTgRfEdCsXaZq0987Lk" for number in range(4))
    desk.task()
    # By a command, so that the log does not know it.
    desk.ran("make key", {"key.txt": f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----\n"})
    assert "QhPzYxWnVbTgRfEdCsXaZq" not in json.dumps(msgspec.to_builtins(exported(desk)))


def test_one_step_is_shown_with_what_it_changed(desk: Recorded) -> None:
    two_steps(desk)
    found = only(exported(desk), "1.2")
    assert [step.id for step in found.steps] == ["1.2"]
    assert [hunk.id for file in found.files for hunk in file.hunks] == ["a.txt#2", "b.txt#1"]
    with pytest.raises(UsageError, match=r"no step 7\.1"):
        only(exported(desk), "7.1")


def test_a_log_that_is_being_written_can_be_read_and_stays_as_it_is(desk: Recorded) -> None:
    two_steps(desk)
    log = desk.folder / "log.jsonl"
    with log.open("ab") as file:
        file.write(b'{"id":99,"par')
    before = log.read_bytes()
    # The session holds its lock.
    assert len(exported(desk).steps) == 2
    assert log.read_bytes() == before


def test_a_session_is_named_by_its_id_its_folder_or_not_at_all(desk: Recorded) -> None:
    sessions = desk.state / "sessions"
    assert session_folder(None, sessions) == session_folder(desk.session.id, sessions) == desk.folder
    assert session_folder(str(desk.folder), sessions) == desk.folder
    with pytest.raises(StateError, match="there is no session x"):
        record_of(session_folder("x", sessions))


def test_a_document_does_not_say_where_on_this_machine_it_was(desk: Recorded) -> None:
    two_steps(desk)
    first = desk.session.entries[0].item
    assert isinstance(first, Opened)
    assert first.root not in json.dumps(msgspec.to_builtins(exported(desk)))
