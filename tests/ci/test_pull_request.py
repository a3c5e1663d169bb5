"""The action that pushes: what a patch did is looked at before anybody else sees it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.repository import Repository
from fakes.runner import Done, Runner

ACTION = Path(__file__).parents[2] / ".ci/pull-request/action.yml"
GH = '#!/bin/sh\nfor one; do echo "$one"; done > "$GH_TOLD"\necho https://example.org/pull/1\n'


class Place:
    """A checkout, the repository that it is from, and a patch that somebody made of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repository = Repository(folder / "workspace")
        self.repository.commit("app.py", ".github/workflows/ci.yml")
        self.origin = folder / "server/me/shop"
        self.repository.git("clone", "-q", "--bare", str(folder / "workspace"), str(self.origin))
        self.start = self.repository.git("rev-parse", "HEAD").strip()
        self.patch = folder / "fix.mbox"
        self.runner = Runner(folder / "runner", self.repository.root)
        self.runner.stub("gh", GH)
        self.runner.env = {
            "GITHUB_SERVER_URL": f"file://{folder}/server",
            "GITHUB_REPOSITORY": "me/shop",
            "GH_TOKEN": "not-a-token",
            "GH_TOLD": str(folder / "gh"),
        }

    def make(self, change: Callable[[Repository], object], commits: int = 1) -> None:
        change(self.repository)
        self.repository.git("add", "-A", "-f")
        self.repository.git("commit", "-qm", "Subtract the discount", "--no-verify")
        for _ in range(commits - 1):
            self.repository.git("commit", "-qm", "more", "--allow-empty", "--no-verify")
        text = self.repository.git("format-patch", "--stdout", "--always", "--binary", self.start)
        self.patch.write_text(text)
        self.repository.git("reset", "-q", "--hard", self.start)

    def open(self, **inputs: str) -> Done:
        return self.runner.run(ACTION, **{"patch": str(self.patch), "base": "main", **inputs})

    @property
    def branches(self) -> list[str]:
        told = subprocess.run(
            ["git", "for-each-ref", "--format=%(refname:short)"], cwd=self.origin, capture_output=True, check=True
        )
        return told.stdout.decode().split()

    @property
    def said(self) -> list[str]:
        return (self.folder / "gh").read_text().splitlines()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_patch_is_pushed_to_a_branch_of_its_own_and_a_draft_is_opened(place: Place, tmp_path: Path) -> None:
    place.make(lambda repository: repository.write("app.py", "fixed\n"))
    body = tmp_path / "summary.md"
    body.write_bytes(b"Fixed, says @everybody.\xff\n")
    done = place.open(body=str(body))
    assert done.code == 0, done.log
    assert place.branches == ["main", "r1code/fix-17-1"]
    assert done.outputs == {"branch": "r1code/fix-17-1", "url": "https://example.org/pull/1"}
    shown = subprocess.run(
        ["git", "show", "r1code/fix-17-1:app.py"], cwd=place.origin, capture_output=True, check=True
    )
    assert shown.stdout == b"fixed\n"
    flags = ["pr", "create", "--repo", "me/shop", "--base", "main", "--head", "r1code/fix-17-1", "--title"]
    assert place.said[:9] == flags
    assert place.said[9:11] == ["Repair the failing tests", "--body-file"]
    assert place.said[12:] == ["--draft"]
    text = Path(place.said[11]).read_text()
    assert "clean re-run" in text
    assert ("@everybody" in text, "@\u200beverybody" in text) == (False, True)


REFUSED = [
    ".github/workflows/ci.yml",
    ".GitHub/workflows/new.yml",
    ".gitlab-ci.yml",
    "deep/.gitattributes",
    ".gitmodules",
    ".r1code/config.toml",
    ".r1codeignore",
    "agents.md",
    "docs/CLAUDE.md",
    ".pre-commit-config.yaml",
    "action.yaml",
    "Jenkinsfile",
    "secret/own.txt",
]


@pytest.mark.parametrize("path", REFUSED)
def test_what_says_what_ci_git_or_agents_do_is_not_changed(place: Place, path: str) -> None:
    place.make(lambda repository: (repository.write("app.py", "fixed\n"), repository.write(path, "evil\n")))
    done = place.open(refuse="own/* secret/*")
    assert (done.code, "says what CI, git or agents do" in done.log) == (1, True), done.log
    assert place.branches == ["main"]
    assert not (place.folder / "gh").exists()


def test_nor_taken_away(place: Place) -> None:
    place.make(lambda repository: repository.git("rm", "-q", ".github/workflows/ci.yml"))
    assert place.open().code == 1


