"""Which comments start a turn."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.repository import Repository
from r1code.app.watching import Comment, Watching, comments_of, task_of
from r1code.control import Control
from r1code.repo.files import is_secret
from r1code.repo.git import Git
from r1code.tree.scan import Listing
from r1code.tree.store import Store
from r1code.tree.worktree import WorkTree

SECONDS = 40.0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("# make it faster AI!", ("make it faster AI!", "do")),
        ("x = 1  # rename ai!", ("rename ai!", "do")),
        ("// AI! use a map", ("AI! use a map", "do")),
        ("-- why this join? AI?", ("why this join? AI?", "ask")),
        ("/* split it AI! */", ("split it AI!", "do")),
        ("<!-- shorter AI! -->", ("shorter AI!", "do")),
        (" * what for? AI?", ("what for? AI?", "ask")),
        ("# say `rm` AI!", ("say 'rm' AI!", "do")),
        ("print('AI!')", None),
        ("# nothing about ai", None),
        ("# AI! " + "x" * 500, None),
        ("# MAI!", None),
        ("AI!", None),
    ],
)
def test_comments_for_r1_begin_or_end_with_its_mark(line: str, said: tuple[str, str] | None):
    assert [(one.text, one.kind) for one in comments_of("a", f"\n{line}\n")] == ([] if said is None else [said])


def test_the_task_names_the_place_and_asks_to_remove_what_is_done():
    text = task_of(
        [
            Comment(path="a.py", line=3, text="rename it AI!", kind="do"),
            Comment(path="b.py", line=4, text="why? AI?", kind="ask"),
        ]
    )
    assert "In a.py, line 3, a comment asks you to do something: `rename it AI!`" in text
    assert "remove the comment" in text
    assert "In b.py, line 4, a comment asks you something: `why? AI?`" in text
    assert "Change no file." in text


class Place:
    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.repository = Repository(self.root)
        self.repository.git("config", "user.name", "Ann")
        self.repository.git("config", "user.email", "ann@example.org")
        git = Git.find(self.root)
        state = folder / "state"
        listing = Listing(git.files, git.ignored)
        tree = WorkTree(self.root, listing, Store(state / "objects"), state=state, hidden=is_secret)
        self.said: list[str] = []
        self.found: list[Comment] = []
        self.came = threading.Event()
        self.watching = Watching(git, tree, self.said.append)

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def begin(self) -> None:
        self.watching.begin(Control())
        self.watching.start(self._told)
        # Until the kernel watches: what is written before that is not seen.
        self._until_seen()
        self.watching.rests()
        time.sleep(0.05)

    def _until_seen(self) -> None:
        until = time.monotonic() + SECONDS
        while not self.came.is_set():
            assert time.monotonic() < until
            self.write("probe.py", f"# {time.monotonic()} AI!\n")
            self.came.wait(0.5)
        (self.root / "probe.py").unlink()
        time.sleep(0.6)
        self.found.clear()
        self.came.clear()

    def _told(self, comments: list[Comment]) -> None:
        self.found += self.watching.wanted(comments)
        self.came.set()

    def told(self) -> list[str]:
        """What is found by the time that a comment is found that surely counts."""
        deadline = time.monotonic() + SECONDS
        while not any(one.path == "sure.py" for one in self.found):
            assert time.monotonic() < deadline
            # Apart from what was written before: of many at one moment none counts.
            time.sleep(0.6)
            self.write("sure.py", f"# sure {time.monotonic()} AI!\n")
            self.came.clear()
            self.came.wait(1.0)
        found = [one.text for one in self.found if one.path not in {"sure.py", "probe.py"}]
        self.found.clear()
        return found

    def told_nothing(self) -> list[str]:
        """The same where nothing counts."""
        time.sleep(1.0)
        return [one.text for one in self.found if one.path not in {"sure.py", "probe.py"}]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.watching.close()


def test_only_what_is_new_and_a_persons_own_counts(place: Place):
    place.write("old.py", "# old AI!\n")
    place.write("base.py", "a = 1\n")
    place.write(".gitignore", "out/\n")
    place.repository.git("add", "-A")
    place.repository.git("commit", "-qm", "one")
    place.repository.git("checkout", "-qb", "other")
    place.write("base.py", "a = 1  # theirs AI!\n")
    place.repository.git("commit", "-qam", "two")
    place.repository.git("checkout", "-q", "-")
    place.begin()
    place.write("old.py", "# old AI!\n# new AI!\n")
    assert place.told() == ["new AI!"]
    # The same again is not new, and neither is what a commit brings, or what is ignored or secret.
    place.write("old.py", "# new AI!\n# old AI!\n\n")
    place.repository.git("stash", "-q")
    place.repository.git("checkout", "-q", "other")
    place.write("out/made.py", "# made AI!\n")
    place.write(".env", "# secret AI!\n")
    (place.root / "link.py").symlink_to("/etc/hostname")
    assert place.told() == []
    # What is written while r1code works is not a person's, as far as anybody knows.
    place.watching.works()
    place.write("base.py", "# while it works AI!\n")
    time.sleep(0.6)
    place.watching.rests()
    place.write("touched.py", "# before AI!\n")
    os.utime(place.root / "touched.py", (1, 1))
    assert place.told() == []
    # Nor is it a person's when a command of R1's says that it was written later.
    place.watching.works()
    place.write("later.py", "# later AI!\n")
    os.utime(place.root / "later.py", (2**31 - 1, 2**31 - 1))
    place.watching.rests()
    assert place.told() == []
    # A merge that stops has written what no commit here has.
    place.write("clash.py", "b = 1  # clash AI!\n")
    place.repository.git("add", "clash.py")
    place.repository.git("commit", "-qm", "three", "clash.py")
    place.repository.git("checkout", "-q", "-f", "-b", "mine", "other~2")
    place.write("clash.py", "b = 2\n")
    place.repository.git("add", "clash.py")
    place.repository.git("commit", "-qm", "four")
    assert place.told() == []
    merged = subprocess.run(["git", "merge", "-q", "other"], cwd=place.root, capture_output=True, check=False)
    assert merged.returncode
    assert "theirs AI!" in (place.root / "base.py").read_text()
    assert place.told_nothing() == []
    place.repository.git("merge", "--abort")
    # A program writes many files.
    for number in range(6):
        place.write(f"many/{number}.py", "# many AI!\n")
    assert place.told() == []
    assert place.said == []
