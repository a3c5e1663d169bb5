"""Runs a test command in a sandbox and reads what its runners left."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Collection, Generator, Mapping, Sequence
from importlib import resources
from typing import get_args

from msgspec.structs import replace

from r1code.control import Control
from r1code.errors import TooLargeError
from r1code.sandbox.base import Sandbox
from r1code.sandbox.runners import cargo, go, javascript, pytest
from r1code.sandbox.runners.ask import RUNNERS, Asked, asked, subset
from r1code.sandbox.runners.base import Left, Place
from r1code.sandbox.runners.digest import digest
from r1code.sandbox.runners.nothing import ran_nothing
from r1code.types import Case, CaseState, Counts, ExecResult, TestReport

MOST_DIGEST = 8_000
_TAIL = 6_000
_MOST_OUTPUT = 20_000_000
_LARGEST = "50M"
_MOST_FLAKY = 30
_PATIENCE = 30.0
_END = "R1CODE_END"
_STARTED = "begin"
_LEFT = "left.tar"
_STATES = get_args(CaseState)
_NODE = re.compile(r"^v(\d{1,4})\.(\d{1,4})\.", re.MULTILINE)


def run_tests(
    sandbox: Sandbox,
    command: str,
    control: Control,
    *,
    seconds: float | None = None,
    known: Collection[str] | None = None,
    env: Mapping[str, str] | None = None,
) -> Generator[str, None, TestReport]:
    """Runs a test command: yields its output, returns its report.

    Reports are written to a path that nobody can guess and are read through the sandbox's engine. A command
    that leaves none is one test of its own, which passes with exit code 0, unless it says that there are no
    tests. `known`: ids that failed before; the digest begins with the others. `env`: variables beside those
    that ask the runners.
    """
    folder = pytest.private_folder()
    wanted = asked(command, folder)
    place = Place(folder=folder) if wanted.only_pytest else _prepared(sandbox, folder, control)
    running = sandbox.run(
        wanted.command, control, env={**(env or {}), **wanted.environment(place)}, seconds=seconds
    )
    result, output = yield from _followed(running, events=wanted.prints_events)
    files = _collected(sandbox, wanted, place, control)
    found = wanted.read(Left(files=files, output=output, root=place.root))
    tail = go.readable(result.output) if wanted.prints_events else result.output
    return _unstructured(command, result, tail) if found is None else _structured(found, result, tail, known)


def run_again(
    sandbox: Sandbox, command: str, report: TestReport, control: Control
) -> Generator[str, None, TestReport]:
    """The report, with those of its failures named flaky that pass when they are run alone on the same tree."""
    cases = [one for one in report.failures if one.state == "failed"]
    alone = subset(command, cases) if len(cases) <= _MOST_FLAKY else None
    if alone is None or report.timed_out:
        return report
    again = yield from run_tests(sandbox, alone, control, seconds=2 * report.seconds + _PATIENCE)
    if not again.structured:
        return report
    return counted(report, again, [one.id for one in cases], [one.id for one in cases if one.id in again.passed])


def counted(report: TestReport, again: TestReport, ran: Sequence[str], flaky: Sequence[str]) -> TestReport:
    """The report after one more run of what failed, with `flaky` in place of what it named so."""
    told = dict(report.failed_of)
    for name in ran:
        failed, runs = told.get(name, (1, 1))
        told[name] = (failed + (name not in again.passed), runs + 1)
    counts = replace(report.counts, flaky=len(flaky))
    return replace(report, flaky=tuple(flaky), failed_of=told, counts=counts)


def _prepared(sandbox: Sandbox, folder: str, control: Control) -> Place:
    """Makes the private folder with what runners need in it, and asks for the place."""
    package = resources.files("r1code.sandbox.runners")
    names = (javascript.ASK, javascript.REPORT)
    texts = {name: package.joinpath(name).read_text(encoding="utf-8") for name in names}
    texts[cargo.NEXTEST] = cargo.NEXTEST_SETTINGS
    sent = "".join(f"cat > {folder}/{name} <<'{_END}'\n{text}{_END}\n" for name, text in texts.items())
    script = f"mkdir -p {folder} && : > {folder}/{_STARTED}\n{sent}pwd -P; node --version 2>/dev/null; true"
    output = _finished(sandbox.run(script, control)).output
    root = output.partition("\n")[0]
    version = _NODE.search(output)
    node = (int(version[1]), int(version[2])) if version is not None else None
    return Place(folder=folder, root=root if root.startswith("/") else "", node=node)


def _collected(sandbox: Sandbox, wanted: Asked, place: Place, control: Control) -> dict[str, bytes]:
    """The files that the run left in the private folder, and its reports in the work tree."""
    if wanted.only_pytest:
        data = _bytes(sandbox, pytest.report_path(place.folder), control)
        return {} if data is None else {pytest.REPORT: data}
    patterns = " -o ".join(f"-path '{pattern}'" for runner in RUNNERS for pattern in runner.leaves)
    files = f"-type f -size -{_LARGEST}"
    script = (
        f"cd {place.folder} && {{ find . -maxdepth 1 {files} ! -name {_LEFT} -print0; "
        f'find "$OLDPWD" -name node_modules -prune -o {files} -newer {_STARTED} \\( {patterns} \\) -print0; }} '
        f"| tar -c -f {_LEFT} --null -T - 2>/dev/null"
    )
    _finished(sandbox.run(script, control))
    data = _bytes(sandbox, f"{place.folder}/{_LEFT}", control)
    return _unpacked(data or b"")


def _bytes(sandbox: Sandbox, path: str, control: Control) -> bytes | None:
    try:
        return sandbox.read(path, control)
    except TooLargeError:
        # Nobody writes a report of that size in earnest: there is none, and the exit code decides.
        return None


def _unpacked(data: bytes) -> dict[str, bytes]:
    """The files of an archive that untrusted code may have had its hands on; nothing of a damaged one."""
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isreg() else None
                if content is not None:
                    found[member.name.removeprefix("./")] = content.read()
    except (tarfile.TarError, OSError, ValueError, EOFError):
        return {}
    return found


def _finished(running: Generator[str, None, ExecResult]) -> ExecResult:
    """Runs it to its end, and shows nothing of it."""
    try:
        while True:
            next(running)
    except StopIteration as stop:
        result: ExecResult = stop.value
        return result
    finally:
        running.close()


def _followed(
    running: Generator[str, None, ExecResult], *, events: bool
) -> Generator[str, None, tuple[ExecResult, str]]:
    """The result, and the whole output, or nothing of one that is too long. `events`: of `go test -json`."""
    parts: list[str] = []
    size, rest = 0, ""
    try:
        while True:
            text = next(running)
            size += len(text)
            parts += [text] if size <= _MOST_OUTPUT else []
            if events:
                lines, _, rest = (rest + text).rpartition("\n")
                text = go.readable(lines) if lines else ""
            if text:
                yield text
    except StopIteration as stop:
        if rest:
            yield rest
        result: ExecResult = stop.value
        return result, "".join(parts) if size <= _MOST_OUTPUT else ""
    finally:
        running.close()


def _unstructured(command: str, result: ExecResult, output: str) -> TestReport:
    return TestReport(
        passed=(command,) if result.succeeded and not ran_nothing(output) else (),
        failed=() if result.succeeded else (command,),
        exit_code=result.exit_code,
        timed_out=result.timed_out,
        seconds=result.seconds,
        digest=output[-_TAIL:],
    )


def _structured(
    found: tuple[str, Sequence[Case]], result: ExecResult, output: str, known: Collection[str] | None
) -> TestReport:
    who, cases = found
    ids = {state: tuple(one.id for one in cases if one.state == state) for state in _STATES}
    failures = tuple(one for one in cases if one.state in {"failed", "uncollected"})
    return TestReport(
        passed=ids["passed"],
        failed=ids["failed"],
        skipped=ids["skipped"],
        uncollected=ids["uncollected"],
        structured=True,
        exit_code=result.exit_code,
        timed_out=result.timed_out,
        seconds=result.seconds,
        digest=digest(failures, limit=MOST_DIGEST, known=known) or output[-_TAIL:],
        runner=who,
        failures=failures,
        expected=tuple(one.id for one in cases if one.is_expected),
        counts=Counts(**{state: len(names) for state, names in ids.items()}),
    )


def summary(report: TestReport) -> str:
    """One line: how many tests passed, failed, and so on."""
    if report.timed_out:
        return f"the tests were stopped after {report.seconds:.0f} s: the time limit"
    if not report.structured:
        return f"the test command ended with exit code {report.exit_code}"
    counts = [
        (len(report.failed), "failed"),
        (len(report.uncollected), "could not be loaded"),
        (len(report.passed), "passed"),
        (len(report.skipped), "skipped"),
    ]
    told = ", ".join(f"{count} {word}" for count, word in counts if count) or "no tests ran"
    return f"{told} ({len(report.flaky)} flaky)" if report.flaky else told
