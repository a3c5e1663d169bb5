"""How a model may be divided among GPUs."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from r1code.serving.plan.facts import Checkpoint, Goal, Gqa, Machine, Model, Shape

_SMALL_SHARE = 8 << 30
"""Bytes of weights: below it, dividing a model further makes tokens no faster."""


class Layout(Struct, frozen=True, kw_only=True):
    """One engine: tp x pp x dp GPUs. `replicas`: engines of their own, one on each node."""

    tp: int = 1
    pp: int = 1
    dp: int = 1
    expert: bool = False
    dcp: int = 1
    replicas: int = 1

    @property
    def gpus(self) -> int:
        """Of one engine."""
        return self.tp * self.pp * self.dp


def divides(shape: Shape, checkpoint: Checkpoint, tp: int) -> bool:
    """Whether vLLM can divide its matrices by `tp`."""
    one = shape.attention
    if one.heads % tp:
        return False
    if isinstance(one, Gqa) and one.kv_heads % tp and tp % one.kv_heads:
        return False
    # Of experts, whole ones are divided.
    widths = [shape.intermediate]
    if isinstance(one, Gqa):
        widths.append(one.heads * one.head_dim)
    if any(width % tp for width in widths) or (shape.experts is not None and shape.experts.count % tp):
        return False
    return not checkpoint.group or all(width // tp % checkpoint.group == 0 for width in widths)


def layouts(
    model: Model, checkpoint: Checkpoint, machine: Machine, goal: Goal, *, whole_bytes: int
) -> Iterator[tuple[Layout, ...]]:
    """Groups of layouts; of the first group in which one fits, the best is taken.

    Which there are does not depend on how much memory a GPU has.
    """
    shape = model.shape
    tps = [tp for tp in range(1, machine.count + 1) if divides(shape, checkpoint, tp)]
    found = [_on_node(shape, tp, machine, goal) for tp in tps]
    if goal == "latency":
        enough = next((tp for tp in tps if whole_bytes / tp <= _SMALL_SHARE), tps[-1])
        found = [one for one in found if one.tp >= enough]
    yield tuple(found)
    if machine.nodes > 1:
        widest = _on_node(shape, tps[-1], machine, goal)
        stages = Layout(tp=widest.tp, pp=machine.nodes, expert=widest.expert, dcp=widest.dcp)
        yield (stages,)


def _on_node(shape: Shape, tp: int, machine: Machine, goal: Goal) -> Layout:
    sparse = shape.experts is not None
    dp = machine.count // tp
    if sparse and shape.experts is not None:
        # Experts lie on all GPUs of an engine, so their number must be a multiple.
        dp = next(one for one in range(dp, 0, -1) if shape.experts.count % (one * tp) == 0)
    # Each GPU would keep the same compressed vectors; so each keeps every tp-th token's.
    dcp = tp if goal == "context" and not isinstance(shape.attention, Gqa) else 1
    expert = sparse and tp * dp > 1
    return Layout(tp=tp, dp=dp, expert=expert, dcp=dcp, replicas=machine.nodes)
