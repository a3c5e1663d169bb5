"""From outlines and a task to an order of files: the expected one, and the same in every process."""

from __future__ import annotations

import random
import subprocess
import sys
from array import array
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1code.repo.clues import Place, clues_of
from r1code.repo.graph import Graph, graph_of
from r1code.repo.index.languages import language_of
from r1code.repo.index.outline import Outline
from r1code.repo.index.read import read
from r1code.repo.past import Commit, Past
from r1code.repo.rank import Ranker, walk
from r1code.repo.words import stem, translated, words_of

FILES = {
    "README.md": "# A shop\n\n## Payments\n",
    "shop/cart.py": "from shop.money import split\n\nclass Cart:\n    def shares(self): return split(2, 2)\n",
    "shop/money.py": "def split(cents, people):\n    '''Shares that add up.'''\n\ndef _round(x): pass\n",
    "shop/mailer.py": "class Mailer:\n    def send_invoice(self, to): pass\n",
    "shop/web.py": "from shop.mailer import Mailer\n\ndef checkout(): Mailer().send_invoice('x')\n",
    "tests/test_money.py": "from shop.money import split\n\ndef test_split(): assert split(4, 2)\n",
    "vendor/money.py": "def split(cents, people): pass\n",
    "shop/made.py": "# DO NOT EDIT\ndef split_invoice(): pass\n",
}


def outlines_of(files: Mapping[str, str]) -> dict[str, Outline]:
    return {
        path: read(text.encode(), language)
        for path, text in sorted(files.items())
        if (language := language_of(path)) is not None
    }


def ranker(
    task: str, files: Mapping[str, str] = FILES, past: Past | None = None, changed: tuple[str, ...] = ()
) -> Ranker:
    paths = sorted(files)
    return Ranker(graph_of(paths, outlines_of(files), past or Past()), clues_of(task, paths), changed)


def order(task: str, past: Past | None = None, changed: tuple[str, ...] = ()) -> list[str]:
    return [one.path for one in ranker(task, past=past, changed=changed).ranking().files]


@pytest.mark.parametrize(
    ("text", "stems"),
    [
        ("parseHTTPHeader", ["pars", "http", "head"]),
        ("parsing the headers", ["pars", "head"]),
        ("get_queryset()", ["queryset"]),
        ("stopped running", ["stop", "run"]),
        ("libraries class status", ["library", "class", "status"]),
        ("\u767b\u5f55\u8d85\u65f6", ["\u767b\u5f55", "\u5f55\u8d85", "\u8d85\u65f6"]),
    ],
)
def test_words_of_tasks_and_names_meet_in_their_stems(text: str, stems: list[str]) -> None:
    assert list(words_of(text)) == stems


def test_words_with_one_beginning_are_one_stem_and_common_ones_none() -> None:
    assert {stem(word) for word in ("validate", "validates", "validated", "validator", "validation")} == {
        "validat"
    }
    assert stem("the") is None
    assert "login" in set(translated("\u767b\u5f55\u5931\u8d25"))


def test_paths_names_and_lines_are_read_from_a_task_and_from_tracebacks() -> None:
    task = """`Cart.shares` fails
  File "/work/repo/tests/test_money.py", line 3, in test_split
  at checkout (shop/web.py:12:5)
  in money.py
see shop/missing.py and total()"""
    clues = clues_of(task, FILES)
    assert clues.names >= {"Cart", "shares", "test_split", "total", "checkout"} - {"checkout"}
    # Two files have that name, and both are meant.
    assert clues.places == (
        Place("tests/test_money.py", 3),
        Place("shop/web.py", 12),
        Place("shop/money.py"),
        Place("vendor/money.py"),
    )


def test_words_find_the_file_and_what_it_refers_to_comes_with_it() -> None:
    assert order("the invoice mail is sent twice")[:2] == ["shop/mailer.py", "shop/web.py"]
    assert order("checkout is slow")[:2] == ["shop/web.py", "shop/mailer.py"]
    assert order("\u8ba2\u5355\u90ae\u4ef6\u53d1\u9001\u9519\u8bef")[0] == "shop/mailer.py"


def test_what_is_vendored_or_generated_comes_after_what_a_person_wrote() -> None:
    found = order("split is wrong")
    assert found[0] == "shop/money.py"
    assert found.index("vendor/money.py") > found.index("shop/cart.py")
    assert found.index("shop/made.py") > found.index("shop/cart.py")


