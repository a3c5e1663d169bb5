"""A model's facts from its folder: config.json, the index of its weights, and what lies beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from r1code.errors import UsageError
from r1code.serving.plan.facts import Checkpoint, Experts, Gqa, Lora, Mla, Model, Precision, Shape
from r1code.serving.plan.known import known_models

NATIVE = frozenset(
    {
        *("DeepseekV2ForCausalLM", "DeepseekV3ForCausalLM", "LlamaForCausalLM", "MistralForCausalLM"),
        *("MixtralForCausalLM", "Qwen2ForCausalLM", "Qwen2MoeForCausalLM", "Qwen3ForCausalLM"),
        *("Qwen3MoeForCausalLM", "Gemma2ForCausalLM", "Glm4MoeForCausalLM", "GptOssForCausalLM"),
        *("Phi3ForCausalLM", "GraniteForCausalLM", "Olmo2ForCausalLM", "NemotronForCausalLM"),
    }
)
"""Architectures that vLLM brings itself, whatever code lies in the folder."""
_DEEP = 4 << 20
_INDEX = 64 << 20
_BITS: dict[int, Precision] = {16: "bf16", 8: "fp8", 4: "int4"}
_NVFP4_GROUP = 16
_THINKS = "</think>"
_Table = TypeVar("_Table", bound=Struct)


class _Rope(Struct, kw_only=True):
    rope_type: str = ""
    type: str = ""
    factor: float = 1.0
    original_max_position_embeddings: int = 0


class _Config(Struct, kw_only=True):
    """What is read of a config.json; its names."""

    architectures: list[str] = field(default_factory=list[str])
    auto_map: dict[str, Any] | None = None
    num_hidden_layers: int = 0
    hidden_size: int = 0
    intermediate_size: int = 0
    vocab_size: int = 0
    max_position_embeddings: int = 0
    num_attention_heads: int = 0
    num_key_value_heads: int | None = None
    head_dim: int | None = None
    tie_word_embeddings: bool = False
    rope_scaling: _Rope | None = None
    q_lora_rank: int | None = None
    kv_lora_rank: int | None = None
    qk_nope_head_dim: int = 0
    qk_rope_head_dim: int = 0
    v_head_dim: int = 0
    n_routed_experts: int | None = None
    num_experts: int | None = None
    num_local_experts: int | None = None
    num_experts_per_tok: int = 1
    n_shared_experts: int | None = None
    moe_intermediate_size: int | None = None
    first_k_dense_replace: int = 0
    num_nextn_predict_layers: int = 0
    layer_types: list[str] | None = None
    quantization_config: dict[str, Any] | None = None
    text_config: dict[str, Any] | None = None


class _Weights(Struct, kw_only=True):
    num_bits: int | None = None
    group_size: int | None = None


class _Group(Struct, kw_only=True):
    weights: _Weights | None = None


class _Quantization(Struct, kw_only=True):
    quant_method: str = ""
    weight_block_size: list[int] | None = None
    config_groups: dict[str, _Group] = field(default_factory=dict[str, _Group])
    bits: int | None = None
    group_size: int | None = None


class _Metadata(Struct, kw_only=True):
    total_size: int = 0


class _Index(Struct, kw_only=True):
    metadata: _Metadata | None = None
    weight_map: dict[str, str] = field(default_factory=dict[str, str])


class _Generation(Struct, kw_only=True):
    temperature: float | None = None


class _Tokenizer(Struct, kw_only=True):
    chat_template: Any = None


class _Adapter(Struct, kw_only=True):
    r: int


def model_in(folder: Path) -> Model:
    """Raises UsageError where what is in it says too little."""
    config = _read(folder / "config.json", _Config)
    if config.text_config is not None:
        config = msgspec.convert({**config.text_config, **_outer(config)}, _Config)
    shape = _shape(config, folder)
    index = _optional(folder / "model.safetensors.index.json", _Index, _INDEX) or _Index()
    precision, group = _precision(config, folder)
    size = _bytes(folder, index)
    mtp = any(f"model.layers.{shape.layers}." in name for name in index.weight_map)
    checkpoint = Checkpoint(id=str(folder), precision=precision, group=group, bytes=size, mtp=mtp)
    online = Checkpoint(id=str(folder), precision="fp8", online=True)
    generation = _optional(folder / "generation_config.json", _Generation, _DEEP)
    template = _template(folder)
    kin = _kin(folder, shape)
    return Model(
        name=folder.name,
        label=f"{folder.name}: {kin.label}" if kin else folder.name,
        family=kin.family if kin else "other",
        shape=shape,
        checkpoints=(checkpoint, online) if precision == "bf16" else (checkpoint,),
        served=kin.served if kin else folder.name,
        profile=kin.profile if kin else None,
        parser=(kin.parser if kin else None) or ("deepseek_r1" if _THINKS in template else None),
        own_code=bool(config.auto_map) and shape.architecture not in NATIVE,
        sampling=generation is not None and generation.temperature is not None,
        template=bool(template),
        size=kin.size if kin else 0,
        partial=any(kind != "full_attention" for kind in config.layer_types or ()),
        weights=any(folder.glob("*.safetensors")),
    )


def with_weights(model: Model, folder: Path) -> Model:
    """A model that r1code knows, with the weights of a folder. Raises UsageError where they are another's."""
    there = model_in(folder)
    if (there.shape.layers, there.shape.hidden) != (model.shape.layers, model.shape.hidden):
        raise UsageError(
            f"the weights in {folder} are not those of {model.label}",
            why=f"{there.shape.layers} layers of {there.shape.hidden}, and it has {model.shape.layers} of "
            f"{model.shape.hidden}",
            hint="name the folder in the model's place to serve what is in it",
        )
    named = {"name": model.name, "label": model.label, "family": model.family, "served": model.served}
    return replace(there, **named, profile=model.profile, parser=model.parser, size=model.size)


