from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.trees import Spec, on_disk, snapshot_of, specs, write_out
from r1code.errors import StateError
from r1code.tree.entry import MAX_BYTES
from r1code.tree.patch import FileChange, Patch
from r1code.tree.scan import Listing, scan
from r1code.tree.store import Store
from r1code.tree.timeline import Began, Move, Origin, Timeline
from r1code.tree.worktree import WorkTree


class Place:
    """A work tree whose changes are logged."""

    def __init__(self, folder: Path, spec: Spec | None = None) -> None:
        self.root = folder / "root"
        self.root.mkdir(parents=True)
        write_out(spec or {}, self.root)
        self.state = folder / "state"
        self.store = Store(folder / "store")
        self.origin = Origin(session="s", turn=1, step=2)
        self.tree = self.open()

    def open(self) -> WorkTree:
        return WorkTree(
            self.root,
            Listing(lambda: [*on_disk(self.root)]),
            self.store,
            state=self.state,
            hidden=lambda _: False,
            origin=lambda: self.origin,
        )

    def become(self, spec: Spec) -> None:
        """Changes the tree through r1code."""
        self.tree.apply(self.tree.snapshot().diff(snapshot_of(spec, self.store)), "change")

    @property
    def log(self) -> Path:
        (found,) = self.state.glob("*/timeline.jsonl")
        return found


def grow(place: Path) -> None:
    with place.open("ab") as file:
        file.truncate(MAX_BYTES + 1)


def file(data: bytes) -> tuple[str, int, bytes]:
    return "file", 0o644, data


A, B, C = ({"a": file(b"1\n")}, {"a": file(b"2\n"), "n": file(b"n\n")}, {"n": file(b"3\n")})


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path, A)
    made.become(B)
    made.become(C)
    return made


def test_going_back_and_forth_restores_the_exact_tree(place: Place) -> None:
    for position, spec in [(1, B), (0, A), (2, C), (1, B), (2, C), (0, A)]:
        place.tree.go(position)
        assert on_disk(place.root) == spec
        assert place.tree.timeline.at == position


def test_the_timeline_is_the_same_when_it_is_read_again(place: Place) -> None:
    place.tree.go(1)
    again = place.open().timeline
    assert (again.at, again.redo, again.moves) == (1, 2, place.tree.timeline.moves)
    assert [(move.what, move.origin) for move in again.moves.values()] == [("change", place.origin)] * 2


def test_what_is_done_after_an_undo_branches_off_and_nothing_is_lost(place: Place) -> None:
    place.tree.go(1)
    place.become(A)
    timeline = place.tree.timeline
    assert timeline.redo is None
    assert [move.parent for move in timeline.moves.values()] == [0, 1, 1]
    place.tree.go(2)
    assert on_disk(place.root) == C
    place.tree.go(3)
    assert on_disk(place.root) == A


def test_what_somebody_else_changed_is_not_overwritten(place: Place) -> None:
    (place.root / "n").write_text("mine\n")
    (place.root / "other").write_text("mine, too\n")
    before = on_disk(place.root)
    with pytest.raises(StateError, match="not as they were"):
        place.tree.go(1)
    assert on_disk(place.root) == before
    assert place.tree.timeline.at == 2
    # Kept as a change of its own, it may be undone, and comes back.
    assert place.tree.keep_foreign(1).paths == ("n",)
    place.tree.go(1)
    assert on_disk(place.root) == B | {"other": before["other"]}
    place.tree.go(3)
    assert on_disk(place.root) == before


def test_other_files_of_somebody_else_stay(place: Place) -> None:
    (place.root / "other").write_text("mine\n")
    place.tree.go(0)
    assert (place.root / "other").read_text() == "mine\n"


def test_an_unknown_position_is_an_error(place: Place) -> None:
    with pytest.raises(KeyError):
        place.tree.go(7)


def test_a_change_that_fails_is_none(place: Place) -> None:
    stale = Patch.of([FileChange(path="a", before=place.tree.snapshot().entries["n"], after=None)])
    with pytest.raises(StateError):
        place.tree.apply(stale, "stale")
    assert place.open().timeline.moves.keys() == {1, 2}


def test_a_log_that_cannot_be_written_stops_the_change(tmp_path: Path) -> None:
    place = Place(tmp_path, A)
    place.become(B)
    # For root no mode is an obstacle; a folder in its place is.
    log = place.log
    log.rename(log.with_name("away"))
    log.mkdir()
    before = on_disk(place.root)
    with pytest.raises(StateError, match="nothing was done"):
        place.become(C)
    assert on_disk(place.root) == before


@pytest.mark.parametrize("cut", [1, 5, 18])
def test_a_torn_last_line_is_dropped(place: Place, cut: int) -> None:
    data = place.log.read_bytes()
    place.log.write_bytes(data[:-cut])
    tree = place.open()
    tree.recover()
    assert tree.timeline.moves.keys() == {1, 2}
    assert on_disk(place.root) == C
    tree.go(0)
    assert on_disk(place.root) == A


def test_a_damaged_log_says_so(place: Place) -> None:
    place.log.write_bytes(b"{}\n" + place.log.read_bytes())
    with pytest.raises(StateError, match="damaged"):
        _ = place.open().timeline


