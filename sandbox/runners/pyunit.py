"""unittest, which only prints: asked to print each test, and believed where its own sums agree with that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from msgspec.structs import replace

from r1code.sandbox.runners.base import Cases, Left, Runner, case, merged, relative
from r1code.sandbox.runners.command import quoted, words
from r1code.sandbox.runners.frames import Frame, frame_of
from r1code.types import Case, CaseState

_HEAD = re.compile(r"(?P<name>[\w.<>-]+) \((?P<owner>[\w.<>-]+)\)(?P<rest>.*)")
_GLUED = re.compile(r"(?P<name>[A-Za-z_]\w{0,200}) \((?P<owner>[\w.<>-]{1,300})\)$")
"""A test's line behind something that was printed without a newline."""
_SECTION = re.compile(r"(?:FAIL|ERROR|UNEXPECTED SUCCESS): (?P<head>.*)")
_RAN = re.compile(r"Ran (\d{1,9}) tests? in [\d.]+s$")
_DOTS = " ... "
_RULE, _THIN = "=" * 70, "-" * 70
_STATES: dict[str, CaseState] = {
    "ok": "passed",
    "expected failure": "passed",
    "FAIL": "failed",
    "ERROR": "failed",
    "unexpected success": "failed",
}
_SKIPPED = ("skipped '", 'skipped "')
_FIXTURES = frozenset({"setUpClass", "tearDownClass", "setUpModule", "tearDownModule"})
_UNLOADED = "unittest.loader."


def read(left: Left) -> Cases:
    """The tests that a verbose run printed. None where a sum is missing, or does not fit."""
    lines = left.lines
    ran = [int(found[1]) for line in lines if (found := _RAN.match(line))]
    if not ran:
        return None
    failures = {one.id: one for one in _failures(lines, left.root)}
    cases = list(_printed(lines))
    skipped = sum(one.state == "skipped" for one in cases)
    if not len(cases) - skipped <= sum(ran) <= len(cases):
        return None
    ended = merged([*(failures.get(one.id, one) for one in cases), *failures.values()])
    # A failure that its section does not explain would be a hole in the report.
    return None if any(one.state == "failed" and one.id not in failures for one in ended) else ended


def _printed(lines: Sequence[str]) -> Iterator[Case]:
    """Each test that was started: its own line, a docstring perhaps, what it printed, and how it ended."""
    current = ""
    for before, line in zip(["", *lines], lines, strict=False):
        if line == _RULE:
            break
        head, dots, rest = line.partition(_DOTS)
        found = (_HEAD.fullmatch(head) or _HEAD.fullmatch(before) or _GLUED.search(head)) if dots else None
        if found is not None and found["name"] not in _FIXTURES:
            current = _identity(found)
        # Before 3.11 a test whose subtests failed ends without a word, and the next one follows on its line.
        head, dots, more = rest.partition(_DOTS)
        if current and dots and (following := _HEAD.fullmatch(head)) is not None:
            yield case(current, "passed")
            current, rest = _identity(following), more
        ended = _ended(rest or line) if current else None
        if ended is not None:
            is_expected = (rest or line).endswith("expected failure")
            yield replace(case(current, ended), is_expected=is_expected)
            current = ""
    if current:
        # Subtests that failed end a test without a word of its own.
        yield case(current, "passed")


def _ended(said: str) -> CaseState | None:
    """How a test ended, as the end of a line says, behind whatever the test printed."""
    if any(word in said for word in _SKIPPED):
        return "skipped"
    return next((state for word, state in _STATES.items() if said.endswith(word)), None)


def _failures(lines: Sequence[str], root: str) -> Iterator[Case]:
    at = [index for index, line in enumerate(lines) if line == _RULE]
    for start, end in pairwise([*at, len(lines)]):
        title = _SECTION.match(lines[start + 1]) if start + 1 < end else None
        found = _HEAD.match(title["head"]) if title else None
        if found is None:
            continue
        body: list[str] = []
        for line in lines[start + 2 : end]:
            if _RAN.match(line) or _SECTION.match(line):
                break
            body.append(line)
        text = "\n".join(line for line in body if line != _THIN).strip("\n")
        yield _failure(found, f"{found['rest'].strip()}\n{text}".strip("\n"), root)


def _failure(found: re.Match[str], text: str, root: str) -> Case:
    identity = _identity(found)
    state: CaseState = "failed"
    if found["owner"].startswith(_UNLOADED) or found["name"] in _FIXTURES:
        state = "uncollected"
    frames = [frame for line in text.splitlines() if (frame := frame_of(line)) is not None]
    ours: list[Frame] = [frame for frame in frames if not frame.foreign]
    stem = f"/{identity.partition('::')[0].replace('.', '/')}.py"
    inside = [frame for frame in ours if f"/{frame.path}".endswith(stem)] or ours[-1:]
    if not inside:
        return case(identity, state, text=text)
    return case(identity, state, text=text, file=relative(inside[0].path, root), line=inside[0].line)


def _identity(found: re.Match[str]) -> str:
    """`module::Class::test`; of a module or class that could not be made ready, its name."""
    name, owner = found["name"], found["owner"]
    if owner.startswith(_UNLOADED):
        return name
    parts = owner.removesuffix(f".{name}").split(".")
    if name in _FIXTURES:
        return ".".join(parts) if name.endswith("Module") else "::".join([".".join(parts[:-1]), parts[-1]])
    return "::".join([".".join(parts[:-1]), parts[-1], name])


def _only(command: str, cases: Sequence[Case]) -> str | None:
    given = words(command)
    # What `discover` finds under another folder has another name here.
    if given is None or "unittest" not in given or "discover" in given:
        return None
    at = given.index("unittest")
    kept = [word for word in given[at + 1 :] if word.startswith("-")]
    return quoted([*given[: at + 1], *kept, *(one.id.replace("::", ".") for one in cases)])


RUNNER = Runner(
    name="unittest",
    program=r"(?:python[\d.]*(?:\s+-[A-Za-z]\w*)*\s+-m\s+)?unittest(?:\s+discover)?",
    read=read,
    flags=lambda _: "-v",
    only=_only,
    groups=True,
)
DJANGO = Runner(
    name="django",
    program=r"(?:python[\d.]*\s+)?(?:\./)?manage\.py\s+test",
    read=read,
    flags=lambda _: "-v 2",
)
