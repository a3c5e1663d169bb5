"""From a plan to the server that a cluster's files are for."""

from __future__ import annotations

import math
import re
from pathlib import PurePath

from msgspec import Struct

from r1code.errors import UsageError
from r1code.serving.cluster.server import WEIGHTS, in_weights
from r1code.serving.cluster.words import OURS
from r1code.serving.plan.known import model_named
from r1code.serving.plan.plan import Plan


class Planned(Struct, frozen=True, kw_only=True):
    """What a plan says of a `Server`, under the same names."""

    name: str
    argv: tuple[str, ...]
    about: str
    nodes: int
    gpus: int
    replicas: int
    weights_gb: int
    source: str = ""


def planned_server(plan: Plan, weights: str | None = None) -> Planned:
    """`weights`: where pods or containers see them. Raises UsageError where that is not known."""
    is_local = PurePath(plan.checkpoint).is_absolute()
    if is_local and weights is None:
        raise UsageError(
            f"{plan.checkpoint} is a folder of this machine",
            why="pods and containers mount their weights from elsewhere",
            hint=f"say where they see them: --weights {WEIGHTS}/{PurePath(plan.checkpoint).name}",
        )
    if weights is not None:
        in_weights(weights)
    nodes = len(plan.commands)
    words = (word for one in plan.flags if one.name not in OURS for word in (one.name, *one.values))
    return Planned(
        name=short_name(plan.model),
        argv=(weights or plan.checkpoint, *words),
        about=f"{plan.label} in {plan.precision} on {plan.gpus}, {plan.goal}",
        nodes=nodes,
        gpus=plan.layout.gpus // nodes,
        replicas=plan.layout.replicas,
        # What several GPUs hold a copy of counts for each: a little too much, not too little.
        weights_gb=math.ceil(plan.memory.weights * plan.layout.gpus / 1e9),
        source="" if is_local or weights is None else plan.checkpoint,
    )


def said_server(argv: tuple[str, ...], *, nodes: int, gpus: int) -> Planned:
    """Of what a person gives vLLM."""
    model = argv[0]
    known = model_named(model)
    return Planned(
        name=short_name(model if known is None else known[0].name),
        argv=argv,
        about=f"{model} on {nodes}x{gpus} GPUs, as given",
        nodes=nodes,
        gpus=gpus,
        replicas=1,
        weights_gb=_WEIGHTS_GB,
    )


def short_name(model: str) -> str:
    """For what is made of it: a second model gets objects of its own."""
    bare = re.sub(r"[^a-z0-9]+", "-", model.rstrip("/").rpartition("/")[2].casefold())
    # Kubernetes' services begin with a letter, and their pods' names have to have room for more.
    return re.sub(r"^[^a-z]+", "", bare)[:_NAME_LENGTH].rstrip("-") or "vllm"


_WEIGHTS_GB = 690
"""Of R1 in FP8."""
_NAME_LENGTH = 24
