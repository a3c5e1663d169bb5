from __future__ import annotations

from pathlib import Path

import pytest

from fakes.house import House
from fakes.matching import applied, noted, refused
from r1code.errors import ToolError
from r1code.repo.files import decode
from r1code.tools.matching import Block, replace_all

TEXT = "def a():\n    return 1\n\n\ndef b():\n    return 2\n"
CLASS = "class A:\n    def f(self):\n        return 1\n\n    def g(self):\n        return 2\n"


# Level 1: exact lines.


def test_the_one_place_is_replaced() -> None:
    assert applied(TEXT, "    return 2\n", "    return 3\n") == TEXT.replace("2", "3")


def test_two_places_are_refused_and_named() -> None:
    told = refused("x = 1\ny = 2\nx = 1\n", "x = 1\n")
    assert told == (
        "Block 1: the SEARCH lines stand 2 times in a.py, at lines 1, 3. Add lines before or after, so that they "
        "are found once."
    )


def test_of_many_places_some_are_named() -> None:
    assert "stand 20 times in a.py, at lines 1, 2, 3, 4, 5, 6, 7, 8, .... Add" in refused("x\n" * 20, "x\n")


def test_a_part_of_a_line_does_not_match() -> None:
    assert "do not stand" in refused("xx = 1\n", "x = 1\n")
    assert "do not stand" in refused("x = 1\n", "x =\n")


def test_an_empty_search_and_an_edit_that_changes_nothing_are_refused() -> None:
    assert "<write>" in refused(TEXT, "")
    assert "identical" in refused(TEXT, "def a():\n", "def a():\n")
    assert "already has the lines of REPLACE" in refused("a\nb\n", "a \n", "a\n")


def test_an_exact_place_wins_over_looser_ones() -> None:
    assert applied("    x\nx\nx  \n", "x\n", "y\n") == "    x\ny\nx  \n"


# Level 2: white space at line ends, and what ends them.


def test_white_space_at_line_ends_may_differ_either_way() -> None:
    assert applied("a = 1  \nb = 2\n", "a = 1\nb = 2\t\n", "a = 1\nb = 3\n") == "a = 1  \nb = 3\n"
    assert "Block 1 was not exact: white space at the ends of lines" in noted("a \n", "a\n", "b\n")


def test_what_replace_changes_at_line_ends_is_changed() -> None:
    assert applied("x = 1   \ny\n", "x = 1 \ny\n", "x = 1\ny\n") == "x = 1\ny\n"


def test_two_places_by_white_space_are_refused() -> None:
    told = refused("a\nb\na\n", "a \n")
    assert "2 times in a.py if white space at the ends of lines is left aside, at lines 1, 3" in told


def test_a_file_without_a_final_newline_stays_without() -> None:
    assert applied("a\nb", "b\n", "c\n") == "a\nc"
    assert applied("a\nb", "a\n", "c\n") == "c\nb"
    assert applied("a\nb", "b\n", "") == "a"
    assert applied("b", "b\n", "") == ""


def test_search_and_replace_need_no_final_newline() -> None:
    assert applied("a\nb\nc\n", "b", "d") == "a\nd\nc\n"
    assert applied("a\nb\nc\n", "b\n", "d") == "a\nd\nc\n"
    assert applied("a\nb", "b", "d\ne") == "a\nd\ne"


def test_newlines_are_those_of_the_file() -> None:
    assert applied("a\nb\n", "a\r\n", "a\r\nc\r\n") == "a\nc\nb\n"
    assert applied("a\nb\n", "a\n", "c\r\n") == "c\nb\n"
    assert applied("a\rb\rc\r", "b\n", "d\ne\n") == "a\rd\re\rc\r"


def test_mixed_newlines_stay_where_they_are_and_new_lines_end_as_most_do() -> None:
    mixed = "a\r\nb\r\nc\nd\n"
    assert applied(mixed, "a\nb\nc\n", "a\nnew\nb\nc\n") == "a\r\nnew\r\nb\r\nc\nd\n"
    assert applied(mixed, "c\nd\n", "c\nnew\nd\n") == "a\r\nb\r\nc\nnew\nd\n"


# Level 3: one shift of the indentation.


@pytest.mark.parametrize("indent", ["", "  ", "        ", "\t"])
def test_a_block_is_shifted_as_a_whole(indent: str) -> None:
    search = f"{indent}def g(self):\n{indent}    return 2\n"
    replacement = f"{indent}def g(self):\n\n{indent}    if True:\n{indent}        return 3\n"
    assert applied(CLASS, search, replacement) == CLASS.replace(
        "    def g(self):\n        return 2\n", "    def g(self):\n\n        if True:\n            return 3\n"
    )
    assert "indentation differed" in noted(CLASS, search, replacement)


