"""The names of all tools."""

from __future__ import annotations

ORDER = (
    "read",
    "list",
    "search",
    "edit",
    "patch",
    "replace",
    "insert",
    "write",
    "delete",
    "move",
    "chmod",
    "run",
    "logs",
    "stop",
    "test",
)
"""The tools as they are described to the model: the instructions never depend on who made the toolset."""
