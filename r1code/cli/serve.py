"""`r1code serve ...`: which module has an action."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

_ACTIONS: dict[str, tuple[str, str]] = {
    "plan": ("serve_plan", "plan"),
    "up": ("serve_run", "up"),
    "down": ("serve_run", "down"),
    "status": ("serve_run", "status"),
    "logs": ("serve_run", "logs"),
    "weights": ("serve_weights", "weights"),
    "gateway": ("serve_gateway", "gateway"),
    "keys": ("serve_keys", "keys"),
    "usage": ("serve_keys", "usage"),
    "bench": ("serve_bench", "bench"),
    "files": ("serve_files", "files"),
}
"""Action -> the module of the package and its function, which takes the options and returns the exit code."""


def serve(options: argparse.Namespace) -> int:
    module, function = _ACTIONS[options.action]
    return int(getattr(import_module(f"r1code.cli.{module}"), function)(options))