def test_blank_lines_are_not_shifted() -> None:
    search, replacement = "def f(self):\n    return 1\n", "def f(self):\n\n    \n    return 3\n"
    assert "    def f(self):\n\n    \n        return 3\n" in applied(CLASS, search, replacement)


def test_ragged_indentation_is_refused() -> None:
    told = refused(CLASS, "def f(self):\n        return 1\n")
    assert "nearest are lines 2 to 3" in told
    assert "'    def f(self):' where your SEARCH has 'def f(self):' (only the white space differs)" in told


def test_a_line_that_cannot_move_to_the_left_is_refused() -> None:
    assert applied(TEXT, "        return 2\n", "    x = 2\n") == TEXT.replace("    return 2", "x = 2")
    assert "REPLACE has a line that cannot be moved" in refused(TEXT, "        return 2\n", "  x = 2\n")


def test_two_places_by_indentation_are_refused() -> None:
    told = refused("    x()\n  x()\n", "x()\n")
    assert "2 times in a.py if the indentation is left aside, at lines 1, 2" in told


@pytest.mark.parametrize("width", [2, 3, 4, 8])
def test_a_file_with_tabs_keeps_them(width: int) -> None:
    text = "if a:\n\tif b:\n\t\tc()\n\td()\n"
    said = "if a:\n\tif b:\n\t\tc()\n\t\t\te()\n\td()\n".expandtabs(width)
    assert applied(text, text.expandtabs(width), said) == "if a:\n\tif b:\n\t\tc()\n\t\t\te()\n\td()\n"


def test_a_file_with_spaces_keeps_them() -> None:
    text = "if a:\n    if b:\n        c()\n    d()\n"
    said = "if a:\n\tif b:\n\t\tc()\n\t\t  e()\n\td()\n"
    assert applied(text, "if a:\n\tif b:\n\t\tc()\n\td()\n", said) == text.replace(
        "    d", "          e()\n    d"
    )


def test_tabs_and_a_shift_together() -> None:
    text = "class A {\n\t\tif (b) {\n\t\t\tc();\n\t\t}\n}\n"
    changed = applied(text, "if (b) {\n    c();\n}\n", "if (b) {\n    c();\n    d();\n}\n")
    assert changed == text.replace("c();\n", "c();\n\t\t\td();\n")


def test_tabs_that_could_be_of_two_widths_are_refused() -> None:
    # As a tab of 2 the block would be shifted by 1, as one of 4 by 3.
    assert "do not stand" in refused("\tx()\n", " x()\n", " x()\n  y()\n")


# Level 4: look-alikes.


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ('say("it\'s")', "say(\u201cit\u2019s\u201d)"),
        ("say(\u201cit\u2019s\u201d)", 'say("it\'s")'),
        ("a - b", "a \u2013 b"),
        ("a \u2014 b", "a - b"),
        ("a b", "a\u00a0b"),
        ("a\u3000b", "a b"),
        ("f(a, b): {c; d}!", "f\uff08a\uff0c b\uff09\uff1a \uff5bc\uff1b d\uff5d\uff01"),
        ("\u7ed3\u675f\uff0c\u597d\u3002", "\u7ed3\u675f,\u597d."),
        ("caf\u00e9", "cafe\u0301"),
        ("cafe\u0301", "caf\u00e9"),
        ("and so on...", "and so on\u2026"),
        ("a\u200bb", "ab"),
        ("ab", "a\ufeffb"),
    ],
)
def test_look_alikes_match_and_the_file_keeps_its_own(there: str, said: str) -> None:
    text = f"one\n{there}\ntwo\n"
    assert applied(text, f"{said}\ntwo\n", f"{said}\nnew \u201c\u2013\nif x:\n    {said}\ntwo\n") == (
        f"one\n{there}\nnew \u201c\u2013\nif x:\n    {there}\ntwo\n"
    )
    assert "look-alike" in noted(text, f"{said}\n", "x\n")


def test_look_alikes_and_a_shift_together() -> None:
    assert applied('    say("a")\n    b\n', "say(\u201ca\u201d)\nb\n", "say(\u201ca\u201d)\nc\n") == (
        '    say("a")\n    c\n'
    )


