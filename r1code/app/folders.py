"""Where r1code keeps what is its own: never in the project."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import platformdirs


def state_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Sessions, contents, and what is remembered."""
    chosen = environ.get("R1CODE_STATE_DIR")
    return Path(chosen) if chosen else platformdirs.user_state_path("r1code")


def user_config() -> Path:
    return platformdirs.user_config_path("r1code") / "config.toml"


def user_instructions() -> Path:
    return user_config().with_name("AGENTS.md")


def user_commands() -> Path:
    return user_config().with_name("commands")


def user_profiles() -> Path:
    return user_config().with_name("profiles.toml")


def own_program(python: str = sys.executable) -> str:
    """The r1code of this Python, for others who start it: beside it, or where PATH has it (`pip --user`)."""
    beside = Path(python).with_name("r1code")
    return str(beside) if beside.exists() else shutil.which("r1code") or str(beside)
