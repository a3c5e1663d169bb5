"""Reads a timetable from text."""

import re
from itertools import pairwise

from buses.days import DAYS
from buses.model import Call, TimetableError, Trip

HEADING = re.compile(r"line (\S+) (\S+)")
CALL = re.compile(r"(\d\d:\d\d) (.+)")
TIME = re.compile(r"(\d\d):([0-5]\d)")


def parse_time(text):
    """The minutes since the service day's midnight. They go on after 24:00, for the night buses."""
    time = TIME.fullmatch(text)
    if time is None:
        raise TimetableError(f"{text!r} is no time")
    hours, minutes = int(time.group(1)), int(time.group(2))
    return hours % 24 * 60 + minutes


def parse_call(line):
    """A call such as `08:12 Market`."""
    call = CALL.fullmatch(line)
    if call is None:
        raise TimetableError(f"no time and stop in {line!r}")
    return Call(stop=call.group(2), time=parse_time(call.group(1)))


def parse_trip(lines):
    """A trip: the heading, then at least two calls in the order of their times."""
    heading = HEADING.fullmatch(lines[0])
    if heading is None:
        raise TimetableError(f"no line and days in {lines[0]!r}")
    line, days = heading.groups()
    if days not in DAYS:
        raise TimetableError(f"line {line} runs on unknown days: {days}")
    calls = tuple(parse_call(text) for text in lines[1:])
    if len(calls) < 2:
        raise TimetableError(f"line {line} goes nowhere")
    for before, after in pairwise(calls):
        if after.time <= before.time:
            raise TimetableError(f"line {line} is at {after.stop} too early")
    return Trip(line=line, days=days, calls=calls)


def parse_timetable(text):
    """All trips of a timetable. Empty lines stand between them."""
    blocks = re.split(r"\n\s*\n", text.strip())
    blocks = [[line.strip() for line in block.splitlines()] for block in blocks]
    return [parse_trip(block) for block in blocks if block]
