"""Trust, and the git hooks that run only with it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.desk import Desk
from r1code.app.githooks import GitHooks
from r1code.app.trust import Trust
from r1code.control import Control
from r1code.errors import Cancelled, StateError, UsageError
from r1code.repo.git import Git


def trust_of(desk: Desk) -> Trust:
    return Trust(Git.find(desk.root), desk.state)


def test_it_is_given_shown_and_taken_away(desk: Desk) -> None:
    trust = trust_of(desk)
    assert trust.missing() == "this folder is not trusted; r1code trust --show says how"
    assert not trust.remove()
    trust.give()
    assert trust_of(desk).missing() is None
    assert trust.remove()
    assert trust.missing() is not None


def _included(desk: Desk) -> None:
    (desk.root / "more").write_text("[core]\n hooksPath = elsewhere\n")
    desk.repository.git("config", "include.path", "../more")


CHANGES: dict[str, Callable[[Desk], object]] = {
    ".git/config": lambda desk: desk.repository.git("config", "alias.x", "!true"),
    "hooks/pre-commit": lambda desk: desk.hook("pre-commit", "true # changed"),
    "hooks/new": lambda desk: desk.hook("new", "true"),
    "hooks/lib/inner.sh": lambda desk: desk.hook("inner.sh", "true", ".git/hooks/lib"),
    "hooks/linked": lambda desk: desk.repository.write("script", "changed\n"),
    ".r1code/config.toml": lambda desk: desk.repository.write(".r1code/config.toml", 'test = "true"\n'),
    "core.hooksPath": _included,
}


@pytest.mark.parametrize("name", CHANGES)
def test_when_a_file_that_it_is_about_changes_it_is_gone(desk: Desk, name: str) -> None:
    desk.hook("pre-commit", "true")
    desk.repository.write("script")
    (desk.root / ".git/hooks/linked").symlink_to("../../script")
    trust_of(desk).give()
    assert trust_of(desk).missing() is None
    CHANGES[name](desk)
    why = trust_of(desk).missing() or ""
    assert why.startswith("changed since the folder was trusted: ")
    assert name in why


def test_a_hook_that_becomes_executable_is_a_change(desk: Desk) -> None:
    desk.hook("pre-commit", "true").chmod(0o644)
    trust_of(desk).give()
    assert trust_of(desk).hooks == ()
    (desk.root / ".git/hooks/pre-commit").chmod(0o755)
    assert "hooks/pre-commit" in (trust_of(desk).missing() or "")


def test_a_project_cannot_bring_it_along(desk: Desk, tmp_path: Path) -> None:
    trust_of(desk).give()
    copy = tmp_path / "copy"
    shutil.copytree(desk.root, copy)
    assert Trust(Git.find(copy), desk.state).missing() is not None
    assert Trust(Git.find(desk.root), tmp_path / "other state").missing() is not None


def test_a_link_to_the_folder_is_the_same_folder(desk: Desk, tmp_path: Path) -> None:
    trust_of(desk).give()
    (tmp_path / "link").symlink_to(desk.root)
    assert Trust(Git(tmp_path / "link"), desk.state).missing() is None


def test_a_linked_worktree_is_trusted_for_itself(desk: Desk, tmp_path: Path) -> None:
    desk.hook("pre-commit", "true")
    trust_of(desk).give()
    desk.repository.git("worktree", "add", "-q", str(tmp_path / "linked"))
    linked = Trust(Git.find(tmp_path / "linked"), desk.state)
    assert (linked.hooks, linked.missing() is None) == (("pre-commit",), False)


@pytest.mark.parametrize("what", ["pipe", "link to a folder", "too many"])
def test_a_folder_of_hooks_that_is_none_cannot_be_trusted(desk: Desk, tmp_path: Path, what: str) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    if what == "pipe":
        os.mkfifo(hooks / "pre-commit")
    elif what == "link to a folder":
        (hooks / "lib").symlink_to(tmp_path)
    else:
        for number in range(1001):
            (hooks / str(number)).touch()
    desk.repository.git("config", "core.hooksPath", str(hooks))
    with pytest.raises(UsageError, match="cannot be trusted"):
        trust_of(desk).give()
    desk.repository.git("config", "--unset", "core.hooksPath")
    trust_of(desk).give()
    desk.repository.git("config", "core.hooksPath", str(hooks))
    assert (trust_of(desk).missing() or "").startswith("this folder cannot be trusted: ")


def test_a_plain_folder_has_nothing_to_trust(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(UsageError, match="nothing to trust"):
        Trust(Git.find(tmp_path / "plain", tmp_path / "state"), tmp_path / "state").give()


def test_a_damaged_record_is_told(desk: Desk) -> None:
    trust_of(desk).give()
    (record,) = (desk.state / "trust").iterdir()
    record.write_text("junk")
    with pytest.raises(StateError, match="cannot be read"):
        trust_of(desk).missing()
    assert trust_of(desk).remove()


ALL_HOOKS = ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit")


def test_without_trust_no_hook_runs_and_that_is_said_once(desk: Desk) -> None:
    for name in ALL_HOOKS:
        desk.hook(name, f"touch {desk.root}/fired")
    desk.change(tracked="new\n")
    desk.commit()
    assert desk.notes == [
        f"hooks were not run: {', '.join(ALL_HOOKS)} (this folder is not trusted; r1code trust --show says how)"
    ]
    assert not (desk.root / "fired").exists()


@pytest.mark.parametrize("folder", [".git/hooks", "my hooks"])
def test_with_trust_they_run_in_order_and_each_is_announced(desk: Desk, tmp_path: Path, folder: str) -> None:
    if folder != ".git/hooks":
        desk.repository.git("config", "core.hooksPath", folder)
    log = tmp_path / "log"
    for name in ALL_HOOKS:
        desk.hook(name, f'echo "{name} $# $PWD" >> {log}; echo out; echo err >&2', folder)
    desk.repository.write(".git/info/exclude", "my hooks\n")
    desk.trust()
    desk.change(tracked="new\n")
    desk.commit()
    here = desk.root.resolve()
    assert log.read_text().splitlines() == [
        f"pre-commit 0 {here}",
        f"prepare-commit-msg 2 {here}",
        f"commit-msg 1 {here}",
        f"post-commit 0 {here}",
    ]
    assert desk.notes == [f"running the {name} hook" for name in ALL_HOOKS]
    assert sorted(desk.shown) == ["err"] * 4 + ["out"] * 4


def test_a_hook_without_a_first_line_runs_as_with_git(desk: Desk) -> None:
    desk.hook("pre-commit", "").write_text("echo plain\n")
    desk.trust()
    desk.change(tracked="new\n")
    desk.commit()
    assert desk.shown == ["plain"]


def test_a_hook_sees_the_commit_and_no_key(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", "secret")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/socket")
    desk.hook("pre-commit", "git diff --cached --name-only; echo $GIT_AUTHOR_NAME $GIT_EDITOR; env")
    desk.repository.write("other", "staged by me\n")
    desk.repository.git("add", "other")
    desk.trust()
    desk.change(tracked="new\n")
    desk.commit()
    assert desk.shown[:2] == ["tracked", "Ann :"]
    assert not [line for line in desk.shown if "secret" in line or "/socket" in line]
    assert "HOME=" in "\n".join(desk.shown)


@pytest.mark.parametrize("name", ["pre-commit", "commit-msg", "prepare-commit-msg"])
def test_a_hook_that_fails_stops_the_commit_and_nothing_is_changed(desk: Desk, name: str) -> None:
    desk.hook(name, "printf 'no \\033[31m good'; exit 3")
    desk.trust()
    desk.change(tracked="new\n")
    before = {path: data for path, data in desk.everything().items() if "objects/" not in path}
    with pytest.raises(UsageError, match="nothing was committed") as raised:
        desk.commit()
    assert "exit code 3" in raised.value.why
    assert desk.shown == ["no \x1b[31m good"]
    after = {path: data for path, data in desk.everything().items() if "objects/" not in path}
    after.pop(".git/COMMIT_EDITMSG", None)
    before.pop(".git/COMMIT_EDITMSG", None)
    assert after == before


def test_after_the_commit_a_hook_can_stop_nothing(desk: Desk) -> None:
    desk.hook("post-commit", "exit 1")
    desk.trust()
    desk.change(tracked="new\n")
    assert desk.commit().commit == desk.repository.git("rev-parse", "HEAD").strip()
    assert "its post-commit hook did not do its part" in desk.notes[-1]


def test_what_a_hook_puts_into_the_index_is_committed(desk: Desk) -> None:
    desk.hook("pre-commit", "echo formatted > tracked; git add tracked; echo x > extra; git add extra")
    desk.trust()
    desk.repository.write("other", "mine\n")
    desk.repository.git("add", "other")
    desk.change(tracked="new\n")
    desk.commit()
    assert desk.of() == ["extra", "tracked"]
    assert desk.repository.git("show", "HEAD:tracked") == "formatted\n"
    assert "the pre-commit hook changed what is committed: extra, tracked" in desk.notes
    assert desk.status() == "M  other\n"
    assert desk.is_sound()


def test_what_a_hook_changes_without_adding_it_is_said(desk: Desk) -> None:
    desk.hook("pre-commit", "echo formatted > tracked")
    desk.trust()
    desk.change(tracked="new\n")
    desk.commit()
    assert desk.repository.git("show", "HEAD:tracked") == "new\n"
    assert "the pre-commit hook changed these files, but not what is committed: tracked" in desk.notes
    assert desk.status() == " M tracked\n"


def test_a_hook_may_change_the_message_but_not_take_it_away(desk: Desk) -> None:
    desk.hook("prepare-commit-msg", 'test "$2" = message && sed -i "1s/^/ABC-1 /" "$1"')
    desk.hook("commit-msg", 'echo "Signed-off-by: Ann <ann@example.org>" >> "$1"')
    desk.trust()
    desk.change(tracked="new\n")
    desk.commit()
    assert desk.message() == (
        "ABC-1 Do it\n\nCo-authored-by: r1code <r1code@localhost>\nSigned-off-by: Ann <ann@example.org>"
    )
    desk.hook("commit-msg", 'echo > "$1"')
    desk.trust()
    desk.change(tracked="newer\n")
    with pytest.raises(UsageError, match="nothing was committed"):
        desk.commit()


def test_a_hook_that_changes_another_one_ends_the_trust(desk: Desk) -> None:
    desk.hook("commit-msg", "exit 0")
    desk.hook("pre-commit", f"echo 'touch {desk.root}/fired' >> .git/hooks/commit-msg")
    desk.trust()
    desk.change(tracked="new\n")
    with pytest.raises(UsageError, match="nothing was committed") as raised:
        desk.commit()
    assert "changed since the folder was trusted: hooks/commit-msg" in raised.value.why
    assert not (desk.root / "fired").exists()


def test_a_hook_is_stopped_by_a_cancel_and_nothing_is_left_locked(desk: Desk) -> None:
    desk.hook("pre-commit", "echo ready; sleep 60")
    desk.trust()
    desk.change(tracked="new\n")
    control = Control()

    def show(_line: str) -> None:
        control.cancel()

    hooks = GitHooks(desk.git, trust_of(desk), control, say=desk.notes.append, show=show)
    with pytest.raises(Cancelled):
        desk.commits.commit([], None, hooks)
    assert not (desk.root / ".git/index.lock").exists()
    assert desk.status() == " M tracked\n"


def test_an_automatic_commit_runs_no_hook(desk: Desk) -> None:
    for name in ALL_HOOKS:
        desk.hook(name, f"touch {desk.root}/fired")
    desk.trust()
    desk.repository.write("other", "mine\n")
    assert desk.commits.first() is not None
    session = desk.write("Go on", {"tracked": "new\n"})
    assert desk.commits.turn(session) is not None
    assert not (desk.root / "fired").exists()


def test_the_repositorys_own_hooks_setting_wins_over_a_persons(desk: Desk, tmp_path: Path) -> None:
    (Path.home() / ".gitconfig").write_text("[core]\n hooksPath = ~/hooks\n")
    assert trust_of(desk).hooks_folder == Path.home() / "hooks"
    desk.repository.git("config", "core.hooksPath", str(tmp_path / "theirs"))
    assert trust_of(desk).hooks_folder == tmp_path / "theirs"


def test_hooks_of_the_configuration_are_switched_off_and_that_is_said(desk: Desk) -> None:
    desk.repository.git("config", "hook.My Linter.event", "pre-commit")
    desk.repository.git("config", "hook.My Linter.command", f"touch {desk.root}/fired")
    # A git before 2.54 knows none: what would stop a newer one is what can be seen here.
    assert desk.git.disarmed() == ["hook.My Linter.enabled=false", "hook.My Linter.event="]
    desk.trust()
    desk.change(tracked="new\n")
    desk.commit()
    assert desk.notes == ["hooks of git's configuration are not run by r1code: My Linter"]
    assert not (desk.root / "fired").exists()
