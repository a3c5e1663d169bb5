from __future__ import annotations

import gzip
import os
import random
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from batch.conftest import Place
from fakes.spawned import until
from r1code.batch.run import BatchEnded, TaskEnded, TaskStarted
from r1code.control import Control
from r1code.errors import Cancelled, UsageError

_KILLS = 16


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    # The second: it went while it was read.
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize(
    ("how", "outcome", "solved"),
    [
        ("fixed", "fixed", True),
        ("not_fixed", "not_fixed", False),
        ("tampered", "tampered", False),
        ("nothing_to_fix", "nothing_to_fix", False),
        ("exit-2", "usage", False),
        ("exit-6", "backend", False),
        ("exit-7", "sandbox", False),
        ("exit-0", "internal", False),
        ("exit-130", "killed", False),
        ("killed", "killed", False),
        ("crash", "internal", False),
    ],
)
def test_an_exit_code_becomes_an_outcome(place: Place, how: str, outcome: str, solved: bool) -> None:
    place.run(place.plan(place.task("a", how), attempts=1))
    result = place.bundle.result("a")
    assert result is not None
    assert (result.outcome, result.solved) == (outcome, solved)


def test_what_the_task_has_nothing_to_do_with_is_tried_again_and_nothing_else(place: Place) -> None:
    tasks = [place.task("a", "later-2-fixed"), place.task("b", "exit-7"), place.task("c", "not_fixed")]
    place.run(place.plan(*tasks, attempts=3))
    assert place.began() == {"a": 3, "b": 3, "c": 1}
    a, b, _ = place.bundle.results()
    assert (a.outcome, a.attempts, len(a.failures)) == ("fixed", 3, 2)
    assert "the sandbox failed" in a.failures[0]
    assert (b.outcome, b.is_fault) == ("sandbox", True)


def test_a_result_is_complete_and_holds_no_path_of_the_machine(place: Place) -> None:
    place.run(place.plan(place.task("a")))
    folder = place.bundle.place("a")
    assert sorted(one.name for one in folder.iterdir()) == ["events-1.jsonl.gz", "patch.diff", "result.json"]
    events = gzip.decompress((folder / "events-1.jsonl.gz").read_bytes()).splitlines()
    assert msgspec.json.decode(events[-1])["event"] == "Finished"
    subprocess.run(["git", "apply", str(folder / "patch.diff")], cwd=place.folder / "repos/a", check=True)
    assert (place.folder / "repos/a/value").read_text() == "2\n"
    assert str(place.folder).encode() not in b"".join(events)
    for name in ("manifest.json", "tasks.jsonl", "results.jsonl", "tasks/a/result.json"):
        assert str(place.folder) not in (place.bundle.folder / name).read_text()
    assert not place.bundle.work.exists()


def test_what_has_a_result_is_not_done_again(place: Place) -> None:
    tasks = [place.task("a"), place.task("b", "exit-2")]
    place.run(place.plan(*tasks))
    events = place.run(place.plan(*tasks))
    assert not any(isinstance(one, TaskStarted | TaskEnded) for one in events)
    assert isinstance(events[-1], BatchEnded)
    assert (events[-1].done, events[-1].solved, events[-1].faults) == (2, 1, 1)
    again = [one for one in place.run(replace(place.plan(*tasks), retry=True)) if isinstance(one, TaskStarted)]
    assert [one.id for one in again] == ["b"]


def test_a_folder_with_other_tasks_is_refused_and_one_batch_writes_it_at_a_time(place: Place) -> None:
    place.run(place.plan(place.task("a")))
    with pytest.raises(UsageError, match="other tasks"):
        place.run(place.plan(place.task("b")))
    other = place.plan(place.tasks["a"])
    settings = replace(other, manifest=replace(other.manifest, settings={"steps": 7}))
    with pytest.raises(UsageError, match="other settings"):
        place.run(settings)
    plan = place.plan(place.task("c"))
    with place.bundle.locked(), pytest.raises(UsageError, match="in use"):
        place.run(plan)


def test_a_second_try_starts_from_what_the_first_one_left(place: Place) -> None:
    place.run(place.plan(place.task("a", "not_fixed", tries=3), place.task("b", "fixed", tries=2)))
    a, b = place.bundle.results()
    assert (len(a.tries), len(b.tries), a.attempts) == (3, 1, 1)
    assert "+4" in place.bundle.patch("a")
    assert a.spent.prompt.known == 300
    subprocess.run(
        ["git", "apply", "-"], cwd=place.folder / "repos/a", input=place.bundle.patch("a").encode(), check=True
    )
    assert (place.folder / "repos/a/value").read_text() == "4\n"


def test_a_try_that_takes_too_long_is_ended_and_says_so(place: Place) -> None:
    place.run(place.plan(place.task("a", "fixed 20"), seconds=1.0))
    result = place.bundle.result("a")
    assert result is not None
    assert (result.outcome, result.attempts) == ("timeout", 1)


