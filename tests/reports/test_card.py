from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from msgspec import json as coded
from msgspec.structs import replace

from fakes.leaks import PEM_LINES, text_of
from r1code.errors import SandboxError, StateError
from r1code.log import Chosen, Continued, Entry, Judged, Resumed, Said
from r1code.log_file import CANDIDATES, LOG, entries_of
from r1code.reports.card import Card, card_of, failed_card
from r1code.reports.form import FORMS
from r1code.reports.sheet import Sheet, sheet_of
from r1code.secrets.values import unchanged
from r1code.secrets.vault import Vault
from r1code.session import PATCH
from r1code.types import ExitCode
from reports.runs import BEGAN, DIFF, RUNS, fixed, not_fixed, unfinished


def card(folder: Path) -> Card:
    return card_of(folder, unchanged)


def add(folder: Path, *items: object) -> None:
    with (folder / LOG).open("ab") as log:
        for item in items:
            at = len(entries_of(folder)) + 1
            log.write(coded.encode(Entry(id=at, parent=at - 1, time=BEGAN + at, item=item)) + b"\n")
            log.flush()


def test_what_ended_is_not_over_once_it_goes_on(tmp_path: Path) -> None:
    folder = RUNS["budget"](tmp_path)
    assert (card(folder).outcome, card(folder).exit_code) == ("not_fixed", ExitCode.BUDGET)
    add(folder, Resumed())
    assert (card(folder).outcome, card(folder).exit_code) == ("unfinished", None)


def test_a_session_with_another_task_is_about_that(tmp_path: Path) -> None:
    folder = fixed(tmp_path)
    add(
        folder,
        Continued(task="Now the docs", profile="other", base="5afe"),
        Said(text="Now the docs", origin="task"),
    )
    found = card(folder)
    assert (found.command, found.task, found.profile, found.outcome) == (
        "prompt", "Now the docs", "other", "unfinished",
    )  # fmt: skip
    assert (found.verdict, found.before, found.base) == (None, None, "5afe")


def test_a_log_of_before_says_what_it_knows(tmp_path: Path) -> None:
    """It has neither how the run ended nor what the tests said after."""
    folder = fixed(tmp_path)
    lines = [json.loads(line) for line in (folder / LOG).read_text().splitlines()]
    kept = [line for line in lines if line["item"]["kind"] != "Exited"]
    for line in kept:
        if line["item"]["kind"] == "Judged":
            del line["item"]["report"]
    (folder / LOG).write_text("".join(f"{json.dumps(line)}\n" for line in kept))
    found = card(folder)
    assert (found.outcome, found.after) == ("unfinished", None)
    assert found.verdict is not None
    assert found.verdict.outcome == "fixed"
    for form in set(FORMS) - {"html"}:
        FORMS[form](sheet_of(folder, tmp_path, unchanged, forms={"jsonl"}))


def test_of_several_attempts_in_one_log_the_nearest_counts(tmp_path: Path) -> None:
    folder = not_fixed(tmp_path)
    before = card(folder)
    assert before.verdict is not None
    worse = Judged(verdict=replace(before.verdict, broken=("a::b", "c::d")))
    add(folder, worse)
    assert card(folder).verdict == before.verdict


def several(tmp_path: Path) -> Path:
    """A repair with three candidates, each with a session of its own; the second one was taken."""
    folder = fixed(tmp_path / "whole")
    for number, run in ((1, not_fixed), (2, fixed), (10, unfinished)):
        made = run(tmp_path / str(number))
        shutil.copytree(made, folder / CANDIDATES / str(number))
    lines = [json.loads(line) for line in (folder / LOG).read_text().splitlines()]
    for line in lines:
        # The session itself has only the verdict.
        if line["item"]["kind"] == "Judged":
            del line["item"]["report"]
    (folder / LOG).write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    add(folder, Chosen(candidate=2, why="it is proven"))
    (folder / CANDIDATES / "notes").mkdir()
    return folder


def test_candidates_are_told_beside_each_other(tmp_path: Path) -> None:
    found = card(several(tmp_path))
    assert [(one.number, one.is_chosen, one.added) for one in found.candidates] == [
        (1, False, 1),
        (2, True, 1),
        (10, False, 1),
    ]
    assert [one.verdict and one.verdict.outcome for one in found.candidates] == ["not_fixed", "fixed", None]
    assert found.after is not None
    assert found.spent.requests == 3
    sheet = sheet_of(several(tmp_path / "again"), tmp_path, unchanged, forms={"jsonl"})
    assert "| 2 (taken) | fixed | 1 | 0 | +1 -1 |" in FORMS["markdown"](sheet)
    events = [json.loads(line) for line in FORMS["jsonl"](sheet).splitlines()]
    numbers = [event["candidate"] for event in events if event["event"] == "CandidateEvent"]
    assert sorted(set(numbers)) == [1, 2]
    assert events[-1]["event"] == "Finished"


def test_a_run_without_a_session_has_a_card_with_what_is_to_be_done(tmp_path: Path) -> None:
    error = SandboxError("no engine answers", why="refused", hint="start it")
    sheet = Sheet(card=failed_card("fix", error, now=BEGAN))
    for form in set(FORMS) - {"html", "jsonl"}:
        FORMS[form](sheet)
    assert "start it" in FORMS["markdown"](sheet)
    assert json.loads(FORMS["json"](sheet))["exit_code"] == ExitCode.SANDBOX
    assert 'errors="1"' in FORMS["junit"](sheet)
    with pytest.raises(StateError, match="there is no session"):
        card(tmp_path)


def test_secrets_are_hidden_also_those_that_the_log_holds(tmp_path: Path) -> None:
    folder = fixed(tmp_path)

    def hide(text: str) -> str:
        return text.replace("The discount", "hidden_x_1").replace("discount", "hidden_x_2")

    sheet = sheet_of(folder, tmp_path, hide, forms={"jsonl"})
    for form in set(FORMS) - {"html", "diff", "mbox"}:
        text = FORMS[form](sheet)
        assert "discount" not in text.replace("hidden_x", ""), form


def test_a_patch_that_is_no_text_is_read_byte_by_byte(tmp_path: Path) -> None:
    folder = fixed(tmp_path)
    (folder / PATCH).write_bytes(DIFF.encode() + b"+\xe9\n")
    assert card(folder).patch.diff.encode("utf-8", "surrogateescape").endswith(b"+\xe9\n")
    json.loads(FORMS["json"](Sheet(card=card(folder))))


def test_a_secret_of_several_lines_is_hidden_in_a_diff(tmp_path: Path) -> None:
    vault = Vault(b"k" * 32)
    key = text_of("pem").splitlines()
    lines = "".join(f"+{line}\n" for line in key)
    patch = f"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1,{len(key) + 1} @@\n a\n{lines}{DIFF}"
    folder = fixed(tmp_path)
    (folder / PATCH).write_text(patch)
    found = card_of(folder, vault.hide).patch
    assert found.has_secrets
    assert [line for line in PEM_LINES if line in found.diff] == []
    assert "+    return sum(prices) - discount" in found.diff
    assert found.added == len(key) + 1
