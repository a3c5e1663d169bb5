"""Tests that run before anybody waits for what they say: while the model thinks, on the tree as it was."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor, wait

from msgspec import Struct

from r1code.control import POLL_SECONDS, Control
from r1code.events import Event, Notice
from r1code.repair.proof import Proof
from r1code.tree.snapshot import Snapshot
from r1code.types import TestReport

_MOST_KNOWN = 8


class _Run(Struct, frozen=True, kw_only=True):
    key: tuple[str, str]
    control: Control
    report: Future[TestReport]


class Ahead:
    """One run at a time; another tree, or another command, ends the one under way."""

    def __init__(self, proof: Proof) -> None:
        self._proof = proof
        self._known: dict[tuple[str, str], TestReport] = {}
        self._run: _Run | None = None

    def begin(self, tree: Snapshot, command: str) -> None:
        """Runs the tests of `command` on `tree` in the background, unless what they say is known."""
        key = tree.digest, command
        if key in self._known or (self._run is not None and self._run.key == key):
            return
        last, control = self._stop(), Control()

        def work() -> TestReport:
            # They would meet in the same folder.
            wait(last)
            return _ended(self._proof.baseline(tree, command, control))

        executor = ThreadPoolExecutor(1, thread_name_prefix="r1code-ahead")
        self._run = _Run(key=key, control=control, report=executor.submit(work))
        executor.shutdown(wait=False)

    def result(self, tree: Snapshot, command: str, control: Control) -> Generator[Event, None, TestReport]:
        """What they say, at once where it is known. Raises SandboxError, StateError and Cancelled."""
        key, run = (tree.digest, command), self._run
        if key not in self._known:
            if run is not None and run.key == key:
                report = yield from _waited(run.report, control)
            else:
                wait(self._stop())
                yield Notice(text=f"running the tests on the tree as it was: {command}")
                report = yield from self._proof.baseline(tree, command, control)
            self.know(tree, command, report)
        return self._known[key]

    def know(self, tree: Snapshot, command: str, report: TestReport) -> None:
        """What they said of `tree`, found out elsewhere."""
        self._known[tree.digest, command] = report
        while len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]

    def close(self) -> None:
        """Ends what runs. Safe to call again; raises nothing."""
        wait(self._stop())

    def _stop(self) -> list[Future[TestReport]]:
        """What is still to be waited for."""
        run, self._run = self._run, None
        if run is None:
            return []
        run.control.cancel()
        return [run.report]


def _ended(running: Generator[Event, None, TestReport]) -> TestReport:
    while True:
        try:
            next(running)
        except StopIteration as stop:
            report: TestReport = stop.value
            return report


def _waited(report: Future[TestReport], control: Control) -> Generator[Event, None, TestReport]:
    if not report.done():
        yield Notice(text="waiting for the tests on the tree as it was")
    while not report.done():
        control.sleep(POLL_SECONDS)
    return report.result()
