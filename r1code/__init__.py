"""r1code: a terminal coding agent on DeepSeek-R1."""

from __future__ import annotations

__version__ = "0.1.0"
