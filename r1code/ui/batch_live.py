"""A batch as it goes on: a line for each task that ended, on a terminal with a bar below; or JSON lines."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol, TextIO

from r1code.batch.result import Result
from r1code.batch.run import BatchEnded, BatchEvent, Started, TaskEnded
from r1code.ui.batch_words import in_words
from r1code.ui.lines import seconds
from r1code.ui.listener import Color, is_coloured
from r1code.ui.messages import localized
from r1code.ui.outlet import Outlet
from r1code.ui.plain import json_line
from r1code.ui.safe import safe_ci, safe_line

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_MOST_WHY = 100


class Teller(Protocol):
    def on(self, event: BatchEvent) -> None:
        """Tells it at once. Raises only OSError."""
        ...

    def close(self) -> None:
        """Safe to call again."""
        ...


def teller(stream: TextIO, *, json: bool, color: Color) -> Teller:
    if json:
        return _Json(stream)
    if stream.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("CI"):
        return _Bar(stream, color=is_coloured(color, os.environ))
    return _Plain(stream)


class _Json:
    def __init__(self, stream: TextIO) -> None:
        self._outlet = Outlet(stream)

    def on(self, event: BatchEvent) -> None:
        self._outlet.write(json_line(event) + "\n")

    def close(self) -> None:
        pass


class _Plain:
    def __init__(self, stream: TextIO) -> None:
        self._outlet = Outlet(stream)
        self._tasks = 0

    def on(self, event: BatchEvent) -> None:
        if isinstance(event, Started):
            self._tasks = event.tasks
        for line in lines_of(event, self._tasks):
            self._outlet.write(safe_ci(line) + "\n")

    def close(self) -> None:
        pass


class _Bar:
    def __init__(self, stream: TextIO, *, color: bool) -> None:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
        )

        from r1code.ui.render import console_for

        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        self._progress: Progress = Progress(*columns, console=console_for(stream, color=color), transient=True)
        self._bar: TaskID | None = None
        self._tasks = 0

    def on(self, event: BatchEvent) -> None:
        if isinstance(event, Started):
            self._tasks = event.tasks
            self._bar = self._progress.add_task("", total=event.tasks, completed=event.done)
            self._progress.start()
        if isinstance(event, BatchEnded):
            self.close()
        for line in lines_of(event, self._tasks):
            self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)
        if isinstance(event, TaskEnded) and self._bar is not None:
            self._progress.update(
                self._bar, completed=event.done, description=localized(f"{event.solved} solved")
            )

    def close(self) -> None:
        self._progress.stop()


def lines_of(event: BatchEvent, tasks: int) -> list[str]:
    if isinstance(event, Started):
        before = [localized(f"{event.done} have a result from before")] if event.done else []
        return [localized(f"{event.tasks} tasks"), *before]
    if isinstance(event, TaskEnded):
        return [f"[{event.done}/{tasks}] {_told(event.result)}"]
    if isinstance(event, BatchEnded):
        rate = f"{event.solved} of {event.done} solved, after {seconds(event.seconds)}"
        faults = f"of {event.faults} nothing was found out; --retry does them again"
        return [localized(rate), *([localized(faults)] if event.faults else [])]
    return []


def _told(result: Result) -> str:
    mark = "✓" if result.solved else "✗"
    again = localized(f", attempt {result.attempts}") if result.attempts > 1 else ""
    tries = localized(f", try {len(result.tries)}") if len(result.tries) > 1 else ""
    why = "" if result.solved or not result.why else f": {safe_line(result.why)[:_MOST_WHY]}"
    took = seconds(result.seconds)
    return f"{mark} {result.id} {in_words(result.outcome)}{tries}{again}, {took}{why}"
