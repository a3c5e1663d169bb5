"""What stands between a team and its vLLM: keys, limits, usage, and one way in."""

from __future__ import annotations
