"""The wheel, installed, in a pseudo-terminal: what a person gets."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pexpect
import pytest

from e2e.conftest import FIX, Repo, commit, passes

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.mark.docker
@pytest.mark.usefixtures("engine")
def test_where_several_commands_could_run_the_tests_a_person_is_asked_once(repo: Repo) -> None:
    (repo.root / "package.json").write_text('{"scripts": {"test": "jest"}}')
    commit(repo.root)
    replies = repo.replies(f"{FIX}\n<done>ok</done>")
    terminal = repo.terminal("fix", *replies)
    terminal.expect("Which one")
    terminal.expect("2 .*python3 -m pytest -q")
    terminal.expect(" = .* >")
    terminal.sendline("2")
    # The other command would need an image with Node in it.
    terminal.expect("y = yes, n = no >")
    terminal.sendline("n")
    terminal.expect("tests before: python3 -m pytest -q")
    terminal.expect("verdict: .*fixed")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
    again = repo.terminal("fix", *replies)
    again.expect("chosen here before")
    # An image that was declined is not offered again.
    again.expect("as you wanted")
    again.expect("exit code 3")
    again.expect(pexpect.EOF)
    again.close()


@pytest.mark.docker
@pytest.mark.usefixtures("engine")
def test_the_installed_wheel_fixes_a_project_in_a_terminal(repo: Repo, wheel_script: Path) -> None:
    repo.script = wheel_script
    replies = repo.replies('<read path="shop/cart.py"/>', f"{FIX}\n<test/>", "<done>Fixed the sign.</done>")
    terminal = repo.terminal("fix", "--test", "python3 -m pytest -q", *replies)
    terminal.expect("1 failed, 1 passed")
    terminal.expect("Let me")
    terminal.expect("shop/cart.py")
    terminal.expect("2 passed")
    terminal.expect("verdict: .*fixed")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
    assert passes(repo.root)


@pytest.mark.docker  # With the other test of the wheel, which is built once.
def test_the_wheel_has_one_top_level_name_and_all_its_data(wheel_script: Path) -> None:
    wheel = next(wheel_script.parents[2].glob("*.whl"))
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"r1code"}
    sources = {
        folder: Path(__file__).parents[2] / folder
        for folder in ("r1code", "tools", "sandbox", "prompts", "serving")
    }
    wanted = {
        "/".join(("r1code" if folder == "r1code" else f"r1code/{folder}", *path.relative_to(source).parts))
        for folder, source in sources.items()
        for path in source.rglob("*.*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in names if ".dist-info" not in name} == wanted


def test_without_a_sandbox_a_person_is_asked_first_and_for_each_command(repo: Repo) -> None:
    replies = repo.replies("<run>touch ran</run>", "<run>touch never</run>", "<done>ok</done>")
    terminal = repo.terminal("-p", "Go.", "--sandbox", "none", *replies)
    terminal.expect("Go on without a sandbox")
    # What is typed before it is offered is forgotten.
    terminal.expect("n = no >")
    terminal.sendline("y")
    terminal.expect("touch ran")
    terminal.expect("edit the command >")
    terminal.sendline("y")
    terminal.expect("touch never")
    terminal.expect("edit the command >")
    terminal.sendline("n")
    terminal.expect("why not")
    terminal.sendline("")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
    assert (repo.root / "ran").exists()
    assert not (repo.root / "never").exists()


def test_what_is_always_allowed_in_a_project_is_not_asked_again_and_can_be_taken_back(repo: Repo) -> None:
    replies = repo.replies("<run>touch 'a b'</run>", '<write path="made.txt">\nx\n</write>', "<done>ok</done>")
    for turn in range(2):
        terminal = repo.terminal("-p", "Go.", "--sandbox", "none", *replies)
        terminal.expect("Go on without a sandbox")
        terminal.expect("n = no >")
        terminal.sendline("y")
        if turn == 0:
            terminal.expect("always means: run.touch 'a b'.")
            terminal.expect("edit the command >")
            terminal.sendline("p")
        terminal.expect("Change this")
        terminal.expect("always in this project >")
        terminal.sendline("n")
        terminal.expect("why not")
        terminal.sendline("")
        terminal.expect(pexpect.EOF)
        terminal.close()
        assert terminal.exitstatus == 0
        assert (repo.root / "a b").exists()
        assert not (repo.root / "made.txt").exists()
        (repo.root / "a b").unlink()
    assert repo.run("approvals", "list").out == "  1  run(touch 'a b')\n"
    assert repo.run("approvals", "remove", "1").code == 0
    assert repo.run("approvals", "list").out == ""


def test_no_consent_starts_nothing(repo: Repo) -> None:
    terminal = repo.terminal("-p", "Go.", "--sandbox", "none", *repo.replies("<run>touch ran</run>"))
    terminal.expect("Go on without a sandbox")
    terminal.expect("n = no >")
    terminal.sendline("n")
    terminal.expect("you did not agree")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 2
    assert not (repo.root / "ran").exists()


def test_an_interrupt_at_the_question_ends_with_130(repo: Repo) -> None:
    terminal = repo.terminal("-p", "Go.", "--sandbox", "none", *repo.replies("<run>touch ran</run>"))
    terminal.expect("Go on without a sandbox")
    terminal.expect("no >")
    terminal.sendintr()
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 130


@pytest.mark.docker
@pytest.mark.usefixtures("engine")
def test_the_example_of_the_readme_is_fixed(repo: Repo, tmp_path: Path) -> None:
    examples = Path(__file__).parents[2] / "examples"
    example = next(path for path in sorted(examples.iterdir()) if (path / "README.md").exists())
    root = tmp_path / "example"
    shutil.copytree(example, root)
    commit(root)
    there = Repo(root=root, state=tmp_path / "state")
    assert not passes(root)
    fix = Path(__file__).parents[1] / f"projects/fixes/{example.name}.patch"
    (root / "fix.patch").write_text(fix.read_text())
    ran = there.run(
        "fix",
        "--test",
        "pytest -q",
        *there.replies("<run>git apply fix.patch && rm fix.patch</run>\n<test/>", "<done>ok</done>"),
    )
    assert ran.code == 0, ran.out + ran.err
    assert passes(root)
