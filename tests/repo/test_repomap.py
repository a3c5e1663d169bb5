"""A map has whole signatures, fits, and is the same text for the same task."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from r1code.profiles.tokenizers import tokenizer_named
from r1code.repo.clues import clues_of
from r1code.repo.index.outline import Definition, Outline
from r1code.repo.rank import Ranker, Ranking
from r1code.repo.repomap import Map, draw
from repo.test_rank import FILES, graph, outlines_of

COUNT = tokenizer_named("deepseek-r1").count
OUTLINES = outlines_of(FILES)
GRAPH = graph()


def ranking(task: str) -> Ranking:
    return Ranker(GRAPH, clues_of(task, sorted(FILES))).ranking()


def drawn(task: str, room: int) -> Map:
    return draw(ranking(task), OUTLINES, GRAPH.fame, room=room, count=COUNT)


def test_a_map_has_signatures_by_file_and_then_further_files_by_folder() -> None:
    found = drawn("`Cart.shares` are wrong", 70)
    assert found.text.startswith("shop/cart.py:\n  class Cart\n    def shares(self)\n")
    assert found.text.splitlines()[-1].count(": ") <= 1
    assert found.files[: found.outlined][0] == "shop/cart.py"
    assert "also:" in found.text
    assert drawn("`Cart.shares` are wrong", 70) == found


def test_in_a_large_room_all_files_are_named() -> None:
    assert sorted(drawn("split", 5_000).files) == sorted(FILES)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 400), st.sampled_from(["split", "the invoice", "", "shop/web.py:3 `Mailer`"]))
def test_a_map_never_has_more_tokens_than_its_room(room: int, task: str) -> None:
    found = drawn(task, room)
    assert COUNT(found.text) <= room
    files = [one.path for one in ranking(task).files]
    assert list(found.files) == files[: len(found.files)]
    signatures = {one.signature for outline in OUTLINES.values() for one in outline.definitions}
    for line in found.text.split("\n"):
        # Whole, or not there.
        assert not line.startswith("  ") or line.strip() in signatures


def test_a_signature_that_is_too_long_is_left_out_and_the_line_of_a_traceback_is_in() -> None:
    long = Definition("long", "function", 1, 2, 1, signature="def long(" + "a, " * 200 + ")")
    others = [Definition(f"f{at}", "function", at, at, at, signature=f"def f{at}()") for at in range(3, 60)]
    outlines = {"a.py": Outline("python", 60, (long, *others))}
    made = graph({"a.py": ""})
    found = Ranker(made, clues_of('File "a.py", line 57, in x; `long`', ["a.py"])).ranking()
    lines = draw(found, outlines, made.fame, room=500, count=COUNT).text.splitlines()
    assert "  def f57()" in lines
    assert not any("def long" in line for line in lines)