def test_a_cancel_ends_what_runs_and_the_next_run_goes_on(place: Place) -> None:
    tasks = [place.task("a"), *(place.task(name, "fixed 50") for name in "bcd")]
    control = Control()
    cancelled: list[float] = []

    def cancel() -> None:
        # Two at a time: the first is done, and two are at work.
        until(lambda: place.bundle.result("a") is not None and place.began().total() == 3)
        cancelled.append(time.monotonic())
        control.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(Cancelled):
        place.run(place.plan(*tasks), control=control)
    thread.join()
    assert time.monotonic() - cancelled[0] < 20
    pids = [int(line.split()[2]) for line in place.journal.read_text().splitlines()]
    assert [pid for pid in pids if alive(pid)] == []
    assert [one.id for one in place.bundle.results()] == ["a"]
    assert (place.bundle.folder / "results.jsonl").read_text().count("\n") == 1
    place.run(place.plan(*tasks, seconds=0.5))
    assert [one.id for one in place.bundle.results()] == ["a", "b", "c", "d"]
    assert place.began()["a"] == 1


def test_a_repository_that_cannot_be_made_ready_is_a_result_of_its_own(place: Place) -> None:
    task = place.task("a", commit="0" * 40)
    wrong = place.task("b", patch="--- a/value\n+++ b/value\n@@ -1 +1 @@\n-7\n+8\n")
    place.run(place.plan(task, wrong, place.task("c", path="nowhere")))
    results = list(place.bundle.results())
    assert [one.outcome for one in results] == ["unprepared"] * 3
    assert "no commit of that name" in results[0].why
    assert "does not fit" in results[1].why
    assert place.began() == {}


def test_what_a_killed_batch_started_ends_with_it_and_its_task_is_taken_again(place: Place) -> None:
    place.write([place.task("a", "fixed 10")])
    with place.driver() as driver:
        while "began" not in place.journal.read_text():
            time.sleep(0.02)
        pid = int(place.journal.read_text().split()[2])
        assert alive(pid)
        driver.send_signal(signal.SIGKILL)
    until(lambda: not alive(pid))
    # It did not end by itself.
    assert " ended " not in place.journal.read_text()
    assert place.bundle.result("a") is None
    assert list(place.bundle.work.iterdir()) != []
    with place.driver() as driver:
        assert driver.wait(50) == 0
    result = place.bundle.result("a")
    assert result is not None
    assert result.solved
    assert place.began() == {"a": 2}
    assert not place.bundle.work.exists()


@pytest.mark.timeout(300)
def test_no_task_is_lost_or_done_twice_whoever_is_killed(place: Place) -> None:
    """50 tasks; children and guards die at random, and each sixth time the batch; bench/batch.py does 1,000."""
    place.write([place.task(f"t{number}", "fixed 0.1") for number in range(50)])
    chance, starts, killed = random.Random(8), 0, 0
    done = list[str]()
    while True:
        starts += 1
        with place.driver() as driver:
            while driver.poll() is None and killed < _KILLS:
                time.sleep(chance.uniform(0.05, 0.2))
                killed += kill_one(driver.pid, chance, whole=killed % 6 == 5)
            said, _ = driver.communicate(timeout=250)
        done += [line.split()[0] for line in said.decode().splitlines()]
        if driver.returncode == 0:
            break
    assert starts > 1
    assert killed == _KILLS
    # Told once, at most: a batch may be killed between the result and the word about it.
    assert len(done) == len(set(done))
    results = list(place.bundle.results())
    assert [one.id for one in results] == [f"t{number}" for number in range(50)]
    assert all(one.solved for one in results)
    lines = (place.bundle.folder / "results.jsonl").read_bytes().splitlines()
    assert [msgspec.json.decode(line)["id"] for line in lines] == [one.id for one in results]
    assert all("+2" in place.bundle.patch(one.id) for one in results)
    ended = [line.split()[0] for line in place.journal.read_text().splitlines() if " ended " in line]
    assert set(ended) == {one.id for one in results}


def kill_one(driver: int, chance: random.Random, *, whole: bool) -> bool:
    """One of the processes of a batch, or the batch itself."""
    if whole:
        victims = [driver]
    else:
        guards = children(driver)
        victims = guards + [child for guard in guards for child in children(guard)]
    if not victims:
        return False
    with suppress(ProcessLookupError):
        os.kill(chance.choice(victims), signal.SIGKILL)
    return True


def children(pid: int) -> list[int]:
    with suppress(FileNotFoundError, ProcessLookupError):
        return [
            int(one)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for one in (task / "children").read_text().split()
        ]
    return []


def test_where_no_task_can_be_begun_the_others_are_not_tried(place: Place) -> None:
    tasks = [place.task(f"t{at}", "exit-2") for at in range(8)]
    with pytest.raises(UsageError, match="first 3 tasks could not be begun"):
        place.run(place.plan(*tasks), workers=1)
    assert place.began().total() == 3
