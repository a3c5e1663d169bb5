"""The Test Anything Protocol, on the output of whatever speaks it.

`tap.py` is not used: it reads from files, leaves subtests and YAML out without an extra, and does not say
whether a plan was kept.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from r1code.sandbox.runners.base import Cases, Left, Runner, case, merged, number
from r1code.sandbox.runners.frames import first_place
from r1code.types import Case, CaseState

_PLAN = re.compile(r"1\.\.(?P<count>\d{1,6})(?:\s*#.*)?$")
_POINT = re.compile(r"(?P<not>not )?ok\b(?:\s+(?P<number>\d{1,6}))?(?:\s+-)?(?P<rest>.*)$")
_DIRECTIVE = re.compile(r"(?<!\\)#\s*(?P<word>SKIP|TODO)\b.*$", re.IGNORECASE)
_TOOK = re.compile(r"\s*duration_ms: (?P<ms>[\d.]+)$")
_BAIL = "Bail out!"
_THOUSAND = 1000
_FILE = re.compile(r"(?P<name>\S+) \.{2,} ?$")


def read(left: Left) -> Cases:
    """The top tests, in the order of the output. None without a plan that was kept, or after a bail-out."""
    lines = left.lines
    if any(line.startswith(_BAIL) for line in lines):
        return None
    points: list[tuple[int, re.Match[str]]] = []
    planned = 0
    groups: list[str] = []
    group = ""
    for index, line in enumerate(lines):
        if (plan := _PLAN.match(line)) is not None:
            planned += int(plan["count"])
        elif (file := _FILE.match(line)) is not None:
            # `prove -v` names the file before its tests.
            group = file["name"]
        elif (point := _POINT.match(line)) is not None and (point["number"] or point["rest"]):
            points.append((index, point))
            groups.append(group)
    if not points or len(points) != planned:
        return None
    ends = [index for index, _ in points[1:]] + [len(lines)]
    starts = zip(points, ends, groups, strict=True)
    return _numbered(_case(point, lines[at + 1 : end], name) for (at, point), end, name in starts)


def _numbered(cases: Iterable[Case]) -> list[Case]:
    """TAP lets points share a description: those after the first are told apart by their number."""
    seen: Counter[str] = Counter()
    out: list[Case] = []
    for one in cases:
        seen[one.id] += 1
        out.append(one if seen[one.id] == 1 else replace(one, id=f"{one.id} #{seen[one.id]}"))
    return merged(out)


def _case(point: re.Match[str], below: Sequence[str], group: str) -> Case:
    directive = _DIRECTIVE.search(point["rest"])
    name = _DIRECTIVE.sub("", point["rest"]).strip() or f"test {point['number'] or ''}".strip()
    state: CaseState = "failed" if point["not"] else "passed"
    if directive is not None:
        # What is still to be done may fail.
        state = "skipped"
    said = [line for line in below if line.startswith(("#", " ", "\t"))]
    took = next((found for line in said if (found := _TOOK.match(line)) is not None), None)
    text = "\n".join(line.removeprefix("# ") for line in said) if state == "failed" else ""
    file, line = first_place(text)
    seconds = number(took["ms"]) if took is not None else None
    return case(
        f"{group}::{name}" if group else name,
        state,
        text=text,
        file=file or group,
        line=line,
        seconds=None if seconds is None else seconds / _THOUSAND,
    )


RUNNER = Runner(name="tap", program="(?:bats|tape|tap)", read=read)
PROVE = Runner(name="tap", program="prove", read=read, flags=lambda _: "-v")
