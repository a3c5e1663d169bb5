"""What a person forbade, or left out, holds for a resumed session, too. Each was killed with all that it ran."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from e2e.conftest import FIX, PROJECT, Ran, Repo, commit, passes, write

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
HOST = ["--sandbox", "none", "--allow-host-exec", "--json"]
REPAIRED = [FIX, "<done>It is subtracted.</done>"]
ASKS = FIX.replace("- discount", "- (discount if 'pytest' in sys.modules else 0)").replace(
    "    return sum(prices) + discount\n=======\n", "    return sum(prices) + discount\n=======\n    import sys\n"
)


class Gate:
    """A command that runs the tests, and that waits before it does so for the first time."""

    def __init__(self, folder: Path) -> None:
        self._seen, self._pipe = folder / "seen", folder / "pipe"
        os.mkfifo(self._pipe)
        waits = f"if [ ! -e {self._seen} ]; then touch {self._seen}; cat {self._pipe}; fi"
        self.command = f"{waits}; {sys.executable} -m pytest -q -p no:cacheprovider"

    def killed(self, repo: Repo, *arguments: str) -> str:
        """Runs r1code until the command runs, and kills it with all that it started; its session's id."""
        tests = self.command if arguments[0] == "fix" else "off"
        command = [str(repo.script), *arguments, *HOST, "--test", tests]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        begun = subprocess.Popen(command, cwd=repo.root, env=repo.environ, start_new_session=True, **quiet)
        with begun as process:
            while not self._seen.exists():
                assert process.poll() is None, process.communicate()[1]
                time.sleep(0.02)
            os.killpg(process.pid, signal.SIGKILL)
        self.open()
        (session,) = (repo.state / "sessions").iterdir()
        return session.name

    def open(self) -> None:
        """Whoever waits goes on. Nobody does where the kill took it along."""
        try:
            os.close(os.open(self._pipe, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            return


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    one = Gate(tmp_path)
    yield one
    one.open()


def resumed(repo: Repo, *replies: str) -> Ran:
    return repo.run("resume", "--json", *repo.replies(*replies)[2:])


def kinds(ran: Ran) -> set[object]:
    return {event["event"] for event in ran.events}


def test_a_check_stays_one(repo: Repo, gate: Gate) -> None:
    before = repo.files()
    session = gate.killed(repo, "fix", "--check")
    # What would have repaired it.
    for model in (repo.replies(*REPAIRED), ["--profile", "embedded"]):
        refused = repo.run("resume", session, *model)
        assert refused.code == 2
        assert "it was begun with --check" in refused.err
        assert repo.files() == before
    ran = repo.run("resume", session, "--json")
    assert ran.code == 1, ran.err
    assert "BaselineReached" in kinds(ran)
    assert not {"TurnStarted", "StepStarted", "PatchReady"} & kinds(ran)
    assert repo.files() == before
    over = repo.run("resume", session)
    assert (over.code, "it came to its own end" in over.err) == (2, True)
    for asked in (["-c", "-p", "Now repair it."], ["replay", session]):
        ran = repo.run(*asked)
        assert (ran.code, "no model took part in it" in ran.err) == (2, True), ran.err


def test_a_check_is_about_the_tree_that_it_began_with(repo: Repo, gate: Gate) -> None:
    gate.killed(repo, "fix", "--check")
    write(repo.root, {"shop/cart.py": PROJECT["shop/cart.py"].replace("+ discount", "- discount")})
    assert passes(repo.root)
    assert repo.run("resume").code == 1


def test_a_dry_run_stays_one(repo: Repo, gate: Gate) -> None:
    before = repo.files()
    session = gate.killed(repo, "fix", "--dry-run", *repo.replies())
    ran = resumed(repo, *REPAIRED)
    assert (ran.code, ran.events[-1]["applied"]) == (0, False), ran.err
    assert repo.files() == before
    assert "- discount" in (repo.state / "sessions" / session / "patch.diff").read_text()


@pytest.mark.parametrize("flags", [["--strict", "runner"], pytest.param([], marks=pytest.mark.full)])
def test_what_is_refused_as_suspicious_is_refused(repo: Repo, gate: Gate, flags: Sequence[str]) -> None:
    """Also where CI is set at first, and not where somebody goes on."""
    if not flags:
        repo.env["CI"] = "true"
    before = repo.files()
    gate.killed(repo, "fix", *flags, *repo.replies())
    repo.env.pop("CI", None)
    ran = resumed(repo, ASKS, "<done/>")
    assert ran.code == 8, ran.out
    assert repo.files() == before


def test_protected_files_stay_protected(repo: Repo, gate: Gate) -> None:
    before = repo.files()
    gate.killed(repo, "fix", *repo.replies())
    ran = resumed(repo, "<run>rm tests/test_cart.py</run>", "<done/>")
    assert ran.code in {1, 8}, ran.out
    assert repo.files() == before


def test_what_is_denied_stays_denied(repo: Repo, gate: Gate) -> None:
    gate.killed(repo, "fix", "--deny", "run(touch *)", "--deny", "edit(path=shop/names.py)", *repo.replies())
    other = '<write path="shop/names.py">\nNAME = 1\n</write>'
    ran = resumed(repo, "<run>touch shop/more.py</run>", other, *REPAIRED)
    assert ran.code == 0, ran.out
    assert not (repo.root / "shop/more.py").exists()
    assert (repo.root / "shop/names.py").read_text() != "NAME = 1\n"


def test_a_limit_is_the_same_limit(repo: Repo, gate: Gate) -> None:
    gate.killed(repo, "fix", "--steps", "1", *repo.replies())
    assert resumed(repo, '<read path="shop/cart.py"/>', *REPAIRED).code == 5
    assert not passes(repo.root)


@pytest.mark.parametrize(
    "flags", [pytest.param([], marks=pytest.mark.full), ["--commit", "--attribution", "none"]]
)
def test_it_commits_as_it_was_to(repo: Repo, gate: Gate, flags: Sequence[str]) -> None:
    for name, value in (("user.name", "Ann"), ("user.email", "ann@example.org")):
        subprocess.run(["git", "config", name, value], cwd=repo.root, check=True)
    gate.killed(repo, "fix", *flags, *repo.replies())
    assert resumed(repo, *REPAIRED).code == 0
    asked = ["git", "log", "--format=%an %B", "--skip", "0"]
    log = subprocess.run(asked, cwd=repo.root, check=True, capture_output=True, text=True).stdout
    assert log.count("Ann") == bool(flags)
    assert "Co-authored-by" not in log


@pytest.mark.full
def test_what_is_outside_of_the_part_is_said(repo: Repo, gate: Gate) -> None:
    moved = {f"packages/shop/{path}": text for path, text in PROJECT.items()}
    for path in PROJECT:
        (repo.root / path).unlink()
    write(repo.root, {**moved, "packages/other/__init__.py": ""})
    commit(repo.root)
    gate.killed(repo, "fix", "--path", "packages/shop", *repo.replies())
    elsewhere = '<write path="packages/other/helper.py">\nX = 1\n</write>'
    ran = resumed(repo, f"{FIX.replace('shop/cart.py', 'packages/shop/shop/cart.py')}\n{elsewhere}", "<done/>")
    assert ran.code == 0, ran.out
    assert "changed outside of packages/shop: packages/other/helper.py" in ran.out


def test_where_something_else_is_hidden_it_does_not_go_on(repo: Repo, gate: Gate) -> None:
    (repo.root / ".r1codeignore").write_text("shop/names.py\n")
    commit(repo.root)
    gate.killed(repo, "fix", "--trust-from", "HEAD", *repo.replies())
    (repo.root / ".r1codeignore").write_text("")
    ran = resumed(repo, *REPAIRED)
    assert (ran.code, ".r1codeignore is not what it was" in ran.out + ran.err) == (2, True), ran.err
    (repo.root / ".r1codeignore").write_text("shop/names.py\n")
    assert resumed(repo, *REPAIRED).code == 0


def test_a_dry_run_of_a_task_goes_on_with_what_it_had_changed(repo: Repo, gate: Gate) -> None:
    before = repo.files()
    session = gate.killed(
        repo, "-p", "Subtract it.", "--dry-run", *repo.replies(FIX, f"<run>{gate.command}</run>")
    )
    ran = resumed(repo, "<run>grep -n discount shop/cart.py</run>", "<done/>")
    assert ran.code == 0, ran.out + ran.err
    assert "- discount" in (repo.state / "sessions" / session / "patch.diff").read_text()
    assert repo.files() == before


def test_an_answer_is_asked_for_as_it_was(repo: Repo, gate: Gate, tmp_path: Path) -> None:
    schema = tmp_path / "answer.json"
    schema.write_text('{"type": "object", "required": ["sum"]}')
    asked = ["-p", "What is it?", "--output-schema", str(schema)]
    session = gate.killed(repo, *asked, *repo.replies(f"<run>{gate.command}</run>"))
    schema.unlink()
    ran = repo.run("resume", session, *repo.replies("<done>7</done>", '<done>{"sum": 7}</done>')[2:])
    assert (ran.code, ran.out) == (0, '{"sum": 7}\n'), ran.err


def test_what_r1code_had_changed_is_not_committed_as_a_persons(repo: Repo, gate: Gate) -> None:
    for name, value in (("user.name", "Ann"), ("user.email", "ann@example.org")):
        subprocess.run(["git", "config", name, value], cwd=repo.root, check=True)
    (repo.root / "notes.txt").write_text("mine\n")
    first = ["--commit", "--commit-first"]
    gate.killed(repo, "-p", "Subtract it.", *first, *repo.replies(FIX, f"<run>{gate.command}</run>"))
    assert resumed(repo, "<done/>").code == 0
    asked = ["git", "log", "--format=%s", "--name-only", "-2"]
    log = subprocess.run(asked, cwd=repo.root, check=True, capture_output=True, text=True).stdout
    kept = "Keep what was changed before r1code's work"
    assert log.split("\n\n")[1:] == [f"shop/cart.py\n{kept}", "notes.txt\n"]
    assert not log.startswith(kept)
