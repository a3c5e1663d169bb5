"""The flags of `r1code serve up`, `down`, `status`, `logs` and `weights`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from r1code.options.serve_plan import add_unit, add_wishes


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
    up.add_argument(
        "--in",
        dest="place",
        choices=["process", "container", "compose"],
        default="process",
        help="a program of this machine, vLLM's image in Docker, or a project of Docker Compose (process)",
    )
    up.add_argument("--image", metavar="IMAGE", help="with --in container or compose: in place of vLLM's own")
    where = up.add_mutually_exclusive_group()
    where.add_argument("--weights", metavar="FOLDER", help="the model's weights; no hub is asked")
    where.add_argument(
        "--hub-cache",
        action="store_true",
        help="vLLM takes the weights from the hub's cache, or gets them itself: r1code neither asks nor checks",
    )
    _add_download(up)
    up.add_argument("--force", action="store_true", help="replace a profile of this name")
    up.add_argument("--detach", action="store_true", help="do not wait until it answers")
    add_unit(up)


def add_weights(add: Callable[..., argparse.ArgumentParser]) -> None:
    weights = add("weights", help="download a model's weights, or check a folder of them; nothing is started")
    weights.add_argument("model", nargs="?", metavar="MODEL", help="as for `up`, or ORGANIZATION/NAME on the hub")
    weights.add_argument("--to", metavar="FOLDER", help="where they go (r1code's cache)")
    weights.add_argument(
        "--quantization", choices=["bf16", "fp8", "int4", "nvfp4"], help="as their authors published them"
    )
    weights.add_argument(
        "--check", metavar="FOLDER", help="read all of it: is it whole, and what the hub published?"
    )
    _add_download(weights)


def _add_download(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--revision", metavar="COMMIT", help="of the weights on the hub: commit, tag or branch (the newest)"
    )
    parser.add_argument("--yes", action="store_true", help="download without asking")


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
