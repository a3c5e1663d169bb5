"""Undo, redo and rewind of what the installed command did, checked on the files themselves."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from e2e.conftest import FIX, Ran, Repo
from r1code.session import Session

TEST = ["--test", "python3 -m pytest -q"]
HOST = ["--sandbox=none", "--allow-host-exec"]
WRITE = '<write path="new/file.py">\nX = 1\n</write>'


def git(repo: Repo, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=repo.root, check=True, capture_output=True, text=True).stdout


def do(repo: Repo, *replies: str) -> Ran:
    """A task without a sandbox, whose last reply says that it is done."""
    ran = repo.run("-p", "Do it.", *HOST, "--test", "off", *repo.replies(*replies, "<done>ok</done>"))
    assert ran.code == 0, ran.out + ran.err
    return ran


def checkpoints(repo: Repo) -> list[dict[str, object]]:
    return msgspec.json.decode(repo.run("checkpoints", "list", "--json").out)


def test_a_turn_is_undone_and_done_again_with_all_that_its_commands_did(repo: Repo) -> None:
    (repo.root / "was/empty").mkdir(parents=True)
    before = repo.files()
    do(
        repo,
        f"{FIX}\n{WRITE}",
        "<run>rm shop/names.py; mkdir deep; echo made > deep/made.txt; chmod +x shop/cart.py\n"
        "mkdir -p empty/er; rmdir was/empty was</run>",
    )
    after, mode = repo.files(), (repo.root / "shop/cart.py").stat().st_mode
    assert "deep/made.txt" in after
    undone = repo.run("undo")
    assert undone.code == 0, undone.err
    assert repo.files() == before
    assert (repo.root / "shop/cart.py").stat().st_mode & 0o111 == 0
    assert not any((repo.root / folder).exists() for folder in ("deep", "empty"))
    assert (repo.root / "was/empty").is_dir()
    assert repo.run("redo").code == 0
    assert (repo.root / "empty/er").is_dir()
    assert not (repo.root / "was").exists()
    assert (repo.files(), (repo.root / "shop/cart.py").stat().st_mode) == (after, mode)
    assert repo.run("undo", "--step").code == 0
    assert repo.files().keys() == before.keys() | {"new/file.py"}


def test_the_verified_fix_is_undone_like_anything_else(repo: Repo) -> None:
    before = repo.files()
    ran = repo.run(
        "fix", *HOST, "--test", f"{sys.executable} -m pytest -q", *repo.replies(FIX, "<done>ok</done>")
    )
    assert ran.code == 0, ran.out + ran.err
    assert repo.files() != before
    (one,) = checkpoints(repo)
    assert (one["files"], one["is_current"]) == (["shop/cart.py"], True)
    assert repo.run("undo").code == 0
    assert repo.files() == before


def test_rewind_goes_to_any_checkpoint_also_one_that_was_left(repo: Repo) -> None:
    states = [repo.files()]
    for number in (1, 2):
        do(repo, f'<write path="n{number}">\n{number}\n</write>')
        states.append(repo.files())
    assert repo.run("undo").code == 0
    do(repo, '<write path="n3">\n3\n</write>')
    states.append(repo.files())
    assert [(one["id"], one["is_undone"]) for one in checkpoints(repo)] == [(1, False), (2, True), (3, False)]
    for number in (2, 0, 3, 1):
        assert repo.run("rewind", str(number)).code == 0
        assert repo.files() == states[number]
    shown = repo.run("checkpoints", "show", "2").out
    assert "+++ b/n2" in shown


def test_nothing_of_it_is_in_the_repository(repo: Repo) -> None:
    def everything() -> dict[str, bytes]:
        # Git itself rewrites the index when it looks at files.
        places = (repo.root / ".git").rglob("*")
        return {str(path): path.read_bytes() for path in places if path.is_file() and path.name != "index"}

    before = everything(), git(repo, "stash", "list"), git(repo, "reflog"), git(repo, "branch", "-a")
    do(repo, f"{FIX}\n{WRITE}", "<run>echo x >> new/file.py</run>")
    repo.run("undo")
    repo.run("redo")
    assert before == (everything(), git(repo, "stash", "list"), git(repo, "reflog"), git(repo, "branch", "-a"))


@pytest.mark.parametrize("state", ["dirty", "detached", "no commit", "worktree", "submodule"])
def test_the_state_of_the_repository_does_not_matter(repo: Repo, tmp_path: Path, state: str) -> None:
    if state == "dirty":
        (repo.root / "shop/cart.py").write_text((repo.root / "shop/cart.py").read_text() + "# mine\n")
        (repo.root / "untracked").write_text("mine\n")
        git(repo, "add", "shop/cart.py")
    elif state == "detached":
        git(repo, "checkout", "-q", "--detach")
    elif state == "no commit":
        subprocess.run(["rm", "-rf", ".git"], cwd=repo.root, check=True)
        git(repo, "init", "-q")
    elif state == "worktree":
        git(repo, "worktree", "add", "-q", str(tmp_path / "tree"), "-b", "other")
        repo.root = tmp_path / "tree"
    else:
        git(repo, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(repo.root), "sub")
    before, status = repo.files(), git(repo, "status", "--porcelain")
    do(repo, f"{FIX}\n{WRITE}")
    assert repo.files() != before
    assert repo.run("undo").code == 0
    assert (repo.files(), git(repo, "status", "--porcelain")) == (before, status)


def test_a_folder_without_git_is_undone_as_well(repo: Repo) -> None:
    subprocess.run(["rm", "-rf", ".git"], cwd=repo.root, check=True)
    (repo.root / ".gitignore").write_text("*.log\n")
    (repo.root / "my.log").write_text("mine\n")
    before = repo.files()
    do(repo, f"{FIX}\n{WRITE}", "<run>echo x > made.txt; echo y >> my.log</run>")
    assert repo.run("undo").code == 0
    # What is ignored is neither kept nor restored.
    assert repo.files() == before | {"my.log": b"mine\ny\n"}
    assert not (repo.root / ".git").exists()


def test_what_a_person_changed_since_is_never_lost(repo: Repo) -> None:
    do(repo, FIX)
    cart = repo.root / "shop/cart.py"
    cart.write_text(mine := cart.read_text() + "# mine\n")
    refused = repo.run("undo")
    assert refused.code == 2
    assert "shop/cart.py" in refused.err
    assert "--force" in refused.err
    assert cart.read_text() == mine
    assert repo.run("undo", "--force").code == 0
    assert "+ discount" in cart.read_text()
    kept = next(one for one in checkpoints(repo) if one["what"] == "changed by somebody else")
    assert repo.run("rewind", str(kept["id"])).code == 0
    assert cart.read_text() == mine


def test_without_anything_to_undo_it_says_so(repo: Repo) -> None:
    for command, said in (
        (["undo"], "nothing to undo"),
        (["redo"], "nothing to redo"),
        (["rewind", "4"], "no checkpoint 4"),
    ):
        ran = repo.run(*command)
        assert (ran.code, said in ran.err) == (2, True), ran.err
    assert "changed nothing here" in repo.run("checkpoints", "list").out


def history(repo: Repo) -> str:
    (folder,) = (repo.state / "sessions").iterdir()
    session = Session.load(folder)
    try:
        return "\n".join(message.text for message in session.history())
    finally:
        session.close()


def test_the_conversation_goes_along_unless_only_files_are_meant(repo: Repo) -> None:
    do(repo, WRITE, '<write path="b.py">\nB = 1\n</write>')
    whole = history(repo)
    assert repo.run("undo", "--step").code == 0
    assert "b.py" not in history(repo)
    assert "new/file.py" in history(repo)
    assert repo.run("redo").code == 0
    assert history(repo) == whole
    assert repo.run("undo", "--step", "--files").code == 0
    assert history(repo) == whole
    assert not (repo.root / "b.py").exists()
    assert repo.run("undo", "--conversation").code == 0
    assert history(repo) == ""
    assert (repo.root / "new/file.py").exists()


def test_after_a_kill_in_the_middle_of_a_command_all_of_it_can_be_undone(repo: Repo) -> None:
    before = repo.files()
    replies = repo.replies(FIX, "<run>echo half > shop/half.py; echo ready > ready; sleep 60</run>")
    process = subprocess.Popen(
        [str(repo.script), "-p", "Do it.", *HOST, *replies],
        cwd=repo.root,
        env=repo.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not (repo.root / "ready").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (repo.root / "mine.txt").write_text("since then\n")
    refused = repo.run("undo")
    assert refused.code == 2
    assert "mixed with your own changes" in refused.err
    assert "mine.txt" in refused.err
    assert repo.run("undo", "--force").code == 0
    assert repo.files() == before
    assert repo.run("redo").code == 0
    assert (repo.root / "mine.txt").read_text() == "since then\n"


def test_a_person_may_work_between_two_turns(repo: Repo) -> None:
    cart = repo.root / "shop/cart.py"
    states = [repo.files()]
    do(repo, FIX)
    states.append(repo.files())
    cart.write_text(cart.read_text().replace("prices)", "prices, 0)"))
    do(
        repo,
        FIX.replace("sum(prices) + discount", "sum(prices, 0) - discount").replace("- discount\n>", "- 2\n>"),
    )
    last = repo.files()
    whats = [one["what"] for one in checkpoints(repo)]
    assert whats == ["edit shop/cart.py", "changed by somebody else", "edit shop/cart.py"]
    assert repo.run("undo").code == 0
    assert "sum(prices, 0) - discount" in cart.read_text()
    for number, files in ((1, states[1]), (0, states[0]), (3, last)):
        assert repo.run("rewind", str(number)).code == 0
        assert repo.files() == files


def test_what_ignore_rules_bring_into_sight_is_not_taken_for_new(repo: Repo) -> None:
    (repo.root / ".gitignore").write_text("data/\n")
    (repo.root / "data").mkdir()
    (repo.root / "data/local.db").write_text("precious\n")
    (repo.root / "report.csv").write_text("mine\n")
    before = repo.files()
    do(repo, "<run>rm .gitignore; echo new > made.txt</run>", "<run>echo '*.csv' > .gitignore</run>")
    assert (repo.root / "report.csv").exists()
    assert repo.run("undo").code == 0
    assert repo.files() == before


def test_a_link_that_leads_out_and_odd_paths_end_no_session(repo: Repo, tmp_path: Path) -> None:
    (repo.root / "out").symlink_to(tmp_path)
    odd = [
        '<delete path="out"/>',
        '<write path="shop/cart.py/x">\n1\n</write>',
        '<move path="shop/cart.py" to="shop/cart.py/b"/>',
    ]
    ran = repo.run("-p", "Do it.", *HOST, "--test", "off", *repo.replies(*odd, "<done>ok</done>"))
    assert ran.code == 0, ran.err
    assert not (repo.root / "out").is_symlink()
    assert tmp_path.is_dir()


def test_a_patch_that_is_shown_applies_byte_by_byte(repo: Repo) -> None:
    (repo.root / "dos.txt").write_bytes(b"a\r\nb\r\n")
    do(repo, '<edit path="dos.txt">\n<<<<<<< SEARCH\na\n=======\nc\n>>>>>>> REPLACE\n</edit>')
    shown = subprocess.run(
        [str(repo.script), "checkpoints", "show", "1"],
        cwd=repo.root,
        env=repo.environ,
        capture_output=True,
        check=True,
    )
    subprocess.run(["git", "apply", "-R"], cwd=repo.root, input=shown.stdout, check=True)
    assert (repo.root / "dos.txt").read_bytes() == b"a\r\nb\r\n"


def test_a_broken_repository_is_not_taken_for_a_plain_folder(repo: Repo) -> None:
    (repo.root / ".git/HEAD").unlink()
    ran = repo.run("-p", "x", "-C", "shop", *HOST, *repo.replies("<done>ok</done>"))
    assert ran.code == 2
    assert "Traceback" not in ran.err


def test_pruning_frees_what_nothing_needs(repo: Repo) -> None:
    do(repo, WRITE)
    do(repo, FIX)
    ran = repo.run("checkpoints", "prune", "--days", "0")
    assert (ran.code, ran.out.startswith("2 checkpoints")) == (0, True), ran.out + ran.err
    assert repo.run("undo").code == 2
    do(repo, '<write path="again.py">\nY = 1\n</write>')
    assert repo.run("undo").code == 0
    assert not (repo.root / "again.py").exists()


@pytest.mark.docker
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("engine")
def test_what_a_command_in_the_container_brought_back_is_undone(repo: Repo) -> None:
    before = repo.files()
    ran = repo.run(
        "-p", "Do it.", *repo.replies(FIX, "<run>rm shop/names.py; echo x > made.txt</run>", "<done>ok</done>")
    )
    assert ran.code == 0, ran.out + ran.err
    assert repo.files().keys() == (before.keys() | {"made.txt"}) - {"shop/names.py"}
    assert repo.run("undo", "--step").code == 0
    assert repo.files().keys() == before.keys()
    assert repo.run("undo").code == 0
    assert repo.files() == before
