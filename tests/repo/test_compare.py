from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings

from fakes.patches import contents, fresh_store, one_file, patch_of
from fakes.repository import Repository
from r1code.repo.compare import compare
from r1code.repo.unified import unified
from r1code.tree.hunks import Run, lines_of


def put_together(old: bytes, new: bytes, runs: tuple[Run, ...]) -> bytes:
    lines, others = lines_of(old), lines_of(new)
    for run in reversed(runs):
        lines[run.old : run.old_end] = others[run.new : run.new_end]
    return b"".join(lines)


@settings(max_examples=60, deadline=None)
@given(contents, contents)
def test_the_runs_lead_from_one_content_to_the_other_and_skip_only_equal_lines(old: bytes, new: bytes):
    (runs,) = compare([(old, new)])
    assert put_together(old, new, runs) == new
    at = there = 0
    for run in (*runs, Run(len(lines_of(old)), 0, len(lines_of(new)), 0)):
        assert lines_of(old)[at : run.old] == lines_of(new)[there : run.new]
        at, there = run.old_end, run.new_end
    assert bool(runs) == (old != new)


def test_many_pairs_are_compared_at_once():
    pairs = [(b"%d\nx\n" % number, b"%d\n%s\n" % (number, b"xy"[number % 2 :][:1])) for number in range(30)]
    assert [bool(runs) for runs in compare(pairs)] == [number % 2 == 1 for number in range(30)]
    assert compare([]) == []
    assert compare([(b"a", b"a")]) == [()]


@pytest.mark.parametrize("line", [b"@@ -1 +1 @@", b"diff --git a/old/0 b/new/0", b"\\ No newline at end of file"])
def test_lines_that_look_like_the_answer_of_git_are_lines(line: bytes):
    old, new = line + b"\nsame\n" + line, line + line + b"\nsame\nend\n" + line + b"\n"
    (runs,) = compare([(old, new)])
    assert put_together(old, new, runs) == new


@settings(max_examples=20, deadline=None)
@given(contents, contents)
def test_hunks_are_those_of_the_patch_as_text(before: bytes, after: bytes):
    store = fresh_store()
    review = one_file(before, after, store)
    text = unified(patch_of({"f": ("file", 0o644, before)}, {"f": ("file", 0o644, after)}, store), store)
    if "GIT binary patch" in text:
        return
    headers = re.findall(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", text, re.MULTILINE)
    shown = [
        (str(one.old.start), str(one.old.count), str(one.new.start), str(one.new.count)) for one in review.hunks
    ]
    assert shown == [(old, count or "1", new, more or "1") for old, count, new, more in headers]


def test_what_a_repository_around_the_temporary_files_says_does_not_count(tmp_path: Path):
    around = Repository(tmp_path / "around")
    around.write(".gitattributes", "* diff=evil -text\n")
    around.git("config", "diff.evil.textconv", "touch ../evil; cat")
    around.git("config", "diff.evil.command", "touch ../evil; false")
    around.git("config", "diff.interHunkContext", "9")
    around.write("../.config/git/attributes", "* -diff\n")
    around.write("../.gitconfig", "[diff]\n noprefix = true\n algorithm = patience\n external = false\n")
    code = "from r1code.repo.compare import compare; print(compare([(b'a\\nb\\nc\\n', b'A\\nb\\nC\\n')]))"
    env = {**os.environ, "HOME": str(tmp_path), "TMPDIR": str(around.root)}
    ran = subprocess.run([sys.executable, "-P", "-c", code], env=env, capture_output=True, text=True, check=True)
    assert ran.stdout == f"{[(Run(0, 1, 0, 1), Run(2, 1, 2, 1))]}\n"
    assert not (tmp_path / "evil").exists()
    assert {place.name for place in around.root.iterdir()} == {".git", ".gitattributes"}
