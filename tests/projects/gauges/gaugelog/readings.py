"""Readings of a gauge and the log format they are stored in."""

from dataclasses import dataclass
from datetime import datetime


class LogError(ValueError):
    """A line of the log cannot be understood."""


@dataclass(frozen=True, order=True)
class Reading:
    """The water level (stage, in metres) at one moment."""

    time: datetime
    stage: float


def parse_log(text: str) -> list[Reading]:
    """Read ``time,stage`` lines and return the readings in order of time.

    Blank lines and lines that start with ``#`` are skipped, and so are lines whose stage is ``-``: the logger
    writes those when its sensor did not answer. When a time occurs more than once, the last line wins.
    """
    stages: dict[datetime, float] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        time_text, comma, stage_text = (part.strip() for part in line.partition(","))
        if not comma:
            raise LogError(f"line {number}: expected 'time,stage'")
        if stage_text == "-":
            continue
        try:
            stages[datetime.fromisoformat(time_text)] = float(stage_text)
        except ValueError as error:
            raise LogError(f"line {number}: {error}") from error
    return [Reading(time, stage) for time, stage in sorted(stages.items())]
