"""Jest, Vitest, Mocha and Node's own runner, reached through the options of any Node: `ask.cjs`, `report.mjs`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from msgspec import Struct

from r1code.sandbox.runners.base import Cases, Left, Place, Runner, case, decoded, merged, relative
from r1code.sandbox.runners.command import quoted, words
from r1code.sandbox.runners.frames import place_in
from r1code.types import Case, CaseState

ASK, REPORT = "ask.cjs", "report.mjs"
_REPORTERS = ((18, 15), (19, 6))
"""Since when Node takes a reporter from its options."""
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_SKIPPED = frozenset({"skipped", "pending", "todo", "disabled", "focused"})
_THOUSAND = 1000


class _Spot(Struct):
    line: int | None = None


class _Assertion(Struct, rename="camel"):
    status: str
    title: str = ""
    ancestor_titles: list[str] = []
    failure_messages: list[str] | None = None
    duration: float | None = None
    location: _Spot | None = None


class _File(Struct, rename="camel"):
    name: str
    status: str = ""
    message: str | None = ""
    assertion_results: list[_Assertion] = []


class _Jest(Struct, rename="camel"):
    test_results: list[_File]


class _Error(Struct, frozen=True):
    message: str | None = ""
    stack: str | None = ""


class _Test(Struct, rename="camel"):
    full_title: str
    file: str | None = ""
    duration: float | None = None
    err: _Error = _Error()


class _Mocha(Struct):
    passes: list[_Test]
    failures: list[_Test]
    pending: list[_Test]


class _Node(Struct):
    names: list[str]
    suite: bool = False
    file: str = ""
    line: int | None = None
    passed: bool = False
    skipped: bool = False
    milliseconds: float | None = None
    kind: str = ""
    text: str = ""


def environment(place: Place) -> dict[str, str]:
    if place.node is None:
        return {}
    options = [f"--require={place.folder}/{ASK}"]
    first, second = _REPORTERS
    if place.node >= second or first <= place.node < (first[0] + 1, 0):
        options += ["--test-reporter=spec", "--test-reporter-destination=stdout"]
        options += [f"--test-reporter={place.folder}/{REPORT}"]
        options += [f"--test-reporter-destination={place.folder}/node.jsonl"]
    return {"NODE_OPTIONS": " ".join(options)}


def read_jest(left: Left) -> Cases:
    # react-scripts has it in a script `test`.
    return _like_jest(left, [*left.named("jest"), *left.named("test")])


def read_vitest(left: Left) -> Cases:
    return _like_jest(left, left.named("vitest"))


def _like_jest(left: Left, data: Iterable[bytes]) -> Cases:
    reports = [report for one in data if (report := decoded(one, _Jest)) is not None]
    files = [file for report in reports for file in report.test_results]
    return merged(one for file in files for one in _of_file(file, left.root)) if reports else None


def _of_file(file: _File, root: str) -> Iterable[Case]:
    path = relative(file.name, root)
    if not file.assertion_results and file.status == "failed":
        yield case(path, "uncollected", text=_ANSI.sub("", file.message or ""), file=path)
    for test in file.assertion_results:
        text = _ANSI.sub("", "\n\n".join(test.failure_messages or []))
        state: CaseState = "passed" if test.status == "passed" else "failed"
        spot = test.location.line if test.location is not None else None
        yield case(
            "::".join([path, *test.ancestor_titles, test.title]),
            "skipped" if test.status in _SKIPPED else state,
            text=text,
            file=path,
            line=place_in(text, path) or spot,
            seconds=None if test.duration is None else test.duration / _THOUSAND,
        )


def read_mocha(left: Left) -> Cases:
    reports = [report for data in left.named("mocha") if (report := decoded(data, _Mocha)) is not None]
    reports += [report for data in left.named("_mocha") if (report := decoded(data, _Mocha)) is not None]
    if not reports:
        return None
    passed = [_of_mocha(test, "passed", left.root) for report in reports for test in report.passes]
    failed = [_of_mocha(test, "failed", left.root) for report in reports for test in report.failures]
    skipped = [_of_mocha(test, "skipped", left.root) for report in reports for test in report.pending]
    return merged([*passed, *failed, *skipped])


def _of_mocha(test: _Test, state: CaseState, root: str) -> Case:
    path = relative(test.file or "", root)
    text = (test.err.stack or test.err.message or "") if state == "failed" else ""
    return case(
        f"{path}::{test.full_title}" if path else test.full_title,
        state,
        text=text,
        file=path,
        line=place_in(text, path),
        seconds=None if test.duration is None else test.duration / _THOUSAND,
    )


def read_node(left: Left) -> Cases:
    data = left.files.get("node.jsonl")
    if not data:
        return None
    tests = [decoded(line, _Node) for line in data.splitlines()]
    if any(test is None for test in tests):
        return None
    known = [test for test in tests if test is not None]
    parents = {(test.file, tuple(test.names[:-1])) for test in known}
    return merged(
        _of_node(test, left.root)
        for test in known
        # A group is as good as what is in it, unless it failed by itself.
        if (test.file, tuple(test.names)) not in parents or (not test.passed and test.kind != "subtestsFailed")
        if not (test.suite and test.passed)
    )


def _of_node(test: _Node, root: str) -> Case:
    path = relative(test.file, root)
    state: CaseState = "passed" if test.passed else "failed"
    identity = "::".join([path, *test.names])
    if len(test.names) == 1 and relative(test.names[0], root) == path and not test.passed:
        identity, state = path, "uncollected"
    return case(
        identity,
        "skipped" if test.skipped else state,
        text=test.text if state != "passed" and not test.skipped else "",
        file=path,
        line=place_in(test.text, path) or test.line,
        seconds=None if test.milliseconds is None else test.milliseconds / _THOUSAND,
    )


def _only_files(command: str, cases: Sequence[Case]) -> str | None:
    """The files of the cases: names would have to fit one pattern, over all of them."""
    return _with_files(command, list(dict.fromkeys(one.file for one in cases)))


def _with_files(command: str, files: Sequence[str], how: Sequence[str] = ()) -> str | None:
    """The command with `files` in place of those that it names, and `how` before all options."""
    given = words(command)
    if given is None or not all(files):
        return None
    # The word after an option may be its value, or one of the files that it ran.
    if any(word.startswith("--") and "=" not in word and after[:1] != "-" for word, after in pairwise(given)):
        return None
    names = [word for word in given if re.fullmatch(r"(?:\S*/)?(?:jest|vitest|mocha)", word)]
    at = given.index(names[0]) + 1
    at += given[at : at + 1] == ["run"]
    kept = [word for word in given[at:] if word.startswith("-")]
    return quoted([*given[:at], *how, *kept, *files])


def _jest_related(command: str, changed: Sequence[str]) -> str | None:
    return _with_files(command, changed, ("--findRelatedTests", "--passWithNoTests"))


def _vitest_related(command: str, changed: Sequence[str]) -> str | None:
    found = _with_files(command, changed, ("--run", "--passWithNoTests"))
    # `related` takes the place of `run`.
    return None if found is None else re.sub(r"(\bvitest)(?: run)?(?= --run )", r"\1 related", found, count=1)


JEST = Runner(
    name="jest",
    program="jest",
    read=read_jest,
    env=environment,
    only=_only_files,
    related=_jest_related,
    groups=True,
)
VITEST = Runner(
    name="vitest",
    program=r"vitest(?:\s+run)?",
    read=read_vitest,
    env=environment,
    only=_only_files,
    related=_vitest_related,
    groups=True,
)
MOCHA = Runner(name="mocha", program="mocha", read=read_mocha, env=environment, only=_only_files, groups=True)
NODE = Runner(name="node", program=r"node(?:\s+-\S+)*\s+--test", read=read_node, env=environment)
