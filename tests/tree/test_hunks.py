from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.patches import applied, contents, fresh_store, one_file, patch_of, reviewed
from fakes.trees import Spec, specs
from r1code.tree.hunks import Hunk, Review, Run, lines_of, review_with
from r1code.tree.patch import Patch
from r1code.tree.store import Store

LONG = b"".join(b"line %d\n" % number for number in range(40))


def changed(*numbers: int) -> bytes:
    lines = lines_of(LONG)
    for number in numbers:
        lines[number] = b"changed %d\n" % number
    return b"".join(lines)


def slow(pairs: Sequence[tuple[bytes, bytes]]) -> list[tuple[Run, ...]]:
    """A comparison without git: a line is the same where it is in the same place."""
    found = []
    for one, two in pairs:
        old, new = lines_of(one), lines_of(two)
        same = [index for index, (a, b) in enumerate(zip(old, new, strict=False)) if a == b]
        runs, at = [], 0
        for index in [*same, None]:
            ends = (len(old), len(new)) if index is None else (index, index)
            if ends != (at, at):
                runs.append(Run(at, ends[0] - at, at, ends[1] - at))
            at = ends[0] + 1
        found.append(tuple(runs))
    return found


def only_parts(review: Review, data: st.DataObject) -> Review:
    for hunk in review.hunks:
        if data.draw(st.booleans()):
            review = review.split(hunk.id)
    for hunk in review.hunks:
        if data.draw(st.booleans()):
            review = review.split(hunk.id)
    return review


def some(review: Review, data: st.DataObject) -> set[str]:
    return {hunk.id for hunk in review.hunks if data.draw(st.booleans())}


def runs_of(review: Review, ids: set[str]) -> list[tuple[int, int, int, int]]:
    runs = [run for hunk in review.hunks if hunk.id in ids for run in hunk.runs]
    return [(run.old, run.old_count, run.new, run.new_count) for run in runs]


@settings(max_examples=60, deadline=None)
@given(specs, specs, st.data())
def test_all_hunks_are_the_patch_and_none_is_nothing(before: Spec, after: Spec, data: st.DataObject):
    store = fresh_store()
    review = only_parts(reviewed(before, after, store), data)
    assert review.select({hunk.id for hunk in review.hunks}, store) == review.patch
    assert review.select(set(), store) == Patch(())


@settings(max_examples=60, deadline=None)
@given(specs, specs, st.data())
def test_any_choice_is_a_patch_of_the_same_tree_and_the_rest_leads_to_the_same_end(
    before: Spec, after: Spec, data: st.DataObject
):
    store = fresh_store()
    review = only_parts(reviewed(before, after, store), data)
    ids = some(review, data)
    first = review.select(ids, store)
    between = applied(before, first, store)
    rest = patch_of(between, after, store)
    assert first.then(rest) == review.patch
    assert {hunk.path for hunk in review.hunks if hunk.id in ids} >= set(first.paths)
    assert {hunk.path for hunk in review.hunks if hunk.id not in ids} >= set(rest.paths)


@settings(max_examples=200, deadline=None)
@given(contents, contents, st.integers(0, 3), st.data())
def test_a_choice_has_exactly_the_lines_of_its_hunks(
    before: bytes, after: bytes, context: int, data: st.DataObject
):
    store = fresh_store()
    review = one_file(before, after, store, context=context)
    if data.draw(st.booleans()):
        review = review_with(slow, review.patch, store, context=context)
    review = only_parts(review, data)
    ids = some(review, data)
    got = applied({"f": ("file", 0o644, before)}, review.select(ids, store), store)["f"][2]
    # From the last to the first, so that no place moves: another way to do the same.
    wanted, new = lines_of(before), lines_of(after)
    for old, old_count, start, count in reversed(runs_of(review, ids)):
        wanted[old : old + old_count] = new[start : start + count]
    assert got == b"".join(wanted)
    # Every line is whole: nothing was glued together.
    assert set(lines_of(got)) <= {*lines_of(before), *lines_of(after)}


