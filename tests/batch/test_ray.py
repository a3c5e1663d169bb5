"""On one machine with several workers Ray gives what threads give; a worker that is killed costs nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import pytest

from batch.conftest import Place

pytestmark = [
    pytest.mark.full,
    pytest.mark.timeout(300),
    pytest.mark.skipif(find_spec("ray") is None, reason="RAY IS NOT INSTALLED: pip install '.[ray]' tests it"),
]
HOW = ("fixed", "not_fixed", "tampered", "later-1-fixed", "nothing_to_fix", "fixed 0.3")
_CHANCE = frozenset({"seconds"})


def lasting(value: Any) -> Any:
    """Without what a clock decides."""
    if isinstance(value, dict):
        return {key: lasting(inner) for key, inner in value.items() if key not in _CHANCE}
    return [lasting(one) for one in value] if isinstance(value, list) else value


def results(place: Place) -> list[Any]:
    lines = (place.bundle.folder / "results.jsonl").read_bytes().splitlines()
    return [lasting(msgspec.json.decode(line)) for line in lines]


def files(place: Place) -> dict[str, bytes]:
    """All patches that are kept."""
    top = place.bundle.folder / "tasks"
    return {str(one.relative_to(top)): one.read_bytes() for one in sorted(top.rglob("*.diff"))}


def test_ray_gives_what_threads_give(place: Place) -> None:
    other = Place(place.folder / "other")
    tasks = [place.task(f"t{at}", how, text=f"task {at}") for at, how in enumerate(HOW)]
    place.write(tasks)
    other.write(tasks)
    with place.driver() as driver:
        assert driver.wait(60) == 0
    place.journal.write_text("")
    with other.driver("ray") as driver:
        assert driver.wait(200) == 0
    assert results(other) == results(place)
    assert len(results(place)) == len(HOW)
    assert files(other) == files(place)


def workers(driver: int) -> Iterator[int]:
    """Processes of Ray that work on a task, of this driver's cluster."""
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (place / "cmdline").read_bytes().startswith(b"ray::_remotely"):
                yield int(place.name)


def test_a_worker_of_ray_that_is_killed_loses_no_task(place: Place) -> None:
    place.write([place.task(f"t{at}", "fixed 1") for at in range(6)])
    killed = 0
    with place.driver("ray") as driver:
        until = time.monotonic() + 200
        while driver.poll() is None and time.monotonic() < until:
            time.sleep(0.5)
            if killed < 2 and (found := list(workers(driver.pid))):
                with suppress(ProcessLookupError):
                    os.kill(found[0], signal.SIGKILL)
                    killed += 1
        with suppress(subprocess.TimeoutExpired):
            driver.wait(1)
        assert driver.poll() == 0
    assert killed == 2
    found = list(place.bundle.results())
    assert [one.id for one in found] == [f"t{at}" for at in range(6)]
    assert all(one.solved for one in found)
