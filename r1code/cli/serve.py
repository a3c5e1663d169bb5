"""`r1code serve ...`: which module has an action."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

_ACTIONS: dict[str, tuple[str, str]] = {
    "plan": ("cli_serve_plan", "plan"),
    "up": ("cli_serve_run", "up"),
    "down": ("cli_serve_run", "down"),
    "status": ("cli_serve_run", "status"),
    "logs": ("cli_serve_run", "logs"),
    "weights": ("cli_serve_weights", "weights"),
    "gateway": ("cli_serve_gateway", "gateway"),
    "keys": ("cli_serve_keys", "keys"),
    "usage": ("cli_serve_keys", "usage"),
    "bench": ("cli_serve_bench", "bench"),
    "files": ("cli_serve_files", "files"),
}
"""Action -> the module of the package and its function, which takes the options and returns the exit code."""


def serve(options: argparse.Namespace) -> int:
    module, function = _ACTIONS[options.action]
    return int(getattr(import_module(f"r1code.{module}"), function)(options))
