from __future__ import annotations

import difflib
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.house import House
from r1code.errors import ToolError
from r1code.tools.diff_text import FileDiff, parse
from r1code.tools.matching import Block, replace_all

FILE = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n"
HEAD = "--- a/f.txt\n+++ b/f.txt\n"
EDITS = ("edit", "write", "patch")


def patched(folder: Path, diff: str, files: dict[str, str] | None = None) -> tuple[str, dict[str, str]]:
    """What the model is told, and the files on disk afterwards."""
    house = House(folder, [f"<patch>\n{diff}</patch>", "<done>ok</done>"], files=files or {"f.txt": FILE})
    house.turn()
    found = {
        str(path.relative_to(house.root)): path.read_bytes().decode()
        for path in house.root.rglob("*")
        if path.is_file()
    }
    (told, *_) = [message.text for message in house.session.history() if message.role == "observation"]
    return told, found


def changed(old: str, new: str) -> dict[str, str]:
    return {"f.txt": FILE.replace(old, new)}


@pytest.mark.parametrize(
    "numbers", [" -3,3 +3,3 @@", " -3,3 +3,3 @@ def f():", " -90,7 +1,2 @@", " ... @@", "", " -4 +4 @@"]
)
def test_a_hunk_is_found_by_its_lines_whatever_its_numbers(tmp_path: Path, numbers: str):
    told, files = patched(tmp_path, f"{HEAD}@@{numbers}\n three\n-four\n+FOUR\n five\n")
    assert files == changed("four", "FOUR")
    assert told == "f.txt changed (1 hunk)"


def test_several_hunks_and_files_are_one_change(tmp_path: Path):
    diff = (
        f"diff --git a/f.txt b/f.txt\nindex 83db48f..bf269f4 100644\n{HEAD}"
        "@@ -1,2 +1,3 @@\n+zero\n one\n two\n@@ -8,2 +9,1 @@\n-eight\n nine\n\n"
        "diff --git a/new/g.txt b/new/g.txt\nnew file mode 100644\n--- /dev/null\n+++ b/new/g.txt\n"
        "@@ -0,0 +1,2 @@\n+a\n+b\n"
        "diff --git a/h b/h\ndeleted file mode 100644\n--- a/h\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"
        "diff --git a/i b/j\nsimilarity index 100%\nrename from i\nrename to j\n"
    )
    told, files = patched(tmp_path, diff, {"f.txt": FILE, "h": "x\n", "i": "moved\n"})
    expected = "zero\n" + FILE.replace("eight\n", "")
    assert files == {"f.txt": expected, "new/g.txt": "a\nb\n", "j": "moved\n"}
    assert told == "f.txt changed (2 hunks)\nnew/g.txt created (2 lines)\nh deleted\ni moved to j"


def test_paths_need_no_prefix_and_a_move_may_change_lines(tmp_path: Path):
    told, files = patched(tmp_path, "--- f.txt\t2024-01-01\n+++ g.txt\t2024-01-02\n@@\n-two\n+TWO\n three\n")
    assert files == {"g.txt": FILE.replace("two", "TWO")}
    assert told == "f.txt moved to g.txt changed (1 hunk)"


@pytest.mark.parametrize(
    ("before", "hunk", "after"),
    [
        ("a\nb", " a\n-b\n\\ No newline at end of file\n+b\n", "a\nb\n"),
        ("a\nb\n", " a\n-b\n+b\n\\ No newline at end of file\n", "a\nb"),
        ("a\nb", "-a\n+A\n b\n\\ No newline at end of file\n", "A\nb"),
        ("a\nb", " a\n-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n", "a\nc"),
        ("a\n\nb\n", " a\n\n-b\n+c\n\n", "a\n\nc\n"),
        ("a\r\nb\r\n", " a\n-b\n+c\n", "a\r\nc\r\n"),
        ("-- x\n++ y\n", "--- x\n+-- z\n ++ y\n", "-- z\n++ y\n"),
    ],
)
def test_ends_of_lines_and_of_files_are_as_the_diff_says(tmp_path: Path, before: str, hunk: str, after: str):
    told, files = patched(tmp_path, f"{HEAD}@@\n{hunk}", {"f.txt": before})
    assert files == {"f.txt": after}, told


