"""Turns weights in the GGUF format into a model directory that vLLM serves. Usage: convert.py FILE FOLDER"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

file, folder = Path(sys.argv[1]), Path(sys.argv[2])
where = {"pretrained_model_name_or_path": str(file.parent), "gguf_file": file.name}
AutoTokenizer.from_pretrained(**where).save_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(
    **where, dtype=torch.bfloat16, quantization_config=GgufConfig(dequantize=True)
)
model.save_pretrained(folder)
