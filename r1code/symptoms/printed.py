"""Tests that failed, as runners print them: read line by line, whatever else is in between. Pure.

Unlike the reports of r1code's own runs, nothing is complete here, and nothing must fit: a log may begin anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from r1code.symptoms.symptom import NamedTest

_ONE_LINE: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), how)
    for pattern, how in (
        # pytest: its summary, its verbose lines, those of xdist
        (r"(?:FAILED|ERROR) (?P<id>[^\s:]+\.py(?:::.+?)?)(?: - (?P<why>.*))?$", "{id}"),
        (r"(?P<id>[^\s:]+\.py::.+?) (?:FAILED|ERROR)(?:\s+\[ *\d+%\])?$", "{id}"),
        (r"\[gw\d+\] \[ *\d+%\] (?:FAILED|ERROR) (?P<id>[^\s:]+\.py::.+)$", "{id}"),
        # unittest, from 3.11 on with the test's name in brackets, too
        (r"(?:FAIL|ERROR): (?P<name>\w+) \((?P<owner>[\w.]+?)(?:\.(?P=name))?\)", "{owner}::{name}"),
        # vitest
        (r"\s*(?:FAIL|×|❯)\s+(?P<file>\S+\.\w+) > (?P<rest>.+?)(?: \d+ms)?$", "{file}::{rest}"),
        # nextest
        (
            r"\s*(?:FAIL|SIGABRT|TIMEOUT) \[ *[\d.]+s\](?: \([ \d/]+\))? (?P<owner>\S+) (?P<name>\S+)$",
            "{owner}::{name}",
        ),
        # Surefire 2 and 3, Gradle
        (r"\[ERROR\] (?P<name>[\w$]+)\((?P<owner>[\w.$]+)\) .*<<< (?:FAILURE|ERROR)!", "{owner}::{name}"),
        (
            r"\[ERROR\] (?P<owner>[\w.$]+)\.(?P<name>[\w$]+)(?:\(.*?\))? -- .*<<< (?:FAILURE|ERROR)!",
            "{owner}::{name}",
        ),
        (r"(?P<owner>[A-Z][\w.$]*|[a-z][\w.]*\.[A-Z][\w$]*) > (?P<name>.+?)(?:\(\))? FAILED$", "{owner}::{name}"),
        # RSpec, Minitest and Rails
        (r"rspec \./(?P<file>[^\s:\[]+\.rb)[:\[][\d:]+\]? # (?P<name>.+)$", "{file}::{name}"),
        (
            r"(?:Failure:\s*)?(?P<owner>[A-Z][\w:]*)#(?P<name>test_\w+) \[(?P<file>[^\]:]+):\d+\]:?$",
            "{owner}::{name}",
        ),
        # PHPUnit
        (r"\d+\) (?P<owner>[A-Z][\w\\]*)::(?P<name>test\w*)(?: with data set .*)?$", "{owner}::{name}"),
        # dotnet test
        (r"\s*Failed (?P<id>[A-Z]\w*(?:\.\w+)+)(?:\(.*\))? \[[^\]]+\]$", "{id}"),
        # TAP, and Node's own runner
        (r"not ok \d+ (?:- )?(?P<name>(?:(?!# (?:TODO|SKIP|time=)).)+)(?:# time=.*)?$", "{name}"),
        (r"✖ (?P<name>.+) \([\d.]+ms\)$", "{name}"),
    )
)
_QUICK = re.compile(r"FAIL|ERROR|not ok|Failed |✖|×|❯|#test_|\) [A-Z]|^rspec ")
"""Most lines have nothing of it, and are not looked at any further."""
_GO = re.compile(r"\s*--- FAIL: (?P<name>\S+) \([\d.]+s\)")
_GO_PACKAGE = re.compile(r"FAIL\s+(?P<name>[\w./~-]+)\s+(?:[\d.]+s|\[(?P<why>[^\]]+)\])")
_GO_JSON = re.compile(r'\{.*"Action":"fail".*"Package":"(?P<owner>[^"]+)"(?:,"Test":"(?P<name>[^"]+)")?')
_JEST_FILE = re.compile(r"\s*FAIL\s+(?:\S+ )?(?P<file>\S+\.[cm]?[jt]sx?)(?: \([\d.]+ m?s\))?$")
_JEST = re.compile(r"\s+● (?P<name>.+)$")
_JEST_NO = ("Console", "Test suite failed to run")
_CARGO_BINARY = re.compile(
    r"\s*Running (?:unittests )?(?P<source>\S+) \((?:\S*/)?(?P<name>[^/\s]+?)(?:-[0-9a-f]{16})?\)"
)
_CARGO = re.compile(r"test (?P<name>\S+)(?: - should panic)? \.\.\. FAILED")
_MOCHA = re.compile(r"\s+\d+ failing$")
_MOCHA_ENTRY = re.compile(r"\s{2,4}\d+\) (?P<name>.+)$")
_MOCHA_MORE = 8
_MOST_WAITING = 500


class Printed:
    """Is told the lines of a log, and says which tests failed."""

    def __init__(self) -> None:
        self._before = ""
        self._go: list[str] = []
        self._jest = ""
        self._cargo = ""
        self._mocha: list[str] | None = None
        """None: its list of failures did not begin. Else the entry that is being read."""

    def tests(self, line: str) -> Iterator[NamedTest]:
        """What `line` says, together with those before it."""
        before, self._before = self._before, line
        if self._mocha is not None:
            yield from self._of_mocha(line)
        if _MOCHA.match(line):
            self._mocha = []
        yield from self._of_jest(line)
        yield from self._of_cargo(line)
        if not _QUICK.search(line):
            return
        yield from self._of_go(line)
        # Minitest lists what was skipped in the same way.
        if not before.endswith("Skipped:") and (found := _of_one_line(line)) is not None:
            yield found

    def _of_go(self, line: str) -> Iterator[NamedTest]:
        """Packages are named after their tests."""
        if (event := _GO_JSON.match(line)) is not None:
            if event["name"]:
                yield _named(f"{event['owner']}::{event['name']}", event["name"])
        elif (ended := _GO.match(line)) is not None:
            self._go = [*self._go[-_MOST_WAITING:], ended["name"]]
        elif (package := _GO_PACKAGE.match(line)) is not None:
            if package["why"]:
                yield _named(package["name"], "")
            yield from (_named(f"{package['name']}::{name}", name) for name in self._go)
            self._go = []

    def rest(self) -> Iterator[NamedTest]:
        """What was still to be said when the log ended."""
        yield from (_named(name, name) for name in self._go)

    def _of_jest(self, line: str) -> Iterator[NamedTest]:
        if (file := _JEST_FILE.match(line)) is not None:
            self._jest = file["file"]
        elif self._jest and (found := _JEST.match(line)) is not None:
            if found["name"].startswith(_JEST_NO[1]):
                yield NamedTest(id=self._jest, file=self._jest)
            elif not found["name"].startswith(_JEST_NO[0]):
                name = "::".join(part.strip() for part in found["name"].split(" › "))
                yield _named(f"{self._jest}::{name}", name, self._jest)

    def _of_cargo(self, line: str) -> Iterator[NamedTest]:
        if (binary := _CARGO_BINARY.match(line)) is not None:
            self._cargo = f"{binary['name']}:{binary['source']}::"
        elif (found := _CARGO.match(line)) is not None:
            yield _named(f"{self._cargo}{found['name']}", found["name"])

    def _of_mocha(self, line: str) -> Iterator[NamedTest]:
        """`1) Cart` and then, deeper, each of the inner names, up to one with a colon."""
        entry = _MOCHA_ENTRY.match(line)
        if entry is not None:
            self._mocha = [entry["name"]]
        elif self._mocha and line.strip():
            self._mocha.append(line.strip())
        if self._mocha and self._mocha[-1].endswith(":"):
            name = " ".join(self._mocha).removesuffix(":")
            self._mocha = []
            yield _named(name, name)
        elif self._mocha and len(self._mocha) > _MOCHA_MORE:
            self._mocha = []


def _of_one_line(line: str) -> NamedTest | None:
    for pattern, how in _ONE_LINE:
        found = pattern.match(line)
        if found is None:
            continue
        parts = {key: (value or "").strip() for key, value in found.groupdict().items()}
        identity = how.format(**parts)
        file = parts.get("file", "") or (identity.partition("::")[0] if ".py" in identity else "")
        name = parts.get("name") or parts.get("rest") or identity.partition("::")[2]
        return NamedTest(id=identity, name=name, file=file, text=parts.get("why", ""))
    return None


def _named(identity: str, name: str, file: str = "") -> NamedTest:
    return NamedTest(id=identity, name=name, file=file)
