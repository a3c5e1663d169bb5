"""From a model, GPUs and wishes to a division of the model that fits, or to what is missing."""

from __future__ import annotations

from math import floor, log2

from msgspec import Struct
from msgspec.structs import replace

from r1code.serving.plan.facts import GIB, Checkpoint, Gpu, Machine, Model, Wishes
from r1code.serving.plan.layout import Layout, layouts
from r1code.serving.plan.memory import Batch, Memory, Run, memory_of
from r1code.serving.plan.weights import file_bytes

LEAST_WINDOW = 16_384
"""Instructions, a few files and an answer; below it r1code ends before it has begun."""
USUAL_WINDOW = 131_072
ROUND = 1024
_DIVIDING = 0.85
"""What is left of the throughput when twice as many GPUs share one copy of the weights: a rule of thumb."""
_HALF_PRECISION, _BF16, _STORES_FP8, _FP8_CACHE = 7.5, 8.0, 7.5, 8.9
_SPARE = 0.3
_BATCHES = {
    "latency": Batch(sequences=32, tokens=4096),
    "throughput": Batch(sequences=256, tokens=8192),
    "context": Batch(sequences=16, tokens=2048),
}


class Choice(Struct, frozen=True, kw_only=True):
    """A division of the model, and what it holds."""

    checkpoint: Checkpoint
    layout: Layout
    run: Run
    memory: Memory
    window: int
    users: int
    """At a full window each, at the same time."""


class Shortage(Struct, frozen=True, kw_only=True):
    """Why there is no plan."""

    what: str
    why: str


def decide(model: Model, machine: Machine, wishes: Wishes) -> Choice | Shortage:
    checkpoint = checkpoint_of(model, wishes)
    if checkpoint is None:
        there = ", ".join(dict.fromkeys(one.precision for one in model.checkpoints))
        return Shortage(
            what=f"{model.label} is not there in {wishes.quantization}",
            why=f"it is known in {there}",
        )
    refused = _unsupported(model, checkpoint, machine.gpu, wishes)
    if refused is not None:
        return refused
    run = run_of(checkpoint, machine, wishes)
    best: Choice | None = None
    whole = checkpoint.bytes or file_bytes(model.shape, checkpoint.precision)
    for group in layouts(model, checkpoint, machine, wishes.goal, whole_bytes=whole):
        tried = [_tried(model, checkpoint, one, run) for one in group]
        fitting = [one for one in tried if _fits(one, wishes)]
        if fitting:
            return _with_window(model, max(fitting, key=lambda one: _score(one, wishes)), wishes)
        best = max(filter(None, [*tried, best]), key=_left)
    return _too_small(model, machine, best, wishes)


def checkpoint_of(model: Model, wishes: Wishes) -> Checkpoint | None:
    if wishes.quantization is None:
        return model.checkpoints[0]
    return next((one for one in model.checkpoints if one.precision == wishes.quantization), None)


def run_of(checkpoint: Checkpoint, machine: Machine, wishes: Wishes) -> Run:
    batch = _BATCHES[wishes.goal]
    if wishes.users is not None and wishes.users > batch.sequences:
        batch = Batch(sequences=wishes.users, tokens=batch.tokens)
    utilization = wishes.utilization
    if machine.free_gib is not None:
        # vLLM does not start where less is free than it may use.
        utilization = min(utilization, floor((machine.free_gib - _SPARE) / machine.gpu.gib * 100) / 100)
    by_itself = wishes.goal == "context" or checkpoint.precision == "nvfp4"
    fp8_cache = wishes.kv_cache == "fp8" or (
        wishes.kv_cache == "auto" and by_itself and can_fp8_cache(machine.gpu)
    )
    by_itself = wishes.goal == "latency" and checkpoint.mtp and not wishes.tools
    mtp = wishes.speculation == "mtp" or (wishes.speculation == "auto" and by_itself)
    return Run(
        wishes=wishes,
        batch=batch,
        gib=machine.gpu.gib,
        utilization=max(0.0, utilization),
        fp8_cache=fp8_cache,
        mtp=mtp,
    )


def can_fp8_cache(gpu: Gpu) -> bool:
    return gpu.vendor == "amd" or gpu.capability >= _FP8_CACHE


