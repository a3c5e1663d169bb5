"""Folders beside the project: read as they are named, never changed, and nothing around them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.house import House
from fakes.repository import Repository
from r1code.app.beside import beside
from r1code.app.consent import Consent
from r1code.config import Config
from r1code.control import Control
from r1code.errors import ToolError, UsageError
from r1code.repo.git import Git
from r1code.tools.added import Added
from r1code.tools.list import List
from r1code.tools.read import Read
from r1code.tools.search import Search
from r1code.tree.worktree import WorkTree
from r1code.types import Reply


class Beside:
    """A project in one folder, and `lib` in a repository beside it."""

    def __init__(self, folder: Path) -> None:
        self.house = House(folder, [], files={"a.py": "a = 1\n"})
        self.other = Repository(folder / "other")
        for path, text in {"lib/x.py": "x = 1\n", "lib/.env": "T=1\n", "secret/y.py": "y = 1\n"}.items():
            self.other.write(path, text)
        self.other.write("lib/.r1codeignore", "data/\n")
        self.other.write("lib/data/d.csv", "1\n")
        (self.other.root / "lib/out").symlink_to("../secret")
        self.state = folder / "state"

    def trees(self, *names: str) -> dict[str, WorkTree]:
        git = Git.find(self.house.root, self.state)
        return beside(names, git, self.state, Consent(Config(), git.root, self.state, is_replay=False))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Beside:
    found = Beside(tmp_path)
    monkeypatch.chdir(found.house.root)
    return found


def test_they_are_read_listed_and_searched_by_the_name_that_was_given(place: Beside) -> None:
    tree, control = place.house.tree, Control()
    added = Added(place.trees("../other/lib/"))
    read, listed, search = Read(tree, added=added), List(tree, added=added), Search(tree, added=added)
    assert read.read({"path": "../other/lib/./x.py"}, control).text == "../other/lib/x.py (1 lines)\nx = 1"
    shown = listed.read({"path": "../other/lib"}, control).text
    assert shown == (
        "3 files below ../other/lib\n../other/lib/.r1codeignore\n../other/lib/out\n../other/lib/x.py"
    )
    assert search.read({"pattern": "= 1", "path": "../other/lib"}, control).text == (
        "1 matching lines\n../other/lib/x.py:1: x = 1"
    )
    # The project is what it was.
    assert listed.read({}, control).text == "1 files\na.py"
    assert search.read({"pattern": "= 1"}, control).text == "1 matching lines\na.py:1: a = 1"


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("../other/lib/../secret/y.py", "is outside of the project"),
        ("../other/secret/y.py", "is outside of the project"),
        ("../other/library", "is outside of the project"),
        ("../other/lib/out/y.py", "In ../other/lib: .*outside"),
        ("../other/lib/.env", "In ../other/lib: .* may hold secrets"),
        ("../other/lib/data/d.csv", "In ../other/lib: .* is hidden by that folder's"),
    ],
)
def test_nothing_around_them_is_read_and_nothing_hidden(place: Beside, path: str, why: str) -> None:
    added = Added(place.trees("../other/lib"))
    with pytest.raises(ToolError, match=why):
        Read(place.house.tree, added=added).read({"path": path}, Control())


@pytest.mark.parametrize("name", ["../other/lib", "absolute"])
def test_they_are_not_changed(place: Beside, name: str) -> None:
    name = name if name != "absolute" else str(place.other.root / "lib")
    place.house.toolset.reading(Added(place.trees(name)))
    for call in (
        f'<write path="{name}/x.py">\nx = 2\n</write>',
        f'<delete path="{name}/x.py"/>',
        f'<move path="a.py" to="{name}/a.py"/>',
    ):
        calls = place.house.model.parse(Reply(text=call, reasoning=""), 1).calls
        running = place.house.toolset.run(calls, Control())
        with pytest.raises(StopIteration) as stop:
            next(running)
        assert f"{name} can only be read" in stop.value.value[0].text
    assert (place.other.root / "lib/x.py").read_text() == "x = 1\n"
    assert place.house.file("a.py") == "a = 1\n"


@pytest.mark.parametrize("name", [".", "..", "a.py", "../none", "/"])
def test_what_cannot_be_beside_the_project_is_refused(place: Beside, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be added"):
        place.trees(name)


def test_a_folder_in_no_repository_can_be_added(place: Beside, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain/z.py").write_text("z = 1\n")
    assert place.trees("../plain")["../plain"].paths() == ["z.py"]
