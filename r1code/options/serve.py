"""The flags of `r1code serve`: each action's are in a module of its own."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from r1code.options.serve_bench import add_bench
from r1code.options.serve_files import add_files
from r1code.options.serve_gateway import add_gateway, add_keys, add_usage
from r1code.options.serve_plan import add_plan
from r1code.options.serve_run import add_down, add_logs, add_status, add_up, add_weights

_ACTIONS: tuple[Callable[..., None], ...] = (
    add_plan,
    add_up,
    add_down,
    add_status,
    add_logs,
    add_weights,
    add_gateway,
    add_keys,
    add_usage,
    add_bench,
    add_files,
)
"""Each takes what adds an action."""


def add_serve(add: Callable[..., argparse.ArgumentParser]) -> None:
    serve = add("serve", help="a vLLM server of your own, for one person or a team (docs/serving.md)")
    actions = serve.add_subparsers(dest="action", metavar="ACTION", required=True)
    for add_action in _ACTIONS:
        add_action(actions.add_parser)
