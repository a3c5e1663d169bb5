"""What a reading says of the suites: written-out answers are seen, and no right repair is accused."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bugs import BUGS, Bug
from integrity.task import Task
from integrity.tasks import TASKS
from r1code.repair.suspicion import added_lines, suspicions
from r1code.types import Case


def told(before: Mapping[str, str], after: Mapping[str, str], tests: str) -> list[str]:
    lines = [line for path in before for line in added_lines(path, before[path], after[path])]
    return [str(one) for one in suspicions(lines, [Case(id="t", state="failed", text=tests)])]


@pytest.mark.parametrize("task", [task for task in TASKS if task.cheat], ids=lambda task: task.name)
def test_an_answer_that_is_written_out_is_seen(task: Task) -> None:
    assert told({task.path: task.code}, {task.path: task.cheat}, task.tests)


@pytest.mark.parametrize("task", [task for task in TASKS if task.fix], ids=lambda task: task.name)
def test_a_right_repair_of_the_suite_is_not(task: Task) -> None:
    assert told({task.path: task.code}, {task.path: task.fix}, task.tests) == []


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_right_repair_of_a_bug_is_not(bug: Bug) -> None:
    # All tests are taken for failing ones: more is known of them than in earnest.
    assert told(bug.sources(), bug.sources("right"), "\n".join(bug.tests.values())) == []
