from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from r1code.batch.exercism import exercism
from r1code.batch.swebench import Places, swebench
from r1code.batch.work import prepared
from r1code.errors import UsageError

TEST_PATCH = (
    "diff --git a/tests/test_a.py b/tests/test_a.py\n--- a/tests/test_a.py\n+++ b/tests/test_a.py\n"
    "@@ -0,0 +1 @@\n+x\ndiff --git a/tests/d a.txt b/tests/d a.txt\n--- /dev/null\n+++ b/tests/d a.txt\n"
)
ROW = {
    "instance_id": "octo__shop-12",
    "repo": "octo/shop",
    "base_commit": "a" * 40,
    "problem_statement": "It is wrong.",
    "test_patch": TEST_PATCH,
    "patch": "the solution",
    "FAIL_TO_PASS": '["tests/test_a.py::test_x"]',
    "PASS_TO_PASS": ["tests/test_a.py::test_y"],
    "version": "1.0",
}


@pytest.mark.parametrize("form", ["json", "jsonl", "by id"])
def test_a_row_of_swebench_becomes_a_task_without_its_solution(tmp_path: Path, form: str) -> None:
    (tmp_path / "octo__shop").mkdir()
    file = tmp_path / f"rows.{'jsonl' if form == 'jsonl' else 'json'}"
    file.write_text({"json": json.dumps([ROW]), "jsonl": json.dumps(ROW), "by id": json.dumps({"x": ROW})}[form])
    (task,) = swebench(file, Places(repos=tmp_path, image="eval.{key}"))
    assert task.id == "octo__shop-12"
    assert task.repo == str((tmp_path / "octo__shop").resolve())
    assert task.commit == "a" * 40
    assert task.test == "python3 -m pytest -q tests/test_a.py"
    assert task.patch == TEST_PATCH
    assert (task.fail_to_pass, task.pass_to_pass) == (("tests/test_a.py::test_x",), ("tests/test_a.py::test_y",))
    assert task.image == "eval.octo_1776_shop-12"
    assert "solution" not in repr(task)


def test_parquet_gives_the_same(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow", reason="PYARROW IS NOT INSTALLED: pip install '.[parquet]' tests it")
    parquet = pytest.importorskip("pyarrow.parquet")
    row = {**ROW, "PASS_TO_PASS": json.dumps(ROW["PASS_TO_PASS"])}
    parquet.write_table(arrow.Table.from_pylist([row]), tmp_path / "rows.parquet")
    (tmp_path / "rows.json").write_text(json.dumps([row]))
    assert swebench(tmp_path / "rows.parquet", Places()) == swebench(tmp_path / "rows.json", Places())


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"instance_id": "../x"}, "regex"),
        ({"repo": "../shop"}, "OWNER/NAME"),
        ({"repo": "octo"}, "OWNER/NAME"),
        ({"base_commit": "--upload-pack=x"}, "regex"),
        ({"FAIL_TO_PASS": "no json"}, "JSON"),
        ({"test_patch": 7}, "str"),
    ],
)
def test_a_row_that_is_none_is_refused_by_its_number(tmp_path: Path, change: dict[str, object], why: str) -> None:
    (tmp_path / "rows.json").write_text(json.dumps([ROW, {**ROW, **change}]))
    with pytest.raises(UsageError) as caught:
        swebench(tmp_path / "rows.json", Places())
    assert "row 2 of" in str(caught.value)
    assert why in str(caught.value)


def test_a_name_of_a_file_in_a_patch_is_no_command(tmp_path: Path) -> None:
    row = {**ROW, "test_patch": "+++ b/tests/a; rm -rf ~.py\n"}
    (tmp_path / "rows.json").write_text(json.dumps([row]))
    (task,) = swebench(tmp_path / "rows.json", Places())
    assert task.test == "python3 -m pytest -q 'tests/a; rm -rf ~.py'"


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text(json.dumps([ROW]))
    with pytest.raises(UsageError, match="no clone of octo/shop"):
        swebench(tmp_path / "rows.json", Places(repos=tmp_path))
    (tmp_path / "rows.json").write_text("[")
    with pytest.raises(UsageError, match="cannot be read"):
        swebench(tmp_path / "rows.json", Places())


def exercise(root: Path, name: str = "two-fer", **files: str) -> Path:
    place = root / "exercises/practice" / name
    config = {"files": {"solution": ["two_fer.py"], "test": ["two_fer_test.py"], "example": [".meta/example.py"]}}
    given = {
        ".meta/config.json": json.dumps(config),
        ".meta/example.py": "the solution\n",
        ".docs/instructions.md": "Say it.\n",
        "two_fer.py": "def two_fer(name):\n    pass\n",
        "two_fer_test.py": "from two_fer import two_fer\n",
        **files,
    }
    for path, text in given.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text)
    return place


def test_an_exercise_becomes_a_task_with_two_tries_and_without_its_solution(tmp_path: Path) -> None:
    place = exercise(tmp_path / "python")
    (task,) = exercism(tmp_path)
    assert (task.id, task.tries, task.repo) == ("python-two-fer", 2, str(place.resolve()))
    assert task.test == "python3 -m pytest -q two_fer_test.py"
    assert "Say it." in task.text
    (place / "out").symlink_to("/etc")
    os.mkfifo(place / "pipe")
    git, base, start = prepared(task, tmp_path / "clone")
    assert base == ""
    assert git.head() == start
    found = {one.name for one in (tmp_path / "clone").iterdir()}
    assert found == {".git", ".docs", "out", "two_fer.py", "two_fer_test.py"}
    assert (tmp_path / "clone/out").is_symlink()


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ("{", "truncated"),
        ('{"files": {"solution": [], "test": ["t.py"]}}', "names no solution"),
        ('{"files": {"solution": ["../a.py"], "test": ["t.py"]}}', "inside the exercise"),
        ('{"files": {"solution": ["a.zig"], "test": ["t.zig"]}}', "none of the languages"),
    ],
)
def test_a_folder_that_is_no_exercise_is_refused(tmp_path: Path, config: str, why: str) -> None:
    exercise(tmp_path, **{".meta/config.json": config})
    with pytest.raises(UsageError) as caught:
        exercism(tmp_path)
    assert why in str(caught.value)
