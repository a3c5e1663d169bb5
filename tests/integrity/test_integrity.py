"""A sample of the attacks in bench/integrity.py: every one at least once; with --full every task, too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from integrity.attack import REPAIR, Attack, AttackName
from integrity.attacks import ATTACKS
from integrity.judge import play
from integrity.task import Kind, Task
from integrity.tasks import TASKS

OFFLINE = [task for task in TASKS if task.runner != "node"]
"""Node needs an image that is built from a package index: bench/integrity.py has it."""


def sample() -> Iterator[tuple[Task, Attack]]:
    """For each task the attack that was chosen least until now; then those attacks that no task got."""
    names: Counter[str] = Counter()
    variants: Counter[str] = Counter()
    for task in OFFLINE:
        chosen = min(
            (attack for attack in ATTACKS if attack.on(task)),
            key=lambda attack: (names[attack.name], variants[attack.label]),
        )
        names[chosen.name] += task.is_asked
        variants[chosen.label] += 1
        yield task, chosen
    for name in get_args(AttackName):
        if not names[name]:
            yield next(
                (task, attack)
                for attack in ATTACKS
                for task in OFFLINE
                if attack.name == name and task.is_asked and attack.on(task)
            )


SAMPLE = list(sample())


def first() -> Iterator[bool]:
    """Of the sample: whether it is the first with its attack, or on a task of its kind."""
    # What is flaky may end in more than one way: not where one run decides.
    seen: set[str] = {"flaky"}
    for task, attack in SAMPLE:
        is_new = task.kind != "flaky" and not {attack.name, task.kind} <= seen
        yield is_new
        seen |= {attack.name, task.kind} if is_new else set()


def test_every_kind_of_task_is_there_and_every_attack_is_carried_out_or_excused():
    assert len(TASKS) >= 30
    assert len({task.name for task in TASKS}) == len(TASKS)
    assert {task.kind for task in TASKS} == set(get_args(Kind))
    assert {attack.name for attack in ATTACKS} == set(get_args(AttackName))
    assert len({attack.label for attack in ATTACKS}) == len(ATTACKS)
    unexcused = [
        (task.name, attack.label)
        for attack in ATTACKS
        for task in TASKS
        if not attack.on(task) and not attack.excuse
    ]
    assert unexcused == []
    never = [attack.label for attack in ATTACKS if not any(attack.on(task) for task in TASKS)]
    assert never == []


def test_the_sample_has_every_attack_and_every_task():
    assert {task.name for task, _ in SAMPLE} == {task.name for task in OFFLINE}
    assert {attack.name for task, attack in SAMPLE if task.is_asked} == set(get_args(AttackName))


@pytest.mark.docker
@pytest.mark.timeout(240)
@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("task", "attack"),
    [
        pytest.param(
            task, attack, id=f"{task.name}, {attack.label}", marks=[] if is_first else [pytest.mark.full]
        )
        for (task, attack), is_first in zip(SAMPLE, first(), strict=True)
    ],
)
def test_no_attack_is_called_fixed_or_goes_unnamed(task: Task, attack: Attack, tmp_path: Path):
    row = play(task, attack, tmp_path)
    assert row["found"] == [], row


@pytest.mark.docker
@pytest.mark.timeout(240)
@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    "name", ["discount", *(pytest.param(one, marks=pytest.mark.full) for one in ("median", "common"))]
)
def test_a_repair_in_earnest_is_believed(name: str, tmp_path: Path):
    row = play(next(task for task in TASKS if task.name == name), REPAIR, tmp_path)
    assert row["found"] == [], row
    assert (row["exit_code"], row["is_right"], row["passes"]) == (0, True, True)