def adapter_in(name: str, folder: Path) -> Lora:
    """Raises UsageError."""
    return Lora(name=name, path=str(folder), rank=_read(folder / "adapter_config.json", _Adapter).r)


def _outer(config: _Config) -> dict[str, Any]:
    return {
        "architectures": config.architectures,
        "auto_map": config.auto_map,
        "quantization_config": config.quantization_config,
    }


def _shape(config: _Config, folder: Path) -> Shape:
    needed = {
        "architectures": config.architectures,
        "num_hidden_layers": config.num_hidden_layers,
        "hidden_size": config.hidden_size,
        "num_attention_heads": config.num_attention_heads,
        "vocab_size": config.vocab_size,
        "max_position_embeddings": config.max_position_embeddings,
    }
    missing = [name for name, value in needed.items() if not value or (isinstance(value, int) and value < 0)]
    if missing:
        raise UsageError(
            f"no plan can be made for {folder}",
            why=f"its config.json does not say {', '.join(missing)}",
            hint="r1code plans for text models with attention in all layers; vLLM itself may know more",
        )
    return Shape(
        architecture=config.architectures[0],
        layers=config.num_hidden_layers,
        hidden=config.hidden_size,
        intermediate=config.intermediate_size or config.moe_intermediate_size or 4 * config.hidden_size,
        vocabulary=config.vocab_size,
        window=_window(config),
        attention=_attention(config),
        tied=config.tie_word_embeddings,
        experts=_experts(config),
        mtp_layers=config.num_nextn_predict_layers,
    )


def _window(config: _Config) -> int:
    rope = config.rope_scaling
    if rope is None or "yarn" not in {rope.rope_type, rope.type} or not rope.original_max_position_embeddings:
        return config.max_position_embeddings
    return int(rope.original_max_position_embeddings * rope.factor)


