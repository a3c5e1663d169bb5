"""The files that show how a project is built and tested, read as data. Pure, and lenient: bad ones are empty."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, cast

import msgspec

REQUIREMENTS = (
    "pyproject.toml",
    "setup.cfg",
    "setup.py",
    "requirements.txt",
    "requirements-dev.txt",
    "requirements-test.txt",
    "dev-requirements.txt",
    "test-requirements.txt",
    "tox.ini",
    "noxfile.py",
    "Pipfile",
    "environment.yml",
)
LOCKS = (("pnpm-lock.yaml", "pnpm"), ("yarn.lock", "yarn"), ("bun.lockb", "bun"), ("bun.lock", "bun"))
"""Lock files, and the package manager that writes each."""
_NAMES = frozenset(
    {
        *REQUIREMENTS,
        "pytest.ini",
        "tox.toml",
        "manage.py",
        "package.json",
        "go.mod",
        "Cargo.toml",
        "pom.xml",
        "build.gradle",
        "build.gradle.kts",
        "CMakeLists.txt",
        "Gemfile",
        ".rspec",
        "Rakefile",
        "composer.json",
        "phpunit.xml",
        "phpunit.xml.dist",
        "Makefile",
        "GNUmakefile",
    }
)
_WORKFLOW = re.compile(r"^\.github/workflows/[^/]+\.ya?ml$|^\.gitlab-ci\.yml$")
_RUN = re.compile(r"^(?P<indent>\s*)(?:- )?(?:run|script)\s*:\s*(?P<text>.*)$")
_ITEM = re.compile(r"^\s*- (?P<text>[^:#]\S.*)$")
_BLOCK = ("|", ">", "|-", ">-", "|+", "")
Table = Mapping[str, Any]


def is_manifest(name: str) -> bool:
    return name in _NAMES


def makes_project(name: str) -> bool:
    """Whether a folder with this file is a project of its own, and not only a list of what is needed."""
    return name in _NAMES and not name.endswith(".txt") and name != "Pipfile"


def is_workflow(path: str) -> bool:
    return _WORKFLOW.match(path) is not None


def quote(path: str) -> str:
    return shlex.quote(path)


def toml(text: str) -> Table:
    try:
        return msgspec.toml.decode(text, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError):
        return {}


def json(text: str) -> Table:
    try:
        return msgspec.json.decode(text or "{}", type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return {}


def table(whole: Table, *keys: str) -> Table:
    """The table at a path of keys; an empty one where there is none."""
    found: object = whole
    for key in keys:
        found = cast("Table", found).get(key) if isinstance(found, dict) else None
    return cast("Table", found) if isinstance(found, dict) else {}


def runs(text: str) -> Iterator[str]:
    """The commands of a CI file: the text behind `run:` and `script:`, line by line.

    Read as text: a hint needs no YAML, whose anchors and tags are a parser's risk.
    """
    indent: int | None = None
    for line in text.splitlines():
        found = _RUN.match(line)
        if found is not None:
            said = found["text"].strip()
            indent = len(found["indent"]) if said in _BLOCK else None
            if indent is None:
                yield said.strip("\"'")
            continue
        if indent is None or not line.strip():
            continue
        if len(line) - len(line.lstrip()) <= indent:
            indent = None
            continue
        item = _ITEM.match(line)
        yield item["text"].strip("\"'") if item is not None else line.strip()
