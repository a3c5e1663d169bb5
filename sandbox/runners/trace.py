"""Which lines the failing tests execute: pytest once more, with a tracer of ours in it."""

from __future__ import annotations

from collections.abc import Generator
from importlib import resources

import msgspec

from r1code.control import Control
from r1code.sandbox.base import Sandbox
from r1code.sandbox.runners import pytest

Trace = dict[str, dict[str, list[tuple[int, int]]]]
"""Failing test -> path -> the lines that it executes, each with the number of passing tests that do."""
_MODULE = "r1code_tracer"
_END = "R1CODE_END"


def trace_tests(sandbox: Sandbox, command: str, control: Control) -> Generator[str, None, Trace]:
    """Runs a test command: yields its output, returns what its pytest wrote; nothing where it is no pytest.

    It comes from code that is not trusted: a hint where to look, never a result.
    """
    folder = pytest.private_folder()
    report = f"{folder}/trace.json"
    source = resources.files("r1code.sandbox.runners").joinpath("tracer.py").read_text(encoding="utf-8")
    sent = f"mkdir -p {folder} && cat > {folder}/{_MODULE}.py <<'{_END}'\n{source}{_END}\n"
    yield from sandbox.run(sent, control)
    environment = {
        "PYTEST_ADDOPTS": f"-p {_MODULE} -o cache_dir={folder}/cache",
        "PYTHONPATH": folder,
        "R1CODE_TRACE": report,
    }
    yield from sandbox.run(command, control, env=environment)
    data = sandbox.read(report, control)
    try:
        return msgspec.json.decode(data or b"{}", type=Trace)
    except msgspec.MsgspecError:
        return {}
