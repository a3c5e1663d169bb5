"""What a test command is asked: which runners are in it, what words and variables make them report. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from r1code.sandbox.runners import cargo, ctest, go, java, javascript, php, pytest, pyunit, ruby, tap
from r1code.sandbox.runners.base import Cases, Left, Place, Runner, merged, relative
from r1code.sandbox.runners.command import inserted, places
from r1code.types import Case

_REPORTING = (
    pytest.RUNNER,
    javascript.JEST,
    javascript.VITEST,
    javascript.MOCHA,
    javascript.NODE,
    ruby.RSPEC,
    php.RUNNER,
    java.MAVEN_RUNNER,
    java.GRADLE_RUNNER,
    cargo.NEXTEST_RUNNER,
    ctest.RUNNER,
)
_PRINTING = (
    pyunit.RUNNER,
    pyunit.DJANGO,
    go.RUNNER,
    cargo.RUNNER,
    ruby.MINITEST,
    tap.PROVE,
    tap.RUNNER,
)
"""Their reports are what they print: read where the command names them, or where nobody else reports."""
RUNNERS = (*_REPORTING, *_PRINTING)
_TOX = "PYTEST_ADDOPTS"


class Asked(Struct, frozen=True, kw_only=True):
    command: str
    """What is run in place of the test command."""
    named: tuple[Runner, ...]
    """The runners that the command itself names; none: something is around them."""

    @property
    def only_pytest(self) -> bool:
        """It needs nothing but its environment, and leaves one file."""
        return self.named == (pytest.RUNNER,)

    @property
    def prints_events(self) -> bool:
        """Its output is JSON, and nothing for a person."""
        return go.RUNNER in self.named

    def environment(self, place: Place) -> dict[str, str]:
        if self.only_pytest:
            return pytest.environment(place.folder)
        # Whoever is below may answer. None of these does anything to other programs.
        found: dict[str, str] = {}
        for runner in RUNNERS:
            found |= runner.env(place)
        # tox hands on no more than it is told to, and runs its environments one after the other.
        found[_TOX] = found[_TOX].replace(pytest.REPORT, "report-${TOX_ENV_NAME}.xml")
        found["TOX_OVERRIDE"] = f"testenv.pass_env+={_TOX};env_run_base.pass_env+={_TOX}"
        return found

    def read(self, left: Left) -> tuple[str, list[Case]] | None:
        """Who reported, and what; None: nobody did."""
        named = [runner for runner in _PRINTING if runner in self.named]
        found = _reports([*_REPORTING, *named], left) or _reports(_PRINTING, left)
        if not found:
            return None
        who = ", ".join(dict.fromkeys(runner.name for runner, _ in found))
        return who, [_placed(one, left.root) for one in merged(one for _, cases in found for one in cases)]


def _placed(one: Case, root: str) -> Case:
    file = relative(one.file, root)
    return one if file == one.file else replace(one, file=file)


def _reports(runners: Sequence[Runner], left: Left) -> list[tuple[Runner, list[Case]]]:
    found: list[tuple[Runner, list[Case]]] = []
    for runner in runners:
        # Two runners may share a report.
        cases: Cases = None if any(known.read is runner.read for known, _ in found) else runner.read(left)
        if cases is not None:
            found.append((runner, cases))
    return found


def asked(command: str, folder: str) -> Asked:
    """What to run in place of `command`; `folder` is the private one of the run."""
    at: list[tuple[int, str]] = []
    named: list[Runner] = []
    for runner in RUNNERS:
        for number, position in enumerate(places(command, runner.program), start=1):
            at.append((position, runner.flags(f"{folder}/{runner.name}-{number}")))
            named += [runner] if number == 1 else []
    return Asked(command=inserted(command, at), named=tuple(named))


def subset(command: str, cases: Sequence[Case]) -> str | None:
    """A command for these cases alone, or for little more; None: the command cannot be told so."""
    runner = _single(command)
    return runner.only(command, cases) if runner is not None and runner.only is not None and cases else None


def runner_of(command: str) -> str:
    """The name of the one runner that a command names; empty: of none, or of several."""
    runner = _single(command)
    return "" if runner is None else runner.name


def related(command: str, changed: Sequence[str]) -> str | None:
    """A command for the tests that reach these files; None: the runner cannot find out by itself."""
    runner = _single(command)
    return None if runner is None or runner.related is None else runner.related(command, changed)


def stages(command: str, failures: Sequence[Case]) -> tuple[str, ...]:
    """Commands that run the failures of the last run, then their files, then all. At least the last one."""
    found = [subset(command, failures)]
    runner = _single(command)
    if runner is not None and runner.groups:
        groups = {one.id.partition("::")[0]: one.file for one in failures}
        found.append(subset(command, [Case(id=id_, state="uncollected", file=at) for id_, at in groups.items()]))
    return tuple(dict.fromkeys([*(one for one in found if one is not None), command]))


def _single(command: str) -> Runner | None:
    """The one runner that a command names."""
    named = asked(command, "").named
    return named[0] if len(named) == 1 else None
