"""CTest: a JUnit report by a flag (3.21 and later), and the lines that it prints in any version."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element

from r1code.sandbox.runners import junit
from r1code.sandbox.runners.base import Cases, Left, Runner, case, merged, number
from r1code.sandbox.runners.command import quoted, words
from r1code.sandbox.runners.frames import first_place
from r1code.types import Case, CaseState

_LINE = re.compile(
    r"\s*\d+/\d+ Test\s+#\d+: (?P<name>.{1,300}?) \.*\s*"
    r"(?P<state>Passed|\*\*\*[^.]{1,60}?)\s+(?P<seconds>[\d.]+) sec"
)
_SUM = re.compile(r"\d+% tests passed, (\d{1,9}) tests? failed out of (\d{1,9})$")
_SKIPPED = ("***Skipped", "***Not Run (Disabled)")


def read(left: Left) -> Cases:
    reports = [found for data in left.named("ctest") if (found := junit.parse(data, _case)) is not None]
    if reports:
        return merged(one for found in reports for one in found)
    return _of_text(left.lines)


def _case(element: Element) -> Case:
    state, text = junit.outcome(element)
    skipped = element.find("skipped")
    if skipped is not None and not (skipped.get("message") or "").startswith("SKIP_"):
        # It could not be started, or something that it needs failed.
        state, text = "failed", f"{skipped.get('message') or ''}\n{element.findtext('system-out') or ''}".strip()
    file, line = first_place(text)
    return case(
        element.get("name", ""), state, text=text, file=file, line=line, seconds=number(element.get("time"))
    )


def _of_text(lines: Sequence[str]) -> Cases:
    cases: list[Case] = []
    wanted: list[int] = []
    for line in lines:
        if (found := _LINE.match(line)) is not None:
            state: CaseState = "passed" if found["state"] == "Passed" else "failed"
            state = "skipped" if found["state"].startswith(_SKIPPED) else state
            text = found["state"].lstrip("*") if state == "failed" else ""
            cases.append(case(found["name"], state, text=text, seconds=number(found["seconds"])))
        elif (found := _SUM.match(line)) is not None:
            wanted.append(int(found[1]))
    failed = sum(one.state == "failed" for one in cases)
    return merged(cases) if wanted and failed == sum(wanted) else None


def _only(command: str, cases: Sequence[Case]) -> str | None:
    given = words(command)
    if given is None:
        return None
    return quoted([*given, "-R", f"^({'|'.join(dict.fromkeys(re.escape(one.id) for one in cases))})$"])


RUNNER = Runner(
    name="ctest",
    program="ctest",
    read=read,
    flags=lambda path: f"--output-on-failure --output-junit {path}.xml",
    env=lambda _: {"CTEST_OUTPUT_ON_FAILURE": "1"},
    only=_only,
)
