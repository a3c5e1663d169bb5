"""Several attempts at a repair: at a time or in turn, one of them taken, none of them in another's way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from e2e.conftest import FIX, Ran, Repo, passes
from fakes.pace import Pace
from r1code.log_file import CANDIDATES, entries_of

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300), pytest.mark.usefixtures("engine")]
TEST = ["--test", "python3 -m pytest -q", "--strategy", "loop"]
WRONG = FIX.replace("sum(prices) - discount", "7")
DONE = "<done>ok</done>"


def script(repo: Repo, *candidates: list[str], **more: object) -> list[str]:
    """The replies of each candidate; `more` goes for all of them. 0: whoever is asked at the end."""
    lines: list[str] = []
    for number, replies in enumerate(candidates, 1):
        for text in replies:
            lines.append(f"[[reply]]\ncandidate = {number}\ntext = {json.dumps(text)}")
            lines += [f"{name} = {json.dumps(value)}" for name, value in more.items()]
    file = repo.root.parent / f"script-{len(list(repo.root.parent.iterdir()))}.toml"
    file.write_text("\n".join(lines))
    return ["--profile", "scripted", "--replies", str(file)]


def chosen(ran: Ran) -> dict[str, Any]:
    return next(event for event in ran.events if event["event"] == "CandidateChosen")


def session_of(repo: Repo) -> Path:
    return max((repo.state / "sessions").glob("*/log.jsonl")).parent


def test_candidates_at_a_time_are_isolated_and_the_best_is_taken(repo: Repo) -> None:
    long = FIX.replace("sum(prices) - discount", "sum(prices) - discount  # noqa\n" + "    # why\n" * 12)
    ran = repo.run(
        "fix", *TEST, "--json", "--candidates", "3", "--parallel", "3", "--pick", "best",
        *script(repo, [f"{WRONG}\n{DONE}"], [f"{long}\n{DONE}"], [f"{FIX}\n{DONE}"]),
    )  # fmt: skip
    assert ran.code == 0, ran.out + ran.err
    told = chosen(ran)
    assert told["candidate"] == 3
    assert "smaller" in told["why"]
    assert [(one["candidate"], one["outcome"]) for one in told["candidates"]] == [
        (3, "fixed"),
        (2, "fixed"),
        (1, "not_fixed"),
    ]
    numbers = [event["candidate"] for event in ran.events if event["event"] == "CandidateEvent"]
    assert set(numbers) == {1, 2, 3}
    # They were at work at the same time: their events are mixed.
    assert numbers != sorted(numbers)
    assert passes(repo.root)
    assert "# why" not in (repo.root / "shop/cart.py").read_text()
    assert repo.containers() == []
    folder = session_of(repo)
    assert sorted(one.name for one in (folder / CANDIDATES).iterdir()) == ["1", "2", "3"]
    assert not list(folder.rglob("scratch/*"))


def test_what_each_used_is_in_the_account_of_the_whole(repo: Repo) -> None:
    ran = repo.run(
        "fix", *TEST, "--json", "--candidates", "2", "--parallel", "2", "--pick", "best",
        *script(repo, [f"{WRONG}\n{DONE}"], [f"{FIX}\n{DONE}"]),
    )  # fmt: skip
    assert ran.events[-1]["spent"]["requests"] == 2
    cost = json.loads(repo.run("cost", session_of(repo).name, "--json").out)
    assert cost["spent"]["requests"] == 2
    days = json.loads(repo.run("cost", "--json").out)
    assert days["spent"]["requests"] == 2


def test_one_that_is_proven_ends_the_others(repo: Repo) -> None:
    slow = ["<run>sleep 100</run>", DONE]
    with Pace() as pace:
        ran = repo.run(
            "fix", *TEST, "--json", "--candidates", "3", "--parallel", "3",
            *script(repo, slow, [f"{FIX}\n{DONE}"], slow),
        )  # fmt: skip
        assert pace.seconds < 90
    assert ran.code == 0, ran.out + ran.err
    assert chosen(ran)["candidate"] == 2
    assert passes(repo.root)
    assert repo.containers() == []


def test_a_tie_is_broken_by_the_model_asked_in_both_orders(repo: Repo) -> None:
    other = FIX.replace("sum(prices) - discount", "-discount + sum(prices)")
    file = repo.root.parent / "tie.toml"
    # The first two are the candidates', in turn; then A, B and B, A are shown.
    texts = [f"{FIX}\n{DONE}", f"{other}\n{DONE}", "B is plain. <choice>B</choice>", "I keep <choice>A</choice>"]
    file.write_text("\n".join(f"[[reply]]\ntext = {json.dumps(text)}" for text in texts))
    ran = repo.run(
        "fix", *TEST, "--json", "--candidates", "2", "--parallel", "1", "--pick", "best",
        "--profile", "scripted", "--replies", str(file),
    )  # fmt: skip
    assert ran.code == 0, ran.out + ran.err
    told = chosen(ran)
    assert told["candidate"] == 2
    assert "both orders" in told["why"]
    assert "-discount + sum(prices)" in (repo.root / "shop/cart.py").read_text()


@pytest.mark.full
def test_where_the_order_decides_the_first_is_taken(repo: Repo) -> None:
    other = FIX.replace("sum(prices) - discount", "-discount + sum(prices)")
    file = repo.root.parent / "tie.toml"
    texts = [f"{FIX}\n{DONE}", f"{other}\n{DONE}", "<choice>B</choice>", "<choice>B</choice>"]
    file.write_text("\n".join(f"[[reply]]\ntext = {json.dumps(text)}" for text in texts))
    ran = repo.run(
        "fix", *TEST, "--json", "--candidates", "2", "--parallel", "1", "--pick", "best",
        "--profile", "scripted", "--replies", str(file),
    )  # fmt: skip
    assert chosen(ran)["candidate"] == 1
    assert "sum(prices) - discount" in (repo.root / "shop/cart.py").read_text()


def test_a_backend_that_fails_for_all_is_told_and_keeps_what_there_is(repo: Repo) -> None:
    before = repo.files()
    ran = repo.run(
        "fix", *TEST, "--json", "--candidates", "2", "--parallel", "2", *script(repo, [WRONG], [WRONG])
    )  # fmt: skip
    assert ran.code == 6
    assert "the script is over" in ran.err
    assert repo.files() == before
    patches = list(session_of(repo).glob(f"{CANDIDATES}/*/patch.diff"))
    assert len(patches) == 2


def test_ctrl_c_ends_all_of_them(repo: Repo) -> None:
    slow = ["<run>echo up; sleep 100</run>"]
    command = [
        str(repo.script), "fix", *TEST, "--json", "--candidates", "2", "--parallel", "2",
        *script(repo, slow, slow),
    ]  # fmt: skip
    with subprocess.Popen(command, cwd=repo.root, env=repo.environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if '"up' in line:
                break
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=60)[0]
    assert process.returncode == 130
    assert json.loads(rest.splitlines()[-1])["reason"] == "cancelled"
    assert repo.containers() == []


def test_a_killed_repair_goes_on_with_what_its_candidates_had_done(repo: Repo) -> None:
    """The first was proven, the second had edited, the third had not begun."""
    file = script(repo, [f"{WRONG}\n{DONE}"], [FIX, "<run>echo up; sleep 100</run>"], [DONE])
    command = [
        str(repo.script), "fix", *TEST, "--json", "--candidates", "3", "--parallel", "1", "--pick", "best", *file,
    ]  # fmt: skip
    with subprocess.Popen(
        command, cwd=repo.root, env=repo.environ, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if '"up' in line:
                break
        os.killpg(process.pid, signal.SIGKILL)
    folder = session_of(repo)
    proven = len(entries_of(folder / CANDIDATES / "1"))
    rest = script(repo, [], [DONE], ["<done>nothing</done>"])
    ran = repo.run("resume", folder.name, "--json", *rest[2:])
    assert ran.code == 0, ran.out + ran.err
    assert chosen(ran)["candidate"] == 2
    assert len(entries_of(folder / CANDIDATES / "1")) == proven
    assert passes(repo.root)
    assert repo.containers() == []
    assert not list(folder.rglob("scratch/*"))
    assert "came to its own end" in repo.run("resume", folder.name).err


def test_each_candidate_is_a_session_that_can_be_looked_at_and_replayed(repo: Repo) -> None:
    ran = repo.run(
        "fix", *TEST, "--candidates", "2", "--parallel", "2", "--pick", "best",
        *script(repo, [f"{WRONG}\n{DONE}"], [f"{FIX}\n{DONE}"]),
    )  # fmt: skip
    assert ran.code == 0, ran.out + ran.err
    assert "candidate 2 of 2: fixed, and the next one is not fixed" in ran.out
    whole = session_of(repo).name
    replayed = repo.run("replay", f"{whole}.1")
    assert replayed.code == 0, replayed.out + replayed.err
    assert f"r1code replay {whole}.1" in repo.run("replay", whole).err
    assert f"r1code resume {whole}" in repo.run("resume", f"{whole}.1").err
    shown = repo.run("sessions", "show", f"{whole}.2")
    assert shown.code == 0, shown.err
    assert f"{whole}.2" in shown.out
    assert "edit shop/cart.py: ok" in shown.out