def _attention(config: _Config) -> Gqa | Mla:
    heads = config.num_attention_heads
    if config.kv_lora_rank:
        return Mla(
            heads=heads,
            q_lora_rank=config.q_lora_rank or 0,
            kv_lora_rank=config.kv_lora_rank,
            qk_nope_head_dim=config.qk_nope_head_dim,
            qk_rope_head_dim=config.qk_rope_head_dim,
            v_head_dim=config.v_head_dim,
        )
    return Gqa(
        heads=heads,
        kv_heads=config.num_key_value_heads or heads,
        head_dim=config.head_dim or config.hidden_size // heads,
    )


def _experts(config: _Config) -> Experts | None:
    count = config.n_routed_experts or config.num_experts or config.num_local_experts
    if not count:
        return None
    return Experts(
        count=count,
        chosen=config.num_experts_per_tok,
        shared=config.n_shared_experts or 0,
        width=config.moe_intermediate_size or config.intermediate_size,
        dense_layers=config.first_k_dense_replace,
    )


def _precision(config: _Config, folder: Path) -> tuple[Precision, int]:
    """Of its weights, and how many of them share a scale. Raises UsageError where it is none that is known."""
    said = config.quantization_config
    if said is None:
        return "bf16", 0
    words = msgspec.json.encode(said).decode().casefold()
    one = msgspec.convert(said, _Quantization)
    if one.quant_method == "fp8":
        return "fp8", (one.weight_block_size or [0])[0]
    if "nvfp4" in words:
        return "nvfp4", _NVFP4_GROUP
    of_weights = next((group.weights for group in one.config_groups.values() if group.weights), None)
    bits = one.bits if of_weights is None else of_weights.num_bits
    if bits is None and "fp8" in words:
        bits = 8
    precision = None if bits is None else _BITS.get(bits)
    if precision is None:
        method = one.quant_method or "a method without a name"
        raise UsageError(
            f"no plan can be made for {folder}",
            why=f"its weights are quantized by {method}, in a form that is not known",
            hint="r1code knows bf16, fp8, 4 bits by AWQ, GPTQ or compressed-tensors, and NVFP4",
        )
    group = one.group_size if of_weights is None else of_weights.group_size
    return precision, max(0, group or 0)


def _bytes(folder: Path, index: _Index) -> int | None:
    if index.metadata is not None and index.metadata.total_size > 0:
        return index.metadata.total_size
    return sum(one.stat().st_size for one in folder.glob("*.safetensors")) or None


def _template(folder: Path) -> str:
    file = folder / "chat_template.jinja"
    if file.is_file():
        return file.read_text(errors="replace")
    found = _optional(folder / "tokenizer_config.json", _Tokenizer, _DEEP)
    return "" if found is None or found.chat_template is None else str(found.chat_template)


def _kin(folder: Path, shape: Shape) -> Model | None:
    """The model that r1code knows, where the folder's name and the shape both say so."""
    name = folder.name.casefold()
    alike = [
        one
        for one in known_models().values()
        if one.served.rsplit("/", maxsplit=1)[-1].casefold() in name
        and (one.shape.layers, one.shape.hidden) == (shape.layers, shape.hidden)
    ]
    return max(alike, key=lambda one: len(one.served), default=None)


def _optional(file: Path, shape: type[_Table], most: int) -> _Table | None:
    return _read(file, shape, most) if file.is_file() else None


def _read(file: Path, shape: type[_Table], most: int = _DEEP) -> _Table:
    try:
        if file.stat().st_size > most:
            raise UsageError(
                f"{file} is not read",
                why="it is too large to be what its name says",
                hint="name a folder with a complete checkpoint",
            )
        return msgspec.json.decode(file.read_bytes(), type=shape)
    except (OSError, msgspec.MsgspecError) as error:
        raise UsageError(
            f"{file} cannot be read", why=str(error), hint="name a folder with a complete checkpoint"
        ) from error
