from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from fakes.patches import fresh_store, reviewed
from fakes.trees import Spec
from r1code.repo.compare import compare
from r1code.tree.hunks import Run
from r1code.tree.stat import FileStat, Stat, stat

TEXT = b"".join(b"this is line %d of the text\n" % number for number in range(50))


def stats(before: Spec, after: Spec) -> Stat:
    store = fresh_store()
    return stat(reviewed(before, after, store), store, compare)


def one(before: Spec, after: Spec) -> dict[str, Any]:
    (found,) = stats(before, after).files
    default = FileStat(path="", did="changed")
    return {
        name: getattr(found, name)
        for name in found.__struct_fields__
        if getattr(found, name) != getattr(default, name)
    }


def file(data: bytes, mode: int = 0o644) -> tuple[str, int, bytes]:
    return "file", mode, data


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({}, {"f": file(b"a\nb")}, {"path": "f", "did": "created", "added": 2}),
        ({}, {"f": file(b"")}, {"path": "f", "did": "created"}),
        ({"f": file(b"a\n")}, {}, {"path": "f", "did": "deleted", "removed": 1}),
        ({"f": file(b"a\n")}, {"f": file(b"b\nc\n")}, {"path": "f", "added": 2, "removed": 1}),
        ({"f": file(b"\0")}, {"f": file(b"\0a")}, {"path": "f", "is_binary": True}),
        (
            {"f": file(b"\0")},
            {"f": file(b"\0", 0o755)},
            {"path": "f", "old_mode": "100644", "new_mode": "100755"},
        ),
        (
            {"f": file(b"a")},
            {"f": ("link", 0o777, b"a")},
            {"path": "f", "added": 1, "removed": 1, "old_mode": "100644", "new_mode": "120000"},
        ),
        (
            {"f": file(TEXT)},
            {"g": file(TEXT)},
            {"path": "g", "did": "renamed", "renamed_from": "f", "alike": 100},
        ),
        (
            {"f": file(b"\0" + TEXT)},
            {"g": file(b"\0" + TEXT, 0o755)},
            {
                "path": "g",
                "did": "renamed",
                "renamed_from": "f",
                "alike": 100,
                "is_binary": True,
                "old_mode": "100644",
                "new_mode": "100755",
            },
        ),
        (
            {"f": file(TEXT)},
            {"g": file(TEXT.replace(b"line 7 ", b"row 7 "))},
            {"path": "g", "did": "renamed", "renamed_from": "f", "alike": 98, "added": 1, "removed": 1},
        ),
    ],
)
def test_what_happened_to_a_file(before: Spec, after: Spec, said: dict[str, Any]):
    assert one(before, after) == said


def test_what_has_half_in_common_or_less_is_not_renamed():
    half = TEXT[: len(TEXT) // 2]
    found = stats({"f": file(TEXT)}, {"g": file(half)}).files
    assert [(one.path, one.did) for one in found] == [("f", "deleted"), ("g", "created")]


def test_a_file_is_renamed_once_and_the_nearest_wins():
    near, far = TEXT.replace(b"line 7 ", b"row 7 "), TEXT[: 2 * len(TEXT) // 3]
    found = stats({"f": file(TEXT)}, {"a": file(far), "b": file(near)}).files
    assert [(one.path, one.renamed_from) for one in found] == [("a", None), ("b", "f")]


def test_of_equal_files_the_one_with_the_same_name_is_the_one():
    found = stats({"a/x": file(TEXT), "b/y": file(TEXT)}, {"c/y": file(TEXT), "c/z": file(TEXT)}).files
    assert {(one.path, one.renamed_from) for one in found} == {("c/y", "b/y"), ("c/z", "a/x")}


def test_the_sum_counts_every_file():
    found = stats(
        {"a": file(b"1\n"), "b": file(b"1\n2\n")}, {"a": file(b"2\n"), "b": file(b"1\n"), "c": file(b"9\n")}
    )
    assert (found.added, found.removed, len(found.files)) == (2, 2, 3)


def test_each_of_many_moved_files_is_found_and_compared_once():
    def tree(folder: str, word: bytes) -> Spec:
        return {
            f"{folder}/{n}": file(
                b"".join(b"line %d of %d %s\n" % (i, n, word if i == 3 else b"x") for i in range(30))
                + b"".join(b"%d\n" % i for i in range(30))
            )
            for n in range(200)
        }

    store = fresh_store()
    review = reviewed(tree("old", b"old"), tree("new", b"new"), store)
    compared: list[int] = []

    def counting(pairs: Sequence[tuple[bytes, bytes]]) -> list[tuple[Run, ...]]:
        compared.append(len(pairs))
        return [() for _ in pairs]

    found = stat(review, store, counting)
    assert len(found.files) == 200
    assert all(one.renamed_from == f"old/{one.path[4:]}" for one in found.files)
    assert sum(compared) == 200
