from __future__ import annotations

from fakes.engine import engine

__all__ = ["engine"]
