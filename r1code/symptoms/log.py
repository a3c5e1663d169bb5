"""CI logs as a source: which step failed, which tests, with what errors, where, and about which commit.

One pass over the lines, in bounded memory. What is not found is not there: nothing here fails.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from typing import BinaryIO

from r1code.sandbox.runners.frames import place_of
from r1code.symptoms.lines import lines_of, plain
from r1code.symptoms.places import distinct
from r1code.symptoms.printed import Printed
from r1code.symptoms.symptom import MOST_ERRORS, MOST_PLACES, MOST_TESTS, NamedTest, Source, Spot, Symptom

_TAIL = 160
"""Lines before a failure that are kept: what a person would look at."""
_MOST_COMMANDS = 5
_MOST_SCRIPT = 20
_ENDS = re.compile(
    r"##\[error\](?P<github>Process completed with exit code [1-9]\d*)|ERROR: Job failed: (?:exit|command)"
    r"|ERROR: script returned exit code [1-9]|Build step '.+' marked build as failure"
    r"|The command \".+\" exited with [1-9]|Exited with code exit status [1-9]"
)
_GROUP = re.compile(r"##\[group\]Run ")
_SHELL = re.compile(r"shell: .*\{0\}|shell: \S+")
_TRACED = re.compile(r"(?:\$|\+) (?P<command>\S.*)$")
_ERROR = re.compile(
    r"E {3,}\S|##\[error\](?!Process completed)|(?:[\w$]+[.:]+)*\w*(?:Error|Exception|Failure)\b:?|panic: "
    r"|thread '.*' panicked at|error(?:\[E\d+\])?: |fatal: |\[ERROR\] (?!\s*$)|Fatal error: |FATAL: "
)
_BEFORE = re.compile(r"E(?= {3})|##\[error\]")
_COMMITS = re.compile(
    r"(?:HEAD is now at|Checking out|Checking out Revision|Checkout of) (?P<commit>[0-9a-f]{7,40})\b"
    r"|^'?(?P<whole>[0-9a-f]{40})'?$"
)
_TRAITS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("python", r"platform \S+ -- Python (?P<value>\d[\w.+]*)"),
        ("os", r"platform (?P<value>\w+) -- Python"),
        ("random order", r"Using --(?:randomly-seed|random-order-seed)=(?P<value>\S+)"),
        ("random order", r"random(?:ized)? (?:with )?seed:? (?P<value>\d+)"),
        ("random order", r"Randomized with seed (?P<value>\d+)"),
        ("random order", r"-test\.shuffle (?P<value>\d+)"),
        ("random order", r"Run options: .*--seed (?P<value>\d+)"),
        ("node", r"(?:Node\.js v|node:? v)(?P<value>\d+\.\d+[\w.]*)"),
        ("go", r"go version go(?P<value>\S+)"),
        ("rust", r"rustc (?P<value>\d+\.\d+\S*)"),
        ("os", r"^(?P<value>Ubuntu|Debian|Windows|macOS)$"),
        ("timezone", r"^(?:TZ|  TZ): ?(?P<value>\S+)$"),
    )
)
_HINTS = re.compile(r"platform |seed|shuffle|ode|go version|rustc|Ubuntu|Debian|Windows|macOS|TZ")


def read_log(file: BinaryIO, origin: str) -> Symptom:
    """What a log shows. Raises only OSError, where `file` does."""
    return _read(lines_of(file), "log", origin)


def read_lines(text: str, kind: Source, origin: str) -> Symptom:
    """The same of text that somebody wrote: what they pasted out of a log is found, too."""
    return _read(map(plain, text.splitlines()), kind, origin)


def _read(lines: Iterable[str], kind: Source, origin: str) -> Symptom:
    reader = _Reader()
    empty = True
    for line in lines:
        empty = empty and not line.strip()
        reader.read(line)
    remarks = (f"{origin} is empty",) if empty else ()
    return reader.symptom(kind, origin, remarks)


class _Reader:
    def __init__(self) -> None:
        self._printed = Printed()
        self._tests: dict[str, NamedTest] = {}
        self._errors: dict[str, None] = {}
        self._places: deque[Spot] = deque(maxlen=MOST_PLACES)
        self._tail: deque[str] = deque(maxlen=_TAIL)
        self._excerpt: list[str] = []
        self._script: list[str] | None = None
        """The lines of the GitHub step that is announced."""
        self._command = ""
        self._commands: dict[str, None] = {}
        self._commit = ""
        self._traits: dict[str, str] = {}
        self._failed = False

    def read(self, line: str) -> None:
        self._tail.append(line)
        if not line:
            return
        self._step(line)
        if _HINTS.search(line):
            self._trait(line)
        if not self._commit and (commit := _COMMITS.search(line)) is not None:
            self._commit = commit["commit"] or commit["whole"]
        for one in self._printed.tests(line):
            self._take(one)
        if len(self._errors) < MOST_ERRORS and _ERROR.match(line):
            self._errors.setdefault(_BEFORE.sub("", line).strip()[:300])
        spot = place_of(line)
        if spot is not None and not spot.foreign:
            self._places.append(Spot(path=spot.path.replace("\\", "/"), line=spot.line or 0))

    def _take(self, one: NamedTest) -> None:
        known = self._tests.get(one.id)
        if (known is None and len(self._tests) < MOST_TESTS) or (known is not None and not known.text):
            self._tests[one.id] = one

    def _step(self, line: str) -> None:
        if _GROUP.match(line):
            # An action is announced in the same way, and has no shell.
            self._script, self._command = [], ""
        elif self._script is not None:
            if _SHELL.match(line):
                self._command = "\n".join(self._script)
            if _SHELL.match(line) or line.startswith("##[endgroup]"):
                self._script = None
            elif len(self._script) < _MOST_SCRIPT:
                self._script.append(line)
        elif (traced := _TRACED.match(line)) is not None:
            self._command = traced["command"]
        if _ENDS.search(line):
            self._failed = True
            self._excerpt = list(self._tail)
            if self._command and len(self._commands) < _MOST_COMMANDS:
                self._commands.pop(self._command, None)
                self._commands[self._command] = None

    def _trait(self, line: str) -> None:
        for name, pattern in _TRAITS:
            if name not in self._traits and (found := pattern.search(line)) is not None:
                self._traits[name] = found["value"][:100]

    def symptom(self, kind: Source, origin: str, remarks: tuple[str, ...]) -> Symptom:
        for one in self._printed.rest():
            self._take(one)
        return Symptom(
            kind=kind,
            origin=origin,
            tests=tuple(self._tests.values()),
            errors=tuple(self._errors),
            places=distinct(self._places),
            commands=tuple(reversed(self._commands)),
            commit=self._commit,
            traits=self._traits,
            failed=self._failed or bool(self._tests),
            text="\n".join(self._excerpt or self._tail).strip("\n"),
            remarks=remarks,
        )
