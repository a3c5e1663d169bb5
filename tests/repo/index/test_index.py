"""The index of a work tree, by processes of its own, in a file that several share."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from fakes.pace import Pace
from fakes.spawned import until
from r1code.control import Control
from r1code.errors import Cancelled, StateError
from r1code.repo.files import is_secret
from r1code.repo.index.index import FILE, Index
from r1code.repo.index.pool import Pool
from r1code.repo.index.worker import MOST_MEMORY, Job
from r1code.tree.scan import Listing
from r1code.tree.store import Store
from r1code.tree.worktree import WorkTree

FILES = {
    "a.py": "import b\n\ndef one():\n    return b.two()\n",
    "pkg/b.py": "def two(): pass\n",
    "c.js": "export function three() { two(); }\n",
    "same.py": "def two(): pass\n",
    "text.txt": "def nothing(): pass\n",
}


class Place:
    """A work tree and a state folder."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.state = folder / "state"
        self.store = Store(self.state / "objects")
        for path, text in FILES.items():
            self.write(path, text)
        self.tree = WorkTree(self.root, Listing(self._paths), self.store, state=self.state, hidden=is_secret)

    def _paths(self) -> list[str]:
        return [
            os.path.relpath(f"{folder}/{name}", self.root)
            for folder, _, names in os.walk(self.root)
            for name in names
        ]

    def write(self, path: str, text: str) -> None:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    @contextmanager
    def index(self, pool: Pool | None = None, most_bytes: int = 10**9) -> Iterator[Index]:
        with closing(Index(self.state / FILE, self.store, pool=pool, most_bytes=most_bytes)) as index:
            yield index

    def names(self, index: Index) -> dict[str, list[str]]:
        outlines = index.outlines(self.tree.snapshot())
        return {path: [one.name for one in outline.definitions] for path, outline in outlines.items()}


NAMES = {"a.py": ["one"], "c.js": ["three"], "pkg/b.py": ["two"], "same.py": ["two"]}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def read_by(index: Index, place: Place) -> int:
    """How many contents a build had to read."""
    told: list[tuple[int, int]] = []
    index.build(place.tree.snapshot(), Control(), lambda done, of: told.append((done, of)))
    assert not told or told[-1][0] == told[-1][1]
    return told[-1][1] if told else 0


def test_the_index_says_what_it_lacks_until_it_is_built(place: Place) -> None:
    with place.index() as index:
        snapshot = place.tree.snapshot()
        assert index.missing(snapshot) == ("a.py", "c.js", "pkg/b.py", "same.py")
        assert index.outlines(snapshot) == {}
        assert read_by(index, place) == 3
        assert index.missing(snapshot) == ()
        assert place.names(index) == NAMES
        assert list(index.outlines(snapshot, ["pkg/b.py", "text.txt", "gone.py"])) == ["pkg/b.py"]


def test_only_what_is_new_is_read_and_an_undo_or_a_worktree_needs_nothing(place: Place, tmp_path: Path) -> None:
    with place.index() as index:
        read_by(index, place)
        assert read_by(index, place) == 0
        place.write("a.py", "def other(): pass\n")
        assert read_by(index, place) == 1
        assert place.names(index)["a.py"] == ["other"]
        place.write("a.py", FILES["a.py"])
        place.write("moved/there.py", FILES["a.py"])
        assert read_by(index, place) == 0
        assert place.names(index)["moved/there.py"] == ["one"]
    with place.index() as index:
        assert read_by(index, place) == 0


def test_the_outlines_that_hold_a_name_are_found_without_the_others(place: Place) -> None:
    with place.index() as index:
        read_by(index, place)
        snapshot = place.tree.snapshot()
        assert list(index.holding(snapshot, "two")) == ["a.py", "c.js", "pkg/b.py", "same.py"]
        assert list(index.holding(snapshot, "b")) == ["a.py"]
        assert index.holding(snapshot, "tw") == {}
        assert index.holding(snapshot, "nowhere") == {}


@pytest.mark.parametrize("damage", ["garbage", "truncated", "foreign", "older", "empty", "row"])
def test_a_file_that_cannot_be_used_is_begun_anew(place: Place, damage: str) -> None:
    with place.index() as index:
        read_by(index, place)
    file = place.state / FILE
    if damage == "garbage":
        file.write_bytes(os.urandom(50_000))
    elif damage == "truncated":
        os.truncate(file, 5_000)
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage == "foreign":
        file.unlink()
        with closing(sqlite3.connect(file)) as other:
            other.execute("CREATE TABLE people (name TEXT)")
    else:
        with closing(sqlite3.connect(file)) as other:
            other.execute("PRAGMA user_version = 99" if damage == "older" else "UPDATE outlines SET data = x'93'")
            other.commit()
    with place.index() as index:
        found = place.names(index)
        assert found in ({}, NAMES)
        read_by(index, place)
        assert place.names(index) == NAMES
    with place.index() as index:
        assert place.names(index) == NAMES