def test_an_import_says_which_of_two_definitions_is_meant() -> None:
    graph = graph_of(sorted(FILES), outlines_of(FILES), Past())
    starts, targets, _ = graph.links()
    at = graph.paths.index("shop/cart.py")
    reached = {graph.paths[one] for one in targets[starts[at] : starts[at + 1]]}
    assert "shop/money.py" in reached
    assert "vendor/money.py" not in reached


def test_a_named_file_a_changed_one_and_one_that_was_changed_along_come_first() -> None:
    assert order("look at shop/web.py")[0] == "shop/web.py"
    assert order("something", changed=("shop/cart.py", "gone.py"))[0] == "shop/cart.py"
    past = Past("1", tuple(Commit("round totals", ("README.md", "shop/money.py")) for _ in range(5)))
    assert order("split", past).index("README.md") < order("split").index("README.md")
    # What was said about a file when it was changed is about it.
    assert order("rounding of totals", past)[0] == "shop/money.py"


def test_a_test_and_what_it_is_named_after_lead_to_each_other() -> None:
    files = {"a/parser.go": "package a\n", "a/parser_test.go": "package a\n", "b/other.go": "package b\n"}
    found = [one.path for one in ranker("see a/parser_test.go", files).ranking().files]
    assert found[:2] == ["a/parser_test.go", "a/parser.go"]


def test_why_names_words_names_links_and_the_place() -> None:
    reasons = ranker("`split` in checkout is wrong, see shop/money.py").why("shop/money.py")
    assert (reasons.place, reasons.of, reasons.is_named, reasons.names) == (1, len(FILES), True, ("split",))
    assert "split" in dict(reasons.words)
    assert {one.path for one in reasons.links} >= {"shop/cart.py", "tests/test_money.py"}
    assert sum(one.part for one in reasons.links) <= 1.0 + 1e-9
    with pytest.raises(KeyError):
        ranker("split").why("gone.py")


def test_nothing_to_go_by_is_an_order_too() -> None:
    assert sorted(order("")) == sorted(FILES)
    assert ranker("split", {}).ranking().files == ()


SAME = """
import sys; sys.path.insert(0, "tests")
from repo.test_rank import graph_of, outlines_of, FILES, Past, Commit, order
import msgspec, hashlib
past = Past("1", (Commit("round totals and split the mail of shops", ("README.md", "shop/money.py")),) * 3)
graph = graph_of(sorted(FILES), outlines_of(FILES), past)
print(hashlib.sha256(msgspec.msgpack.encode(graph)).hexdigest(), order("split the invoice of a cart", past))
"""


def test_graph_and_order_are_the_same_in_every_process(pytestconfig: pytest.Config) -> None:
    told = {
        subprocess.run(
            [sys.executable, "-P", "-c", SAME],
            env={"PYTHONHASHSEED": seed},
            cwd=pytestconfig.rootpath,
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(told) == 1
    assert b"shop/money.py" in told.pop()


def graph_from(rows: list[dict[int, float]]) -> Graph:
    starts, targets, weights = array("I", [0]), array("I"), array("f")
    for row in rows:
        for target, weight in sorted(row.items()):
            targets.append(target)
            weights.append(weight / sum(row.values()))
        starts.append(len(targets))
    paths = tuple(f"{at:03}" for at in range(len(rows)))
    return Graph(paths, starts.tobytes(), targets.tobytes(), weights.tobytes(), {}, {}, {}, b"", b"")


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(0, 2**30))
def test_a_walk_is_personalised_pagerank_by_its_definition(files: int, seed: int) -> None:
    chance = random.Random(seed)
    rows = [
        {chance.randrange(files): chance.random() + 0.01 for _ in range(chance.randrange(4))}
        for _ in range(files)
    ]
    graph = graph_from(rows)
    start = {at: 1 / min(files, 2) for at in range(min(files, 2))}
    found = walk(graph, start, again=0.3, least=1e-9)
    # By definition: again times the start, and what the others pass on.
    exact = [0.0] * files
    for _ in range(200):
        fresh = [0.3 * start.get(at, 0.0) for at in range(files)]
        for at, row in enumerate(rows):
            for target, weight in row.items():
                fresh[target] += 0.7 * exact[at] * weight / sum(row.values())
        exact = fresh
    for at, value in enumerate(exact):
        assert found.get(at, 0.0) == pytest.approx(value, abs=1e-5)
