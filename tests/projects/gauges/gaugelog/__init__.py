"""Flood events and flow volumes from river gauge logs."""

from .events import Threshold
from .rating import RatingTable
from .readings import LogError, Reading, parse_log
from .report import Summary, summarize

__all__ = ["LogError", "RatingTable", "Reading", "Summary", "Threshold", "parse_log", "summarize"]