def test_a_file_that_is_damaged_while_it_is_open_is_begun_anew(place: Place) -> None:
    with place.index() as index:
        read_by(index, place)
        for suffix in ("", "-wal", "-shm"):
            Path(f"{place.state / FILE}{suffix}").write_bytes(os.urandom(20_000))
        read_by(index, place)
        assert place.names(index) == NAMES


def test_a_folder_that_cannot_be_written_costs_only_the_memory_of_it(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (place.state / FILE).mkdir(parents=True)
    with place.index() as index:
        assert read_by(index, place) == 3
        assert place.names(index) == NAMES


def test_two_processes_build_the_same_index_at_once(place: Place) -> None:
    for number in range(120):
        place.write(f"many/m{number}.py", f"def f{number}(): pass\n")
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from r1code.control import Control
        from r1code.repo.index.index import FILE, Index
        from r1code.tree.snapshot import Snapshot
        from r1code.tree.store import Store
        state = Path(sys.argv[1])
        snapshot = Snapshot.unpack((state / "snapshot").read_bytes())
        index = Index(state / FILE, Store(state / "objects"))
        index.build(snapshot, Control())
        print(len(index.outlines(snapshot)))
        index.close()
        """
    )
    snapshot = place.tree.snapshot()
    (place.state / "snapshot").write_bytes(snapshot.pack())
    command = [sys.executable, "-P", "-c", program, str(place.state)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=50)[0].strip() for process in both] == ["124", "124"]
    with place.index() as index:
        assert index.missing(snapshot) == ()


def test_the_index_is_never_much_larger_than_it_may_be(place: Place) -> None:
    names = "".join(f"name_number_{name}()\n" for name in range(100))
    for number in range(60):
        place.write(f"many/m{number}.py", f"def f{number}(): pass\n{names}")
    with place.index(most_bytes=60_000) as index:
        assert read_by(index, place) == 63
        assert 5 < len(index.outlines(place.tree.snapshot())) < 40
    with closing(sqlite3.connect(place.state / FILE)) as file:
        (pages,) = file.execute("PRAGMA page_count").fetchone()
    assert pages * 4096 < 80_000


def test_a_build_in_the_background_tells_how_far_it_is_and_can_be_stopped(place: Place) -> None:
    slow = scripted("time.sleep(0.2)")
    with place.index(Pool(place.store.folder, command=slow, most=1)) as index:
        building = index.start(place.tree.snapshot())
        with Pace() as pace:
            building.stop()
            assert pace.seconds < 2
        assert building.is_done
        assert building.failure is None
    with place.index() as index:
        building = index.start(place.tree.snapshot())
        assert building.wait(30)
        assert building.progress == (3, 3)
        assert place.names(index) == NAMES


def test_a_cancelled_build_raises_at_once_and_keeps_what_it_has(place: Place) -> None:
    control = Control()
    hangs = place.state / "hangs"
    slow = scripted(f"served and (Path({str(hangs)!r}).touch(), time.sleep(60))")
    cancelled: list[float] = []

    def cancel() -> None:
        until(hangs.exists)
        # What it had answered before that is read.
        time.sleep(0.5)
        cancelled.append(pace.seconds)
        control.cancel()

    with place.index(Pool(place.store.folder, command=slow, most=1)) as index, Pace() as pace:
        thread = threading.Thread(target=cancel)
        thread.start()
        with pytest.raises(Cancelled):
            index.build(place.tree.snapshot(), control)
        thread.join()
        assert pace.seconds - cancelled[0] < 2
        assert 0 < len(index.missing(place.tree.snapshot())) < 4


def scripted(line: str) -> tuple[str, ...]:
    """A worker that does something else before each answer: `data` is the content, `served` the number before."""
    program = f"""
import os, sys, time
from pathlib import Path
from r1code.repo.index import worker
from r1code.tree.store import Store

class Odd(Store):
    served = 0
    def get(self, digest):
        data, served = super().get(digest), Odd.served
        {line}
        Odd.served += 1
        return data

worker.serve(Odd(Path(sys.argv[1])), sys.stdin.buffer, os.fdopen(1, "wb"))
"""
    return sys.executable, "-P", "-c", program


AT_ONCE = """
import os, sys, time
from r1code.repo.index.worker import JOBS, framed

ready = framed(b"")
while len(length := sys.stdin.buffer.read(4)) == 4:
    jobs = JOBS.decode(sys.stdin.buffer.read(int.from_bytes(length, "big")))
    time.sleep(0.5 if jobs[0].digest == "0" else 0)
    os.write(1, ready + b"".join(framed(job.digest.encode()) for job in jobs))
    ready = b""
"""


def test_a_process_that_is_done_when_another_got_the_last_job_is_not_waited_for(tmp_path: Path) -> None:
    pool = Pool(tmp_path, command=(sys.executable, "-P", "-c", AT_ONCE), most=2)
    jobs = [Job(digest=str(number), language="python") for number in range(3)]
    for _ in range(2):
        # When both run, one is slow and gets the third job, too; the other one has answered by then.
        assert sorted(packed for _, packed in pool.run(jobs, Control())) == [b"0", b"1", b"2"]
    pool.close()


@pytest.mark.parametrize(
    ("line", "note"),
    [("b'one' in data and os.abort()", "crashed"), ("b'one' in data and time.sleep(60)", "slow")],
)
def test_a_file_that_kills_or_holds_up_what_reads_it_costs_only_itself(
    place: Place, line: str, note: str
) -> None:
    with place.index(Pool(place.store.folder, command=scripted(line), most=2, seconds=4.0)) as index:
        index.build(place.tree.snapshot(), Control())
        found = index.outlines(place.tree.snapshot())
        assert {path: outline.note for path, outline in found.items() if outline.note} == {"a.py": note}
        assert place.names(index) == NAMES | {"a.py": []}


@pytest.mark.skipif(sys.platform != "linux", reason="the memory of a process is limited on Linux")
def test_a_source_cannot_make_its_reader_take_all_the_memory(place: Place) -> None:
    pool = Pool(place.store.folder, most=1)
    assert list(pool.run([Job("0" * 64, "python")], Control())) == []
    limits = Path(f"/proc/{pool._idle[0]._process.pid}/limits").read_text()
    pool.close()
    assert re.search(rf"^Max address space +{MOST_MEMORY} +{MOST_MEMORY} ", limits, re.MULTILINE)


def test_files_whose_grammar_is_not_installed_are_counted_and_not_missing(place: Place) -> None:
    place.write("a.sql", "CREATE TABLE a (b INT);\n")
    place.write("b.sql", "CREATE TABLE b (b INT);\n")
    (place.state / "snapshot").parent.mkdir(exist_ok=True)
    (place.state / "snapshot").write_bytes(place.tree.snapshot().pack())
    program = textwrap.dedent(
        """
        import sys
        sys.modules["tree_sitter_sql"] = None
        from pathlib import Path
        from r1code.repo.index.index import FILE, Index
        from r1code.tree.snapshot import Snapshot
        from r1code.tree.store import Store
        state = Path(sys.argv[1])
        snapshot = Snapshot.unpack((state / "snapshot").read_bytes())
        index = Index(state / FILE, Store(state / "objects"))
        print(index.uninstalled(snapshot), "a.sql" in index.missing(snapshot))
        """
    )
    command = [sys.executable, "-P", "-c", program, str(place.state)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "{'sql': 2} False\n"


def test_what_cannot_be_started_at_all_is_an_error_and_no_outline(place: Place) -> None:
    for command in (("/nowhere/python",), (sys.executable, "-c", "")):
        with place.index(Pool(place.store.folder, command=command)) as index:
            with pytest.raises(StateError):
                index.build(place.tree.snapshot(), Control())
            assert len(index.missing(place.tree.snapshot())) == 4


def test_a_content_that_is_gone_is_left_out(place: Place) -> None:
    snapshot = place.tree.snapshot()
    digest = snapshot.entries["a.py"].digest
    (place.store.folder / digest[:2] / digest[2:]).unlink()
    with place.index() as index:
        index.build(snapshot, Control())
        assert index.missing(snapshot) == ("a.py",)


def test_pipes_loops_and_links_out_of_the_tree_are_no_part_of_it(place: Place) -> None:
    os.mkfifo(place.root / "pipe.py")
    (place.root / "loop").symlink_to("loop")
    (place.root / "circle").symlink_to(".")
    (place.root / "out.py").symlink_to("/etc/hostname")
    with place.index() as index:
        read_by(index, place)
        assert place.names(index) == NAMES


def test_hostile_sources_are_read_in_bounded_time(place: Place) -> None:
    place.write("deep.py", "(" * 10_000 + ")" * 10_000)
    place.write("deep.js", "[" * 10_000)
    place.write("nested.py", "".join(f"{' ' * depth}def f{depth}():\n" for depth in range(300)))
    place.write("min.js", "f(a);" * 200_000)
    with place.index() as index:
        with Pace() as pace:
            read_by(index, place)
            assert pace.seconds < 20
        notes = {path: outline.note for path, outline in index.outlines(place.tree.snapshot()).items()}
        assert {path: note for path, note in notes.items() if note} == {"min.js": "minified"}
