"""Plans of many models on many GPUs, a line each.

cd tests && ../.venv/bin/python -m fakes.plans > serving/plans.txt
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from typing import get_args

from r1code.serving.plan.alternatives import Refusal, plan
from r1code.serving.plan.facts import GIB, Goal, Wishes
from r1code.serving.plan.gpus import Seen, machine_of
from r1code.serving.plan.known import known_models, model_named

GPUS = ("RTX4090", "L40S", "H100", "4xA100", "8xH100", "8xH200", "2x8xH100", "4xB200", "8xB300", "8xMI300X")
GOALS: tuple[Goal, ...] = get_args(Goal)


class NoDriver:
    def gpus(self) -> list[Seen]:
        raise AssertionError


def lines() -> Iterator[str]:
    for name in known_models():
        for gpus in GPUS:
            for goal in GOALS:
                yield f"{name} {gpus} {goal}: {line(name, gpus, Wishes(goal=goal))}"


def line(name: str, gpus: str, wishes: Wishes) -> str:
    found = model_named(name)
    assert found is not None
    made = plan(found[0], machine_of(gpus, NoDriver), wishes)
    if isinstance(made, Refusal):
        instead = "; ".join(shlex.join(one.flags) for one in made.alternatives)
        return f"NO {made.what}: {made.why} | {instead}"
    one, memory = made.layout, made.memory
    shares = f"tp{one.tp} pp{one.pp} dp{one.dp} dcp{one.dcp} x{one.replicas}{' ep' if one.expert else ''}"
    figures = f"{memory.weights / GIB:.1f}+{memory.running / GIB:.1f}+{memory.cache / GIB:.1f} GiB"
    users = ", ".join(f"{fit.users} x {fit.tokens}" for fit in made.fits)
    return f"{made.precision} {shares} {figures}, {memory.tokens} tokens, {users}"


if __name__ == "__main__":
    sys.stdout.writelines(f"{one}\n" for one in lines())
