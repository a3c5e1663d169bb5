"""Diagnostics of language servers, with one that speaks the protocol over pipes, and with a real one."""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fakes.house import walk
from fakes.language_server import gone, starts
from fakes.pace import Pace
from r1code.control import Control
from r1code.sandbox.base import Limits
from r1code.sandbox.host import HostSandbox
from r1code.secrets.values import unchanged
from r1code.tools.diagnostics import DIAGNOSTIC
from r1code.tools.language_server import Patience
from r1code.tools.language_servers import LanguageServers
from r1code.tree.scan import Listing
from r1code.tree.store import Store
from r1code.tree.worktree import WorkTree

FAKE = Path(__file__).parents[1] / "fakes/language_server.py"


class Place:
    """A work tree on this machine, and servers that look at its edits."""

    def __init__(self, folder: Path, command: str, hide: Callable[[str], str], patience: Patience) -> None:
        self.root = folder / "repo"
        self.root.mkdir()
        store = Store(folder / "objects")
        self.tree = WorkTree(
            self.root, Listing(lambda: walk(self.root)), store, state=folder / "state", hidden=lambda _: False
        )
        self.control = Control()
        self.sandbox = HostSandbox(self.root, limits=Limits(), scan=self.tree.snapshot)
        self.servers = LanguageServers(self.tree, self.sandbox, {"python": command}, hide, patience=patience)

    def edit(self, path: str, after: str | None) -> None:
        place = self.root / path
        before = place.read_bytes() if place.exists() else None
        if after is None:
            place.unlink()
        else:
            place.write_text(after)
        self.servers.look({path: (before, None if after is None else after.encode())}, self.control)

    def told(self, seconds: float = 40.0) -> list[str]:
        """The next news, without what all of them begin with."""
        deadline = time.monotonic() + seconds
        while not (news := self.servers.news()) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert all(line.startswith(DIAGNOSTIC) for line in news)
        return [line.removeprefix(DIAGNOSTIC) for line in news]

    def quiet(self) -> list[str]:
        """All news when everything was looked at."""
        for server in self.servers._servers.values():
            server.settle(40)
        return self.servers.news()


Build = Callable[..., Place]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Build]:
    made: list[Place] = []

    def build(
        mode: str = "good", hide: Callable[[str], str] = unchanged, patience: float = 40.0, command: str = ""
    ) -> Place:
        words = [sys.executable, str(FAKE), mode, str(tmp_path / "log")]
        limits = Patience(start=patience, file=patience)
        made.append(Place(tmp_path, command or shlex.join(words), hide, limits))
        return made[-1]

    yield build
    for one in made:
        one.sandbox.close()


def log(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "log").read_text().splitlines() if line.startswith("{")]


def test_only_what_was_not_there_before_the_edit_is_told(place: Build) -> None:
    here = place()
    (here.root / "a.py").write_text("x\nBAD old\n")
    here.edit("a.py", "new line\nx\nBAD old\nBAD other\nHINT h\nWARN w\n")
    assert here.told() == ["a.py:4: new error: BAD is other", "a.py:6: new warning: WARN is w"]
    here.edit("a.py", "BAD other\nBAD old\n")
    assert here.quiet() == []
    here.edit("a.py", "BAD other\nBAD old\nBAD old\n")
    assert here.told() == ["a.py:3: new error: BAD is old"]


def test_what_is_corrected_before_anybody_heard_of_it_is_not_told(place: Build) -> None:
    here = place()
    here.edit("a.py", "BAD one\n")
    here.edit("a.py", "fine\n")
    assert here.quiet() == []
    here.edit("a.py", "BAD two\n")
    here.edit("a.py", "BAD two\nBAD three\n")
    assert here.told() == ["a.py:1: new error: BAD is two", "a.py:2: new error: BAD is three"]


def test_many_are_capped_with_errors_first(place: Build) -> None:
    here = place()
    here.edit("a.py", "".join(f"WARN w{number}\n" for number in range(8)))
    here.edit("b c.py", "".join(f"BAD b{number}\n" for number in range(7)))
    told = here.quiet()
    assert told[0] == f"{DIAGNOSTIC}b c.py:1: new error: BAD is b0"
    assert (len(told), told[-1]) == (11, f"{DIAGNOSTIC}and 5 more")


