"""mini-swe-agent's Docker environment in its own interpreter: `docker run -d ... sleep`, then `docker exec`."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path

VERSION = "2.4.6"
NEEDS = ["pydantic", "python-dotenv", "platformdirs", "rich", "jinja2"]
"""Of all that it depends on, what its Docker environment loads."""
WORKER = """
import json, os, sys, time
# It greets and logs on standard output.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
from minisweagent.environments.docker import DockerEnvironment

environment = None
for line in sys.stdin:
    asked = json.loads(line)
    began = time.perf_counter()
    if "image" in asked:
        environment = DockerEnvironment(image=asked["image"], cwd="/tmp")
    else:
        done = environment.execute({"command": asked["command"]})
        assert done["returncode"] == 0, done
    print(json.dumps([time.perf_counter() - began, environment.container_id]), file=answers, flush=True)
# Its own way to end takes ten seconds, and nobody waits for it.
environment.container_id = None
"""


def install(folder: Path) -> str:
    """Its interpreter, in a new virtual environment."""
    venv.create(folder, with_pip=True)
    python = str(folder / "bin/python")
    pip = [python, "-m", "pip", "install", "-q"]
    subprocess.run([*pip, "--no-deps", f"mini-swe-agent=={VERSION}"], check=True, stdout=sys.stderr)
    subprocess.run([*pip, *NEEDS], check=True, stdout=sys.stderr)
    return python


class Mini:
    """One of its environments. Times are taken in its own process."""

    def __init__(self, python: str) -> None:
        self._process = subprocess.Popen(
            [python, "-c", WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._container = ""

    def start(self, image: str) -> float:
        seconds, self._container = self._ask(image=image)
        return seconds

    def execute(self, command: str) -> float:
        return self._ask(command=command)[0]

    def _ask(self, **what: str) -> tuple[float, str]:
        worker = self._process
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(json.dumps(what) + "\n")
        worker.stdin.flush()
        seconds, container = json.loads(worker.stdout.readline())
        return float(seconds), str(container)

    def close(self) -> None:
        if self._container:
            subprocess.run(["docker", "rm", "-f", self._container], check=True, stdout=subprocess.DEVNULL)
        self._process.communicate()
