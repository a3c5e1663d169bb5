"""`r1code sandbox ...` as a person meets it."""

from __future__ import annotations

import shutil
import subprocess

import docker
import pexpect
import pytest

from e2e.conftest import Repo, write

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300), pytest.mark.usefixtures("engine")]
NEEDY = (
    '[project]\nname = "x"\nrequires-python = ">=3.9"\ndependencies = ["not-a-real-package-name-of-ours>=2"]\n'
)


def test_init_shows_what_was_found_and_writes_only_when_told(repo: Repo) -> None:
    write(repo.root, {"pyproject.toml": NEEDY, "web/package.json": '{"dependencies": {"ms": "2"}}'})
    before = repo.files()
    shown = repo.run("sandbox", "init")
    assert shown.code == 0, shown.err
    assert "not-a-real-package-name-of-ours>=2" in shown.out
    assert "#   web: node, npm" in shown.out
    assert "FROM r1code-base:" in shown.out
    assert repo.files() == before
    assert repo.run("sandbox", "init", "--write").code == 0
    file = repo.root / ".r1code/Dockerfile"
    assert file.read_text() == shown.out
    file.write_text("FROM mine\n")
    refused = repo.run("sandbox", "init", "--write")
    assert refused.code == 2
    assert file.read_text() == "FROM mine\n"
    assert repo.run("sandbox", "init", "--write", "--force").code == 0
    assert file.read_text() == shown.out


def test_a_build_that_fails_names_its_step_and_leaves_nothing(repo: Repo) -> None:
    write(repo.root, {"pyproject.toml": NEEDY})
    ran = repo.run("sandbox", "build")
    assert ran.code == 7
    assert "dependencies, step" in ran.err
    assert "not-a-real-package-name-of-ours" in ran.err
    assert "next:" in ran.err
    client = docker.from_env()
    try:
        state = [
            one for one in client.api.containers(all=True) if "build-" in one["Labels"].get("r1code.owner", "")
        ]
    finally:
        client.close()
    assert [one for one in state if one["State"] != "removing"] == []


def test_a_package_that_is_none_is_refused_before_anything_starts(repo: Repo) -> None:
    write(repo.root, {".r1code/config.toml": 'packages = ["libpq-dev; touch /x"]\n'})
    ran = repo.run("sandbox", "build")
    assert ran.code == 2
    assert "not the name of a Debian package" in ran.err


@pytest.mark.usefixtures("bubblewrap")
def test_the_doctor_says_what_is_there_and_what_to_do(repo: Repo) -> None:
    ran = repo.run("sandbox", "doctor")
    assert ran.code == 0, ran.out
    words = ("engine", "user", "limits", "gVisor", "storage", "base image", "image registry", "Debian packages")
    assert [word for word in words if word not in ran.out] == []
    repo.env["DOCKER_HOST"] = "unix:///nowhere/docker.sock"
    instead = repo.run("sandbox", "doctor")
    assert instead.code == 0
    assert "bubblewrap is used instead" in instead.out
    # A machine that has neither: of its programs only git is left.
    programs = repo.state.parent / "programs"
    programs.mkdir()
    (programs / "git").symlink_to(shutil.which("git") or "")
    repo.env["PATH"] = str(programs)
    gone = repo.run("sandbox", "doctor")
    assert gone.code == 7
    assert "wrong    engine" in gone.out
    assert "start it with" in gone.out or "start Docker" in gone.out


def shell(repo: Repo) -> pexpect.spawn:
    return pexpect.spawn(
        str(repo.script),
        ["sandbox", "shell"],
        cwd=str(repo.root),
        env={**repo.environ, "TERM": "dumb"},
        encoding="utf-8",
        dimensions=(30, 100),
        timeout=120,
    )


def test_a_shell_works_on_a_copy_and_what_changed_is_brought_back_or_dropped(repo: Repo) -> None:
    before = repo.files()
    for answer, kept in (("n", False), ("y", True)):
        terminal = shell(repo)
        terminal.expect("you are asked about changes")
        terminal.expect(r"workspace\$ ")
        terminal.sendline("stty size; echo made >made.txt; rm shop/names.py; id -u")
        terminal.expect("30 100")
        terminal.expect("1000")
        terminal.sendline('sh -c \'trap "echo cau""ght; exit" INT; echo rea""dy; while :; do sleep 0.1; done\'')
        terminal.expect("ready")
        terminal.sendintr()
        terminal.expect("caught")
        terminal.expect(r"workspace\$ ")
        terminal.sendline("exit 3")
        terminal.expect("Bring back what changed in 2 files")
        terminal.expect("made.txt")
        terminal.expect("n = no >")
        terminal.sendline(answer)
        terminal.expect(pexpect.EOF)
        terminal.close()
        assert terminal.exitstatus == 3
        if not kept:
            assert repo.files() == before
    assert (repo.root / "made.txt").read_text() == "made\n"
    assert not (repo.root / "shop/names.py").exists()
    assert repo.run("undo").code == 0
    assert repo.files() == before
    assert repo.containers() == []


def test_a_shell_without_a_terminal_is_refused(repo: Repo) -> None:
    ran = repo.run("sandbox", "shell")
    assert ran.code == 2
    assert "no terminal" in ran.err
    status = subprocess.run(["git", "status", "--porcelain"], cwd=repo.root, capture_output=True, check=True)
    assert status.stdout == b""
