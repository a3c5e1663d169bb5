"""Prints the flags of `vllm serve`, as the installed vLLM's own parser knows them. Run by its interpreter.

    .vllm/bin/python tests/vllm/flags.py > tests/serving/flags/0.32.0.json

Of each flag: the values that it takes where only some are, and whether it takes none.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import get_args

from vllm.config.speculative import SpeculativeMethod
from vllm.entrypoints.cli.serve import ServeSubcommand
from vllm.model_executor.layers.quantization import QUANTIZATION_METHODS
from vllm.model_executor.models import ModelRegistry
from vllm.reasoning import ReasoningParserManager
from vllm.tool_parsers import ToolParserManager
from vllm.utils.argparse_utils import FlexibleArgumentParser

from vllm import envs


def told(action: argparse.Action) -> dict[str, object]:
    found: dict[str, object] = {}
    if action.choices is not None:
        found["choices"] = sorted(map(str, action.choices))
    if action.nargs == 0 or isinstance(action, argparse.BooleanOptionalAction):
        found["bare"] = True
    return found


parser = ServeSubcommand().subparser_init(FlexibleArgumentParser(prog="vllm").add_subparsers())
flags = {
    name: told(action)
    for action in parser._actions
    for name in action.option_strings
    if name.startswith("--") and name != "--help"
}
found = {
    "flags": flags,
    "environment": [name for name in envs.environment_variables if name.startswith("VLLM_")],
    "reasoning_parsers": ReasoningParserManager.list_registered(),
    "tool_parsers": ToolParserManager.list_registered(),
    "quantizations": QUANTIZATION_METHODS,
    "architectures": list(ModelRegistry.get_supported_archs()),
    "speculation": get_args(SpeculativeMethod),
}
listed = {name: sorted(value) if name != "flags" else value for name, value in found.items()}
json.dump(listed, sys.stdout, indent=1, sort_keys=True)
sys.stdout.write("\n")
