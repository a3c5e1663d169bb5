"""Edits, commands, undo, redo and rewind in any order: host, container and a model of both agree."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from fakes.bench import Make
from fakes.trees import Kind, Spec, on_disk
from r1code.control import Control
from r1code.events import Event
from r1code.sandbox.docker import DockerSandbox
from r1code.tools.background import Background
from r1code.tools.run import Run
from r1code.tree.scan import Listing
from r1code.tree.store import Store
from r1code.tree.timeline import Origin
from r1code.tree.worktree import WorkTree

pytestmark = pytest.mark.docker

KINDS: dict[str, Kind] = {"file": "file", "link": "link", "folder": "folder"}
PATHS = ["a", "b/c", "b/d/e", "b/d/f", "g h", "-i", "j/k"]
COMMANDS = [
    "mkdir -p \"$(dirname './{path}')\" && echo {number} >'./{path}'",
    "rm -rf './{path}'",
    "chmod 755 './{path}'",
    "ln -sfn a './{path}'",
    "mkdir -p './{path}'",
    "mv './{path}' ./moved-{number}",
    "rm -rf b; mkdir -p b/empty",
]


def nothing(_path: str) -> bool:
    """Is protected."""
    return False


class Trees:
    def __init__(self, folder: Path, sandbox: DockerSandbox, store: Store) -> None:
        self.root = folder / "root"
        self.root.mkdir()
        self.control = Control()
        self.sandbox = sandbox
        self.tree = WorkTree(
            self.root,
            Listing(lambda: [*on_disk(self.root)]),
            store,
            state=folder / "state",
            hidden=lambda _: False,
            origin=Origin,
        )
        self.tool = Run(self.tree, sandbox, nothing, Background(self.tree, sandbox, nothing))
        self.model: dict[int, Spec] = {0: {}}
        """What the tree is at each position of the timeline."""

    def run(self, command: str) -> list[Event]:
        return list(self.tool.run({"command": command}, "c1", self.control))

    def learn(self) -> None:
        self.model.setdefault(self.tree.timeline.at, on_disk(self.root))

    def inside(self) -> Spec:
        """The container's tree, by its own tools."""
        self.sandbox.sync(self.tree.snapshot(), self.control)
        out = self.sandbox.run(
            "find . -mindepth 1 \\( -type l -printf 'link 777 %P\\0%l\\0' \\) -o "
            "\\( -type f -printf 'file %m %P\\0' -exec cat {} \\; -printf '\\0' \\) -o "
            "\\( -type d -empty -printf 'folder 755 %P\\0\\0' \\)",
            self.control,
        )
        text = "".join(out).removesuffix("\0")
        fields = text.split("\0") if text else []
        found: Spec = {}
        for head, data in zip(fields[::2], fields[1::2], strict=True):
            kind, mode, path = head.split(" ", 2)
            found[path] = (KINDS[kind], int(mode, 8), data.encode())
        return found


@pytest.mark.parametrize("seed", range(3))
def test_three_trees_agree(tmp_path: Path, make: Make, seed: int):
    bench = make()
    chance = random.Random(seed)
    assert isinstance(bench.sandbox, DockerSandbox)
    trees = Trees(tmp_path, bench.sandbox, bench.store)
    for number in range(14):
        kind = chance.choice(["edit", "run", "run", "go"])
        if kind == "edit":
            free = [path for path in PATHS if not (trees.root / path).is_dir() and _is_free(trees.root, path)]
            if free:
                trees.tree.write({chance.choice(free): f"edit {number}\n".encode()})
        elif kind == "run":
            command = chance.choice(COMMANDS).format(path=chance.choice(PATHS), number=number)
            trees.run(f"{{ {command}; }} 2>/dev/null")
        else:
            trees.tree.go(chance.choice([*trees.model]))
            assert on_disk(trees.root) == trees.model[trees.tree.timeline.at]
        trees.learn()
        assert trees.inside() == on_disk(trees.root), (number, kind)
    for position, spec in trees.model.items():
        trees.tree.go(position)
        assert on_disk(trees.root) == spec


def _is_free(root: Path, path: str) -> bool:
    return all(
        not (root / above).is_symlink() and not (root / above).is_file() for above in [*Path(path).parents][:-1]
    )