@settings(max_examples=100, deadline=None)
@given(contents, contents, st.data())
def test_what_was_not_chosen_can_be_chosen_afterwards(before: bytes, after: bytes, data: st.DataObject):
    store = fresh_store()
    review = one_file(before, after, store)
    ids = some(review, data)
    between = applied({"f": ("file", 0o644, before)}, review.select(ids, store), store)["f"][2]
    lines = lines_of(between)
    new = lines_of(after)
    shift = 0
    for hunk in review.hunks:
        for run in hunk.runs:
            if hunk.id not in ids:
                lines[run.old + shift : run.old_end + shift] = new[run.new : run.new_end]
            shift += run.new_count - run.old_count
    assert b"".join(lines) == after


@settings(max_examples=60, deadline=None)
@given(contents, contents)
def test_the_lines_of_a_hunk_are_where_it_says(before: bytes, after: bytes):
    review = one_file(before, after, fresh_store())
    old, new = lines_of(before), lines_of(after)
    for file in review.files:
        for hunk in file.hunks:
            shown = list(file.lines(hunk))
            olds = [line for line in shown if line.sign != "+"]
            news = [line for line in shown if line.sign != "-"]
            assert [line.data for line in olds] == [old[line.old - 1] for line in olds if line.old]
            assert [line.data for line in news] == [new[line.new - 1] for line in news if line.new]
            for lines, span, which in ((olds, hunk.old, "old"), (news, hunk.new, "new")):
                assert len(lines) == span.count
                numbers = [getattr(line, which) for line in lines]
                assert numbers == list(range(span.start, span.start + span.count)) or not numbers


def test_far_changes_are_hunks_of_their_own_and_near_ones_are_not():
    review = one_file(LONG, changed(3, 10, 30), fresh_store())
    assert [(hunk.id, hunk.number, len(hunk.runs)) for hunk in review.hunks] == [("f#1", "1", 2), ("f#2", "2", 1)]
    assert [len(one_file(LONG, changed(3, 11), fresh_store()).hunks), len(review.split("f#1").hunks)] == [2, 3]


def test_numbers_run_through_the_patch_and_names_through_the_file():
    store = fresh_store()
    before: Spec = {"a": ("file", 0o644, LONG), "b": ("file", 0o644, LONG)}
    after: Spec = {
        "a": ("file", 0o755, changed(3, 30)),
        "b": ("file", 0o644, changed(3)),
        "c": ("link", 0o777, b"a"),
    }
    review = reviewed(before, after, store)
    assert [(hunk.id, hunk.number, hunk.kind) for hunk in review.hunks] == [
        ("a#1", "1", "lines"),
        ("a#2", "2", "lines"),
        ("a#3", "3", "mode"),
        ("b#1", "4", "lines"),
        ("c#1", "5", "created"),
    ]
    assert [hunk.number for hunk in review.split("a#2").hunks] == ["1", "2", "3", "4", "5"]


FILES: list[tuple[Spec, Spec, list[str]]] = [
    ({}, {"f": ("file", 0o644, b"")}, ["created"]),
    ({}, {"f": ("link", 0o777, b"to")}, ["created"]),
    ({"f": ("file", 0o644, LONG)}, {}, ["deleted"]),
    ({"f": ("link", 0o777, b"to")}, {"f": ("link", 0o777, b"there")}, ["link"]),
    ({"f": ("file", 0o644, b"to")}, {"f": ("link", 0o777, b"to")}, ["link"]),
    ({"f": ("file", 0o644, b"\0a")}, {"f": ("file", 0o644, b"b")}, ["binary"]),
    ({"f": ("file", 0o644, b"\0a")}, {"f": ("file", 0o755, b"\0b")}, ["binary", "mode"]),
    ({"f": ("file", 0o644, b"a")}, {"f": ("file", 0o755, b"a")}, ["mode"]),
]


