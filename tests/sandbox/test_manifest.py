from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1code.sandbox.manifest import Seen, parse, refusal, returning, sending
from r1code.tree.entry import FOLDER, MAX_BYTES, Entry


def entry(content: str, kind: Literal["file", "link"] = "file") -> Entry:
    return Entry(kind=kind, mode=0o644 if kind == "file" else 0o777, digest=content)


def seen(kind: str = "f", changed: str = "1", *, target: str = "", size: int = 1, mode: int = 0o644) -> Seen:
    return Seen(kind, mode, size, changed, "7", target)


def nothing(_: list[str]) -> set[str]:
    return set()


def test_finds_fields_may_hold_anything_but_a_nul():
    odd = b"d/ -x\n\xff"
    output = b"\0".join(
        [b"f", b"4755", b"12", b"1.5", b"9", b"", odd, b"l", b"777", b"3", b"2.5", b"8", b"a\nb", b"l", b""]
    )
    assert parse(output) == {
        "d/ -x\n\udcff": Seen("f", 0o755, 12, "1.5", "9", ""),
        "l": Seen("l", 0o777, 3, "2.5", "8", "a\nb"),
    }
    assert parse(b"") == {}


def test_only_what_differs_is_sent():
    wanted = {"same": entry("1"), "touched": entry("2"), "edited": entry("3"), "new": entry("4")}
    inside = {path: seen() for path in ("same", "edited")} | {"touched": seen(changed="2")}
    known = {
        "same": (seen(), entry("1")),
        "touched": (seen(), entry("2")),
        "edited": (seen(), entry("before")),
    }
    todo = sending(wanted, wanted, inside, known)
    assert todo.write == ["touched", "edited", "new"]
    assert (todo.delete, todo.prune) == ([], [])


def test_what_the_last_snapshot_had_goes_and_what_commands_made_stays():
    inside = {"d": seen("d"), "d/e": seen("d"), "d/e/old": seen(), "made": seen()}
    todo = sending({}, {"d/e/old": entry("1"), "gone/before": entry("2")}, inside, {})
    assert todo.delete == ["d/e/old"]
    assert todo.prune == ["d/e"]


@pytest.mark.parametrize(
    ("inside", "wanted", "deleted"),
    [
        ({"p": seen("d"), "p/x": seen()}, {"p": entry("1")}, ["p"]),
        ({"p": seen()}, {"p/x": entry("1")}, ["p"]),
        ({"p": seen("l", target="/tmp")}, {"p/q/x": entry("1")}, ["p"]),
        ({"p": seen("l", target="x")}, {"p": entry("1")}, ["p"]),
        ({"p": seen()}, {"p": entry("1", "link")}, ["p"]),
        ({"p": seen("p")}, {"p": entry("1")}, ["p"]),
        ({"p": seen("d")}, {"p/x": entry("1")}, []),
    ],
)
def test_what_is_of_another_kind_makes_room(
    inside: dict[str, Seen], wanted: dict[str, Entry], deleted: list[str]
):
    todo = sending(wanted, {}, inside, {})
    assert todo.delete == deleted
    assert todo.write == list(wanted)


def test_new_changed_and_deleted_paths_come_back_and_the_rest_does_not():
    snapshot = {"same": entry("1"), "edited": entry("2"), "deleted": entry("3"), "folder-now": entry("4")}
    inside = {"same": seen(), "edited": seen(changed="2"), "new": seen(), "folder-now": seen("d")}
    inside |= {"folder-now/x": seen(), "d": seen("d"), "e": seen("d"), "e/__pycache__": seen("d")}
    known = {path: (seen(), snapshot[path]) for path in snapshot}
    found = returning(snapshot, inside, known, nothing)
    assert found.changed == ["d", "edited", "folder-now/x", "new"]
    assert found.deleted == ["deleted", "folder-now"]
    assert found.refused == {}


@pytest.mark.parametrize(
    ("inside", "changed", "deleted"),
    [
        ({}, [], ["d"]),
        ({"d": seen("d")}, [], []),
        ({"d": seen("d"), "d/__pycache__": seen("d"), "d/__pycache__/m.pyc": seen()}, [], []),
        ({"d": seen("d"), "d/x": seen()}, ["d/x"], ["d"]),
        ({"d": seen("d"), "d/e": seen("d")}, ["d/e"], ["d"]),
        ({"d": seen()}, ["d"], []),
        ({"d": seen("d", changed="later", mode=0o700)}, [], []),
        ({"d": seen("d"), "new": seen("d"), "build": seen("d")}, ["new"], []),
    ],
)
def test_folders_come_and_go_while_they_are_empty(
    inside: dict[str, Seen], changed: list[str], deleted: list[str]
):
    found = returning({"d": FOLDER}, inside, {}, {"build/"}.intersection)
    assert (found.changed, found.deleted) == (changed, deleted)