def test_indentation_of_other_spaces() -> None:
    assert applied("    a\n", "\u00a0\u00a0\u00a0\u00a0a\n", "\u00a0\u00a0\u00a0\u00a0a\nb\n") == "    a\nb\n"
    assert applied("    a\n", "\u00a0a\n", "\u00a0a\n\u00a0b\n") == "    a\n    b\n"


def test_two_places_by_look_alikes_are_refused() -> None:
    assert "if look-alike characters are left aside, at lines 1, 2" in refused("a\u2013b\na\u2014b\n", "a-b\n")


def test_the_same_words_with_other_letters_or_digits_do_not_match() -> None:
    for there, said in [("x\u00b2", "x2"), ("\uff41", "a"), ("\u0430", "a"), ("`a`", "'a'"), ("a", "A")]:
        assert "do not stand" in refused(f"{there}\n", f"{said}\n")


# Level 5: lines left out.

LONG = "def f():\n    a = 1\n    b = 2\n    c = 3\n    return a\n\ndef g():\n    return 0\n"


@pytest.mark.parametrize(
    "dots", ["...", "    ...", "    # ...", "    // ...", "/* ... */", "<!-- ... -->", "\u2026"]
)
def test_lines_left_out_are_kept(dots: str) -> None:
    changed = applied(LONG, f"def f():\n{dots}\n    return a\n", f"def f(x):\n{dots}\n    return x\n")
    assert changed == LONG.replace("def f():", "def f(x):").replace("return a", "return x")


def test_several_elisions_and_a_shift() -> None:
    search = "    def f():\n...\n        b = 2\n...\n        return a\n"
    replacement = "    def f():\n...\n        b = 4\n        d = 5\n...\n        return a\n"
    assert applied(LONG, search, replacement) == LONG.replace("b = 2\n", "b = 4\n    d = 5\n")
    note = noted(LONG, search, replacement)
    assert "indentation differed" in note
    assert "lines for `...` were kept" in note


def test_elisions_at_the_ends_say_nothing() -> None:
    assert applied(LONG, "...\n    c = 3\n...\n", "...\n    c = 4\n...\n") == LONG.replace("c = 3", "c = 4")


def test_a_literal_ellipsis_is_text_first() -> None:
    stub = "def f():\n    ...\n\ndef g():\n    return 0\n"
    assert applied(stub, "def f():\n    ...\n", "def f():\n    return 1\n") == stub.replace("...", "return 1")


def test_replace_must_have_the_same_elisions() -> None:
    told = refused(LONG, "def f():\n...\n    return a\n", "def f():\n    return 1\n")
    assert "only if REPLACE has the same `...` lines" in told
    assert "REPLACE has the same" in refused(LONG, "...\n    c = 3\n", "    c = 4\n")
    assert "REPLACE has the same" in refused(LONG, "def f():\n...\n...\n    return a\n", "x\n...\n...\ny\n")


def test_an_anchor_must_be_there_once() -> None:
    text = LONG.replace("return 0", "return a")
    told = refused(text, "def f():\n...\n    return a\n", "def f(x):\n...\n    return a\n")
    assert "the lines beside `...` stand 2 times in a.py, at lines 5, 8" in told
    told = refused(LONG, "def f():\n...\n    return b\n", "def f(x):\n...\n    return b\n")
    assert "nearest are lines 5 to 5" in told


@pytest.mark.parametrize(
    "search",
    [
        "    return a\n...\ndef f():\n",  # the other way round
        "def f():\n...\n    a = 1\n",  # nothing between
        "def f():\n...\nreturn a\n",  # shifted by different amounts
    ],
)
def test_anchors_that_do_not_surround_lines_are_refused(search: str) -> None:
    told = refused(LONG, search, search.replace("a", "z"))
    assert "before and after each stand once" in told


def test_an_elision_does_not_reach_over_a_literal_one() -> None:
    stub = "def f():\n    x = 1\n    ...\n    return 0\n"
    assert "do not stand" in refused(
        stub, "def f():\n    ...\n    return 0\n", "def f():\n    ...\n    return 1\n"
    )


# What was done before.


def test_an_edit_that_was_made_before_is_not_made_again_by_a_looser_level() -> None:
    text = "if x:\n    f()\n"
    told = refused(text, "f()\n", "if x:\n    f()\n")
    assert "REPLACE lines already stand in a.py, at lines 1 to 2. If this edit was made before" in told


def test_an_edit_that_was_made_before_is_not_made_at_a_place_that_is_left() -> None:
    text = "import os\n\ndef f():\n    import os.path\n"
    assert "already stand in a.py, at lines 4 to 4" in refused(text, "    import os\n", "    import os.path\n")


