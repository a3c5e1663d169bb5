"""A bench as it goes on: a line for each level, and on a terminal a bar below."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TextIO

from r1code.serving.bench.figures import figures_of
from r1code.serving.bench.result import Goal
from r1code.serving.bench.run import BenchEvent, LevelBegan, LevelEnded, TurnEnded
from r1code.ui.messages import localized
from r1code.ui.outlet import Outlet
from r1code.ui.safe import safe_ci, safe_line

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class BenchTeller:
    """Tells it at once; `on` raises only OSError."""

    def __init__(self, stream: TextIO, goal: Goal) -> None:
        self._goal = goal
        self._outlet = Outlet(stream)
        self._failed = 0
        self._bar: TaskID | None = None
        self._progress: Progress | None = None
        if stream.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("CI"):
            self._progress = _progress(stream)
            self._progress.start()

    def on(self, event: BenchEvent) -> None:
        if isinstance(event, LevelBegan):
            self._failed = 0
            self._line(
                localized(f"{event.concurrency} at a time: {event.sessions} sessions, {event.turns} turns")
            )
            if self._progress is not None:
                self._bar = self._progress.add_task("", total=event.turns)
        elif isinstance(event, TurnEnded):
            self._failed += event.turn.failure is not None
            if self._progress is not None and self._bar is not None:
                failed = localized(f"{self._failed} failed") if self._failed else ""
                self._progress.update(self._bar, completed=event.done, description=failed)
        elif isinstance(event, LevelEnded):
            if self._progress is not None and self._bar is not None:
                self._progress.remove_task(self._bar)
            self._level(event)
        elif event.turn.failure is not None:
            self._line(localized(f"the first request failed: {safe_line(event.turn.why)}"))

    def close(self) -> None:
        """Safe to call again."""
        if self._progress is not None:
            self._progress.stop()

    def _level(self, event: LevelEnded) -> None:
        found = figures_of(event.level, self._goal)
        first = "-" if found.ttft is None else f"{found.ttft.p50:.2f} s"
        failed = sum(found.failures.values())
        rate = f"{found.output_per_second:,.0f} tokens/s"
        self._line(localized(f"  {rate}, first token after {first} (median), {failed} turns failed"))

    def _line(self, text: str) -> None:
        if self._progress is not None:
            self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            self._outlet.write(safe_ci(text) + "\n")


def _progress(stream: TextIO) -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from r1code.ui.render import console_for

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    return Progress(*columns, console=console_for(stream, color=True), transient=True)
