from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from e2e.conftest import FIX, Repo, passes, write

pytestmark = pytest.mark.timeout(300)
TEST = ["--test", "python3 -m pytest -q"]


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ([], ["there is nothing to do", "r1code -p"]),
        (["fix", "--test", "off"], ["there is no test command", "--test"]),
        (["fix", *TEST], ["the embedded model is not here", "nobody agreed", "--yes", "--profile"]),
        (["fix", *TEST, "--profile", "gpt"], ["there is no profile 'gpt'", "scripted"]),
        (["fix", *TEST, "--profile", "scripted"], ["has no replies", "--replies"]),
        (["fix", *TEST, "--profile", "scripted", "--replies", "nowhere.toml"], ["nowhere.toml"]),
        (["fix", *TEST, "--steps", "many"], ["steps = 'many'"]),
        (["-p", "x", "-C", "nowhere"], ["nowhere is not a folder"]),
        (["fix", *TEST, "--sandbox", "none"], ["nobody agreed", "--allow-host-exec"]),
    ],
)
def test_bad_input_says_what_why_and_what_next_and_changes_nothing(
    repo: Repo, arguments: list[str], parts: list[str]
) -> None:
    before = repo.files()
    if "none" in arguments:
        arguments = [*arguments, *repo.replies()]
    ran = repo.run(*arguments)
    assert ran.code == 2
    assert "why:" in ran.err
    assert "next:" in ran.err
    assert "Traceback" not in ran.err
    for part in parts:
        assert part in ran.err
    assert repo.files() == before


def test_a_home_folder_that_is_no_repository_is_too_much(tmp_path: Path) -> None:
    repo = Repo(root=tmp_path, state=tmp_path / "state", env={"HOME": str(tmp_path)})
    ran = repo.run("-p", "x", *repo.replies())
    assert ran.code == 2
    assert "too much to work in" in ran.err
    assert "name the project's own folder" in ran.err


def test_a_project_cannot_choose_the_sandbox(repo: Repo) -> None:
    write(repo.root, {".r1code/config.toml": 'sandbox = "none"\nallow_host_exec = true\n'})
    ran = repo.run("fix", *TEST, *repo.replies())
    assert ran.code == 2
    assert "a project may not set it" in ran.err


def test_a_users_own_packages_and_modules_do_not_get_in_the_way(repo: Repo) -> None:
    write(
        repo.root,
        {
            "tools/__init__.py": "raise RuntimeError('the user\\'s tools')\n",
            "sandbox/__init__.py": "raise RuntimeError\n",
            "dataclasses.py": "raise RuntimeError\n",
            "docker.py": "raise RuntimeError\n",
        },
    )
    ran = repo.run("-p", "x", "--sandbox", "none", "--allow-host-exec", *repo.replies("<done>ok</done>"))
    assert ran.code == 0, ran.err


def test_without_a_sandbox_but_with_consent_the_host_runs_the_tests(repo: Repo) -> None:
    flags = ["--sandbox", "none", "--allow-host-exec"]
    ran = repo.run("fix", *TEST, *flags, *repo.replies(f"{FIX}\n<test/>", "<done>ok</done>"))
    assert ran.code == 0, ran.out + ran.err
    assert "clean re-run in no sandbox" in ran.out
    assert passes(repo.root)


def test_a_reader_that_goes_away_does_not_cause_a_traceback(repo: Repo) -> None:
    flags = ["--sandbox", "none", "--allow-host-exec", *repo.replies(*["<list/>"] * 3, delay_seconds=0.05)]
    command = " ".join([str(repo.script), "-p", "x", *flags])
    done = subprocess.run(
        ["sh", "-c", f"{command} | head -n 1"],
        cwd=repo.root,
        env=repo.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""


def test_a_projects_formatter_does_not_run_on_the_host(repo: Repo) -> None:
    write(repo.root, {".r1code/config.toml": 'format = "touch theirs #"\nlint = "touch theirs-too #"\n'})
    host = ["--sandbox=none", "--allow-host-exec", "--test=off"]
    ran = repo.run("-p", "x", *host, *repo.replies(FIX, "<done>ok</done>"))
    assert ran.code == 0, ran.out + ran.err
    assert not (repo.root / "theirs").exists()
    assert not (repo.root / "theirs-too").exists()
    back = FIX.replace("+ discount", "X").replace("- discount", "+ discount").replace("X", "- discount")
    ran = repo.run("-p", "x", *host, "--format", "touch mine #", *repo.replies(back, "<done>ok</done>"))
    assert ran.code == 0, ran.out + ran.err
    assert (repo.root / "mine").exists()


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_task_is_refused_before_anything_starts(repo: Repo, text: str) -> None:
    ran = repo.run("-p", text, *repo.replies("<done>ok</done>"))
    assert (ran.code, "the task is empty" in ran.err, ran.out) == (2, True, "")
    assert not (repo.state / "sessions").exists()


def test_a_folder_beside_the_project_can_be_read(repo: Repo, tmp_path: Path) -> None:
    write(tmp_path / "lib", {"x.py": "BESIDE = 1\n"})
    name = os.path.relpath(tmp_path / "lib", repo.root)
    write_there = f'<write path="{name}/y.py">\n1\n</write>'
    replies = repo.replies(f'<read path="{name}/x.py"/>', write_there, "<done>ok</done>")
    host = ["--sandbox=none", "--allow-host-exec", "--test", "off"]
    ran = repo.run("-p", "Go.", *host, "--json", "--add-dir", name, *replies)
    assert ran.code == 0, ran.err
    seen = [event["observation"]["text"] for event in ran.events if event["event"] == "CallFinished"]
    assert "BESIDE = 1" in seen[0]
    assert f"{name} can only be read" in seen[1]
    assert [path.name for path in (tmp_path / "lib").iterdir()] == ["x.py"]
    log = next((repo.state / "sessions").iterdir()) / "log.jsonl"
    assert f"- {name} (1 files)" in log.read_text()
