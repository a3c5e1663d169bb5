"""The flags of `r1code serve up`, `down`, `status` and `logs`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from r1code.options_serve_plan import add_wishes


def add_up(add: Callable[..., argparse.ArgumentParser]) -> None:
    up = add("up", help="plan, start vLLM, wait until it answers, and write a profile for it")
    add_wishes(up)
    up.add_argument("--name", metavar="NAME", help="of the server and its profile (the model's)")
    up.add_argument("--vllm", metavar="FILE", default="vllm", help="the program (vllm, where PATH finds it)")
    up.add_argument(
        "--vllm-arg",
        action="append",
        default=[],
        metavar="WORD",
        help="given to vLLM as it is, after the plan's: --vllm-arg=--enforce-eager; may be given again",
    )
    up.add_argument("--force", action="store_true", help="replace a profile of this name")
    up.add_argument("--detach", action="store_true", help="do not wait until it answers")


def add_down(add: Callable[..., argparse.ArgumentParser]) -> None:
    down = add("down", help="stop a server; answers under way may end first")
    _add_name(down)
    down.add_argument("--now", action="store_true", help="without waiting for answers")


def add_status(add: Callable[..., argparse.ArgumentParser]) -> None:
    status = add("status", help="the servers that `up` started, and how they are")
    status.add_argument("--json", action="store_true", help="as JSON")


def add_logs(add: Callable[..., argparse.ArgumentParser]) -> None:
    logs = add("logs", help="what a server printed")
    _add_name(logs)
    logs.add_argument("-n", dest="lines", type=int, default=100, metavar="N", help="the last lines (100)")
    logs.add_argument("-f", "--follow", action="store_true", help="and what comes, until Ctrl-C")


def _add_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="of the server (the only one)")
