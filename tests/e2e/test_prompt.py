"""What is loaded before there is a prompt: nothing that a first key would have to wait for."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from e2e.conftest import Repo
from fakes.seat import Seat

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

PROMPT = b"\x1b[?2004h"
"""Bracketed paste, which the line asks for when it is there."""
HEAVY = {
    *(
        "openai",
        "httpx",
        "httpx2",
        "pydantic",
        "docker",
        "git",
        "rich.console",
        "tree_sitter",
        "tiktoken",
        "tokenizers",
    ),
    *("rustworkx", "vllm", "keyring", "shtab", "watchfiles", "jsonschema", "tomlkit", "jinja2", "sqlite3"),
}


def test_nothing_heavy_is_loaded_before_the_prompt(repo: Repo, tmp_path: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "r1code", "--sandbox", "none", "--allow-host-exec"]
    flags = ["--test", "off", *repo.replies("Well.")]
    seat = Seat([*command, *flags], repo.root, {"R1CODE_STATE_DIR": str(repo.state)})
    try:
        seat.sees("^>")
        before, prompt, _ = seat.raw.partition(PROMPT)
        assert prompt
        loaded = {name.decode() for name in re.findall(rb"\|\s+([\w.]+)\r", before)}
        assert {"prompt_toolkit", "r1code.cli.repl"} <= loaded
        assert not sorted(loaded & HEAVY)
        seat.press("\x04")
        assert seat.leaves() == 0
    finally:
        seat.close()
