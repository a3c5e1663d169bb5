"""Asks the installed vLLM what the planner only believes. Run by its interpreter; reads JSON, writes JSON.

`commands`: command lines for its own parser. `caches`: heads, their size and bytes a number, for its own count of
what a token takes. `folders`: checkpoints whose configuration it loads without running their code.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import torch
from vllm.entrypoints.cli.serve import ServeSubcommand
from vllm.transformers_utils.config import get_config
from vllm.utils.argparse_utils import FlexibleArgumentParser
from vllm.v1.kv_cache_interface import FullAttentionSpec, MLAAttentionSpec

_BLOCK = 64
_DTYPES = {1: torch.float8_e4m3fn, 2: torch.bfloat16}


def parsed(argv: list[str]) -> dict[str, Any]:
    parser = FlexibleArgumentParser(prog="vllm")
    ServeSubcommand().subparser_init(parser.add_subparsers())
    found = vars(parser.parse_args(argv))
    told = (
        "tensor_parallel_size",
        "pipeline_parallel_size",
        "data_parallel_size",
        "max_model_len",
        "served_model_name",
    )
    return {name: found[name] for name in told}


def counted(one: dict[str, Any]) -> int:
    kind = MLAAttentionSpec if one["mla"] else FullAttentionSpec
    spec = kind(block_size=_BLOCK, num_kv_heads=one["heads"], head_size=one["size"], dtype=_DTYPES[one["bytes"]])
    return spec.page_size_bytes // _BLOCK


asked = json.load(sys.stdin)
found = {
    "commands": [parsed(one) for one in asked["commands"]],
    "caches": [counted(one) for one in asked["caches"]],
    "folders": [type(get_config(one, trust_remote_code=False)).__name__ for one in asked["folders"]],
}
json.dump(found, sys.stdout)
