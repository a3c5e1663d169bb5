from __future__ import annotations

from e2e.conftest import online
from fakes.engine import engine

__all__ = ["engine", "online"]
