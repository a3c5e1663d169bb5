from datetime import timedelta

import pytest

from gaugelog import RatingTable, Threshold, parse_log, summarize
from gaugelog.report import format_duration

TABLE = RatingTable([(1.0, 10.0), (2.0, 50.0)])
THRESHOLD = Threshold(2.0, 1.8)


@pytest.mark.parametrize(
    ("duration", "expected"),
    [(timedelta(minutes=5, seconds=59), "0h05m"), (timedelta(days=1, hours=3, minutes=20), "27h20m")],
)
def test_format_duration(duration: timedelta, expected: str) -> None:
    assert format_duration(duration) == expected


def test_empty_log() -> None:
    assert summarize([], TABLE, THRESHOLD).as_text() == "readings: 0\nvolume: 0 m3"


def test_summary_of_an_evening() -> None:
    text = """\
2023-11-04T18:00,1.0
2023-11-04T18:30,2.0
2023-11-04T19:00,2.0
2023-11-04T19:30,2.0
2023-11-04T20:00,1.0
2023-11-04T22:30,1.0
"""
    assert summarize(parse_log(text), TABLE, THRESHOLD).as_text().splitlines() == [
        "readings: 6",
        "volume: 288000 m3",
        "event: 2023-11-04 18:30 for 1h00m, peak 2.00 m",
        "outage: 2023-11-04 20:00 for 2h30m",
    ]
