"""A cancel takes effect at once wherever the sandbox is, and leaves nothing behind."""

from __future__ import annotations

import queue
import random
import time
from typing import TypeVar

import pytest

from fakes.bench import Bench, Cancelling, Make, Ours
from r1code.control import Control
from r1code.errors import Cancelled
from r1code.sandbox.base import Limits

pytestmark = pytest.mark.docker

T = TypeVar("T")


class Late(Control):
    """Is cancelled when it is first waited with, and only after what is waited for has surely happened."""

    def get(self, source: queue.Queue[T], seconds: float | None = None) -> T:
        time.sleep(0.5)
        self.cancel()
        return super().get(source, seconds)


LARGE = Limits(memory_mb=512, disk_mb=200, pids=64, seconds=20.0)


@pytest.mark.parametrize("after", [0.0, 0.02, 0.05, 0.1, 0.15])
def test_while_the_container_starts(bench: Bench, cancelling: Cancelling, ours: Ours, after: float):
    control = Control()

    def start_again_and_again() -> None:
        while True:
            bench.sandbox.start(control)
            bench.sandbox.close()

    assert cancelling(control, start_again_and_again, after) < 0.5
    bench.sandbox.close()
    deadline = time.monotonic() + 40
    while ours():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_before_anything_nothing_is_started(bench: Bench, ours: Ours):
    control = Control()
    control.cancel()
    for use in (
        lambda: bench.sandbox.start(control),
        lambda: bench.sandbox.sync(bench.tree({"a": "1"}), control),
        lambda: list(bench.sandbox.run("true", control)),
        lambda: bench.sandbox.changes(control),
        lambda: bench.sandbox.read("/etc/passwd", control),
    ):
        with pytest.raises(Cancelled):
            use()
    assert ours() == []


def test_while_a_silent_command_runs(bench: Bench, cancelling: Cancelling):
    bench.sandbox.start(bench.control)
    control = Control()
    assert cancelling(control, lambda: list(bench.sandbox.run("sleep 1239", control)), 0.3) < 0.5
    assert bench.out("pgrep -u 1000 -x -c sleep || true") == "0\n"


def test_while_a_command_prints_without_end(bench: Bench, cancelling: Cancelling):
    bench.sandbox.start(bench.control)
    control = Control()

    def follow() -> None:
        for _ in bench.sandbox.run("while :; do echo x; done", control):
            time.sleep(0.001)

    assert cancelling(control, follow, 0.3) < 0.5


@pytest.mark.parametrize("after", [0.0, 0.01, 0.03, 0.06])
def test_while_a_command_starts_it_never_does(bench: Bench, cancelling: Cancelling, after: float):
    bench.sandbox.start(bench.control)
    control = Control()
    assert (
        cancelling(control, lambda: list(bench.sandbox.run("sleep 2; touch /tmp/ran; sleep 9", control)), after)
        < 0.5
    )
    time.sleep(2.2)
    assert bench.sandbox.read("/tmp/ran", bench.control) is None


def test_a_tree_that_was_half_in_or_whole_is_not_mixed_with_another(bench: Bench):
    bench.sync({"old": "1", "kept": "2"})
    for after in ("look", "sync"):
        with pytest.raises(Cancelled):
            bench.sandbox.sync(bench.tree({"d/new": "3", "kept": "4"}), Late())
        if after == "look":
            assert bench.changes() == {}
            assert bench.out("cat kept; find . -type f | sort") == "2./kept\n./old\n"
        else:
            bench.sync({"third": "5"})
            assert bench.changes() == {}
            assert bench.out("find . -mindepth 1 | sort") == "./third\n"
    assert bench.said == []


def test_a_first_tree_that_was_cancelled_is_not_there(bench: Bench):
    with pytest.raises(Cancelled):
        bench.sandbox.sync(bench.tree({"new": "3"}), Late())
    assert bench.out("find . -mindepth 1 | sort") == ""
    assert bench.changes() == {}


def test_while_a_large_tree_goes_in_or_out(make: Make, cancelling: Cancelling):
    bench = make(limits=LARGE)
    bench.sync({"a": "1"})
    large = bench.tree({f"d/{number}": random.Random(number).randbytes(1_000_000) for number in range(60)})
    for after in (0.05, 0.15, 0.3):
        control = Control()

        def back_and_forth(control: Control = control) -> None:
            while True:
                bench.sandbox.sync(large, control)
                bench.sandbox.sync(bench.tree({"a": "1"}), control)

        assert cancelling(control, back_and_forth, after) < 0.5
    bench.sandbox.sync(large, bench.control)
    assert bench.changes() == {}
    assert bench.out("cat d/* | wc -c") == "60000000\n"

    bench.out("head -c 40M /dev/urandom >new")
    control = Control()
    assert cancelling(control, lambda: [bench.sandbox.changes(control) for _ in range(1000)], 0.1) < 0.5
    # A cancel may cost the container and what was only in it, but never mixes up what is known.
    assert set(bench.changes()) <= {"new"}
