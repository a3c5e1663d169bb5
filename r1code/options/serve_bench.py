"""The flags of `r1code serve bench`."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def add_bench(add: Callable[..., argparse.ArgumentParser]) -> None:
    bench = add(
        "bench",
        help="how fast a server is for agents: sessions that grow, at rising numbers (docs/serve-bench.md)",
        allow_abbrev=False,
    )
    _add_server(bench.add_argument_group("server").add_argument)
    _add_workload(bench.add_argument_group("workload").add_argument)
    _add_limits(bench.add_argument_group("goal and limits").add_argument)
    _add_results(bench.add_argument_group("results").add_argument)


def _add_server(add: Callable[..., object]) -> None:
    add("--profile", metavar="NAME", help="whose server (`r1code profiles`)")
    add("--base-url", metavar="URL", help="an OpenAI-compatible server: http://localhost:8000/v1")
    add("--model", metavar="NAME", dest="model_name", help="what that server calls the model")
    add("--metrics", metavar="URL", help="vLLM's metrics (/metrics beside /v1); `off`")
    add(
        "--lengths",
        choices=["auto", "exact", "most"],
        default="auto",
        help="of answers: enforced, as vLLM can, or only limited (auto: exact where it is vLLM)",
    )
    add("--warm", action="store_true", help="prompts may hit what earlier runs left in the cache")
    add("--with", dest="other", choices=["vllm"], help="plain throughput, by `vllm bench serve` of the path")


def _add_workload(add: Callable[..., object]) -> None:
    add("--concurrency", metavar="N,N", default="1,2,4,8,16", help="sessions at a time (1,2,4,8,16)")
    add("--seed", type=int, metavar="N", default=0, help="the same seed makes the same prompts, byte by byte (0)")
    add("--turns", type=int, metavar="N", default=6, help="of a session (6)")
    add("--prefix-tokens", type=int, metavar="N", default=3_000, help="that all sessions share (3,000)")
    add("--task-tokens", type=int, metavar="N", default=300, help="of the first message, after the prefix (300)")
    add(
        "--observation-tokens",
        type=int,
        metavar="N",
        default=600,
        help="that a tool gives back before each later turn (600)",
    )
    add(
        "--answer-tokens", type=int, metavar="N", default=150, help="of each reply that stay in the history (150)"
    )
    add("--output-tokens", type=float, metavar="N", default=500.0, help="of a reply, the median (500)")
    add(
        "--output-spread",
        type=float,
        metavar="N",
        default=0.7,
        help="of the logarithm of these; 0: all alike (0.7)",
    )
    add("--output-most", type=float, metavar="N", default=4_000.0, help="of a reply, at most (4,000)")
    add(
        "--pause",
        type=float,
        metavar="N",
        default=2.0,
        help="seconds that tools run before a turn, the median (2)",
    )
    add(
        "--pause-spread",
        type=float,
        metavar="N",
        default=0.8,
        help="of the logarithm of these; 0: all alike (0.8)",
    )
    add("--pause-most", type=float, metavar="N", default=20.0, help="seconds that tools run, at most (20)")
    add("--rounds", type=int, metavar="N", default=2, help="sessions that each of those at a time does (2)")
    add("--least", type=int, metavar="N", default=4, help="sessions of a level, however few are at a time (4)")


def _add_limits(add: Callable[..., object]) -> None:
    add("--goal-ttft", type=float, metavar="S", default=2.0, help="seconds to the first token (2)")
    add("--goal-tpot", type=float, metavar="S", default=0.05, help="seconds for each later one (0.05)")
    add("--max-requests", type=int, metavar="N", default=5_000, help="of the whole run (5,000)")
    add("--max-seconds", type=float, metavar="S", default=3_600, help="of the whole run (3,600)")
    add("--turn-seconds", type=float, metavar="S", default=600, help="of one turn (600)")


def _add_results(add: Callable[..., object]) -> None:
    add("--plan", dest="only_plan", action="store_true", help="say what would be sent, and send nothing")
    add("--label", metavar="TEXT", default="", help="what this configuration is called")
    add("-o", "--output", metavar="FILE", help="keep all that was measured, as JSON")
    add("--show", metavar="FILE", help="a result that was kept, instead of a run")
    add("--compare", nargs=2, metavar="FILE", help="two results: ratios with intervals")
    add("--html", metavar="FILE", help="as one page with plots, which loads nothing")
    add("--png", metavar="FILE", help="the plots as a picture (needs r1code[plots])")
    add("--force", action="store_true", help="also over a FILE that is there")
    add("--json", action="store_true", help="as JSON")
