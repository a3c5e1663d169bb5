"""Facts from a checkpoint's folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from r1code.errors import UsageError
from r1code.serving.plan.checkpoint import adapter_in, model_in
from r1code.serving.plan.facts import Gqa, Mla
from r1code.serving.plan.known import known_models

QWEN_7B = {
    "architectures": ["Qwen2ForCausalLM"],
    "hidden_size": 3584,
    "intermediate_size": 18944,
    "max_position_embeddings": 131072,
    "num_attention_heads": 28,
    "num_hidden_layers": 28,
    "num_key_value_heads": 4,
    "vocab_size": 152064,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
}
R1 = {
    "architectures": ["DeepseekV3ForCausalLM"],
    "auto_map": {"AutoConfig": "configuration_deepseek.DeepseekV3Config"},
    "first_k_dense_replace": 3,
    "hidden_size": 7168,
    "intermediate_size": 18432,
    "kv_lora_rank": 512,
    "max_position_embeddings": 163840,
    "moe_intermediate_size": 2048,
    "n_routed_experts": 256,
    "n_shared_experts": 1,
    "num_attention_heads": 128,
    "num_experts_per_tok": 8,
    "num_hidden_layers": 61,
    "num_key_value_heads": 128,
    "num_nextn_predict_layers": 1,
    "q_lora_rank": 1536,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "quantization_config": {"quant_method": "fp8", "fmt": "e4m3", "weight_block_size": [128, 128]},
    "rope_scaling": {"type": "yarn", "factor": 40, "original_max_position_embeddings": 4096},
    "v_head_dim": 128,
    "vocab_size": 129280,
}
THINKING = "{{ bos }}{% if add_generation_prompt %}<think>\n{% endif %}{{ content.split('</think>')[-1] }}"


def folder(place: Path, name: str, config: dict[str, Any], **files: Any) -> Path:
    made = place / name
    made.mkdir()
    (made / "config.json").write_text(json.dumps(config))
    for file, value in files.items():
        (made / f"{file}.json").write_text(json.dumps(value))
    return made


def test_the_shapes_that_are_shipped_are_those_of_the_published_configurations(tmp_path: Path):
    assert model_in(folder(tmp_path, "x", R1)).shape == known_models()["r1"].shape
    assert model_in(folder(tmp_path, "y", QWEN_7B)).shape == known_models()["distill-qwen-7b"].shape


def test_a_folder_that_is_called_and_shaped_like_a_known_model_is_one(tmp_path: Path):
    found = model_in(folder(tmp_path, "DeepSeek-R1-0528", R1))
    assert (found.family, found.profile, found.parser) == ("r1-0528", "vllm-r1-0528", "deepseek_r1")
    assert found.checkpoints[0].id == str(tmp_path / "DeepSeek-R1-0528")
    # A name alone makes no R1.
    other = model_in(folder(tmp_path, "my-DeepSeek-R1-0528-copy", QWEN_7B))
    assert (other.family, other.profile, other.parser) == ("other", None, None)


def test_code_in_the_folder_of_an_architecture_that_vllm_has_is_not_needed(tmp_path: Path):
    assert not model_in(folder(tmp_path, "a", R1)).own_code
    strange = {**QWEN_7B, "architectures": ["StrangeForCausalLM"], "auto_map": {"AutoModel": "x.Y"}}
    assert model_in(folder(tmp_path, "b", strange)).own_code


def test_the_index_says_how_many_bytes_there_are_and_whether_further_layers_are(tmp_path: Path):
    index = {
        "metadata": {"total_size": 688586727753},
        "weight_map": {"model.layers.61.eh_proj.weight": "model-00163.safetensors"},
    }
    place = folder(tmp_path, "a", R1)
    (place / "model.safetensors.index.json").write_text(json.dumps(index))
    checkpoint = model_in(place).checkpoints[0]
    assert (checkpoint.bytes, checkpoint.mtp, checkpoint.precision, checkpoint.group) == (
        688586727753,
        True,
        "fp8",
        128,
    )


def test_files_are_counted_where_there_is_no_index(tmp_path: Path):
    place = folder(tmp_path, "a", QWEN_7B)
    (place / "model.safetensors").write_bytes(b"x" * 1234)
    assert model_in(place).checkpoints[0].bytes == 1234


@pytest.mark.parametrize(
    ("said", "precision", "group"),
    [
        ({"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": True}, "int4", 128),
        ({"quant_method": "gptq", "bits": 4, "group_size": -1, "desc_act": False}, "int4", 0),
        (
            {
                "quant_method": "compressed-tensors",
                "config_groups": {"group_0": {"weights": {"num_bits": 8, "type": "float", "group_size": None}}},
            },
            "fp8",
            0,
        ),
        (
            {
                "quant_method": "compressed-tensors",
                "config_groups": {"group_0": {"weights": {"num_bits": 4, "type": "int", "group_size": 128}}},
            },
            "int4",
            128,
        ),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4", "producer": {"name": "modelopt"}}, "nvfp4", 16),
    ],
)
def test_each_way_to_write_small_numbers_is_read(
    tmp_path: Path, said: dict[str, Any], precision: str, group: int
):
    found = model_in(folder(tmp_path, "a", {**QWEN_7B, "quantization_config": said})).checkpoints
    assert [(one.precision, one.group) for one in found] == [(precision, group)]


def test_weights_in_16_bits_can_be_rounded_while_they_load(tmp_path: Path):
    found = model_in(folder(tmp_path, "a", QWEN_7B)).checkpoints
    assert [(one.precision, one.online) for one in found] == [("bf16", False), ("fp8", True)]


def test_what_the_template_and_the_sampling_say_is_read(tmp_path: Path):
    bare = model_in(folder(tmp_path, "a", QWEN_7B))
    assert (bare.template, bare.sampling, bare.parser) == (False, False, None)
    full = model_in(
        folder(
            tmp_path,
            "b",
            QWEN_7B,
            tokenizer_config={"chat_template": THINKING},
            generation_config={"temperature": 0.6},
        )
    )
    assert (full.template, full.sampling, full.parser) == (True, True, "deepseek_r1")
    own_file = folder(tmp_path, "c", QWEN_7B)
    (own_file / "chat_template.jinja").write_text(THINKING)
    assert model_in(own_file).parser == "deepseek_r1"


def test_a_model_with_pictures_is_read_by_its_text(tmp_path: Path):
    config = {"architectures": ["SeeingModel"], "text_config": QWEN_7B}
    found = model_in(folder(tmp_path, "a", config)).shape
    assert (found.architecture, found.layers) == ("SeeingModel", 28)


def test_heads_have_a_size_of_their_own_where_one_is_said(tmp_path: Path):
    config = {**QWEN_7B, "head_dim": 256, "num_key_value_heads": None}
    assert model_in(folder(tmp_path, "a", config)).shape.attention == Gqa(heads=28, kv_heads=28, head_dim=256)


def test_mla_without_a_compressed_query_is_read(tmp_path: Path):
    found = model_in(folder(tmp_path, "a", {**R1, "q_lora_rank": None})).shape.attention
    assert isinstance(found, Mla)
    assert found.q_lora_rank == 0


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "truncated"),
        ('{"architectures": 3}', "array"),
        ("{}", "does not say architectures, num_hidden_layers"),
        (json.dumps({**QWEN_7B, "quantization_config": {"quant_method": "bitsandbytes"}}), "bitsandbytes"),
        (json.dumps({**QWEN_7B, "num_hidden_layers": -1}), "num_hidden_layers"),
    ],
)
def test_a_configuration_that_says_too_little_is_an_error_with_its_reason(tmp_path: Path, text: str, why: str):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(UsageError, match=why):
        model_in(tmp_path)


def test_an_adapter_says_its_rank(tmp_path: Path):
    (tmp_path / "adapter_config.json").write_text('{"r": 24, "lora_alpha": 48}')
    assert adapter_in("mine", tmp_path).rank == 24
    with pytest.raises(UsageError, match="cannot be read"):
        adapter_in("mine", tmp_path / "gone")
