"""pytest: asked for a JUnit report through its environment, so that it works behind `make test` as well."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from xml.etree.ElementTree import Element

from msgspec.structs import replace

from r1code.sandbox.runners import junit
from r1code.sandbox.runners.base import Cases, Left, Runner, case, merged, number
from r1code.sandbox.runners.command import quoted, words
from r1code.sandbox.runners.frames import place_in
from r1code.types import Case

REPORT = "report.xml"
_TAKES_A_WORD = frozenset({"-k", "-m", "-p", "-o", "-c", "-n", "-W", "-r", "--ignore", "--tb", "--cov"})


def private_folder() -> str:
    """A folder for what a run leaves, inside the sandbox: nobody can guess it, and nothing makes it."""
    return f"/tmp/r1code-{secrets.token_hex(12)}"  # noqa: S108 - inside the sandbox, and unguessable


def report_path(folder: str) -> str:
    return f"{folder}/{REPORT}"


def environment(folder: str) -> dict[str, str]:
    """What makes any pytest below the command write its report."""
    # No option of a plugin that a project may have turned off: pytest can be strict about unknown ones.
    return {"PYTEST_ADDOPTS": f"--junitxml={report_path(folder)} -o junit_family=xunit1"}


def parse(data: bytes) -> Cases:
    return junit.parse(data, case_of)


def case_of(element: Element) -> Case:
    identity, file = _identity(element), element.get("file") or ""
    state, text = junit.outcome(element)
    # pytest gives a module that it could not load no class.
    if state == "failed" and element.find("error") is not None and not element.get("classname"):
        identity, state = file or element.get("name") or "", "uncollected"
    begins = junit.line_of(element)
    found = case(
        identity,
        state,
        text=text,
        file=file,
        line=place_in(text, file) or (None if begins is None else begins + 1),
        seconds=number(element.get("time")),
    )
    is_expected = any(one.get("type") == "pytest.xfail" for one in element.iter("skipped"))
    return replace(found, is_expected=True) if is_expected else found


def _identity(element: Element) -> str:
    name, group, file = element.get("name", ""), element.get("classname", ""), element.get("file", "")
    if not file:
        return f"{group}::{name}" if group else name
    module = file.removesuffix(".py").replace("/", ".")
    classes = group.removeprefix(module).strip(".")
    return "::".join([file, *(classes.split(".") if classes else []), name])


def _read(left: Left) -> Cases:
    reports = [cases for data in left.named("report") if (cases := parse(data)) is not None]
    return merged(one for cases in reports for one in cases) if reports else None


def _only(command: str, cases: Sequence[Case]) -> str | None:
    """The command with these ids in place of the paths that it names."""
    given = words(command)
    if given is None:
        return None
    at = next(index for index, word in enumerate(given) if re.search(r"(?:^|/)(?:pytest|py\.test)$", word))
    kept = given[: at + 1]
    for before, word in zip(given[at:], given[at + 1 :], strict=False):
        if word.startswith("-") or before in _TAKES_A_WORD:
            kept.append(word)
    return quoted([*kept, *(one.id for one in cases)])


RUNNER = Runner(
    name="pytest",
    program=r"(?:python[\d.]*(?:\s+-[A-Za-z]\w*)*\s+-m\s+)?(?:pytest|py\.test)",
    read=_read,
    env=lambda place: environment(place.folder),
    only=_only,
    groups=True,
)
