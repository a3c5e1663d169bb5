from __future__ import annotations

from r1code.ui.diff import diff_lines


def test_hunks_are_counted_not_guessed():
    diff = (
        "diff --git a/q.sql b/q.sql\n--- a/q.sql\n+++ b/q.sql\n@@ -1,3 +1,3 @@ head\n"
        "--- old comment\n+++ new\n same\n-last\n+last\n\\ No newline at end of file\n"
        "diff --git a/b b/b\nBinary files a/b and b/b differ\n@@ -1 +1 @@\n-a\n+b\n"
    )
    assert [(line.style, line.text[:4]) for line in diff_lines(diff)] == [
        ("strong", "diff"),
        ("strong", "--- "),
        ("strong", "+++ "),
        ("hunk", "@@ -"),
        ("removed", "--- "),
        ("added", "+++ "),
        ("plain", " sam"),
        ("removed", "-las"),
        ("added", "+las"),
        ("dim", "\\ No"),
        ("strong", "diff"),
        ("strong", "Bina"),
        ("hunk", "@@ -"),
        ("removed", "-a"),
        ("added", "+b"),
    ]


def test_every_line_is_kept_in_order():
    text = "@@ -1,9 +1,9 @@\n-a\nnonsense\n\n+b\n"
    assert [line.text for line in diff_lines(text)] == text.rstrip("\n").split("\n")
