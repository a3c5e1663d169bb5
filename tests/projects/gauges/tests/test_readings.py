from datetime import datetime

import pytest

from gaugelog import LogError, Reading, parse_log


def test_parses_and_sorts() -> None:
    readings = parse_log("2023-11-04T10:15,1.25\n2023-11-04T10:00, 1.20\n")
    assert readings == [
        Reading(datetime(2023, 11, 4, 10, 0), 1.20),
        Reading(datetime(2023, 11, 4, 10, 15), 1.25),
    ]


def test_skips_comments_blanks_and_missing_values() -> None:
    text = "# gauge 17\n\n2023-11-04T10:00,-\n2023-11-04T10:15,1.25\n"
    assert [reading.stage for reading in parse_log(text)] == [1.25]


def test_last_line_of_a_time_wins() -> None:
    text = "2023-11-04T10:00,1.20\n2023-11-04T10:00,1.30\n"
    assert [reading.stage for reading in parse_log(text)] == [1.30]


@pytest.mark.parametrize("line", ["2023-11-04T10:00", "2023-11-04T10:00,high"])
def test_bad_line_is_named(line: str) -> None:
    with pytest.raises(LogError, match="line 2"):
        parse_log("# gauge 17\n" + line)
