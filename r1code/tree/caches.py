"""Folders that tools fill for themselves."""

from __future__ import annotations

CACHES = frozenset(
    {
        ".benchmarks",
        ".cache",
        ".eggs",
        ".gradle",
        ".hypothesis",
        ".mypy_cache",
        ".nox",
        ".nyc_output",
        ".pytest_cache",
        ".ruff_cache",
        ".tox",
        ".venv",
        "__pycache__",
        "node_modules",
    }
)
"""What is new in them does not come back from a sandbox, and when they are empty they are not the project's."""


def in_cache(path: str) -> bool:
    return not CACHES.isdisjoint(path.split("/"))
