"""Every command of r1code that touches git, in a repository that is all traps: none of them is sprung."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from fakes.repository import Repository
from fakes.traps import Trapped
from r1code.app.folders import state_folder
from r1code.cli.main import main

EDIT = (
    '<edit path="tracked">\n<<<<<<< SEARCH\nTEXT\n=======\nNEW\n>>>>>>> REPLACE\n</edit>\n'
    '<write path="new/file">\nx\n</write>'
)
BACK = '<edit path="tracked">\n<<<<<<< SEARCH\nNEW\n=======\nTEXT\n>>>>>>> REPLACE\n</edit>'
MORE = '<write path="more">\nx\n</write>'
HOST = ["--sandbox=none", "--allow-host-exec"]


@pytest.fixture
def trapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trapped:
    """The traps are in a file that both the repository and the person include; a submodule has some, too."""
    made = Trapped(Repository(tmp_path / "repository"), tmp_path / "traps")
    root = made.repository.root
    theirs = Repository(tmp_path / "theirs")
    theirs.commit("a")
    made.repository.git("submodule", "--quiet", "add", str(theirs.root), "sub")
    made.repository.git("-C", "sub", "config", "include.path", str(tmp_path / "keys"))
    made.spring(tmp_path / "keys")
    made.repository.write("sub/a", "TEXT\n")
    made.repository.git("-C", "sub", "config", "core.fsmonitor", made.trap("core.fsmonitor"))
    made.repository.git("config", "include.path", str(tmp_path / "keys"))
    (Path.home() / ".gitconfig").write_text(f'[includeIf "gitdir:/"]\n path = {tmp_path / "keys"}\n')
    made.fired.unlink(missing_ok=True)
    monkeypatch.chdir(root)
    return made


def replies(folder: Path, *texts: str) -> list[str]:
    file = folder / "replies.toml"
    parts = [f"[[reply]]\ntext = {msgspec.json.encode(text).decode()}\n" for text in (*texts, "<done>ok</done>")]
    file.write_text("".join(parts))
    return ["--profile", "scripted", "--replies", str(file)]


def task(folder: Path, *texts: str) -> list[str]:
    return ["-p", "Do it.", *HOST, *replies(folder, *texts)]


def fix(folder: Path, test: str, text: str) -> list[str]:
    return ["fix", *HOST, "--allow-dirty", "--test", test, *replies(folder, text)]


def patch(folder: Path) -> str:
    file = folder / "x.patch"
    file.write_text("--- /dev/null\n+++ b/applied\n@@ -0,0 +1 @@\n+x\n")
    return str(file)


def newest_session() -> str:
    return max(path.name for path in (state_folder() / "sessions").iterdir())


COMMANDS: list[tuple[Callable[[Path], list[str]], int]] = [
    (lambda tmp: task(tmp, EDIT), 0),
    (lambda _: ["diff"], 0),
    (lambda _: ["diff", "--stat", "HEAD"], 0),
    (lambda _: ["diff", "--color=always", "HEAD"], 0),
    (lambda _: ["checkpoints", "list"], 0),
    (lambda _: ["checkpoints", "show", "1"], 0),
    (lambda _: ["checkpoints", "show", "1", "--stat"], 0),
    (lambda tmp: ["apply", patch(tmp), "--dry-run"], 0),
    (lambda tmp: ["apply", patch(tmp)], 0),
    (lambda _: ["undo"], 0),
    (lambda tmp: [*task(tmp, MORE), "--dry-run"], 0),
    (lambda _: ["replay", newest_session(), "--allow-host-exec"], 0),
    (lambda _: ["tests"], 1),
    (lambda _: ["approvals", "list"], 0),
    (lambda _: ["sandbox", "init"], 0),
    (lambda _: ["undo"], 0),
    (lambda _: ["redo"], 0),
    (lambda _: ["branch"], 0),
    (lambda _: ["branch", "fresh"], 0),
    (lambda _: ["commit"], 0),
    (lambda _: ["commit", "command", "textconv", "-m", "m"], 0),
    (lambda _: ["commit", "--all"], 2),
    (lambda tmp: [*task(tmp, BACK), "--commit"], 0),
    (lambda _: ["undo"], 0),
    (lambda _: ["redo"], 0),
    (lambda tmp: [*task(tmp, MORE), "--commit", "--commit-first"], 0),
    (lambda tmp: [*fix(tmp, "grep -q NEW tracked", EDIT.partition("\n<write")[0]), "--commit"], 0),
    (lambda tmp: [*task(tmp, '<write path="there">\nx\n</write>'), "--worktree", "x", "--commit"], 0),
    (lambda tmp: [*fix(tmp, "test -e here", '<write path="here">\nx\n</write>'), "--worktree", "y"], 0),
    (lambda _: ["worktree", "list"], 0),
    (lambda _: ["worktree", "remove", "x"], 0),
    (lambda _: ["worktree", "remove", "y", "--force"], 0),
    (lambda _: ["trust", "--show"], 0),
    (lambda _: ["trust"], 0),
    (lambda tmp: [*task(tmp, '<write path="trusted">\nx\n</write>'), "--commit"], 0),
    (lambda _: ["trust", "--remove"], 0),
    (lambda _: ["rewind", "0", "--force"], 0),
]


def test_no_command_springs_a_trap(trapped: Trapped, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for make, code in COMMANDS:
        command = make(tmp_path)
        # So that the next look at these files has to compare them.
        for path in ("clean", "process", "info", "everywhere"):
            os.utime(trapped.repository.root / path, (len(command), 1))
        ended = main(command)
        told = capsys.readouterr()
        assert ended == code, (command, told.out, told.err)
        assert trapped.what_fired() == set(), command
    fsck = subprocess.run(
        ["git", "fsck", "--strict"], cwd=trapped.repository.root, capture_output=True, check=False
    )
    assert fsck.returncode == 0, fsck.stderr
    log = subprocess.run(
        ["git", "--no-pager", "-c", "log.showSignature=false", "log", "--format=%s", "fresh"],
        cwd=trapped.repository.root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert log.stdout.splitlines() == [
        "Do it",
        "Fix the failing test grep -q NEW tracked",
        "Do it",
        "Keep what was changed before r1code's work",
        "Do it",
        "m",
        "Do it",
        "m",
    ]


@pytest.mark.parametrize(
    "command", [["diff"], ["commit", "a"], ["-p", "x"], ["branch", "b"], ["trust", "--show"]]
)
def test_missing_objects_are_not_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    repository = Repository(tmp_path / "repository")
    trapped = Trapped(repository, tmp_path / "traps")
    repository.commit("a")
    tree = repository.git("rev-parse", "HEAD^{tree}").strip()
    (repository.root / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    (repository.root / ".git" / "index").unlink()
    for key, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": "ssh://example.org/x",
        "core.sshCommand": trapped.trap("ssh"),
        "user.name": "A",
        "user.email": "a@example.org",
    }.items():
        repository.git("config", key, value)
    monkeypatch.chdir(repository.root)
    more = [*HOST, *replies(tmp_path)] if command[0] == "-p" else []
    main([*command, *more])
    assert trapped.what_fired() == set()
    repository.git("status", check=False)
    assert trapped.what_fired() == {"ssh"}, "the trap is not real"
