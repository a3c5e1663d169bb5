"""How far a conversation's work is: the steps of the plan that is carried out, or the model's own list."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

from msgspec.structs import replace

from r1code.checklist import MOST, marked, place, read
from r1code.context import Model
from r1code.errors import FormatError, StateError
from r1code.log import Observed, Replied
from r1code.plan import parse, ticked
from r1code.session import Session
from r1code.types import Plan, Point


def last_notes(session: Session, model: Model) -> tuple[tuple[str, ...], bool]:
    """What the last reply notes, and whether all that was called in it succeeded."""
    seen: list[bool] = []
    for entry in reversed(session.path()):
        item = entry.item
        if isinstance(item, Observed):
            seen.append(item.observation.status == "ok")
        elif isinstance(item, Replied):
            try:
                return model.parse(item.reply, session.next_call()).notes, all(seen)
            except FormatError:
                return (), False
    return (), False


class Progress:
    """A point is done when the model says so in a note, of a reply of which nothing failed."""

    def __init__(self) -> None:
        self.points: tuple[Point, ...] = ()
        self._plan: Plan | None = None
        self._file: Path | None = None
        self._ticks: dict[int, int] = {}
        """By the number of a step: the position of the tree's timeline at which it was done."""

    @property
    def is_open(self) -> bool:
        return any(not point.done for point in self.points)

    def carry_out(self, plan: Plan, file: str | None) -> None:
        """From now on it is about this plan; its ticks go into its file."""
        self.points, self._plan, self._ticks = plan.points, plan, {}
        self._file = None if file is None else Path(file).resolve()

    def begin(self) -> None:
        """A person said something new: a list of the model's own was about what was before."""
        if self._plan is None or not self.is_open:
            self.drop()

    def drop(self) -> None:
        """There is no list any more."""
        self.points, self._plan, self._file = (), None, None

    def is_file(self, root: Path, path: str) -> bool:
        """Whether `path`, in the tree at `root`, is the plan's own file."""
        return self._file is not None and root / path == self._file

    def noted(self, text: str, *, succeeded: bool, at: int = 0) -> tuple[int, ...] | None:
        """Takes a note: which points are done now, by their numbers from 1 on. None: it says nothing of a list.

        `succeeded`: all calls of its reply did; else what it calls done is not taken for it. `at`: where the
        timeline of the tree is after them. Raises StateError where the plan's file cannot be written.
        """
        said = read(text)
        if not said:
            return None
        before = self.points
        if self._plan is None and not all(place(before, one.text) is not None for one in said):
            before = tuple(Point(text=one.text) for one in said[:MOST])
        after = marked(before, said) if succeeded else before
        if after == self.points:
            return None
        self.points = after
        new = tuple(at for at, (old, now) in enumerate(zip(before, after, strict=True), start=1) if old != now)
        self._ticks.update(dict.fromkeys(new, at))
        self._write(new)
        return new

    def went(self, positions: Collection[int]) -> str | None:
        """After an undo, redo or rewind: `positions` led to the tree of now, and what was done elsewhere is open.

        The plan's file, if not all of it is done any more. Raises StateError where it cannot be written.
        """
        if self._plan is None:
            return None
        before = self.points
        for number, position in self._ticks.items():
            point = replace(before[number - 1], done=position in positions)
            self.points = (*self.points[: number - 1], point, *self.points[number:])
        self._write(
            tuple(at for at, (old, now) in enumerate(zip(before, self.points, strict=True), 1) if old != now)
        )
        return str(self._file) if self._file is not None and self.is_open else None

    def _write(self, numbers: tuple[int, ...]) -> None:
        """In the file, as far as it still holds the plan: a person may have changed it meanwhile."""
        file, plan = self._file, self._plan
        # Where it has become a link, or lies below one, it is not what a person named.
        if file is None or plan is None or not numbers or file.resolve() != file or not file.is_file():
            return
        try:
            text = file.read_bytes().decode()
            if parse(text).steps != plan.steps:
                return
            for number in numbers:
                text = ticked(text, number, done=self.points[number - 1].done)
            beside = file.with_name(f".{file.name}.new")
            beside.write_bytes(text.encode())
            shutil.copymode(file, beside)
            beside.replace(file)
        except UnicodeDecodeError:
            return
        except OSError as error:
            raise StateError(
                f"the plan {file.name} cannot be ticked off",
                why=str(error),
                hint="free some space, or make the file writable; the work goes on with /act",
            ) from error
