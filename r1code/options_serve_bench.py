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
    _add_server(bench.add_argument_group("server"))
    _add_workload(bench.add_argument_group("workload"))
    _add_limits(bench.add_argument_group("goal and limits"))
    _add_results(bench.add_argument_group("results"))


def _add_server(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--profile", metavar="NAME", help="whose server (`r1code profiles`)")
    group.add_argument("--base-url", metavar="URL", help="an OpenAI-compatible server: http://localhost:8000/v1")
    group.add_argument("--model", metavar="NAME", dest="model_name", help="what that server calls the model")
    group.add_argument("--metrics", metavar="URL", help="vLLM's metrics (/metrics beside /v1); `off`")
    group.add_argument(
        "--lengths",
        choices=["auto", "exact", "most"],
        default="auto",
        help="of answers: enforced, as vLLM can, or only limited (auto: exact where it is vLLM)",
    )
    group.add_argument("--warm", action="store_true", help="prompts may hit what earlier runs left in the cache")
    group.add_argument(
        "--with", dest="other", choices=["vllm"], help="plain throughput, by `vllm bench serve` of the path"
    )


def _add_workload(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--concurrency", metavar="N,N", default="1,2,4,8,16", help="sessions at a time (1,2,4,8,16)"
    )
    for flag, kind, default, words in (
        ("seed", int, 0, "the same seed makes the same prompts, byte by byte"),
        ("turns", int, 6, "of a session"),
        ("prefix-tokens", int, 3_000, "that all sessions share"),
        ("task-tokens", int, 300, "of the first message, after the prefix"),
        ("observation-tokens", int, 600, "that a tool gives back before each later turn"),
        ("answer-tokens", int, 150, "of each reply that stay in the history"),
        ("output-tokens", float, 500, "of a reply, the median"),
        ("output-spread", float, 0.7, "of their logarithm; 0: all alike"),
        ("output-most", float, 4_000, "of a reply"),
        ("pause", float, 2, "seconds that tools run before a turn, the median"),
        ("pause-spread", float, 0.8, "of their logarithm; 0: all alike"),
        ("pause-most", float, 20, "seconds that tools run at most"),
        ("rounds", int, 2, "sessions that each of those at a time does"),
        ("least", int, 4, "sessions of a level, however few are at a time"),
    ):
        group.add_argument(f"--{flag}", type=kind, metavar="N", default=default, help=f"{words} ({default:,})")


def _add_limits(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--goal-ttft", type=float, metavar="S", default=2.0, help="seconds to the first token (2)")
    group.add_argument(
        "--goal-tpot", type=float, metavar="S", default=0.05, help="seconds for each later one (0.05)"
    )
    group.add_argument("--max-requests", type=int, metavar="N", default=5_000, help="of the whole run (5,000)")
    group.add_argument("--max-seconds", type=float, metavar="S", default=3_600, help="of the whole run (3,600)")
    group.add_argument("--turn-seconds", type=float, metavar="S", default=600, help="of one turn (600)")


def _add_results(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--plan", dest="only_plan", action="store_true", help="say what would be sent, and send nothing"
    )
    group.add_argument("--label", metavar="TEXT", default="", help="what this configuration is called")
    group.add_argument("-o", "--output", metavar="FILE", help="keep all that was measured, as JSON")
    group.add_argument("--show", metavar="FILE", help="a result that was kept, instead of a run")
    group.add_argument("--compare", nargs=2, metavar="FILE", help="two results: ratios with intervals")
    group.add_argument("--html", metavar="FILE", help="as one page with plots, which loads nothing")
    group.add_argument("--png", metavar="FILE", help="the plots as a picture (needs r1code[plots])")
    group.add_argument("--force", action="store_true", help="also over a FILE that is there")
    group.add_argument("--json", action="store_true", help="as JSON")
