"""Python requirements, as the many files that may hold them say. Pure."""

from __future__ import annotations

import ast
import configparser
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from r1code.sandbox.environments.environment import Folder

Node = TypeVar("Node", bound=ast.AST)

TEST_GROUPS = frozenset({"test", "tests", "testing", "dev", "develop", "development", "unittest", "pytest"})
"""Extras and groups that hold what tests need, by their normal names."""
REQUIREMENT_FILES = re.compile(
    r"(requirements|test[-_]requirements|dev[-_]requirements|requirements[-_](dev|tests?|testing|ci))\.txt"
    r"|requirements/(base|main|default|dev|develop|tests?|testing|ci)\.txt"
)
_FOR_TESTS = re.compile(r"test")
_FOR_WORK = re.compile(r"dev|ci\.txt")
_INCLUDE = re.compile(r"^\s*(?:-r|--requirement|-c|--constraint)[\s=]+(\S+)")
_OWN = re.compile(r"^\s*(?:-e\b|--editable\b|\.|file:)")
_FACTOR = re.compile(r"^[\w,!-]+:(?!//)\s*")
_TEST_SESSION = re.compile(r"test|unit|pytest")


def is_test_group(name: str) -> bool:
    return canonicalize_name(name) in TEST_GROUPS


def valid(requirement: str) -> str | None:
    """The requirement as pip takes it; None for what is none, or names a file of this machine."""
    try:
        parsed = Requirement(requirement.partition(" #")[0].strip())
    except InvalidRequirement:
        return None
    return None if parsed.url is not None and parsed.url.startswith("file:") else str(parsed)


def without_own(requirements: Iterable[str], own: str, extras: Mapping[str, list[str]]) -> Iterator[str]:
    """`requirements`, in which the project's own name stands for its extras."""
    seen: set[str] = set()
    waiting = list(requirements)
    while waiting:
        text = valid(waiting.pop(0))
        if text is None:
            continue
        parsed = Requirement(text)
        if own and canonicalize_name(parsed.name) == canonicalize_name(own):
            for extra in parsed.extras - seen:
                seen.add(extra)
                waiting += extras.get(extra, [])
            continue
        yield text


def files_of(folder: Folder) -> tuple[str, ...]:
    """The requirement files that belong to a test run, without those that another one includes."""
    found = sorted(path for path in folder.paths if REQUIREMENT_FILES.fullmatch(path))
    if any(_FOR_TESTS.search(path) for path in found):
        # Files with pins for two purposes contradict each other sooner or later.
        found = [path for path in found if not _FOR_WORK.search(path)]
    included = {other for path in found for other in includes(folder, path)}
    return tuple(path for path in found if path not in included)


def includes(folder: Folder, path: str) -> list[str]:
    """The files that a requirement file includes, directly or not."""
    found: list[str] = []
    waiting = [path]
    while waiting:
        current = waiting.pop()
        for line in folder.text(current).splitlines():
            match = _INCLUDE.match(line)
            if match is None or "://" in match[1]:
                continue
            other = posixpath.normpath(posixpath.join(posixpath.dirname(current), match[1]))
            if other in folder.paths and other not in found:
                found.append(other)
                waiting.append(other)
    return found


def names_itself(folder: Folder, paths: Iterable[str]) -> bool:
    """Whether one of these files has a line that installs from the work tree."""
    return any(_OWN.match(line) for path in paths for line in folder.text(path).splitlines())


def names_anything(folder: Folder, paths: Iterable[str]) -> bool:
    """Whether one of these files has a line that is not about pytest alone."""
    lines = [line.partition("#")[0].strip() for path in paths for line in folder.text(path).splitlines()]
    wanted = [line for line in lines if line and not line.startswith("-")]
    return any(not is_pytest(line) for line in wanted)


def is_pytest(requirement: str) -> bool:
    """Whether any pytest does: r1code's base image has one."""
    text = valid(requirement)
    return text is not None and Requirement(text).name == "pytest"


def of_tox(folder: Folder) -> tuple[list[str], list[str]]:
    """What tox.ini installs for tests whatever the environment: requirements, and names of extras."""
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(folder.text("tox.ini"))
    except configparser.Error:
        return [], []
    lines = parser.get("testenv", "deps", fallback="").splitlines()
    plain = [line.strip() for line in lines if not _FACTOR.match(line.strip())]
    extras = re.split(r"[\s,]+", parser.get("testenv", "extras", fallback=""))
    return [line for line in plain if "{" not in line and valid(line)], [name for name in extras if name]


def of_nox(folder: Folder) -> list[str]:
    """What the test sessions of a noxfile install, as far as it is written out."""
    found: list[str] = []
    for function in _nodes(folder.text("noxfile.py"), ast.FunctionDef):
        if not _TEST_SESSION.search(function.name):
            continue
        for call in ast.walk(function):
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and call.func.attr == "install"
            ):
                found += [text for text in map(_string, call.args) if text and not text.startswith("-")]
    return [text for text in found if valid(text)]


def of_setup_cfg(folder: Folder) -> tuple[str, list[str], dict[str, list[str]]]:
    """The Python version asked for, requirements, and extras."""
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(folder.text("setup.cfg"))
    except configparser.Error:
        return "", [], {}
    section = "options.extras_require"
    extras = {name: _lines(parser.get(section, name)) for name in _options(parser, section)}
    wanted = _lines(parser.get("options", "install_requires", fallback=""))
    if tests := _lines(parser.get("options", "tests_require", fallback="")):
        extras["tests"] = extras.get("tests", []) + tests
    return parser.get("options", "python_requires", fallback="").strip(), wanted, extras


def of_setup_py(folder: Folder) -> tuple[str, list[str], dict[str, list[str]]]:
    """As `of_setup_cfg`; only what is written out is found, for nothing is run."""
    text = folder.text("setup.py")
    names = {
        target.id: node.value
        for node in _nodes(text, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }

    def resolve(node: ast.expr) -> ast.expr:
        return names.get(node.id, node) if isinstance(node, ast.Name) else node

    version, wanted = "", list[str]()
    extras: dict[str, list[str]] = {}
    for call in _nodes(text, ast.Call):
        for keyword in call.keywords:
            value = resolve(keyword.value)
            if keyword.arg == "python_requires":
                version = _string(value)
            elif keyword.arg == "install_requires":
                wanted = _strings(value)
            elif keyword.arg == "tests_require":
                extras.setdefault("tests", []).extend(_strings(value))
            elif keyword.arg == "extras_require" and isinstance(value, ast.Dict):
                for key, group in zip(value.keys, value.values, strict=True):
                    if key is not None and (name := _string(key)):
                        extras.setdefault(name, []).extend(_strings(resolve(group)))
    return version, wanted, extras


def _options(parser: configparser.RawConfigParser, section: str) -> list[str]:
    return parser.options(section) if parser.has_section(section) else []


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if valid(line)]


def _nodes(text: str, kind: type[Node]) -> list[Node]:
    try:
        return [node for node in ast.walk(ast.parse(text)) if isinstance(node, kind)]
    except (SyntaxError, ValueError, RecursionError):
        return []


def _string(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _strings(node: ast.expr) -> list[str]:
    return [text for text in map(_string, node.elts) if text] if isinstance(node, ast.List | ast.Tuple) else []
