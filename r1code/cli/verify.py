"""`r1code verify`: the verdict on somebody's patch."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def verify(options: argparse.Namespace) -> int:
    from msgspec.structs import replace

    from r1code.app.folders import state_folder, user_config
    from r1code.app.task import Task
    from r1code.app.trust import Trust, under_trust
    from r1code.cli.tests import with_found_tests
    from r1code.cli.work import run_session, without_model
    from r1code.config import load_config
    from r1code.control import Control
    from r1code.errors import UsageError
    from r1code.repo.git import Git

    patch = _patch(options.patch)
    git = Git.find(Path(options.folder), state_folder())
    config = load_config(flags=vars(options), environ=os.environ, user_file=user_config(), project=git.root)
    config = replace(without_model(config), commit="off")
    allowed = under_trust(config, Trust(git, state_folder()), None, for_now=options.trust)
    config, told = with_found_tests(allowed.config, git, state_folder(), Control())
    if config.test is None:
        raise UsageError(
            "there is no test command",
            why=allowed.told
            or "a verdict is what tests say, and nothing in the repository shows how they are run",
            hint="r1code verify PATCH --test 'pytest -q'",
        )
    task = Task(command="verify", text="verify a patch", patch=patch)
    return run_session(git, config, task, json=options.json, told="\n".join(filter(None, (allowed.told, told))))[
        0
    ]


def _patch(name: str) -> bytes:
    """What a file holds, or the patch that a session kept. Raises UsageError."""
    from r1code.app.folders import state_folder
    from r1code.app.review import patch_text

    return sys.stdin.buffer.read() if name == "-" else patch_text(name, state_folder())
