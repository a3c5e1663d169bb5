"""RSpec, asked through its environment for JSON; Minitest, which prints, and is asked to name each test."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from r1code.sandbox.runners.base import Cases, Left, Place, Runner, case, decoded, merged, number, relative
from r1code.sandbox.runners.command import quoted, words
from r1code.sandbox.runners.frames import place_in
from r1code.types import Case, CaseState

REPORT = "rspec.json"
_TAIL = 40
_STATES: dict[str, CaseState] = {"passed": "passed", "failed": "failed", "pending": "skipped"}
_LOADING = re.compile(r"An error occurred while loading (?P<file>\S+?)\.(?:\s|$)")
_BEGUN = re.compile(r"(?P<name>[^=]{1,300}#test[^=]{1,300}) = ")
_ENDED = re.compile(r"(?P<seconds>\d+\.\d+) s = (?P<state>[.FES])$")
_SUM = re.compile(r"(\d{1,9}) runs, \d+ assertions, (\d{1,9}) failures, (\d{1,9}) errors, (\d{1,9}) skips$")
_TITLE = re.compile(r"\s+\d+\) (?P<kind>Failure|Error|Skipped):$")
_NAMED = re.compile(r"(?P<name>.+?#test.+?)(?: \[(?P<file>.+):(?P<line>\d{1,9})\])?:$")
_MINITEST: dict[str, CaseState] = {".": "passed", "F": "failed", "E": "failed", "S": "skipped"}


class _Exception(Struct):
    message: str = ""
    backtrace: list[str] | None = None


class _Example(Struct):
    full_description: str
    status: str
    file_path: str
    line_number: int | None = None
    run_time: float | None = None
    exception: _Exception | None = None


class _RSpec(Struct):
    examples: list[_Example]
    messages: list[str] = []


def read_rspec(left: Left) -> Cases:
    reports = [report for data in left.named("rspec") if (report := decoded(data, _RSpec)) is not None]
    if not reports:
        return None
    loading = [_unloaded(text) for report in reports for text in report.messages if _LOADING.search(text)]
    return merged([*loading, *(_example(one, left.root) for report in reports for one in report.examples)])


def _unloaded(text: str) -> Case:
    found = _LOADING.search(text)
    file = relative(found["file"], "") if found is not None else ""
    return case(file, "uncollected", text=text, file=file, line=place_in(text, file))


def _example(one: _Example, root: str) -> Case:
    file = relative(one.file_path, root)
    text = ""
    if one.exception is not None:
        trace = "\n".join(f"# {line}" for line in one.exception.backtrace or [])
        text = f"{one.exception.message.strip()}\n{trace}"
    return case(
        f"{file}::{one.full_description}",
        _STATES.get(one.status, "failed"),
        text=text,
        file=file,
        line=place_in(text, file) or one.line_number,
        seconds=one.run_time,
    )


def read_minitest(left: Left) -> Cases:
    """The tests that a verbose run printed; None where its own sums do not fit."""
    lines = left.lines
    sums = [found for line in lines if (found := _SUM.match(line)) is not None]
    if not sums:
        return None
    said = {one.id: one for one in _said(lines, left.root)}
    cases = [_explained(one, said) for one in _printed(lines)]
    count = {state: sum(one.state == state for one in cases) for state in ("failed", "skipped")}
    runs, failures, errors, skips = (sum(int(found[index]) for found in sums) for index in (1, 2, 3, 4))
    fits = (len(cases), count["failed"], count["skipped"]) == (runs, failures + errors, skips)
    return merged(cases) if fits else None


def _printed(lines: Sequence[str]) -> Iterator[Case]:
    """Each test that was started: its name, what it printed, and how it ended, on one line or several."""
    name = ""
    for line in lines:
        begun = _BEGUN.match(line)
        if begun is not None:
            name = "::".join(begun["name"].split("#", 1))
        ended = _ENDED.search(line[-_TAIL:]) if name else None
        if ended is not None:
            yield case(name, _MINITEST[ended["state"]], seconds=number(ended["seconds"]))
            name = ""


def _explained(one: Case, said: Mapping[str, Case]) -> Case:
    told = said.get(one.id)
    if one.state != "failed" or told is None:
        return one
    return replace(one, text=told.text, file=told.file, line=told.line)


def _said(lines: Sequence[str], root: str) -> Iterator[Case]:
    at = [index for index, line in enumerate(lines) if _TITLE.match(line)]
    for start, end in pairwise([*at, len(lines)]):
        named = _NAMED.match(lines[start + 1]) if start + 1 < end else None
        if named is None:
            continue
        body: list[str] = []
        for line in lines[start + 2 : end]:
            if _SUM.match(line):
                break
            body.append(line)
        text = "\n".join(body)
        file = relative(named["file"] or "", root)
        line_number = int(named["line"]) if named["line"] else None
        if not file:
            traced = re.search(r"(?P<path>\S*(?:test|spec)\S*\.rb):(?P<line>\d{1,9}):in", text)
            file = relative(traced["path"], root) if traced else ""
            line_number = int(traced["line"]) if traced else None
        name = "::".join(named["name"].split("#", 1))
        yield case(name, "failed", text=text, file=file, line=line_number)


def _rspec_environment(place: Place) -> dict[str, str]:
    return {"SPEC_OPTS": f"--format progress --format json --out {place.folder}/{REPORT}"}


def _only_rspec(command: str, cases: Sequence[Case]) -> str | None:
    given = words(command)
    if given is None or not all(one.file for one in cases):
        return None
    at = next((index for index, word in enumerate(given) if word.rpartition("/")[2] == "rspec"), None)
    if at is None:
        return None
    kept = [word for word in given[at + 1 :] if word.startswith("--") and "=" in word]
    named = [word for one in cases if "::" in one.id for word in ("-e", one.id.partition("::")[2])]
    whole = any("::" not in one.id for one in cases)
    files = dict.fromkeys(one.id.partition("::")[0] for one in cases)
    return quoted([*given[: at + 1], *kept, *files, *([] if whole else named)])


RSPEC = Runner(
    name="rspec", program="rspec", read=read_rspec, env=_rspec_environment, only=_only_rspec, groups=True
)
MINITEST = Runner(
    name="minitest",
    program=r"rails\s+test|ruby(?:\s+-\S+)*\s+\S*test\S*\.rb",
    read=read_minitest,
    flags=lambda _: "-v",
    env=lambda _: {"TESTOPTS": "-v"},
)
