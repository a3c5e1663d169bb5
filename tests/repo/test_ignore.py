"""What .r1codeignore hides, and that it never shows anything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fakes.repository import Repository
from r1code.app.consent import Consent
from r1code.config import Config
from r1code.control import Control
from r1code.errors import ToolError, UsageError
from r1code.repo.git import Git
from r1code.repo.ignore import IGNORE_FILE, ignoring
from r1code.tools.base import Draft
from r1code.tools.list import List
from r1code.tools.read import Read
from r1code.tools.search import Search
from r1code.tree.scan import Listing
from r1code.tree.store import Store
from r1code.tree.worktree import WorkTree

PATTERNS = "# large\ndata/\n*.sql\n!keep.sql\n/only-here\n!.env\n"


@pytest.mark.parametrize(
    ("path", "hidden"),
    [
        ("data/a.csv", True),
        ("src/data/b/c.csv", True),
        ("dump.sql", True),
        ("keep.sql", False),
        ("only-here", True),
        ("src/only-here", False),
        ("src/main.py", False),
    ],
)
def test_it_reads_as_gitignore_does(tmp_path: Path, path: str, hidden: bool) -> None:
    (tmp_path / IGNORE_FILE).write_text(PATTERNS)
    assert ignoring(tmp_path)(path) is hidden


def test_what_it_hides_is_seen_by_no_tool_and_no_secret_becomes_visible(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repo")
    repository.write(IGNORE_FILE, PATTERNS)
    repository.commit("data/a.csv", "src/main.py", ".env")
    git, state = Git.find(repository.root), tmp_path / "state"
    consent = Consent(Config(), git.root, state, is_replay=False)
    listing = Listing(git.files, git.ignored)
    tree = WorkTree(git.root, listing, Store(state), state=state, hidden=consent.why_hidden)
    assert tree.paths() == [IGNORE_FILE, "src/main.py"]
    assert "data" not in tree.snapshot().entries
    assert "data" not in List(tree).read({}, Control()).text
    assert "a.csv" not in Search(tree).read({"pattern": "text"}, Control()).text
    with pytest.raises(ToolError, match=r"hidden by the project's \.r1codeignore, so it can be neither read"):
        Read(tree).read({"path": "data/a.csv"}, Control())
    with pytest.raises(ToolError, match="may hold secrets"):
        tree.read(".env")
    # In the next session it would count.
    with pytest.raises(ToolError, match="is protected"):
        Draft(tree, consent.protecting(lambda _: False)).resolve(IGNORE_FILE)


@pytest.mark.parametrize("what", ["link", "pipe", "binary", "folder", "pattern"])
def test_one_that_cannot_be_used_is_told_and_nothing_is_shown(tmp_path: Path, what: str) -> None:
    place = tmp_path / IGNORE_FILE
    if what == "link":
        place.symlink_to("/etc/hostname")
    elif what == "pipe":
        os.mkfifo(place)
    elif what == "folder":
        (place / "x").mkdir(parents=True)
    else:
        place.write_bytes(b"\0" if what == "binary" else b"!\n")
    with pytest.raises(UsageError, match="cannot be used"):
        ignoring(tmp_path)


def test_without_the_file_nothing_is_hidden(tmp_path: Path) -> None:
    assert not ignoring(tmp_path)("data/a.csv")
