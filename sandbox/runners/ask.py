"""What a test command is asked: which runners are in it, what words and variables make them report. Pure."""

from __future__ import annotations

import re
import shlex
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
_CD = re.compile(r"(?P<begin>\s*cd (?:-- )?(?P<folder>'[^']*'|[^\s;&|'\"$`*?\\]+) && )")
"""What `--path`, and a command that was found in a folder, begin with."""
_TOX = "PYTEST_ADDOPTS"


class Asked(Struct, frozen=True, kw_only=True):
    command: str
    """What is run in place of the test command."""
    folder: str = ""
    """Where it runs, if it begins with `cd`; empty: at the top."""
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
        cases = merged(one for _, cases in found for one in cases)
        return who, [_placed(one, left.root, self.folder) for one in cases]


def _placed(one: Case, root: str, folder: str) -> Case:
    """The case with its file from the top of the work tree, in its id as well."""
    file = relative(one.file, root)
    if not folder or not file or file.startswith((f"{folder}/", "/")):
        return one if file == one.file else replace(one, file=file)
    identity = f"{folder}/{one.id}" if one.id.partition("::")[0] == file else one.id
    return replace(one, id=identity, file=f"{folder}/{file}")


def _below(one: Case, folder: str) -> Case:
    """The case as a runner that is started in `folder` knows it."""
    prefix = f"{folder}/" if folder else ""
    return replace(one, id=one.id.removeprefix(prefix), file=one.file.removeprefix(prefix))


def _in_folder(command: str) -> tuple[str, str, str]:
    """What a command begins with to change the folder, the folder, and the rest; empty: it runs at the top."""
    found = _CD.match(command)
    if found is None:
        return "", "", command
    try:
        (folder,) = shlex.split(found["folder"])
    except ValueError:
        return "", "", command
    is_inside = not folder.startswith(("/", "-", "~")) and ".." not in folder.split("/")
    folder = folder.removeprefix("./").rstrip("/")
    return (found["begin"], folder, command[found.end() :]) if is_inside else ("", "", command)


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
    return Asked(command=inserted(command, at), folder=_in_folder(command)[1], named=tuple(named))


def subset(command: str, cases: Sequence[Case]) -> str | None:
    """A command for these cases alone, or for little more; None: the command cannot be told so."""
    begin, folder, rest = _in_folder(command)
    runner = _single(rest)
    if runner is None or runner.only is None or not cases:
        return None
    alone = runner.only(rest, [_below(one, folder) for one in cases])
    return None if alone is None else f"{begin}{alone}"


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
