"""A team's own server: what vLLM is started with, and what stands in front of it."""

from __future__ import annotations
