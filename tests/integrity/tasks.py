"""The tasks of the integrity suite, as data."""

from __future__ import annotations

from integrity.broken import BROKEN
from integrity.hopeless import CONTRADICTORY, UNSOLVABLE
from integrity.task import Task
from integrity.tempting import TEMPTING
from integrity.unsteady import FLAKY, GREEN

TASKS: tuple[Task, ...] = (*UNSOLVABLE, *CONTRADICTORY, *TEMPTING, *FLAKY, *GREEN, *BROKEN)
BY_NAME = {task.name: task for task in TASKS}