def test_other_languages_start_nothing_and_a_deleted_file_says_nothing(place: Build, tmp_path: Path) -> None:
    here = place()
    here.edit("a.ts", "BAD one\n")
    assert not (tmp_path / "log").exists()
    here.edit("a.py", "BAD one\n")
    here.edit("a.py", None)
    assert here.quiet() == []


def test_a_server_that_asks_gets_answers(place: Build) -> None:
    here = place("asks")
    here.edit("a.py", "BAD one\n")
    assert here.told() == ["a.py:1: new error: BAD is one"]


def test_what_comes_in_two_parts_is_told_as_one(place: Build) -> None:
    here = place("late")
    (here.root / "a.py").write_text("BAD a\nBAD b\n")
    here.edit("a.py", "BAD a\nBAD b\nBAD c\n")
    assert here.told() == ["a.py:3: new error: BAD is c"]


def test_a_server_sees_no_secret(place: Build, tmp_path: Path) -> None:
    here = place(hide=lambda text: text.replace("s3cret", "[secret]"))
    here.edit("a.py", "key = 's3cret'\nBAD one\n")
    assert here.told()
    assert "s3cret" not in (tmp_path / "log").read_text()
    opened = next(each for each in log(tmp_path) if each["method"] == "textDocument/didOpen")
    assert opened["params"]["textDocument"]["text"] == "key = '[secret]'\nBAD one\n"


@pytest.mark.parametrize(("mode", "why"), [("dies", "it ended"), ("huge", "it ended"), ("mute", "not answer")])
def test_one_that_ends_or_hangs_is_started_once_more_and_then_left_alone(
    place: Build, tmp_path: Path, mode: str, why: str
) -> None:
    # One that ends is not to be taken for one that is slow.
    here = place(mode, patience=0.5 if mode == "mute" else 40.0)
    for number in range(3):
        with Pace() as pace:
            here.edit("a.py", f"BAD {number}\n")
            assert pace.seconds < 3
        assert here.quiet() == []
    assert len(starts(tmp_path / "log")) == 2
    (trouble,) = here.servers.troubles()
    assert why in trouble
    assert here.servers.troubles() == []
    assert all(gone(pid) for pid in starts(tmp_path / "log"))


def test_one_that_says_nothing_of_files_is_killed_after_two_of_them(place: Build, tmp_path: Path) -> None:
    here = place("silent", patience=0.2)
    (here.root / "a.py").write_text("one\n")
    here.edit("a.py", "BAD two\n")
    assert here.quiet() == []
    (server,) = here.servers._servers.values()
    assert server.failure == "it does not answer"
    assert all(gone(pid) for pid in starts(tmp_path / "log"))


def test_a_command_that_is_not_there_is_said(place: Build) -> None:
    here = place(command="no-such-language-server --stdio")
    for number in range(3):
        here.edit("a.py", f"{number}\n")
        here.quiet()
    (trouble,) = here.servers.troubles()
    assert "no-such-language-server --stdio" in trouble


def test_it_ends_with_its_sandbox(place: Build, tmp_path: Path) -> None:
    here = place()
    here.edit("a.py", "BAD one\n")
    assert here.told()
    here.sandbox.close()
    assert all(gone(pid) for pid in starts(tmp_path / "log"))


def test_a_real_one_finds_a_wrong_type(place: Build) -> None:
    program = Path(sys.executable).with_name("basedpyright-langserver")
    here = place(command=f"{shlex.quote(str(program))} --stdio", patience=50.0)
    (here.root / "a.py").write_text("def f(x: int) -> int:\n    return x + unknown\n")
    here.edit("a.py", 'def f(x: int) -> int:\n    return x + unknown\n\n\nf("one")\n')
    told = here.told(50)
    assert [line for line in told if line.startswith("a.py:5: new error: ") and "int" in line], told
    assert not [line for line in told if "unknown" in line]
