from __future__ import annotations

from pathlib import Path

import pytest

from fakes.leaks import SECRETS, text_of
from fakes.repository import Repository
from r1code.app.history import VeiledHistory
from r1code.repo.files import is_secret
from r1code.sandbox.gitdir import LeftOutError, members
from r1code.secrets.vault import Vault

EVERYTHING = ("cat-file", "--batch-all-objects", "--batch")


class Scene:
    """A repository, and what of it commands in a sandbox would see."""

    def __init__(self, folder: Path, *, hash_name: str = "sha1") -> None:
        self.folder = folder
        self.repository = Repository(folder / "repo")
        if hash_name != "sha1":
            (self.repository.root / ".git").rename(folder / "other")
            self.repository.git("init", "-q", "-b", "main", f"--object-format={hash_name}")
        self.vault = Vault(bytes(32))
        self.copies = 0

    def history(self) -> VeiledHistory:
        return VeiledHistory(self.repository.root, self.vault, is_secret, self.folder / "state")

    def copy(self) -> Repository:
        self.copies += 1
        root = self.folder / f"copy-{self.copies}"
        for name, data in self.history().members(self.repository.root / ".git"):
            path = root / ".git" / name
            if name.endswith("/"):
                path.mkdir(parents=True, exist_ok=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        copy = object.__new__(Repository)
        copy.root = root
        return copy


@pytest.mark.parametrize("hash_name", ["sha1", "sha256"])
def test_no_secret_of_any_version_or_message_goes_along_and_git_works_as_before(
    tmp_path: Path, hash_name: str
) -> None:
    scene = Scene(tmp_path, hash_name=hash_name)
    repository = scene.repository
    repository.write("config.py", text_of("github"))
    repository.write(".env", "PASSWORD=hunter2\n")
    repository.write("gone.py", text_of("stripe"))
    repository.commit("a.txt")
    (repository.root / "gone.py").unlink()
    repository.write("config.py", text_of("github") + "DEBUG = 1\n")
    repository.git("add", "-A")
    repository.git("commit", "-qm", f"Rotate\n\nwas {SECRETS['npm']}")
    repository.git("tag", "-am", f"with {SECRETS['slack']}", "v1")
    repository.write("lost.py", text_of("google"))
    repository.git("add", "-A")
    repository.git("commit", "-qm", "lost")
    repository.git("reset", "-q", "--hard", "HEAD~1")
    repository.write("staged.py", text_of("openai"))
    repository.git("add", "-A")

    copy = scene.copy()
    objects = copy.git(*EVERYTHING)
    shown = objects + copy.git("log", "-p", "--all") + copy.git("show", "v1") + copy.git("diff", "--cached")
    planted = ["github", "stripe", "npm", "slack", "google", "openai"]
    assert [kind for kind in planted if SECRETS[kind] in shown] == []
    assert "hunter2" not in shown
    for command in (
        ["log", "--format=%H %T %an %ad", "--branches"],
        ["rev-parse", "HEAD", "v1", "HEAD~1:a.txt"],
        ["ls-tree", "-r", "HEAD"],
        ["diff", "--cached", "--name-only"],
    ):
        assert copy.git(*command) == repository.git(*command), command
    assert copy.git("show", "HEAD:config.py") == scene.vault.hide(text_of("github")) + "DEBUG = 1\n"
    assert "not available here" in copy.git("show", "HEAD:.env")
    assert "was hidden_npm_" in copy.git("log", "-1", "--format=%B")
    # A file with placeholders is no change.
    copy.write("config.py", copy.git("show", "HEAD:config.py"))
    assert copy.git("diff", "--stat", "--", "config.py") == ""


def test_a_history_without_secrets_goes_along_as_it_is_and_is_scanned_once(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.repository.commit("a.txt", "b.txt")
    plain = members(scene.repository.root / ".git")
    assert scene.history().members(scene.repository.root / ".git") == plain
    known = (tmp_path / "state/history").glob("*").__next__().read_text().splitlines()
    assert len(known) == 1 + 2  # the version; the blob and the commit
    scene.repository.write("c.py", text_of("npm"))
    scene.repository.commit("d.txt")
    assert SECRETS["npm"] not in scene.copy().git(*EVERYTHING)
    assert SECRETS["npm"] not in scene.copy().git(*EVERYTHING)


def test_replacements_of_the_project_itself_do_not_hide_what_it_holds(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.repository.write("c.py", text_of("npm"))
    scene.repository.commit("a.txt")
    secret, innocent = (scene.repository.git("rev-parse", f"HEAD:{name}").strip() for name in ("c.py", "a.txt"))
    scene.repository.git("replace", secret, innocent)
    assert SECRETS["npm"] not in scene.copy().git(*EVERYTHING)


def test_a_history_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.repository.commit("a.txt")
    blob = scene.repository.git("rev-parse", "HEAD:a.txt").strip()
    place = scene.repository.root / ".git/objects" / blob[:2] / blob[2:]
    place.chmod(0o644)
    place.write_bytes(b"damaged")
    with pytest.raises(LeftOutError, match="could not be searched"):
        scene.history().members(scene.repository.root / ".git")