def test_a_blank_line_that_is_there_does_not_say_that_an_edit_was_made() -> None:
    assert applied("a\n\nb\n", "a \n", "a \n\n") == "a\n\n\nb\n"


def test_a_place_that_others_speak_against_is_refused() -> None:
    # The lines at 1 were changed after the model read them; the ones at 5 are of another indentation.
    text = "    return result\n    if more:\n    }\n\nreturn result\n}\n"
    search = "    return result\n    }\n"
    told = refused(text, search)
    assert (
        "meant for two places, at lines 1, 5: the first has some of them exactly, the second all if the" in told
    )
    assert applied(text.replace("    return", "    yield"), search, "    x\n").endswith("\n\nx\n")
    # A closing bracket that stands somewhere else says nothing.
    braces = "f {\n    if {\n        go()\n    }\n}\n"
    assert applied(braces, "    go()\n}\n", "    end()\n}\n") == braces.replace("go", "end")


def test_missing_lines_whose_replacement_is_there() -> None:
    told = refused("a\nnew\nb\n", "old\n", "new\n")
    assert "do not stand in a.py" in told
    assert "But the REPLACE lines already stand in a.py, at lines 2 to 2" in told
    assert "already stand" not in refused("a\nc\n", "a\nb\n", "a\n")


# Several blocks.


def test_blocks_follow_one_another() -> None:
    blocks = [Block("a\n", "b\nc\n"), Block("c\n", "d\n"), Block("x\n", ""), Block("b\nd\n", "e\n")]
    assert replace_all("a\nx\n", blocks, path="a").text == "e\n"


def test_all_failures_are_told_at_once_and_what_fitted() -> None:
    blocks = [Block("a\n", "b\n"), Block("zzz\n", "y\n"), Block("c\n", "d\n"), Block("c \n", "d\n")]
    with pytest.raises(ToolError) as caught:
        replace_all("a\nc\n", blocks, path="a.py")
    told = str(caught.value)
    assert "Block 2: the SEARCH lines do not stand" in told
    assert "Block 4: the SEARCH lines do not stand" in told
    assert told.endswith(
        "Of the 4 blocks 1, 3 fitted. Nothing was written: correct what failed, and send the whole <edit> again."
    )


def test_after_three_failures_no_more_are_looked_for() -> None:
    with pytest.raises(ToolError) as caught:
        replace_all("a\n", [Block(f"zz{number}\n", "x\n") for number in range(9)], path="a.py")
    assert "Of the 9 blocks none fitted; those after block 3 were not tried." in str(caught.value)


# The whole way.


@pytest.mark.parametrize(
    "data",
    [
        b"a = 1\r\nb = 2\r\n",
        b"a = 1\r\nb = 2",
        b"\xef\xbb\xbfa = 1\nb = 2\n",
        "a = 1\nb = 2\n\u00fc\n".encode("utf-16"),
        b"a = 1\r\nb = 2\r\n\xfc\n",
    ],
)
def test_the_tool_keeps_encoding_mark_and_line_ends(tmp_path: Path, data: bytes) -> None:
    reply = "<edit path='a.py'>\n<<<<<<< SEARCH\n  b = 2 \n=======\n  b = 3 \n>>>>>>> REPLACE\n</edit>"
    house = House(tmp_path, [reply, "<done/>"], files={})
    (house.root / "a.py").write_bytes(data)
    house.turn()
    before = decode(data)
    assert (house.root / "a.py").read_bytes() != data
    after = decode((house.root / "a.py").read_bytes())
    assert (after.encoding, after.newline, after.bom) == (before.encoding, before.newline, before.bom)
    assert after.text == before.text.replace("b = 2", "b = 3 ")
    assert (
        "a.py changed (1 block replaced)\nBlock 1 was not exact: the indentation differed"
        in str(house.provider.requests[-1].messages)
        or "a.py changed" in house.told()
    )


def test_of_many_notes_some_are_told(tmp_path: Path) -> None:
    blocks = "".join(f"<<<<<<< SEARCH\n a{n}\n=======\n b{n}\n>>>>>>> REPLACE\n" for n in range(7))
    reply = f'<edit path="a.txt">\n{blocks}</edit>'
    house = House(tmp_path, [reply, "<done/>"], files={"a.txt": "".join(f"a{n}\n" for n in range(7))})
    house.turn()
    assert house.file("a.txt") == "".join(f"b{n}\n" for n in range(7))
