"""pytest: asked for a JUnit report through its environment, so that it works behind `make test` as well."""

from __future__ import annotations

import secrets
from typing import Literal
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from msgspec import Struct

State = Literal["passed", "failed", "skipped", "uncollected"]
_WORST: tuple[State, ...] = ("passed", "skipped", "failed", "uncollected")
_MOST_LINES = 60


class Case(Struct, frozen=True, kw_only=True):
    id: str
    """`path::Class::name` as pytest prints it; a module that could not be loaded: its path or dotted name."""
    state: State
    text: str = ""
    """Why it failed."""


def private_folder() -> str:
    """A folder for what a run leaves, inside the sandbox: nobody can guess it, and nothing makes it."""
    return f"/tmp/r1code-{secrets.token_hex(12)}"  # noqa: S108 - inside the sandbox, and unguessable


def report_path(folder: str) -> str:
    return f"{folder}/report.xml"


def environment(folder: str) -> dict[str, str]:
    """What makes any pytest below the command write its report. The cache goes where the report goes."""
    options = f"--junitxml={report_path(folder)} -o junit_family=xunit1 -o cache_dir={folder}/cache"
    return {"PYTEST_ADDOPTS": options}


def parse(data: bytes) -> list[Case] | None:
    """The cases of a JUnit report, each id once, with its worst state. None: it is no such report.

    The report comes from code that is not trusted: entities and external references are refused.
    """
    try:
        root = fromstring(data.decode("utf-8", errors="replace"))
    except (ParseError, DefusedXmlException):
        return None
    if root.tag not in {"testsuites", "testsuite"}:
        return None
    worst: dict[str, Case] = {}
    for case in map(_case, root.iter("testcase")):
        known = worst.get(case.id)
        if known is None or _WORST.index(case.state) > _WORST.index(known.state):
            worst[case.id] = case
    return list(worst.values())


def _case(case: Element) -> Case:
    identity = _identity(case)
    for result in case:
        if result.tag == "skipped":
            return Case(id=identity, state="skipped")
        if result.tag in {"error", "failure"}:
            # pytest gives a module that it could not load no class.
            unloaded = result.tag == "error" and not case.get("classname")
            if unloaded:
                identity = case.get("file") or case.get("name") or ""
            text = _shortened(identity, result.text or result.get("message") or "")
            return Case(id=identity, state="uncollected" if unloaded else "failed", text=text)
    return Case(id=identity, state="passed")


def _identity(case: Element) -> str:
    name, group, file = case.get("name", ""), case.get("classname", ""), case.get("file", "")
    if not file:
        return f"{group}::{name}" if group else name
    module = file.removesuffix(".py").replace("/", ".")
    classes = group.removeprefix(module).strip(".")
    return "::".join([file, *(classes.split(".") if classes else []), name])


def _shortened(identity: str, text: str) -> str:
    lines = text.strip().splitlines()
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES // 3], "[...]", *lines[-_MOST_LINES * 2 // 3 :]]
    return "\n".join([f"FAILED {identity}", *lines])
