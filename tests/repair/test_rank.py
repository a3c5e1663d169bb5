from __future__ import annotations

from r1code.repair.places import Suspect
from r1code.repair.pool import MOST_PARTNERS, Change, Pool, weight_of
from r1code.repair.rank import Executed, ranked, weights, words


def suspect(name: str, text: str, first: int, kind: str = "function") -> Suspect:
    return Suspect(path="a.py", name=name, kind=kind, text=text, first=first, indent=0)


PLAIN = suspect("plain", "def plain(x):\n    return x\n", 1)
FEE = suspect("late_fee", 'def late_fee(days):\n    """The fee for days."""\n    return days * RATE\n', 4)
RATE = suspect("RATE", "RATE = 2\n", 8, kind="constant")


def order(found: list[Suspect], executed: Executed, about: str = "") -> list[str]:
    return [one.name for one in ranked(found, executed, weights(found, about))]


def test_words_come_from_names_and_prose_alike() -> None:
    assert words("parseLine(NOTE_texts, HTTPServer) # Two notes, his class") == {
        "parse": 1,
        "line": 1,
        "note": 2,
        "text": 1,
        "http": 1,
        "server": 1,
        "two": 1,
        "his": 1,
        "class": 1,
    }


def test_without_any_hint_the_nearest_comes_first() -> None:
    assert order([PLAIN, FEE, RATE], {}) == ["plain", "late_fee", "RATE"]


def test_what_few_passing_tests_execute_comes_before_what_many_do() -> None:
    assert order([PLAIN, FEE], {"a.py": {2: 9, 6: 0}}) == ["late_fee", "plain"]


def test_what_the_failing_test_does_not_execute_comes_last() -> None:
    assert order([PLAIN, FEE], {"a.py": {6: 9}}) == ["late_fee", "plain"]


def test_a_constant_is_as_suspect_as_the_lines_that_may_use_it() -> None:
    found = [PLAIN, suspect("OTHER", "OTHER = 1\n", 20, kind="constant"), FEE, RATE]
    assert order(found, {"a.py": {2: 9, 6: 0}}).index("RATE") < order(found, {"a.py": {2: 9, 6: 0}}).index(
        "OTHER"
    )


def test_what_speaks_of_the_same_things_as_the_test_comes_first() -> None:
    assert order([PLAIN, FEE], {}, "test_late_fees") == ["late_fee", "plain"]
    # A word that all of them use says nothing.
    assert weights([PLAIN, FEE], "def")["def"] == 0


def test_a_change_weighs_what_it_adds_of_the_words_of_the_test() -> None:
    weighed = {"note": 2.0, "line": 0.5}
    assert weight_of("def f(line):\n    return line\n", "def f(line):\n    return line, note\n", weighed) == 2.0
    assert weight_of("X = note\n", "X = 1  # note, note\n", weighed) == 0


def change(name: str, weight: float) -> Change:
    return Change(path="a.py", name=name, content=f"def {name}(): pass\n", weight=weight)


def test_a_pool_pairs_changes_of_different_definitions_heaviest_first() -> None:
    pool = Pool()
    light, heavy, other, same = change("f", 1), change("g", 3), change("h", 2), change("h", 2)
    assert pool.add(light) == []
    assert pool.add(heavy) == [(light, heavy)]
    assert pool.add(other) == [(heavy, other), (light, other)]
    assert pool.add(same) == [(heavy, same), (light, same)]


def test_a_pool_leaves_out_what_adds_nothing_and_does_not_try_without_end() -> None:
    pool = Pool()
    for number in range(20):
        pool.add(change(f"f{number}", 1))
    assert pool.add(change("g", 0)) == []
    assert len(pool.add(change("h", 1))) == MOST_PARTNERS
