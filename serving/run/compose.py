"""vLLM as a project of Compose, whose client stays as long as the project runs and is watched as a process is."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from r1code.errors import UsageError
from r1code.serving.plan.compose import SERVICE
from r1code.serving.plan.flags import KEY
from r1code.serving.run.container import container_name

_LOOK_SECONDS = 30.0
_PATH = '{{range .ClientInfo.Plugins}}{{if eq .Name "compose"}}{{.Path}}{{end}}{{end}}'
_OLDEST = 2
"""The first one in Go; the one before knows neither a project's name in its file nor these flags."""


def project_name(name: str) -> str:
    """Of the server of this name, and of no other: a project's name takes no dots."""
    return container_name(name).replace("_", "__").replace(".", "_-")


def compose_argv(program: str, name: str, file: Path) -> tuple[str, ...]:
    """Stays while vLLM runs, hands on what it prints, and ends as it ends.

    `file` wants the key in the environment; no word has it.
    """
    return (
        *_project(program, name, file),
        *("up", "--no-build", "--no-color", "--no-log-prefix", "--exit-code-from", SERVICE),
    )


def cleanup_of(program: str, name: str, file: Path) -> tuple[str, ...]:
    """What removes its containers and its network, whether they run or not. Volumes stay."""
    # The file is not read without a key, and what is removed needs none.
    return (
        *("env", f"{KEY}=-"),
        *_project(program, name, file),
        *("down", "--timeout", "0", "--remove-orphans"),
    )


def _project(program: str, name: str, file: Path) -> tuple[str, ...]:
    return (program, "--project-name", project_name(name), "--file", str(file))


def demand_compose(engine: str) -> str:
    """The program: the plugin of `docker compose`, or docker-compose. Raises UsageError where none will do."""
    seen: list[str] = []
    for program in (_plugin(engine), shutil.which("docker-compose")):
        version = "" if not program else _said(program, "version", "--short")
        number = re.match(r"v?(\d+)\.", version)
        if program and number is not None and int(number[1]) >= _OLDEST:
            return program
        seen += [version] if number is not None else []
    raise UsageError(
        "Docker Compose is too old" if seen else "Docker Compose is not here",
        why=f"it is {seen[0]}, and 2 is the first that will do"
        if seen
        else f"{engine} has no command compose, and there is no program docker-compose",
        hint="install docker-compose-plugin (of Docker's packages), docker-compose-v2 (Ubuntu) or docker-compose"
        " (Debian from 13 on); or take --in container, which needs none",
    )


def _plugin(engine: str) -> str:
    """Where it is; empty: there is none.

    It is run itself: an older client of Docker that is asked to end leaves its plugin running, and waits for it.
    """
    return _said(engine, "info", "--format", _PATH)


def _said(*words: str) -> str:
    """Empty: nothing."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_LOOK_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
