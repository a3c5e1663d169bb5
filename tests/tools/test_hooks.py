"""Formatters and linters after edits: what they do belongs to the edit, what they say reaches the model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fakes.house import House
from r1code.events import CallFinished
from r1code.tools.hooks import Hook, detected

FILES = {"a.py": "a = 1\n", "b.txt": "b\n"}
EDIT = '<edit path="a.py">\n<<<<<<< SEARCH\na = 1\n=======\na=2\n>>>>>>> REPLACE\n</edit>'
FORMAT = Hook(kind="format", command="fmt -q", check="fmt --check", suffixes=(".py",))
LINT = Hook(kind="lint", command="lint", suffixes=(".py",))


def line(command: str, *paths: str) -> str:
    tool = command.split(maxsplit=1)[0]
    return f"command -v {tool} >/dev/null || exit 127; {command} {' '.join(paths)}"


def formatter(files: dict[str, bytes]) -> tuple[int, str]:
    files["a.py"] = files["a.py"].replace(b"a=2", b"a = 2")
    files["b.txt"] = b"not asked for\n"
    return 0, ""


def house(
    folder: Path, *replies: str, checked: int = 0, **answers: Callable[..., object] | tuple[int, str]
) -> House:
    table = {
        line("fmt --check", "a.py"): (checked, ""),
        line("fmt -q", "a.py"): formatter,
        line("lint", "a.py"): (0, ""),
        **{line(name, "a.py"): answer for name, answer in answers.items()},
    }
    return House(folder, [*replies, "<done/>"], files=FILES, sandbox=table, hooks=[FORMAT, LINT])


def test_a_formatters_changes_belong_to_the_edit(tmp_path: Path) -> None:
    made = house(tmp_path, EDIT)
    made.turn()
    assert made.file("a.py") == "a = 2\n"
    assert made.file("b.txt") == "b\n"
    assert "formatted by fmt -q: a.py" in made.told()


def test_a_file_that_was_not_formatted_before_is_left_as_it_is(tmp_path: Path) -> None:
    made = house(tmp_path, EDIT, checked=1)
    made.turn()
    assert made.file("a.py") == "a=2\n"
    assert line("fmt -q", "a.py") not in made.sandbox.commands
    assert "formatted" not in made.told()


def test_a_new_file_is_formatted(tmp_path: Path) -> None:
    def new(files: dict[str, bytes]) -> tuple[int, str]:
        files["n.py"] = b"n = 1\n"
        return 0, ""

    made = House(
        tmp_path,
        ['<write path="n.py">\nn=1\n</write>', "<done/>"],
        files=FILES,
        sandbox={line("fmt -q", "n.py"): new, line("lint", "n.py"): (0, "")},
        hooks=[FORMAT, LINT],
    )
    made.turn()
    assert made.file("n.py") == "n = 1\n"


def test_what_a_linter_finds_is_told_and_the_edit_stays(tmp_path: Path) -> None:
    made = house(tmp_path, EDIT, lint=(1, "a.py:1:1: E225 missing white space\n"))
    (status,) = (event.observation.status for event in made.turn() if isinstance(event, CallFinished))
    assert status == "ok"
    assert "[lint]\na.py:1:1: E225" in made.told()
    assert made.file("a.py") == "a = 2\n"


def test_what_the_sandbox_does_not_have_is_tried_once_and_not_told(tmp_path: Path) -> None:
    absent = {line(command, "a.py"): (127, "") for command in ("fmt --check", "lint")}
    back = EDIT.replace("a = 1", "X").replace("a=2", "a = 1").replace("X", "a=2")
    made = House(tmp_path, [EDIT, back, "<done/>"], files=FILES, sandbox=absent, hooks=[FORMAT, LINT])
    made.turn()
    assert len(made.sandbox.commands) == 2
    assert made.told() == '<observation of="edit">\na.py changed (1 block replaced)\n</observation>'


def test_other_files_start_nothing(tmp_path: Path) -> None:
    edit = EDIT.replace("a.py", "b.txt").replace("a = 1", "b").replace("a=2", "c")
    made = House(tmp_path, [edit, "<done/>"], files=FILES, hooks=[FORMAT, LINT])
    made.turn()
    assert made.sandbox.commands == []


def test_what_a_project_is_set_up_for_is_found_in_its_files() -> None:
    def found(**files: str) -> list[str]:
        return [
            hook.command for hook in detected({name.replace("_", "."): text for name, text in files.items()}.get)
        ]

    assert found() == []
    assert found(pyproject_toml="[tool.ruff]\n") == ["ruff format -q", "ruff check -q --output-format=concise"]
    assert found(ruff_toml="") == ["ruff format -q", "ruff check -q --output-format=concise"]
    assert found(pyproject_toml="[tool.black]\n[tool.ruff.lint]\n")[0] == "black -q"
    assert [one.split()[2] for one in found(_prettierrc="{}")] == ["prettier"]
