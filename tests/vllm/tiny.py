"""Writes a model directory that is shaped like R1's and small: two layers, R1's words, its template, no weights.

Usage: tiny.py TOKENIZER_FOLDER TEMPLATE FOLDER. vLLM makes the weights up (--load-format dummy): its answers mean
nothing, and everything around them is real.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

BOS, EOS = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"  # noqa: RUF001 - R1's own tokens
CONFIG = {
    "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "torch_dtype": "bfloat16", "vocab_size": 129280,
    "hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "max_position_embeddings": 131072, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
    "hidden_act": "silu", "tie_word_embeddings": False, "bos_token_id": 0, "eos_token_id": 1,
}  # fmt: skip


def write(tokenizer: Path, template: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(tokenizer / "tokenizer.json", folder / "tokenizer.json")
    tokens = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": BOS,
        "eos_token": EOS,
        "pad_token": EOS,
        "model_max_length": 131072,
        "clean_up_tokenization_spaces": False,
        "chat_template": template.read_text(),
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(tokens, ensure_ascii=False))
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "generation_config.json").write_text(json.dumps({"temperature": 0.6, "top_p": 0.95}))


if __name__ == "__main__":
    write(*map(Path, sys.argv[1:4]))
