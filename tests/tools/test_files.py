"""Deleting, moving, and the executable bit: all become part of the same change as edits."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from fakes.house import House
from r1code.events import CallFinished
from r1code.tools.chmod import Chmod
from r1code.tools.delete import Delete
from r1code.tools.edit import Edit
from r1code.tools.move import Move
from r1code.tools.toolset import Toolset
from r1code.tools.write import Write
from r1code.types import ToolCall

FILES = {"a.py": "A = 1\n", "pkg/b.py": "B = 1\n", "run.sh": "echo\n"}


class Tools:
    """The write tools on a tree, called in one batch."""

    def __init__(self, folder: Path) -> None:
        self.house = House(folder, [], files=FILES)
        self.root = self.house.root
        self.toolset = Toolset(
            self.house.tree,
            reads=[],
            writes=[Edit(), Write(), Delete(), Move(), Chmod()],
            execs=[],
            protected="pkg/b.py".__eq__,
        )

    def do(self, *calls: tuple[str, dict[str, object]]) -> list[tuple[str, str]]:
        batch = tuple(
            ToolCall(id=f"c{number}", name=name, arguments=arguments)
            for number, (name, arguments) in enumerate(calls)
        )
        try:
            next(self.toolset.run(batch, self.house.control))
        except StopIteration as stop:
            return [(one.status, one.text) for one in stop.value]
        raise AssertionError("writes yield no events")

    def mode(self, path: str) -> int:
        return stat.S_IMODE((self.root / path).stat().st_mode)


def test_a_file_is_deleted_and_its_empty_folder_with_it(tmp_path: Path) -> None:
    tools = Tools(tmp_path)
    assert tools.do(("delete", {"path": "a.py"})) == [("ok", "a.py deleted")]
    assert not (tools.root / "a.py").exists()
    told = tools.do(("delete", {"path": "a.pi"}))
    assert told[0][0] == "failed"
    assert "does not exist" in told[0][1]


def test_a_link_is_deleted_and_not_what_it_points_to(tmp_path: Path) -> None:
    tools = Tools(tmp_path)
    (tools.root / "link.py").symlink_to("a.py")
    (tools.root / "dangling").symlink_to("nowhere")
    assert [
        status for status, _ in tools.do(("delete", {"path": "link.py"}), ("delete", {"path": "dangling"}))
    ] == [
        "ok",
        "ok",
    ]
    assert not os.path.lexists(tools.root / "link.py")
    assert (tools.root / "a.py").read_text() == "A = 1\n"


def test_a_file_that_moves_keeps_its_content_and_mode(tmp_path: Path) -> None:
    tools = Tools(tmp_path)
    (tools.root / "run.sh").chmod(0o750)
    (tools.root / "run.sh").write_bytes(b"\xff\x00 binary\r\n")
    assert tools.do(("move", {"path": "run.sh", "to": "bin/run"})) == [("ok", "run.sh moved to bin/run")]
    assert (tools.root / "bin/run").read_bytes() == b"\xff\x00 binary\r\n"
    assert tools.mode("bin/run") == 0o750
    assert not (tools.root / "run.sh").exists()


def test_nothing_is_moved_over_another_file_or_into_a_protected_place(tmp_path: Path) -> None:
    tools = Tools(tmp_path)
    for to, said in (("run.sh", "would be lost"), ("pkg/b.py", "protected"), ("../out.py", "outside")):
        ((status, text),) = tools.do(("move", {"path": "a.py", "to": to}))
        assert (status, said in text) == ("failed", True), text
    assert (tools.root / "a.py").exists()


def test_the_executable_bit_is_set_and_taken(tmp_path: Path) -> None:
    tools = Tools(tmp_path)
    (tools.root / "run.sh").chmod(0o640)
    assert tools.do(("chmod", {"path": "run.sh", "executable": "yes"}))[0][0] == "ok"
    assert tools.mode("run.sh") == 0o750
    assert tools.do(("chmod", {"path": "run.sh", "executable": "yes"}))[0][0] == "failed"
    assert tools.do(("chmod", {"path": "run.sh", "executable": "no"}))[0][0] == "ok"
    assert tools.mode("run.sh") == 0o640
    assert tools.do(("chmod", {"path": "run.sh", "executable": "maybe"}))[0][0] == "failed"


def test_several_in_one_reply_are_one_change(tmp_path: Path) -> None:
    tools = Tools(tmp_path)
    done = tools.do(
        ("edit", {"path": "a.py", "edits": [{"search": "A = 1\n", "replace": "A = 2\n"}]}),
        ("move", {"path": "a.py", "to": "new.py"}),
        ("chmod", {"path": "new.py", "executable": "yes"}),
        ("delete", {"path": "run.sh"}),
    )
    assert [status for status, _ in done] == ["ok"] * 4
    assert ((tools.root / "new.py").read_text(), tools.mode("new.py")) == ("A = 2\n", 0o755)
    assert not (tools.root / "a.py").exists()
    assert not (tools.root / "run.sh").exists()


def test_what_is_deleted_cannot_be_used_after_it_and_nothing_is_done(tmp_path: Path) -> None:
    tools = Tools(tmp_path)
    done = tools.do(("delete", {"path": "a.py"}), ("chmod", {"path": "a.py", "executable": "yes"}))
    assert [status for status, _ in done] == ["refused", "failed"]
    assert "deleted by the same reply" in done[1][1]
    assert (tools.root / "a.py").exists()


def test_the_model_writes_them_as_actions(tmp_path: Path) -> None:
    actions = '<move path="a.py" to="c.py"/>\n<delete path="pkg/b.py"/>\n<chmod path="run.sh" executable="yes"/>'
    house = House(tmp_path, [actions, "<done/>"], files=FILES)
    assert [event.observation.status for event in house.turn() if isinstance(event, CallFinished)] == ["ok"] * 3
    assert sorted(str(one.relative_to(house.root)) for one in house.root.rglob("*") if one.is_file()) == [
        "c.py",
        "run.sh",
    ]