@pytest.mark.parametrize(("before", "after", "kinds"), FILES)
def test_what_has_no_lines_is_taken_whole(before: Spec, after: Spec, kinds: list[str]):
    store = fresh_store()
    review = reviewed(before, after, store)
    assert [hunk.kind for hunk in review.hunks] == kinds
    assert all(review.split(hunk.id) == review for hunk in review.hunks)


def test_the_mode_and_the_content_are_chosen_apart():
    store = fresh_store()
    before: Spec = {"f": ("file", 0o600, b"\0a")}
    review = reviewed(before, {"f": ("file", 0o755, b"\0b")}, store)
    content, mode = (hunk.id for hunk in review.hunks)
    assert applied(before, review.select({content}, store), store) == {"f": ("file", 0o600, b"\0b")}
    assert applied(before, review.select({mode}, store), store) == {"f": ("file", 0o755, b"\0a")}


def test_a_content_that_cannot_be_compared_is_taken_whole():
    store = fresh_store()
    patch = one_file(b"a\n", b"b\n", store).patch
    review = review_with(lambda pairs: [() for _ in pairs], patch, store)
    assert [(hunk.kind, hunk.runs) for hunk in review.hunks] == [("binary", ())]
    assert review.select({"f#1"}, store) == patch


def test_a_run_is_split_into_lines_and_what_lacks_its_newline_stays_with_what_follows():
    def parts(before: bytes, after: bytes) -> list[tuple[int, int, int, int]]:
        review = one_file(before, after, fresh_store())
        ids = {hunk.id for hunk in review.split("f#1").hunks}
        return runs_of(review.split("f#1"), ids)

    assert parts(b"a\nb\n", b"c\nd\ne\n") == [(0, 1, 0, 1), (1, 1, 1, 1), (2, 0, 2, 1)]
    assert parts(b"a\nb\nc\n", b"d\n") == [(0, 1, 0, 1), (1, 1, 1, 0), (2, 1, 1, 0)]
    assert parts(b"a", b"b\nc\n") == [(0, 1, 0, 2)]
    assert parts(b"a\nb\nc\n", b"x\nb") == [(0, 1, 0, 1), (1, 2, 1, 1)]


def test_a_part_can_be_split_again():
    review = one_file(LONG, changed(3, 4, 7), fresh_store()).split("f#1")
    assert [hunk.id for hunk in review.hunks] == ["f#1.1", "f#1.2"]
    again = review.split("f#1.1").split("f#1.2")
    assert [(hunk.id, hunk.number) for hunk in again.hunks] == [
        ("f#1.1.1", "1.1.1"),
        ("f#1.1.2", "1.1.2"),
        ("f#1.2", "1.2"),
    ]


def test_an_unknown_hunk_is_an_error():
    store = fresh_store()
    review = one_file(LONG, changed(3), store)
    with pytest.raises(KeyError, match="f#2"):
        review.select({"f#1", "f#2"}, store)
    with pytest.raises(KeyError, match="f#2"):
        review.split("f#2")


def test_only_a_line_feed_ends_a_line():
    odd = "a\rb\x0cc\x85d\u2028e\u2029f\x1cg\x0bh\n".encode()
    assert lines_of(odd + odd) == [odd, odd]
    review = one_file(odd + b"x\n", odd + b"y\n", fresh_store())
    (hunk,) = review.hunks
    assert [line.sign for line in review.files[0].lines(hunk)] == [" ", "-", "+"]


def hunk_names(review: Review) -> list[str]:
    def name(hunk: Hunk) -> str:
        return hunk.id

    return list(map(name, review.hunks))


def test_the_same_patch_has_the_same_names_every_time():
    def names(store: Store) -> list[str]:
        return hunk_names(one_file(LONG, changed(1, 20, 35), store))

    assert names(fresh_store()) == names(fresh_store()) == ["f#1", "f#2", "f#3"]
