"""A finding of a checkup, as a person reads it."""

from __future__ import annotations

from r1code.app.checkup.finding import Finding
from r1code.ui.safe import safe_line


def told(finding: Finding) -> str:
    """What was seen, and below it what to do."""
    text = f"{finding.state:<8} {finding.name:<16} {safe_line(finding.seen)}"
    return f"{text}\n{'':<8} {'':<16} {safe_line(finding.advice)}" if finding.advice else text
