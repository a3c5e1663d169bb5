"""What fits: weights, what running takes beside them, and tokens of KV cache. Everything is for one GPU.

vLLM may use total x --gpu-memory-utilization. Of that it takes the weights, the peak of a trial run with
--max-num-batched-tokens tokens, what libraries took outside of PyTorch, and an estimate of its CUDA graphs (since
0.21); the rest is KV cache. The trial's figures are known only on the GPU. Those here are estimates, made to be
rather too high; vLLM prints what it measured: "Available KV cache memory", "GPU KV cache size".
"""

from __future__ import annotations

from math import ceil, floor

from msgspec import Struct

from r1code.serving.plan.facts import GIB, Checkpoint, Gqa, Mla, Model, Shape, Wishes
from r1code.serving.plan.layout import Layout
from r1code.serving.plan.weights import adapters_of, weights_of

_LIBRARIES = 0.6 * GIB
"""cuBLAS, the attention kernels' workspaces: estimated."""
_CONNECTIONS = 1.0 * GIB
"""NCCL's buffers and those of the all-reduce of its own, where GPUs speak with each other: estimated."""
_GRAPHS_OF_A_LAYER = 0.012 * GIB
"""CUDA graphs: estimated; 0.4 GiB for 32 layers, 1 GiB for 80."""
_SORTED = 16
"""Bytes for each logit of a batch, sorted for top_p: the number in 32 bits, its place in 64, and a copy."""
_MLA_PREFIX = 65_536
"""Tokens of a cached prefix that MLA unfolds at a time: vLLM's limit of its workspace."""
BLOCK = 64
"""Tokens; the largest block of the kernels that are chosen on GPUs. A sequence's last one is not full."""


class Batch(Struct, frozen=True, kw_only=True):
    sequences: int
    """Requests at a time."""
    tokens: int
    """Of all of them in one step."""


class Run(Struct, frozen=True, kw_only=True):
    """What was decided before anything is divided."""

    wishes: Wishes
    batch: Batch
    gib: float
    """Of a GPU."""
    utilization: float
    fp8_cache: bool
    mtp: bool


class Memory(Struct, frozen=True, kw_only=True):
    """Bytes of the GPU that has the least left."""

    total: int
    budget: int
    """Of the total, what vLLM may use."""
    weights: int
    adapters: int
    running: int
    """Activations, CUDA graphs, libraries: an estimate."""
    cache: int
    """What is left; below 0: the rest alone is too much."""
    token: float
    """What a token takes of the cache, on each of the GPUs that hold it."""
    per_engine: int
    """Tokens: the longest context that could be held."""
    tokens: int
    """Of all engines and their copies together."""


def token_bytes(shape: Shape, *, fp8: bool, layout: Layout, mtp: bool = False) -> float:
    """Of keys and values of one token on each GPU; over the GPUs of a decode context group, its share."""
    each = 1 if fp8 else 2
    layers = ceil(shape.layers / layout.pp) + (shape.mtp_layers if mtp else 0)
    one = shape.attention
    if isinstance(one, Gqa):
        return 2 * max(1, one.kv_heads // layout.tp) * one.head_dim * each * layers
    return (one.kv_lora_rank + one.qk_rope_head_dim) * each * layers / layout.dcp


def running_bytes(shape: Shape, layout: Layout, batch: Batch) -> int:
    widest = 4 * shape.hidden + 3 * shape.intermediate / layout.tp
    activations = batch.tokens * widest * 2
    experts = shape.experts
    if experts is not None:
        # Each token is copied for each of its experts; of engines with whole attention, all tokens come together.
        copies = batch.tokens * experts.chosen * (shape.hidden + 3 * experts.width)
        activations += copies * 2 * (2 if layout.dp > 1 else 1)
    if isinstance(shape.attention, Mla):
        one = shape.attention
        unfolded = one.qk_nope_head_dim + one.qk_rope_head_dim + one.v_head_dim
        activations += _MLA_PREFIX * one.heads / layout.tp * unfolded * 2
    logits = batch.sequences * shape.vocabulary * _SORTED
    graphs = shape.layers / layout.pp * _GRAPHS_OF_A_LAYER
    connections = _CONNECTIONS if layout.gpus > 1 else 0
    return ceil(activations + logits + graphs + connections + _LIBRARIES)


def memory_of(model: Model, checkpoint: Checkpoint, layout: Layout, run: Run) -> Memory:
    shape, total = model.shape, floor(run.gib * GIB)
    budget = floor(total * run.utilization)
    weights = weights_of(model, checkpoint, layout, mtp=run.mtp)
    adapters = adapters_of(shape, run.wishes.loras, layout)
    running = running_bytes(shape, layout, run.batch)
    cache = budget - weights - adapters - running
    token = token_bytes(shape, fp8=run.fp8_cache, layout=layout, mtp=run.mtp)
    step = BLOCK * layout.dcp
    per_engine = max(0, floor(cache / token) // step * step)
    return Memory(
        total=total,
        budget=budget,
        weights=weights,
        adapters=adapters,
        running=running,
        cache=cache,
        token=token,
        per_engine=per_engine,
        tokens=per_engine * layout.dp * layout.replicas,
    )