def crash(timeline: Timeline, patch: Patch, done: Callable[[], None]) -> None:
    """Ends in the middle of a change, as a kill does: nothing more is logged."""

    def change() -> None:
        with timeline.moving(patch, "interrupted"):
            done()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        change()


def test_a_crash_between_the_log_and_the_tree_is_settled_by_what_is_there(place: Place) -> None:
    timeline = place.tree.timeline
    patch = snapshot_of(C, place.store).diff(snapshot_of(B, place.store))
    crash(timeline, patch, lambda: None)
    tree = place.open()
    assert isinstance(tree.timeline.pending, Move)
    tree.recover()
    assert tree.timeline.at == 2

    crash(place.open().timeline, patch, lambda: write_out(B, place.root))
    tree = place.open()
    tree.recover()
    assert tree.timeline.at == 3
    tree.go(2)
    assert on_disk(place.root) == C


def test_what_a_command_did_in_the_tree_itself_can_be_undone(place: Place) -> None:
    with place.tree.watched("run rm -rf ."):
        (place.root / "n").unlink()
        (place.root / "new").write_text("x")
    assert place.tree.timeline.moves[3].what == "run rm -rf ."
    place.tree.go(2)
    assert on_disk(place.root) == C


def test_a_command_that_a_crash_interrupted_can_be_undone(place: Place) -> None:
    place.tree.timeline.began(place.store.put(place.tree.snapshot().pack()), "run make")
    (place.root / "n").write_text("half")
    tree = place.open()
    assert isinstance(tree.timeline.pending, Began)
    tree.recover()
    tree.go(2)
    assert on_disk(place.root) == C


def test_pruning_forgets_what_is_old_and_keeps_the_rest_working(place: Place, tmp_path: Path) -> None:
    old = time.time() - 100
    timeline = place.tree.timeline
    lines = place.log.read_text().splitlines()
    lines[0] = lines[0].replace(f'"time": {timeline.moves[1].time}', f'"time": {old}')
    place.log.write_text("\n".join(lines) + "\n")
    tree = place.open()
    gone = tree.timeline.prune(time.time() - 50)
    assert [move.id for move in gone] == [1]
    for timeline in (tree.timeline, place.open().timeline):
        assert (timeline.root, timeline.at, [*timeline.moves]) == (1, 2, [2])
    tree.go(1)
    assert on_disk(place.root) == B
    with pytest.raises(KeyError):
        tree.go(0)
    place.tree = tree
    place.become(A)
    assert tree.timeline.at == 3
    assert tree.timeline.prune(time.time() + 1) != []
    assert (tree.timeline.root, tree.timeline.at, place.open().timeline.moves) == (3, 3, {})


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("change"), specs),
        st.tuples(st.just("command"), specs),
        st.tuples(st.just("go"), st.integers(0, 8)),
        st.tuples(st.just("reopen"), st.none()),
    ),
    max_size=8,
)


@settings(max_examples=80, deadline=None)
@given(first=specs, steps=STEPS)
def test_whatever_is_done_every_position_is_the_tree_that_it_was(
    tmp_path_factory: pytest.TempPathFactory, first: Spec, steps: list[tuple[str, object]]
) -> None:
    place = Place(tmp_path_factory.mktemp("place"), first)
    model = {0: on_disk(place.root)}
    for kind, what in steps:
        known = set(place.tree.timeline.moves)
        if kind == "change":
            place.become(what)
        elif kind == "command":
            with place.tree.watched("run"):
                wanted = snapshot_of(what, place.store)
                now = scan(place.root, on_disk(place.root), place.store)
                WorkTree(
                    place.root, Listing(list), place.store, state=place.state / "x", hidden=lambda _: False
                ).apply(now.diff(wanted))
        elif kind == "go" and what in model:
            place.tree.go(what)
            assert on_disk(place.root) == model[what]
        else:
            place.tree = place.open()
        for fresh in place.tree.timeline.moves.keys() - known:
            model[fresh] = on_disk(place.root)
    assert place.tree.timeline.moves.keys() <= model.keys()
    for position, spec in model.items():
        place.tree.go(position)
        assert on_disk(place.root) == spec


def test_a_file_that_became_too_large_is_left_as_it_is(tmp_path: Path) -> None:
    place = Place(tmp_path, {"log": file(b"start"), "a": file(b"1")})
    with place.tree.watched("run"):
        grow(place.root / "log")
        (place.root / "a").write_bytes(b"2")
    (move,) = place.tree.timeline.moves.values()
    assert move.patch.paths == ("a",)
    place.tree.write({"a": b"3"})
    place.tree.go(0)
    assert (place.root / "a").read_bytes() == b"1"
    assert (place.root / "log").stat().st_size == MAX_BYTES + 1


def test_a_file_of_the_timeline_that_somebody_made_too_large_is_not_overwritten(tmp_path: Path) -> None:
    place = Place(tmp_path, {"a": file(b"1")})
    place.tree.write({"a": b"2", "b": b"x"})
    grow(place.root / "a")
    place.tree.write({"b": b"y"})
    with pytest.raises(StateError):
        place.tree.go(0)
    assert (place.root / "a").stat().st_size == MAX_BYTES + 1
    assert (place.root / "b").read_bytes() == b"y"
