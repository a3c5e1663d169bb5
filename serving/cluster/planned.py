"""From a plan to the server that a cluster's files are for."""

from __future__ import annotations

import math
from pathlib import PurePath

from msgspec import Struct

from r1code.errors import UsageError
from r1code.serving.cluster.server import OURS
from r1code.serving.plan.plan import Plan


class Planned(Struct, frozen=True, kw_only=True):
    """What a plan says of a `Server`, under the same names."""

    argv: tuple[str, ...]
    nodes: int
    gpus: int
    replicas: int
    weights_gb: int


def planned_server(plan: Plan) -> Planned:
    """Raises UsageError where the plan is for a folder: what pods would see of it is not known."""
    if PurePath(plan.checkpoint).is_absolute():
        raise UsageError(
            f"{plan.checkpoint} is a folder of this machine",
            why="the pods of a cluster mount their weights from elsewhere",
            hint="name the model, or say what vLLM gets: r1code serve files KIND --out FOLDER -- MODEL FLAGS",
        )
    nodes = len(plan.commands)
    words = (word for one in plan.flags if one.name not in OURS for word in (one.name, *one.values))
    return Planned(
        argv=(plan.checkpoint, *words),
        nodes=nodes,
        gpus=plan.layout.gpus // nodes,
        replicas=plan.layout.replicas,
        # What several GPUs hold a copy of counts for each: a little too much, not too little.
        weights_gb=math.ceil(plan.memory.weights * plan.layout.gpus / 1e9),
    )