@pytest.mark.parametrize(
    ("diff", "reason"),
    [
        (f"{HEAD}@@\n three\n-FOUR\n+4\n five\n", "do not stand in f.txt"),
        (f"{HEAD}@@ -1 +1,2 @@\n+zero\n", "does not say where"),
        (f"{HEAD}", "has no hunks"),
        ("@@ -1 +1 @@\n-one\n+1\n", "no `--- path`"),
        ("just words\n", "is no line of a unified diff"),
        (f"{HEAD}@@\n one\n*two\n", "Line 10"),
        ("", "There is no diff"),
        ("--- /dev/null\n+++ b/f.txt\n@@ -0,0 +1 @@\n+x\n", "f.txt exists"),
        ("--- /dev/null\n+++ b/g\n@@ -1 +1 @@\n x\n+y\n", "must begin with `+`"),
        ("--- a/nope\n+++ b/nope\n@@\n-x\n+y\n", "nope does not exist"),
        ("--- a/../up\n+++ b/../up\n@@\n-x\n+y\n", "outside of the project"),
        ("--- /dev/null\n+++ b/.git/hooks/x\n@@ -0,0 +1 @@\n+x\n", "belongs to git"),
        (f"{HEAD}@@ -1,3 +1,3 @@\n one\n--- a/g\n+++ b/g\n@@\n-x\n+y\n", "may begin another file"),
        ("--- f.txt\n+++ taken\n@@\n-one\n+1\n", "would be lost"),
    ],
)
def test_what_cannot_be_applied_changes_nothing_and_says_why(tmp_path: Path, diff: str, reason: str):
    good = f"{HEAD}@@\n-nine\n+9\n" if diff.startswith("--- ") else ""
    files = {"f.txt": FILE, "taken": "t\n"}
    told, found = patched(tmp_path, good + diff, files)
    assert reason in told
    assert found == files


def test_an_ambiguous_hunk_is_refused_even_if_its_numbers_choose(tmp_path: Path):
    told, files = patched(tmp_path, f"{HEAD}@@ -3 +3 @@\n-x\n+y\n", {"f.txt": "x\na\nx\n"})
    assert "2 times" in told
    assert files == {"f.txt": "x\na\nx\n"}


_LINES = st.lists(st.sampled_from(["a", "b", "c", "", "  d", "-- e", "++ f", "@@", "\\ g", "é"]), max_size=12)


def _applied(before: str, one: FileDiff) -> str:
    return replace_all(before, one.blocks, path="f").text


@settings(max_examples=300)
@given(_LINES, _LINES, st.integers(0, 3))
def test_a_diff_gives_the_new_file_or_is_refused_and_never_another(old: list[str], new: list[str], context: int):
    before, after = ("".join(f"{line}\n" for line in lines) for lines in (old, new))
    diff = "".join(difflib.unified_diff(before.splitlines(True), after.splitlines(True), "a/f", "b/f", n=context))
    if not diff:
        return
    try:
        (one,) = parse(diff)
        result = _applied(before, one)
    except ToolError:
        return
    assert result.rstrip("\n") == after.rstrip("\n") or _is_ambiguous(before, one)


def _is_ambiguous(before: str, one: FileDiff) -> bool:
    """A hunk without its numbers may fit elsewhere: exactly one place, and yet not the one that was meant."""
    blocks: tuple[Block, ...] = one.blocks
    return any(not block.search.strip() or before.count(block.search) != 1 for block in blocks)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 59), min_size=1, max_size=12, unique=True), st.data())
def test_diffs_by_git_of_files_with_distinct_lines_apply_exactly(rows: list[int], data: st.DataObject):
    lines = [f"line {number} of the file\n" for number in range(60)]
    changed_lines = list(lines)
    for row in sorted(rows, reverse=True):
        kind = data.draw(st.sampled_from(["change", "delete", "insert"]))
        new = f"new {row} {kind}\n"
        changed_lines[row : row + (kind != "insert")] = [] if kind == "delete" else [new]
    before, after = "".join(lines), "".join(changed_lines)
    diff = subprocess.run(
        ["bash", "-c", 'diff -u --label a/f --label b/f <(printf %s "$1") <(printf %s "$2")', "x", before, after],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    wrong = re.sub(r"@@ -\d+,?\d* \+\d+,?\d* @@", "@@ -1,900 +7,900 @@", diff)
    for text in (diff, wrong):
        (one,) = parse(text)
        assert _applied(before, one) == after