def _unsupported(model: Model, checkpoint: Checkpoint, gpu: Gpu, wishes: Wishes) -> Shortage | None:
    is_nvidia = gpu.vendor == "nvidia"
    if is_nvidia and gpu.capability < _HALF_PRECISION:
        return Shortage(
            what=f"{gpu.name} cannot run this",
            why=f"vLLM needs compute capability {_HALF_PRECISION}; it has {gpu.capability}",
        )
    if checkpoint.precision == "nvfp4" and not is_nvidia:
        return Shortage(what=f"{gpu.name} cannot run this", why="NVFP4 is NVIDIA's own format")
    if wishes.kv_cache == "fp8" and not can_fp8_cache(gpu):
        return Shortage(
            what=f"{gpu.name} cannot run this", why=f"a KV cache in fp8 needs compute capability {_FP8_CACHE}"
        )
    if wishes.speculation == "mtp" and not checkpoint.mtp:
        return Shortage(
            what=f"{checkpoint.id} cannot speculate with MTP",
            why="the layers that predict further tokens are not in it",
        )
    if wishes.window is not None and wishes.window > model.shape.window:
        return Shortage(
            what=f"{model.label} has no window of {wishes.window:,} tokens",
            why=f"it was made for {model.shape.window:,}",
        )
    return None


def _tried(model: Model, checkpoint: Checkpoint, layout: Layout, run: Run) -> Choice:
    # Speculation and stages together are not tried.
    run = replace(run, mtp=run.mtp and layout.pp == 1)
    memory = memory_of(model, checkpoint, layout, run)
    return Choice(checkpoint=checkpoint, layout=layout, run=run, memory=memory, window=0, users=0)


def _left(one: Choice) -> int:
    return one.memory.cache


def _needed(one: Choice, wishes: Wishes) -> tuple[int, int]:
    """The least window, and how many must fit into an engine."""
    least = wishes.window or LEAST_WINDOW
    engines = one.layout.dp * one.layout.replicas
    return least, -(-(wishes.users or 1) // engines)


def _fits(one: Choice, wishes: Wishes) -> bool:
    least, each = _needed(one, wishes)
    return one.memory.per_engine >= least * each


def _score(one: Choice, wishes: Wishes) -> tuple[float, float]:
    memory = one.memory
    if wishes.goal == "context":
        return memory.per_engine, memory.tokens
    if wishes.goal == "throughput":
        return memory.tokens * _DIVIDING ** log2(one.layout.tp), -one.layout.tp
    return memory.tokens, -one.layout.tp


def _with_window(model: Model, one: Choice, wishes: Wishes) -> Choice:
    _, each = _needed(one, wishes)
    window = wishes.window
    if window is None:
        most = model.shape.window if wishes.goal == "context" else min(model.shape.window, USUAL_WINDOW)
        window = min(most, one.memory.per_engine // each // ROUND * ROUND)
    return replace(one, window=window, users=users_of(one, window))


def users_of(one: Choice, tokens: int) -> int:
    """How many contexts of `tokens` are answered at the same time."""
    return min(held_of(one, tokens), one.run.batch.sequences * one.layout.dp * one.layout.replicas)


def held_of(one: Choice, tokens: int) -> int:
    """How many contexts of `tokens` the cache holds, however few requests run at the same time."""
    return one.memory.per_engine // tokens * one.layout.dp * one.layout.replicas


def _too_small(model: Model, machine: Machine, best: Choice | None, wishes: Wishes) -> Shortage:
    if best is None:
        return Shortage(
            what=f"{model.label} does not fit on {machine.words}",
            why=f"it cannot be divided among {machine.count} GPUs",
        )
    memory, users = best.memory, wishes.users or 1
    weights, running = memory.weights + memory.adapters, memory.running
    if memory.cache <= 0:
        return Shortage(
            what=f"{model.label} does not fit on {machine.words}",
            why=f"weights take {weights / GIB:.1f} GiB of each GPU and running {running / GIB:.1f}:"
            f" {-memory.cache / GIB:.1f} GiB more than the {memory.budget / GIB:.1f} GiB that vLLM may use",
        )
    least, _ = _needed(best, wishes)
    return Shortage(
        what=f"{model.label} does not fit on {machine.words}",
        why=f"beside its weights there is room for {memory.tokens:,} tokens of context,"
        f" and {users} times {least:,} are needed",
    )