@pytest.mark.parametrize("target", ["/etc/passwd", "app.py"])
def test_a_link_is_refused(place: Place, target: str) -> None:
    place.make(lambda repository: (repository.root / "link").symlink_to(target))
    done = place.open()
    assert (done.code, "a link or a submodule" in done.log, place.branches) == (1, True, ["main"])


def test_more_than_one_commit_is_refused(place: Place) -> None:
    place.make(lambda repository: repository.write("app.py", "fixed\n"))
    first = place.patch.read_text()
    place.make(lambda repository: repository.write("other.py", "more\n"))
    place.patch.write_text(first + place.patch.read_text())
    done = place.open()
    assert (done.code, "more than one commit" in done.log, place.branches) == (1, True, ["main"])


@pytest.mark.parametrize(
    ("patch", "says"),
    [("", "there is no patch"), ("no mail\n", "does not apply"), ("x" * 5_000_001, "larger than")],
)
def test_what_is_no_patch_is_refused(place: Place, patch: str, says: str) -> None:
    place.patch.write_text(patch)
    done = place.open()
    assert (done.code, says in done.log, place.branches) == (1, True, ["main"])


def test_a_patch_of_another_commit_is_refused(place: Place) -> None:
    place.make(lambda repository: repository.write("app.py", "fixed\n"))
    place.repository.write("app.py", "other\n")
    place.repository.git("commit", "-qam", "meanwhile")
    assert "does not apply" in place.open().log


def test_a_name_that_is_no_branch_is_refused(place: Place) -> None:
    place.make(lambda repository: repository.write("app.py", "fixed\n"))
    for inputs in ({"branch": "--force"}, {"branch": "a b"}, {"base": "main..x"}):
        done = place.open(**inputs)
        assert (done.code, "cannot be used" in done.log) == (1, True)


def test_no_hook_of_the_checkout_runs(place: Place, tmp_path: Path) -> None:
    place.make(lambda repository: repository.write("app.py", "fixed\n"))
    hooks = place.repository.root / ".git/hooks"
    for name in ("applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "pre-push"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/fired\n")
        (hooks / name).chmod(0o755)
    assert place.open().code == 0
    assert not (tmp_path / "fired").exists()


def test_the_token_is_told_to_git_alone_and_in_no_argument(place: Place) -> None:
    place.make(lambda repository: repository.write("app.py", "fixed\n"))
    real = next(one for one in map(Path, ("/usr/bin/git", "/usr/local/bin/git")) if os.access(one, os.X_OK))
    place.runner.stub("git", f'#!/bin/sh\necho "$@" >> {place.folder}/commands\nexec {real} "$@"\n')
    assert place.open().code == 0
    commands = (place.folder / "commands").read_text()
    assert "push" in commands
    assert "not-a-token" not in commands
    helper = next(one for one in commands.split("credential.helper=") if one.startswith("!")).split("#")[0] + "#"
    asked = subprocess.run(
        ["git", "-c", "credential.helper=", "-c", f"credential.helper={helper}", "credential", "fill"],
        input=b"protocol=https\nhost=example.org\n\n",
        env={**os.environ, "TOKEN": "not-a-token", "GIT_TERMINAL_PROMPT": "0"},
        capture_output=True,
        check=True,
    )
    assert b"username=x-access-token\npassword=not-a-token\n" in asked.stdout


def test_on_gitlab_a_push_asks_for_a_merge_request(place: Place) -> None:
    place.make(lambda repository: repository.write("app.py", "fixed\n"))
    place.runner.env |= {
        "GITLAB_CI": "true",
        "CI_PIPELINE_ID": "5",
        "CI_JOB_ID": "6",
        "CI_SERVER_URL": place.runner.env["GITHUB_SERVER_URL"],
        "CI_PROJECT_PATH": "me/shop",
        "PUSH_TOKEN": "not-a-token",
    }
    place.origin.rename(place.origin.with_name("shop.git"))
    place.origin = place.origin.with_name("shop.git")
    for key, value in (("receive.advertisePushOptions", "true"), ("core.hooksPath", str(place.folder / "hooks"))):
        subprocess.run(["git", "config", key, value], cwd=place.origin, check=True)
    hook = place.folder / "hooks/pre-receive"
    hook.parent.mkdir()
    hook.write_text(f"#!/bin/sh\nenv | grep ^GIT_PUSH_OPTION_[0-9] | sort > {place.folder}/options\n")
    hook.chmod(0o755)
    done = place.open()
    assert done.code == 0, done.log
    assert place.branches == ["main", "r1code/fix-5-6"]
    options = [line.partition("=")[2] for line in (place.folder / "options").read_text().splitlines()]
    assert options == [
        "merge_request.create",
        "merge_request.target=main",
        "merge_request.title=Repair the failing tests",
        "merge_request.draft",
    ]
    assert not (place.folder / "gh").exists()
