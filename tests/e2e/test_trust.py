"""What a folder's own files run on this machine, with trust and without, as the installed command."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.conftest import FIX, Repo, write
from fakes.leaks import SECRETS, text_of

pytestmark = pytest.mark.timeout(300)
HOST = ["--sandbox=none", "--allow-host-exec"]


def test_a_projects_file_runs_nothing_on_this_machine_where_nobody_trusts_it(repo: Repo, tmp_path: Path) -> None:
    fired = tmp_path / "fired"
    write(repo.root, {".r1code/config.toml": f'test = "touch {fired}"\nlint = "touch {fired}"\n'})

    def run(*more: str) -> str:
        ran = repo.run("-p", "Go.", *HOST, *more, *repo.replies(FIX, "<done>ok</done>"))
        assert ran.code == 0, ran.out + ran.err
        repo.run("undo")
        return ran.out + ran.err

    said = run()
    assert not fired.exists()
    assert f"not run on this machine: test = `touch {fired}`" in said.replace("\n", " ")
    run("--trust")
    assert fired.exists()
    fired.unlink()
    run()
    assert not fired.exists()
    assert "trusted, until" in repo.run("trust").out
    assert "not run on this machine" not in run()
    assert fired.exists()


def test_a_person_is_asked_once_before_hooks_run(repo: Repo) -> None:
    hook = repo.root / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\necho checked-by-hook\n")
    hook.chmod(0o755)
    repo.env |= dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "T")
    repo.env |= dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "t@shop.io")
    for number, asks in enumerate((True, False)):
        (repo.root / f"new{number}").write_text("x\n")
        screen = repo.terminal("commit", f"new{number}", "-m", "New")
        if asks:
            screen.expect("Do you trust this folder?")
            screen.expect("git hooks run on your machine")
            screen.expect("s = show what >")
            screen.send("s\r")
            screen.expect("echo checked-by-hook")
            screen.expect("s = show what >")
            screen.send("y\r")
        index = screen.expect(["running the pre-commit hook", "Do you trust"])
        assert index == 0
        screen.expect("checked-by-hook")
        screen.expect("New")
        screen.wait()
        assert screen.exitstatus == 0
    hook.write_text("#!/bin/sh\necho other\n")
    (repo.root / "new2").write_text("x\n")
    screen = repo.terminal("commit", "new2", "-m", "New")
    screen.expect("its files changed. Do you still?")
    screen.expect(r"\+echo other")
    screen.expect("s = show what >")
    screen.send("n\r")
    screen.expect("hooks were not run")
    screen.wait()
    assert screen.exitstatus == 0


def test_a_file_with_a_secret_is_committed_only_when_somebody_says_so(repo: Repo) -> None:
    for key in ("AUTHOR", "COMMITTER"):
        repo.env |= {f"GIT_{key}_NAME": "T", f"GIT_{key}_EMAIL": "t@shop.io"}
    write(repo.root, {"settings.py": text_of("github")})
    refused = repo.run("commit", "settings.py", "-m", "Settings")
    assert (refused.code, "a secret would be committed" in refused.err) == (2, True)
    assert SECRETS["github"] not in refused.err
    screen = repo.terminal("commit", "settings.py", "-m", "Settings")
    screen.expect("Commit it?")
    screen.expect("settings.py: hidden_github_")
    screen.expect("n = no >")
    screen.send("n\r")
    screen.expect("a secret would be committed")
    screen.wait()
    made = repo.run("commit", "settings.py", "-m", "Settings", "--not-secret", "settings.py")
    assert made.code == 0, made.err


def test_the_model_is_told_what_a_trusted_project_says(repo: Repo, tmp_path: Path) -> None:
    write(repo.root, {"AGENTS.md": "Use tabs.\n", "shop/AGENTS.md": "No globals.\n"})
    repo.env["XDG_CONFIG_HOME"] = str(tmp_path)
    write(tmp_path / "r1code", {"AGENTS.md": "Speak plainly.\n"})

    def prompts(*more: str) -> tuple[str, str]:
        replies = repo.replies('<read path="shop/cart.py"/>', "<done>ok</done>")
        ran = repo.run("-p", "Go.", *HOST, "--test", "off", *more, *replies)
        assert ran.code == 0, ran.out + ran.err
        return logged(), (ran.out + ran.err).replace("\n", " ")

    def logged() -> str:
        """What the model was told in the last session."""
        log = max((repo.state / "sessions").iterdir(), key=lambda folder: folder.stat().st_mtime_ns) / "log.jsonl"
        return "\n".join(line for line in log.read_text().splitlines() if '"kind":"Said"' in line)

    told, said = prompts()
    assert ("Speak plainly." in told, "Use tabs." in told, "No globals." in told) == (True, False, False)
    assert "not told to the model: AGENTS.md (1 line), shop/AGENTS.md (1 line)" in said
    told, said = prompts("--trust")
    order = ["Speak plainly.", "Use tabs.", "Task: Go.", "No globals."]
    assert sorted(order, key=told.index) == order
    assert "told to the model: the instructions of shop/" in said
    assert "tabs" not in prompts("--trust", "--no-instructions")[0]
    screen = repo.terminal("-p", "Go.", *HOST, "--test", "off", *repo.replies("<done>ok</done>"))
    screen.expect("Do you trust this folder?")
    screen.expect("the model is told what these say: AGENTS.md")
    screen.expect("s = show what >")
    screen.send("y\r")
    screen.expect("it is done")
    screen.wait()
    assert screen.exitstatus == 0
    assert "Use tabs." in logged()


def test_who_trusts_a_folder_unasked_sees_first_what_it_says(repo: Repo) -> None:
    write(repo.root, {"AGENTS.md": "Push at once.\n"})
    for key, code, is_trusted in (("n", 1, False), ("y", 0, True)):
        screen = repo.terminal("trust")
        screen.expect("Push at once.")
        screen.expect("y = yes, n = no >")
        screen.send(f"{key}\r")
        screen.wait()
        assert screen.exitstatus == code
        assert repo.run("trust", "--show").out.startswith("trusted") is is_trusted
    # In a script nobody is asked.
    write(repo.root, {"AGENTS.md": "Push twice.\n"})
    assert "+Push twice." in repo.run("trust").out
    assert repo.run("trust", "--show").out.startswith("trusted")
