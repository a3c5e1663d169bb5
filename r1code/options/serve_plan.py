"""The flags of `r1code serve plan`: what is wished for, which other actions can take as well."""

from __future__ import annotations

import argparse
from collections.abc import Callable

_MOST_PORT = 65_535


def add_plan(add: Callable[..., argparse.ArgumentParser]) -> None:
    plan = add("plan", help="the command that serves MODEL on these GPUs, what fits, and why (docs/serving.md)")
    add_wishes(plan)
    form = plan.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--compose", action="store_true", help="as a project for Docker Compose, with vLLM's image")


def add_wishes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="r1-0528, distill-qwen-32b, ..., a name on the hub that r1code knows, or a checkpoint's folder",
    )
    parser.add_argument(
        "--gpus",
        metavar="GPUS",
        default="auto",
        help="8xH200, 2x8xH100 (two machines), 4x24GiB@8.9 (memory and compute capability); auto: those here",
    )
    parser.add_argument(
        "--goal",
        choices=["latency", "throughput", "context"],
        default="latency",
        help="fast answers for a few, many at a time, or long contexts (latency)",
    )
    add_size(parser.add_argument)
    _add_server(parser.add_argument)
    _add_more(parser.add_argument)


def add_size(add: Callable[..., object]) -> None:
    """How large it is to be, whoever plans."""
    add(
        "--quantization",
        choices=["bf16", "fp8", "int4", "nvfp4"],
        help="of the weights (as the model's authors published them)",
    )
    add("--max-len", type=_from_one, metavar="N", help="tokens of a context (what fits)")
    add("--users", type=_from_one, metavar="N", help="who can use a full context at the same time (1)")
    add("--kv-cache", choices=["auto", "bf16", "fp8"], default="auto", help="numbers of the KV cache (auto)")
    add(
        "--utilization",
        type=_share,
        metavar="SHARE",
        default=0.9,
        help="of a GPU's memory, for all that vLLM takes (0.9)",
    )


def _add_server(add: Callable[..., object]) -> None:
    add("--host", metavar="ADDRESS", default="127.0.0.1", help="where vLLM listens (127.0.0.1)")
    add("--port", type=_port, metavar="N", default=8000, help="and its port (8000)")


def _add_more(add: Callable[..., object]) -> None:
    add(
        "--speculation",
        choices=["auto", "off", "mtp", "ngram", "suffix"],
        default="auto",
        help="how tokens are guessed ahead (auto: mtp for latency, where the model has it)",
    )
    add("--tools", action="store_true", help="native function calls; r1code does not need them")
    add("--tool-template", metavar="FILE", help="with --tools: the chat template that shows functions")
    add("--thinking-end", metavar="TEXT", help="what the model says when its thinking budget is used up")
    add("--sleep", action="store_true", help="the GPUs' memory can be given back while nobody asks")
    add("--lora", action="append", default=[], metavar="NAME=FOLDER", help="an adapter; may be given again")
    add(
        "--trust-remote-code",
        action="store_true",
        help="consent to run Python from the checkpoint, where vLLM does not know its architecture",
    )


def _from_one(word: str) -> int:
    value = int(word)
    if value < 1:
        raise ValueError(word)
    return value


def _port(word: str) -> int:
    value = _from_one(word)
    if value > _MOST_PORT:
        raise ValueError(word)
    return value


def _share(word: str) -> float:
    value = float(word)
    if not 0 < value <= 1:
        raise ValueError(word)
    return value


def add_unit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--unit",
        action="store_true",
        help="start nothing: print a unit of systemd that does it whenever the machine starts",
    )
