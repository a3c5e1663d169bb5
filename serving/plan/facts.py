"""What a plan is made from: a model's shape and weights, GPUs, and what is wanted."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Precision = Literal["bf16", "fp8", "int4", "nvfp4"]
Goal = Literal["latency", "throughput", "context"]
KvCache = Literal["auto", "bf16", "fp8"]
Speculation = Literal["auto", "off", "mtp", "ngram", "suffix"]
Family = Literal["r1", "r1-0528", "distill", "distill-0528", "v3", "other"]
GIB = 1 << 30


class Gqa(Struct, frozen=True, kw_only=True, tag="gqa", tag_field="type"):
    """Keys and values for some of the heads; multi-head and multi-query attention are its ends."""

    heads: int
    kv_heads: int
    head_dim: int


class Mla(Struct, frozen=True, kw_only=True, tag="mla", tag_field="type"):
    """One compressed vector a token for all heads, as in DeepSeek-V3."""

    heads: int
    q_lora_rank: int
    kv_lora_rank: int
    qk_nope_head_dim: int
    qk_rope_head_dim: int
    v_head_dim: int


class Experts(Struct, frozen=True, kw_only=True):
    count: int
    chosen: int
    """Of the count, for each token."""
    shared: int
    width: int
    """The intermediate size of one."""
    dense_layers: int
    """The first layers, which have none."""


class Shape(Struct, frozen=True, kw_only=True):
    architecture: str
    layers: int
    hidden: int
    intermediate: int
    vocabulary: int
    window: int
    """The longest context that the model was made for."""
    attention: Gqa | Mla
    tied: bool = False
    """Input and output embeddings are one matrix."""
    experts: Experts | None = None
    mtp_layers: int = 0
    """Layers that predict further tokens; loaded only for speculative decoding."""


class Checkpoint(Struct, frozen=True, kw_only=True):
    """Weights as somebody published them, or as vLLM makes them while it loads."""

    id: str
    """What vLLM loads: a name on the hub, or a folder."""
    precision: Precision
    group: int = 0
    """Neighbouring weights that share a scale: a share of a matrix must be a multiple of it."""
    bytes: int | None = None
    """Of all its files; None: computed from the shape."""
    online: bool = False
    """vLLM itself rounds the weights to this precision."""
    mtp: bool = False
    """The layers that predict further tokens are in it."""


class Model(Struct, frozen=True, kw_only=True):
    name: str
    label: str
    family: Family
    shape: Shape
    checkpoints: tuple[Checkpoint, ...]
    """The first is what its authors published."""
    served: str
    """What r1code's profile calls it."""
    profile: str | None
    """The profile of r1code that speaks to it."""
    parser: str | None = None
    """vLLM's name for how its reasoning is told from its answer; None: it does not reason."""
    own_code: bool = False
    """Its folder brings Python that vLLM would have to run."""
    sampling: bool = True
    """Its generation_config.json says how to sample."""
    template: bool = True
    """It has a chat template."""
    size: int = 0
    """Billions of parameters, for order."""
    partial: bool = False
    """Some layers keep less than the whole context."""
    weights: bool = True
    """They are there, where it is a folder."""


class Gpu(Struct, frozen=True, kw_only=True):
    name: str
    gib: float
    """As PyTorch reports it, which is what vLLM divides."""
    capability: float
    """NVIDIA's compute capability; 0: another maker's."""
    vendor: Literal["nvidia", "amd"] = "nvidia"
    nvlink: bool = False
    fp8: bool = False
    """Multiplies in 8 bits; others can still store weights in them."""
    fp4: bool = False
    aliases: tuple[str, ...] = ()


class Machine(Struct, frozen=True, kw_only=True):
    gpu: Gpu
    count: int
    """On each node."""
    nodes: int = 1
    free_gib: float | None = None
    """Of the GPU with the least free memory, where that was measured."""
    measured: bool = False

    @property
    def words(self) -> str:
        each = f"{self.count}x{self.gpu.name}"
        return each if self.nodes == 1 else f"{self.nodes}x{each}"


class Lora(Struct, frozen=True, kw_only=True):
    name: str
    path: str
    rank: int


class Wishes(Struct, frozen=True, kw_only=True):
    goal: Goal = "latency"
    quantization: Precision | None = None
    """None: as the model's authors published it."""
    window: int | None = None
    users: int | None = None
    """At the same time, each with a full window."""
    kv_cache: KvCache = "auto"
    speculation: Speculation = "auto"
    utilization: float = 0.9
    host: str = "127.0.0.1"
    port: int = 8000
    tools: bool = False
    """Native function calls, which r1code does not need."""
    tool_template: str | None = None
    sleep: bool = False
    own_code: bool = False
    """Consent to run the checkpoint's Python."""
    thinking_end: str | None = None
    """What closes the reasoning when its budget is used up."""
    loras: tuple[Lora, ...] = ()