def test_an_empty_folder_is_sent_once_and_removed_if_it_is_still_empty():
    todo = sending({"d": FOLDER, "e": FOLDER}, {}, {"e": seen("d"), "e/cache": seen()}, {})
    assert (todo.write, todo.delete) == (["d"], [])
    assert sending({"d": FOLDER}, {}, {"d": seen()}, {}).delete == ["d"]
    todo = sending({}, ["d", "e/f"], {"d": seen("d"), "e": seen("d"), "e/f": seen("d")}, {})
    assert (todo.delete, todo.prune) == ([], ["e/f", "d"])


def test_ignored_and_cached_files_stay_inside_only_if_they_are_new():
    snapshot = {"node_modules/kept.js": entry("1"), "kept.log": entry("2")}
    inside = {
        "node_modules/kept.js": seen(),
        "node_modules/new.js": seen(),
        "a/__pycache__/m.pyc": seen(),
        "kept.log": seen(),
        "new.log": seen(),
        "new.py": seen(),
    }
    asked: list[str] = []

    def ignored(paths: list[str]) -> set[str]:
        asked.extend(paths)
        return {path for path in paths if path.endswith(".log")}

    found = returning(snapshot, inside, {}, ignored)
    assert found.changed == ["kept.log", "new.py", "node_modules/kept.js"]
    assert asked == ["new.log", "new.py"]


def test_a_folder_replaced_by_what_stays_inside_does_not_delete_its_files():
    snapshot = {"src/a.py": entry("1"), "b.py": entry("2")}
    inside = {"src": seen("l", target="/etc"), "b.py": seen("p")}
    found = returning(snapshot, inside, {}, nothing)
    assert (found.changed, found.deleted) == ([], [])
    assert set(found.refused) == {"src", "b.py"}


@pytest.mark.parametrize("target", ["a", "./a", "../a", "../../a/b", "..", "../..", "a/b/c"])
def test_a_link_inside_the_tree_comes_back(target: str):
    assert refusal("x/y/link", seen("l", target=target)) is None


@pytest.mark.parametrize(
    "target", ["", "/", "/etc/passwd", "../../../a", "../../..", "a/../../../../b", "a/..", "../a/../b"]
)
def test_a_link_that_leads_out_or_may_do_so_through_another_link_does_not(target: str):
    assert refusal("x/y/link", seen("l", target=target)) is not None


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("pipe", seen("p")),
        ("socket", seen("s")),
        ("block", seen("b")),
        ("device", seen("c")),
        ("large", seen(size=MAX_BYTES + 1)),
        ("secret", seen(mode=0o000)),
        ("sub/.git/config", seen()),
        (".GIT/hooks/pre-commit", seen()),
        ("../out", seen()),
        ("/abs", seen()),
    ],
)
def test_what_must_not_be_written_to_the_host_does_not_come_back(path: str, what: Seen):
    assert refusal(path, what) is not None


PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join)


@given(st.dictionaries(PATHS, st.sampled_from("fldp")), st.sets(PATHS), st.sets(PATHS))
def test_after_the_deletions_nothing_stands_in_the_way_of_what_is_written(
    kinds: dict[str, str], wanted_paths: set[str], last_paths: set[str]
):
    def possible(path: str, all_paths: set[str]) -> bool:
        return not any(other.startswith(path + "/") for other in all_paths)

    wanted = {path: entry(path) for path in wanted_paths if possible(path, wanted_paths)}
    inside = {
        path: seen(kind)
        for path, kind in kinds.items()
        if all(kinds.get(above) == "d" for above in (path[:at] for at in range(len(path)) if path[at] == "/"))
    }
    todo = sending(wanted, {path: entry("old") for path in last_paths}, inside, {})
    left = {
        path: what
        for path, what in inside.items()
        if not any(path == gone or path.startswith(gone + "/") for gone in todo.delete)
    }
    for path in todo.write:
        assert path not in left or left[path].kind == "f"
        assert all(left[above].kind == "d" for above in left if path.startswith(above + "/"))
    for path in todo.delete:
        assert path in inside
