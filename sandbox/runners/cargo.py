"""cargo test, whose text is stable and whose JSON is not; cargo-nextest, which writes JUnit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from r1code.sandbox.runners import junit
from r1code.sandbox.runners.base import Cases, Left, Runner, case, merged, number
from r1code.sandbox.runners.command import quoted, words
from r1code.sandbox.runners.frames import first_place
from r1code.types import Case, CaseState

NEXTEST = "nextest.toml"
NEXTEST_SETTINGS = '[profile.default.junit]\npath = "r1code-junit.xml"\n'
_BINARY = re.compile(
    r"\s*Running (?:unittests )?(?P<source>\S+) \((?:\S*/)?(?P<name>[^/\s]+?)(?:-[0-9a-f]{16})?\)$"
)
_DOCTESTS = re.compile(r"\s*Doc-tests (?P<name>\S+)$")
_TEST = re.compile(r"test (?P<name>.+?)(?: - should panic)? \.\.\. (?P<rest>.*)$")
_TOOK = re.compile(r" <(?P<seconds>[\d.]+)s>$")
_SUM = re.compile(r"test result: \S+ (\d{1,9}) passed; (\d{1,9}) failed; (\d{1,9}) ignored; ")
_SAID = re.compile(r"---- (?P<name>.+) stdout ----$")
_STATES: dict[str, CaseState] = {"ok": "passed", "FAILED": "failed", "ignored": "skipped"}


def read(left: Left) -> Cases:
    """The tests that `cargo test` printed. None where the sum of a binary does not fit, or there is none."""
    lines = left.lines
    sums = [index for index, line in enumerate(lines) if _SUM.match(line)]
    if not sums:
        return None
    cases: list[Case] = []
    group = ""
    for start, end in zip([0, *(index + 1 for index in sums)], sums, strict=False):
        for line in lines[start:end]:
            if (binary := _BINARY.match(line)) is not None:
                group = f"{binary['name']}:{binary['source']}"
            elif (doctests := _DOCTESTS.match(line)) is not None:
                group = doctests["name"]
        found = list(_binary(lines[start:end], group))
        wanted = _SUM.match(lines[end])
        counts = [sum(one.state == state for one in found) for state in _STATES.values()]
        if wanted is None or counts != [int(count) for count in wanted.groups()]:
            return None
        cases += found
    return merged(cases)


def _binary(lines: Sequence[str], group: str) -> Iterator[Case]:
    said = _said(lines)
    name = ""
    for line in lines:
        if _SAID.match(line):
            break
        found = _TEST.match(line)
        if found is not None:
            name = found["name"]
        rest = found["rest"] if found is not None else line
        took = _TOOK.search(rest)
        state = _ended(_TOOK.sub("", rest)) if name else None
        if state is not None:
            text = "\n".join(said.get(name, ())).strip("\n") if state == "failed" else ""
            file, at = first_place(text)
            identity = f"{group}::{name}" if group else name
            seconds = number(took["seconds"]) if took is not None else None
            yield case(identity, state, text=text, file=file, line=at, seconds=seconds)
            name = ""


def _ended(said: str) -> CaseState | None:
    """How a test ended, as the end of a line says, behind whatever the test printed."""
    if said.startswith("ignored, "):
        return "skipped"
    return next((state for word, state in _STATES.items() if said.endswith(word)), None)


def _said(lines: Sequence[str]) -> dict[str, list[str]]:
    """What each failed test printed."""
    said: dict[str, list[str]] = {}
    name = ""
    for line in lines:
        if (found := _SAID.match(line)) is not None:
            name = found["name"]
        elif line == "failures:":
            name = ""
        elif name:
            said.setdefault(name, []).append(line)
    return said


def read_nextest(left: Left) -> Cases:
    reports = [data for path, data in left.files.items() if path.endswith("r1code-junit.xml")]
    cases = [found for data in reports if (found := junit.parse(data)) is not None]
    return merged(one for found in cases for one in found) if cases else None


def _only(command: str, cases: Sequence[Case]) -> str | None:
    """The tests by their names, in every binary that has them: a name may mean more than one."""
    given = words(command)
    if given is None or given[:2] != ["cargo", "test"] or "--" in given:
        return None
    names = dict.fromkeys(one.id.partition("::")[2].partition(" (line ")[0] for one in cases)
    kept = [word for word in given[2:] if word.startswith("-")]
    return quoted(["cargo", "test", *kept, "--", "--exact", *names])


RUNNER = Runner(
    name="cargo",
    program=r"cargo(?:\s+\+\S+)?\s+(?:test|t)",
    read=read,
    flags=lambda _: "--no-fail-fast",
    only=_only,
)
NEXTEST_RUNNER = Runner(
    name="nextest",
    program=r"cargo(?:\s+\+\S+)?\s+nextest\s+run",
    read=read_nextest,
    flags=lambda path: f"--no-fail-fast --tool-config-file r1code:{path.rpartition('/')[0]}/{NEXTEST}",
    leaves=("*/target/nextest/*/r1code-junit.xml",),
)
