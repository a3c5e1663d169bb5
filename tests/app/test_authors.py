from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from r1code.app.authors import Authors, Made, authors_of
from r1code.tree.entry import Entry
from r1code.tree.patch import FileChange, Patch
from r1code.tree.store import Store

LAST = 99


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def patch(store: Store, before: dict[str, str], after: dict[str, str]) -> Patch:
    def entry(files: dict[str, str], path: str) -> Entry | None:
        return Entry(kind="file", mode=0o644, digest=store.put(files[path].encode())) if path in files else None

    return Patch.of(
        FileChange(path=path, before=entry(before, path), after=entry(after, path)) for path in before | after
    )


def found(store: Store, *states: dict[str, str], end: dict[str, str] | None = None) -> Authors:
    """Each state after the first is made by a step, 1 and so on; `end` came to be after the last of them."""
    made = [Made(number, patch(store, *pair)) for number, pair in enumerate(pairwise(states), start=1)]
    return authors_of(patch(store, states[0], end or states[-1]), made, store, lambda _: LAST)


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=6
    )
)  # fmt: skip
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_line_belongs_to_the_step_that_wrote_it_whatever_is_done_around_it(
    store: Store, changes: list[tuple[int, int, int]]
) -> None:
    """Each step replaces some lines, and no line is ever like another."""
    lines: list[tuple[int | None, str]] = [(None, f"old {at}") for at in range(8)]
    states = [{"a": "".join(f"{text}\n" for _, text in lines)}]
    for step, (place, gone, fresh) in enumerate(changes, start=1):
        at = min(place, len(lines))
        lines[at : at + gone] = [(step, f"step {step} line {number}") for number in range(fresh)]
        states.append({"a": "".join(f"{text}\n" for _, text in lines)})
    if states[0] == states[-1]:
        return
    assert list(found(store, *states).added["a"]) == [author for author, _ in lines]


def test_removed_lines_name_who_removed_them(store: Store) -> None:
    by = found(store, {"a": "1\n2\n3\n4\n"}, {"a": "1\n3\n4\n"}, {"a": "1\n3\n"})
    assert by.removed == {"a": {1: 1, 3: 2}}


def test_a_moved_file_keeps_the_authors_of_its_lines(store: Store) -> None:
    text = "".join(f"line {number}\n" for number in range(20))
    edited = text.replace("line 3\n", "three\n")
    by = found(store, {"a": text}, {"a": edited}, {"b": edited}, {"b": f"first\n{edited}"})
    assert [by.added["b"][at] for at in (0, 1, 4)] == [3, None, 1]
    assert by.touched["b"] == [2, 3]


def test_what_nobody_is_known_to_have_written_goes_to_whoever_came_last(store: Store) -> None:
    by = found(store, {"a": "1\n2\n"}, {"a": "1\n2\n3\n"}, end={"a": "1\n2\n3\n4\n"})
    assert list(by.added["a"]) == [None, None, 1, LAST]


def test_what_is_no_text_has_no_lines_and_still_somebody_who_changed_it(store: Store) -> None:
    by = found(store, {"a": "\0one"}, {"a": "\0two"})
    assert (dict(by.added), by.of("a", ())) == ({}, (1,))
