"""Mentions read in a real tree, with git and the index."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from r1code.app.consent import Consent
from r1code.app.mentions import Looking, Mentions
from r1code.config import Config
from r1code.control import Control
from r1code.errors import UsageError
from r1code.repo.git import Git
from r1code.repo.index.index import FILE, Index
from r1code.tree.scan import Listing
from r1code.tree.store import Store
from r1code.tree.worktree import WorkTree

FILES = {
    "app/cart.py": "class Cart:\n    def total(self):\n        return 1\n\n\ndef tax():\n    return 'k3y'\n",
    "app/long.py": "".join(f"line{number} = {number}\n" for number in range(2_000)),
    "web/a.ts": "export function render(): void {}\n",
    "b.bin": "a\0b",
    ".env": "TOKEN=abc\n",
    ".gitignore": "dist/\n*.log\n",
    ".r1codeignore": "exercises/\n",
    "exercises/one.py": "hidden_one = 1\n",
    "dist/out.js": "x\n",
}


def git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


Read = Callable[..., str]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def read(tmp_path: Path, said: list[str]) -> Iterator[Read]:
    root = tmp_path / "repo"
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    git(root, "init", "-q")
    git(root, "add", "-A", "-f", ":!dist")
    git(root, "commit", "-qm", "first")
    (root / "app/cart.py").write_text(FILES["app/cart.py"].replace("return 1", "return 2"))
    (root / ".env").write_text("TOKEN=abcd\n")
    git(root, "commit", "-qam", "Count to two")
    repository = Git.find(root, tmp_path / "state")
    store = Store(tmp_path / "objects")
    consent = Consent(Config(), root, tmp_path / "state", is_replay=False)
    tree = WorkTree(
        root,
        Listing(repository.files, repository.ignored),
        store,
        state=tmp_path / "state",
        hidden=consent.why_hidden,
    )

    index = Index(tmp_path / FILE, store)

    def told(text: str, most: int = 4_000) -> str:
        mentions = Mentions(text, tree, repository, consent, hide=lambda text: text.replace("k3y", "[secret]"))
        mentions.check()
        return mentions.read(Looking(tree, index, Control()), most, len, said.append)

    yield told
    index.close()


def test_a_file_lines_of_it_a_folder_and_a_symbol_are_told_as_data(read: Read, said: list[str]) -> None:
    told = read("Change @app/cart.py:6-7 like @Cart.total and @render in @web/, says @maria.")
    assert (
        "<observation of=\"app/cart.py (lines 6-7 of 7)\">\ndef tax():\n    return '[secret]'\n</observation>"
        in told
    )
    assert 'of="Cart.total in app/cart.py (lines 2-3 of 7)">\n    def total(self):\n        return 2\n<' in told
    assert 'of="render in web/a.ts (1 lines)">\nexport function render' in told
    assert 'of="web/ (1 files)">\nweb/a.ts\n' in told
    assert said[-1] == "nothing here is called @maria: that stays as it is written"


def test_a_revision_is_told_with_its_diff_and_without_hidden_files(read: Read) -> None:
    told = read("What did @rev:HEAD do, and @rev:HEAD~1?")
    assert "Count to two" in told
    assert "-        return 1\n+        return 2" in told
    assert "TOKEN" not in told
    assert ".env" not in told
    assert "hidden_one" not in told
    assert "first" in told
    between = read("@rev:HEAD~1..HEAD")
    assert "+        return 2" in between


def test_what_is_long_is_cut_where_the_model_can_read_on(read: Read) -> None:
    told = read("@app/long.py @app/cart.py", most=1_000)
    assert len(told) < 1_500
    assert "line0 = 0\n" in told
    assert '<read path="app/long.py" lines="' in told
    assert FILES["app/cart.py"].splitlines()[0] in told


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("@.env", "may hold secrets"),
        ("@exercises/one.py", "hidden by the project's .r1codeignore"),
        ("@exercises/", "hidden by the project's .r1codeignore"),
        ("@dist/out.js", "git ignores it"),
        ("@dist/", "git ignores it"),
        ("@.git/config", "may hold secrets"),
        ("@.git/HEAD", "belongs to git"),
        ("@b.bin", "binary"),
        ("@app/cart.py:99", "it has 7 lines"),
        ("@app/cart.py:5-2", "it has 7 lines"),
        ("@app/chart.py", "no such file"),
        ("@rev:nothing", "git knows no such"),
        ("@rev:--output=x", "git knows no such"),
    ],
)
def test_what_cannot_be_told_is_said_before_anything_else(read: Read, text: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(f"Look at {text} please")
    assert why in caught.value.why
    assert "backticks" in caught.value.hint


def test_names_in_hidden_files_are_not_found(read: Read, said: list[str]) -> None:
    assert read("@hidden_one") == ""
    assert said == ["nothing here is called @hidden_one: that stays as it is written"]


def test_too_many_are_refused(read: Read) -> None:
    with pytest.raises(UsageError, match="21 things"):
        read(" ".join(f"@app/cart.py:1-{number}" for number in range(1, 22)))


def test_a_text_without_any_asks_nothing(read: Read, said: list[str]) -> None:
    assert read("Fix it, mail a@b.org") == ""
    assert said == []
