"""vLLM as a project of Compose, whose client stays as long as the project runs and is watched as a process is."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from r1code.errors import UsageError
from r1code.serving.plan.compose import SERVICE
from r1code.serving.plan.flags import KEY
from r1code.serving.run.container import container_name

_LOOK_SECONDS = 30.0
_OLDEST = 2
"""The first one in Go; the one before knows neither a project's name in its file nor these flags."""


def project_name(name: str) -> str:
    """Of the server of this name, and of no other: a project's name takes no dots."""
    return container_name(name).replace("_", "__").replace(".", "_-")


def compose_argv(client: Sequence[str], name: str, file: Path) -> tuple[str, ...]:
    """Stays while vLLM runs, hands on what it prints, and ends as it ends.

    `file` wants the key in the environment; no word has it.
    """
    return (
        *_project(client, name, file),
        *("up", "--no-build", "--no-color", "--no-log-prefix", "--exit-code-from", SERVICE),
    )


def cleanup_of(client: Sequence[str], name: str, file: Path) -> tuple[str, ...]:
    """What removes its containers and its network, whether they run or not. Volumes stay."""
    # The file is not read without a key, and what is removed needs none.
    return (
        *("env", f"{KEY}=-"),
        *_project(client, name, file),
        *("down", "--timeout", "0", "--remove-orphans"),
    )


def _project(client: Sequence[str], name: str, file: Path) -> tuple[str, ...]:
    return (*client, "--project-name", project_name(name), "--file", str(file))


def demand_compose(engine: str) -> tuple[str, ...]:
    """The words before those for Compose. Raises UsageError where there is none that will do."""
    own = shutil.which("docker-compose")
    found = [(engine, "compose"), *([(own,)] if own is not None else [])]
    seen: list[str] = []
    for client in found:
        version = _version(client)
        number = re.match(r"v?(\d+)\.", version)
        if number is not None and int(number[1]) >= _OLDEST:
            return client
        seen += [version] if number is not None else []
    raise UsageError(
        "Docker Compose is too old" if seen else "Docker Compose is not here",
        why=f"it is {seen[0]}, and 2 is the first that will do"
        if seen
        else f"{engine} has no command compose, and there is no program docker-compose",
        hint="install docker-compose-plugin (of Docker's packages), docker-compose-v2 (Ubuntu) or docker-compose"
        " (Debian from 13 on); or take --in container, which needs none",
    )


def _version(client: Sequence[str]) -> str:
    """Empty: it has none to tell."""
    try:
        done = subprocess.run(
            [*client, "version", "--short"], capture_output=True, text=True, timeout=_LOOK_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
