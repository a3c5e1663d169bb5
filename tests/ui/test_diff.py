from __future__ import annotations

import re
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from r1code.ui.diff import DiffLine, diff_lines, halves, inline, laid_out, marked


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


def line(text: str) -> DiffLine:
    styles = {"+": "added", "-": "removed", "\\": "dim", "@": "hunk"}
    return DiffLine(text, styles.get(text[:1], "plain"))


def shown(lines: Iterable[DiffLine], width: int | None = 80) -> list[str]:
    """The lines with brackets around their marks."""
    found = []
    for one in lines:
        brackets = {"added word": "{}", "removed word": "[]", "strong": "<>"}
        parts = [
            piece.text if piece.style not in brackets else piece.text.join(brackets[piece.style])
            for piece in laid_out(one, "", width)
        ]
        found += "".join(parts).removesuffix("\n").split("\n")
    return found


def test_changed_words_are_marked_in_both_lines():
    lines = map(
        line, ["@@ -1,3 +1,3 @@", " same", "-x = f(a)", "-gone", "+x = f(b)", "+zzz", "-p q", "+p r", "-lone"]
    )
    assert shown(marked(lines)) == [
        "@@ -1,3 +1,3 @@",
        " same",
        "-x = f([a])",
        "-gone",
        "+x = f({b})",
        "+zzz",
        "-p [q]",
        "+p {r}",
        "-lone",
    ]


def test_a_note_about_a_missing_newline_does_not_part_two_lines():
    lines = [*map(line, ["-a b", "\\ No newline", "+a c", "\\ No newline"])]
    assert shown(marked(lines)) == ["-a [b]", "\\ No newline", "+a {c}", "\\ No newline"]
    assert [tuple(one and one.text for one in pair) for pair in halves(lines)] == [
        ("-a b", "+a c"),
        ("\\ No newline", "\\ No newline"),
    ]


def test_words_in_one_line_have_signs_of_their_own():
    lines = map(
        line, [" same", "-x = f(a, b)", "+x = g(a)", "+more", "-gone away", " end", "-x", "\\ No newline", "+y"]
    )
    assert [one.text for one in inline(lines)] == [
        " same",
        " x = [-f-]{+g+}(a[-, b-])",
        " {+more+}",
        " [-gone away-]",
        " end",
        " [-x-]{+y+}",
        "\\ No newline",
    ]


@given(
    st.lists(st.text(st.sampled_from("ab c+\t"), max_size=8).map(lambda text: text.strip(" ")), max_size=4),
    st.data(),
)
def test_words_in_one_line_say_both_lines(texts: list[str], data: st.DataObject):
    signs = [data.draw(st.sampled_from(" -+")) for _ in texts]
    lines = [line(sign + text) for sign, text in zip(signs, texts, strict=True)]
    merged = [one.text for one in inline(lines)]
    old = [re.sub(r"\{\+.*?\+\}", "", text).replace("[-", "").replace("-]", "") for text in merged]
    expected = [text for sign, text in zip(signs, texts, strict=True) if sign != "+"]
    if "+" not in "".join(texts):
        assert [text[1:] for text in old if text[1:]] == [text for text in expected if text]


def test_a_rewrite_is_not_looked_into():
    lines = [line(f"{sign}line {number} {sign}") for sign in "-+" for number in range(300)]
    assert all(not one.marks for one in marked(lines))


def test_no_row_can_pass_for_a_line_of_its_own():
    assert shown([line(" 12345678+evil")], 9) == [" 12345678", " +evil"]
    assert shown([line("-12345678+evil")], 9) == ["-12345678", " +evil"]
    assert shown([line(" ")], 9) == [""]
    assert shown([line(" a\tb")], None) == [" a\tb"]
