from __future__ import annotations

import json
import re
from io import StringIO

import pytest

from fakes.patches import fresh_store, reviewed
from r1code.repo.compare import compare
from r1code.tree.stat import stat
from r1code.ui.columns import side_by_side
from r1code.ui.flow import cells
from r1code.ui.piece import Piece
from r1code.ui.review import as_json, stat_pieces, unified
from r1code.ui.safe import HIDDEN
from r1code.ui.surface import Surface
from ui.reviews import FOLDER, FORMS, STORIES, file, painted, path_of, shown
from ui.telling import HOSTILE

OURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("story", STORIES)
def test_a_change_is_shown_as_its_golden_file(story: str, form: str):
    assert shown(story, form) == path_of(story, form).read_text(encoding="utf-8")


def test_every_golden_file_belongs_to_a_review():
    assert {place.name for place in FOLDER.iterdir()} == {
        path_of(one, form).name for one in STORIES for form in FORMS
    }


@pytest.mark.parametrize("form", FORMS)
def test_nothing_hidden_reaches_the_terminal(form: str):
    text = OURS.sub("", shown("hostile", form))
    assert HIDDEN.findall(text) == []
    assert form == "json" or "\x1b" not in text


@pytest.mark.parametrize("form", [form for form in FORMS if form.startswith(("unified", "words", "pipe"))])
def test_only_our_words_stand_in_column_0(form: str):
    ours = ("changed  ", "created  ", "deleted  ", "hunk ", "+", "-", " ", "\\ No newline at end of file")
    lines = OURS.sub("", shown("hostile", form)).removesuffix("\n").split("\n")
    titles = [line for line in lines if line.startswith("hunk")]
    assert [line for line in lines if line and not line.startswith(ours)] == []
    assert titles == ["hunk 1  @@ -1,7 +1,7 @@", "hunk 2  @@ -9,4 +9,4 @@"]


@pytest.mark.parametrize("form", [form for form in FORMS if re.search(r"\.\d+", form)])
@pytest.mark.parametrize("story", STORIES)
def test_lines_keep_within_the_terminal(story: str, form: str):
    width = int(form.split(".")[1])
    lines = OURS.sub("", shown(story, form)).split("\n")
    assert [line for line in lines if cells(line) > width] == []


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("words", [True, False])
def test_colours_change_no_word(story: str, words: bool):
    review = reviewed(*STORIES[story](), fresh_store())
    for pieces in (list(unified(review, 60, words=words)), list(side_by_side(review, 90))):
        assert OURS.sub("", painted(pieces, color=True)) == painted(pieces)


def test_both_sides_are_kept_apart_on_every_row():
    rows = [line for line in shown("code", "beside.120").split("\n") if "│" in line]
    assert len({cells(line.partition("│")[0]) for line in rows}) == 1


def test_the_words_of_a_line_are_marked_by_colour_and_nothing_else():
    store = fresh_store()
    review = reviewed({"f": file(b"one two\n")}, {"f": file(b"one three\n")}, store)
    pieces = list(unified(review, 80, words=False))
    marked = [piece.text for piece in pieces if piece.style in {"added word", "removed word"}]
    assert marked == ["two", "three"]
    assert painted(pieces).endswith("-one two\n+one three\n")
    assert painted(unified(review, None, words=True)).endswith(" one [-two-]{+three+}\n")


def test_json_holds_every_byte():
    store = fresh_store()
    before, after = STORIES["hostile"]()
    review = reviewed(before, after, store)
    found = json.loads(as_json(review, stat(review, store, compare), hunks=True))
    (path,) = after
    new = [line["text"] for hunk in found["hunks"] for line in hunk["lines"] if line["sign"] != "-"]
    lines = after[path][2].split(b"\n")
    assert "".join(new).encode("utf-8", "surrogateescape") == b"\n".join([*lines[:7], *lines[8:]])
    assert found["files"][0]["path"] == path
    assert "hunks" not in json.loads(as_json(review, stat(review, store, compare), hunks=False))


def bars(counts: list[tuple[int, int]], width: int) -> list[str]:
    store = fresh_store()
    before = {f"f{n}": file(b"".join(b"-%d\n" % i for i in range(old))) for n, (_, old) in enumerate(counts)}
    after = {f"f{n}": file(b"".join(b"+%d\n" % i for i in range(new))) for n, (new, _) in enumerate(counts)}
    found = stat(reviewed(before, after, store), store, compare)
    return painted(stat_pieces(found, width)).split("\n")


def test_bars_are_in_proportion_and_a_single_line_is_never_lost():
    assert bars([(400, 200), (1, 1), (0, 100)], 80) == [
        " f0 | 600 +++++++++++++-------",
        " f1 |   2 +-",
        " f2 | 100 ---",
        " 3 files, 401 lines added, 301 removed",
        "",
    ]
    assert bars([(1, 0)], 80)[-2] == " 1 file, 1 line added, 0 removed"


class Tty(StringIO):
    def isatty(self) -> bool:
        return True


def written(stream: StringIO, text: str = "+x\n", **options: object) -> tuple[str, bool]:
    surface = Surface(stream, **{"environ": {}, **options})
    surface.write([Piece(text, "added")])
    return stream.getvalue(), surface.width is not None


def test_a_surface_follows_the_stream_and_the_flags():
    assert written(StringIO()) == ("+x\n", False)
    assert written(Tty()) == ("\x1b[32m+x\x1b[0m\n", True)
    assert written(Tty(), color="never") == ("+x\n", True)
    assert written(Tty(), environ={"NO_COLOR": "1"}) == ("+x\n", True)
    assert written(StringIO(), color="always") == ("\x1b[32m+x\x1b[0m\n", True)
    assert written(Tty(), ci=True) == ("+x\n", False)
    assert written(Tty(), f"{HOSTILE}\n", ci=True)[0].count("\n::") == 0


def test_much_is_written_in_whole_lines():
    stream = StringIO()
    Surface(stream, environ={}).write(Piece("a" if number % 3 else "a\n") for number in range(5_000))
    assert stream.getvalue() == "".join("a" if number % 3 else "a\n" for number in range(5_000))
