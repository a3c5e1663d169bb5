"""A card as GitLab's Code Quality report. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from r1code.reports.card import Card
from r1code.reports.finding import Level, spots
from r1code.ui.export import as_json
from r1code.ui.safe import safe_line

_SEVERITIES: Mapping[Level, str] = {"error": "major", "warning": "minor"}


def codequality(card: Card) -> str:
    """A list, which is empty where there is nothing to say. What has no known place is at the top folder."""
    found = [
        {
            "description": safe_line(spot.title),
            "check_name": f"r1code/{spot.rule}",
            "fingerprint": spot.fingerprint,
            "severity": _SEVERITIES[spot.level],
            "location": {"path": safe_line(spot.path) or ".", "lines": {"begin": spot.line or 1}},
        }
        for spot in spots(card)
    ]
    return as_json(found)
