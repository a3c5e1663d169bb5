"""A pytest plugin that runs inside the sandbox and finds the lines that each failing test executes.

It is sent there as text and loaded by the project's own Python (3.9 or later), so it imports nothing but the
standard library and pytest. What it writes is a hint and is never believed: it comes from untrusted code.
"""

from __future__ import annotations

import ast
import json
import os
import sys
import threading
from collections.abc import Generator
from functools import cache
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _typeshed import TraceFunction

_MOST_FAILED = 50
_FOREIGN = ("site-packages", "dist-packages")

Lines = dict[str, set[int]]
"""File name to line numbers."""


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Tracer(str(config.rootpath), os.environ["R1CODE_TRACE"]))


class Tracer:
    """Counts per test; a line belongs to the statement that it is part of."""

    def __init__(self, root: str, report: str) -> None:
        self._root = root + os.sep
        self._report = report
        self._wanted: dict[str, bool] = {}
        self._now: Lines = {}
        self._lines: dict[str, Lines] = {}
        self._failed: list[str] = []

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, None, None]:
        self._now = self._lines[item.nodeid] = {}
        threading.settrace(self._entered)
        sys.settrace(self._entered)
        try:
            yield
        finally:
            sys.settrace(None)
            threading.settrace(None)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and report.nodeid not in self._failed:
            self._failed.append(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        whole = {
            test: {name: _whole(name, frozenset(lines)) for name, lines in files.items()}
            for test, files in self._lines.items()
        }
        passing: dict[tuple[str, int], int] = {}
        for test, files in whole.items():
            for name, lines in () if test in self._failed else files.items():
                for line in lines:
                    passing[name, line] = passing.get((name, line), 0) + 1
        found = {
            test: {
                name[len(self._root) :]: [[line, passing.get((name, line), 0)] for line in sorted(lines)]
                for name, lines in whole.get(test, {}).items()
            }
            for test in self._failed[:_MOST_FAILED]
        }
        Path(self._report).write_text(json.dumps(found), encoding="utf-8")

    def _entered(self, frame: FrameType, event: str, _argument: object) -> TraceFunction | None:
        name = frame.f_code.co_filename
        wanted = self._wanted.get(name)
        if wanted is None:
            parts = Path(name).parts
            wanted = name.startswith(self._root) and not any(part in parts for part in _FOREIGN)
            self._wanted[name] = wanted
        if not wanted:
            return None
        lines = self._now.setdefault(name, set())

        def line(frame: FrameType, event: str, _argument: object) -> TraceFunction:
            if event == "line":
                lines.add(frame.f_lineno)
            return line

        return line


@cache
def _whole(name: str, lines: frozenset[int]) -> frozenset[int]:
    """`lines`, and all other lines of the statements that they are part of; of compound ones, their head."""
    return lines.union(*(_statements(name).get(line, ()) for line in lines))


@cache
def _statements(name: str) -> dict[int, range]:
    """Each line of a file to those of its statement."""
    try:
        tree = ast.parse(Path(name).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return {}
    found: dict[int, range] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if body else node.end_lineno
            span = range(node.lineno, (last or node.lineno) + 1)
            found.update(dict.fromkeys(span, span))
    return found
