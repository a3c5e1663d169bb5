"""Rating tables: what flows past a gauge at a given stage."""

from bisect import bisect_right
from collections.abc import Iterable


class RatingTable:
    """Maps a stage (metres) to a discharge (cubic metres a second).

    Between the points of the table the discharge is interpolated linearly. Below the lowest point it is zero;
    above the highest point the last stretch of the table is extended.
    """

    def __init__(self, points: Iterable[tuple[float, float]]) -> None:
        ordered = sorted(points)
        if len(ordered) < 2:
            raise ValueError("a rating table needs at least two points")
        self._stages = [stage for stage, _ in ordered]
        self._discharges = [discharge for _, discharge in ordered]
        if len(set(self._stages)) != len(self._stages):
            raise ValueError("a stage occurs twice in the rating table")

    def discharge(self, stage: float) -> float:
        """Return the discharge at a stage."""
        if stage < self._stages[0]:
            return 0.0
        right = min(bisect_right(self._stages, stage), len(self._stages) - 1)
        left = right - 1
        share = (stage - self._stages[left]) / (self._stages[right] - self._stages[left])
        return self._discharges[left] + share * (self._discharges[right] - self._discharges[left])
