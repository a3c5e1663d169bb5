"""How many bytes of weights each GPU holds."""

from __future__ import annotations

from math import ceil

from msgspec import Struct

from r1code.serving.plan.facts import Checkpoint, Gqa, Lora, Mla, Model, Precision, Shape
from r1code.serving.plan.layout import Layout

PLAIN = 2.0
"""Bytes of a number in bf16, as which embeddings are kept whatever the rest is rounded to."""
_ADAPTER = 2
BYTES: dict[Precision, float] = {
    "bf16": PLAIN,
    "fp8": 1.0,
    # Four bits, a scale of two bytes and a zero point for each 128.
    "int4": 0.5 + 2.5 / 128,
    # Four bits, and a scale of one byte for each 16.
    "nvfp4": 0.5 + 1 / 16,
}


class Parts(Struct, frozen=True, kw_only=True):
    """A model's numbers, by how they are divided among GPUs."""

    attention: int
    """Of one layer: what tensor parallelism divides."""
    keys: int
    """Of one layer: what makes keys and values, of which each GPU holds a whole head at least."""
    copied: int
    """Of one layer: what each GPU holds whole."""
    dense: int
    """Of all layers without experts, and the experts that every token uses."""
    routed: int
    """All other experts."""
    embedding: int
    head: int
    """0: it is the embedding."""
    mtp: int
    """The layers for further tokens, their own experts included; in the files, and mostly not loaded."""
    mtp_embeddings: int
    """What these layers have again in the files, and share with the others in memory."""


def parts_of(shape: Shape) -> Parts:
    attention, keys, copied = _attention(shape)
    embedding = shape.vocabulary * shape.hidden
    experts, one_mlp = shape.experts, 3 * shape.hidden * shape.intermediate
    if experts is None:
        dense, routed, mtp = shape.layers * one_mlp, 0, 0
    else:
        expert = 3 * shape.hidden * experts.width
        sparse = shape.layers - experts.dense_layers
        gate = sparse * shape.hidden * experts.count
        dense = experts.dense_layers * one_mlp + sparse * experts.shared * expert + gate
        routed = sparse * experts.count * expert
        layer = attention + keys + copied + (experts.shared + experts.count) * expert
        mtp = shape.mtp_layers * (layer + 2 * shape.hidden * shape.hidden)
    return Parts(
        attention=attention,
        keys=keys,
        copied=copied,
        dense=dense,
        routed=routed,
        embedding=embedding,
        head=0 if shape.tied else embedding,
        mtp=mtp,
        mtp_embeddings=2 * embedding * shape.mtp_layers,
    )


def _attention(shape: Shape) -> tuple[int, int, int]:
    one, hidden = shape.attention, shape.hidden
    if isinstance(one, Gqa):
        return 2 * hidden * one.heads * one.head_dim, 2 * hidden * one.kv_heads * one.head_dim, 0
    query, value = one.qk_nope_head_dim + one.qk_rope_head_dim, one.qk_nope_head_dim + one.v_head_dim
    down = hidden * (one.q_lora_rank + one.kv_lora_rank + one.qk_rope_head_dim)
    into = one.q_lora_rank or hidden
    up = one.heads * (into * query + one.kv_lora_rank * value + one.v_head_dim * hidden)
    return up, 0, down


def file_bytes(shape: Shape, precision: Precision) -> int:
    """Of all files of a checkpoint, as computed; what its index says is truer."""
    one, each = parts_of(shape), BYTES[precision]
    linear = shape.layers * (one.attention + one.keys + one.copied) + one.dense + one.routed + one.mtp
    return ceil(linear * each + (one.embedding + one.head + one.mtp_embeddings) * PLAIN)


def weights_of(model: Model, checkpoint: Checkpoint, layout: Layout, *, mtp: bool) -> int:
    """Bytes on the GPU that holds the most."""
    shape, one = model.shape, parts_of(model.shape)
    each = BYTES[checkpoint.precision]
    if checkpoint.bytes is not None:
        each *= checkpoint.bytes / file_bytes(shape, checkpoint.precision)
    tp, across = layout.tp, layout.tp * layout.dp
    heads = shape.attention.kv_heads if isinstance(shape.attention, Gqa) else 1
    stage = ceil(shape.layers / layout.pp) / shape.layers
    layer = one.attention / tp + one.keys / min(tp, heads) + one.copied
    linear = stage * (shape.layers * layer + one.dense / tp + one.routed / across)
    # The first stage holds one of these, the last one the other.
    ends = one.embedding + one.head if layout.pp == 1 else max(one.embedding, one.head)
    further = one.mtp / across if mtp else 0
    return ceil((linear + further) * each + ends * PLAIN / tp)


def adapters_of(shape: Shape, loras: tuple[Lora, ...], layout: Layout) -> int:
    """Bytes of the room for adapters on each GPU: as many as are named, each with the highest rank."""
    if not loras or isinstance(shape.attention, Mla):
        return 0
    one, hidden = shape.attention, shape.hidden
    sides = 2 * hidden + 2 * one.heads * one.head_dim + 2 * (hidden + one.kv_heads * one.head_dim)
    sides += 3 * (hidden + shape.intermediate)
    rank = max(one.rank for one in loras)
    # Half of an adapter's matrices are divided; counted as if none were.
    return ceil(len(loras) * rank * sides * shape.layers * _ADAPTER / layout.pp)
