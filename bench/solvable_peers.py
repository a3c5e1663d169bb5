"""aider and mini-swe-agent on a bug: the embedded model's server, a limit in time, commands in a container.

Both are installed into virtual environments of their own below build/, once. Requests go through a counter on a
port of this machine, which knows when the first one came, and what the server says of tokens.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple, cast

from bugs import Bug
from bugs.attempt import GRACE, Attempt
from bugs.judge import image
from r1code.control import Control
from r1code.providers.child import Child
from r1code.providers.local import CONTEXT_TOKENS
from r1code.providers.weights import find_weights, load_weights

FOLDER = Path(__file__).parents[1] / "build" / "peers"
PACKAGES = {"aider": "aider-chat==0.86.2", "mini": "mini-swe-agent==2.4.6"}
MODEL = "openai/local"
TASK = (
    "The tests of this repository fail. Find the cause in the code and fix it, so that the failing tests pass and"
    " the passing ones still pass. The tests are right: do not change them.\n\nTest command: {command}"
)
"""What r1code tells its model."""
_OUTPUT = 4000
_WAIT = 0.2


class Relay(ThreadingHTTPServer):
    """Hands requests on to the server of the model, and counts."""

    daemon_threads = True

    def __init__(self, child: Child) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.child = child
        self.began: float | None = None
        """When the first request for a reply came."""
        self.usages: list[Mapping[str, int]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Relay

    def do_POST(self) -> None:
        relay = self.server
        relay.began = relay.began or time.monotonic()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with closing(http.client.HTTPConnection(*relay.child.address)) as there:
            headers = {"Authorization": f"Bearer {relay.child.key}", "Content-Type": "application/json"}
            try:
                there.request("POST", self.path, body, headers)
                answer = there.getresponse()
                data = answer.read()
            except (ConnectionError, http.client.HTTPException):
                # The run is over, and its server ended.
                return
        if answer.status == http.HTTPStatus.OK:
            relay.usages.append(cast("dict[str, int]", json.loads(data).get("usage", {})))
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Standard error is for people."""


@contextmanager
def serving() -> Iterator[Relay]:
    """A server of its own for each run: it knows nothing of the one before."""
    weights = find_weights(load_weights())
    if weights is None:
        raise SystemExit("the embedded model is not there: r1code model fetch")
    with closing(Child(weights, CONTEXT_TOKENS)) as child:
        child.wait(lambda text: print(text, file=sys.stderr), Control())
        with Relay(child) as relay:
            threading.Thread(target=relay.serve_forever, daemon=True).start()
            yield relay
            relay.shutdown()


def installed(peer: str) -> Path:
    """The folder of its programs."""
    folder = FOLDER / peer
    ready = folder / "ready"
    if not ready.exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([folder / "bin/pip", "install", "-q", PACKAGES[peer]], check=True, stdout=sys.stderr)
        ready.touch()
    return folder / "bin"


class Box(NamedTuple):
    """Containers in which what a model wrote is run, on the project itself."""

    bug: Bug
    root: Path
    label: str

    @property
    def flags(self) -> list[str]:
        owner = self.root.stat()
        # fmt: off
        return [
            "--rm", "--network", "none", "--cap-drop", "ALL", "--memory", "2g", "--pids-limit", "512",
            "-e", "HOME=/tmp", "-e", "PYTHONDONTWRITEBYTECODE=1", "--user", f"{owner.st_uid}:{owner.st_gid}",
            "-v", f"{self.root}:/workspace", "-w", "/workspace", "--label", self.label,
        ]
        # fmt: on

    def command(self) -> list[str]:
        tests = ["timeout", "60", "sh", "-c", self.bug.setting.command]
        return ["docker", "run", *self.flags, image(self.bug.language), *tests]

    def fails(self) -> str:
        """What its tests say now."""
        done = subprocess.run(self.command(), capture_output=True, text=True, errors="replace", check=False)
        return (done.stdout + done.stderr)[-_OUTPUT:]

    def clear(self) -> None:
        asked = ["docker", "ps", "-aq", "--filter", f"label={self.label}"]
        left = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
        if left:
            subprocess.run(["docker", "rm", "-f", *left], check=False, capture_output=True)


Words = Callable[[Box, Path, str], list[str]]
"""The command line, for a folder of the tool's own and the text of the task."""


def aider(box: Box, own: Path, task: str) -> list[str]:
    """All files are in its chat, for it is to be compared in repairing; its tests are run after each edit."""
    script = own / "tests"
    script.write_text("#!/bin/sh\nexec " + " ".join(f"'{word}'" for word in box.command()) + "\n")
    script.chmod(0o755)
    # fmt: off
    return [
        str(installed("aider") / "aider"), "--model", MODEL, "--message", f"{task}\n\n{box.fails()}",
        "--yes-always", "--no-stream", "--no-git", "--no-auto-commits", "--no-check-update", "--no-analytics",
        "--no-show-model-warnings", "--no-show-release-notes", "--no-suggest-shell-commands", "--no-detect-urls",
        "--no-pretty", "--auto-test", "--test-cmd", str(script),
        "--input-history-file", str(own / "input"), "--chat-history-file", str(own / "chat"),
        *(word for path in box.bug.tests for word in ("--read", path)), *box.bug.sources(),
    ]
    # fmt: on


def mini(box: Box, own: Path, task: str) -> list[str]:
    """Its own Docker environment, and the text format, which a server without tools understands."""
    settings = {
        "environment": {
            "environment_class": "docker",
            "image": image(box.bug.language),
            "cwd": "/workspace",
            "run_args": box.flags,
            "interpreter": ["bash", "-c"],
        }
    }
    file = own / "settings.yaml"
    file.write_text(json.dumps(settings))
    # fmt: off
    return [
        str(installed("mini") / "mini"), "--model", MODEL, "--model-class", "litellm_textbased",
        "--config", "mini_textbased.yaml", "--config", str(file), "--task", task,
        "--yolo", "--exit-immediately", "--cost-limit", "0", "--output", str(own / "trajectory.json"),
    ]
    # fmt: on


def has_submitted(own: Path) -> bool:
    file = own / "trajectory.json"
    return file.exists() and json.loads(file.read_text()).get("info", {}).get("exit_status") == "Submitted"


def run(bug: Bug, root: Path, limit: int, words: Words) -> Attempt:
    with tempfile.TemporaryDirectory() as name, serving() as relay:
        own = Path(name)
        box = Box(bug, root, f"solvable={secrets.token_hex(6)}")
        command = words(box, own, TASK.format(command=bug.setting.command))
        environ = {
            **os.environ,
            "HOME": name,
            "OPENAI_API_BASE": relay.url,
            "OPENAI_API_KEY": "counted",
            "MSWEA_CONFIGURED": "true",
            "MSWEA_COST_TRACKING": "ignore_errors",
            "MSWEA_GLOBAL_CONFIG_DIR": name,
        }
        log = own / "log"
        try:
            with log.open("wb") as out:
                process = subprocess.Popen(
                    command,
                    cwd=root,
                    env=environ,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
                code = _ended(process, relay, limit)
        finally:
            box.clear()
        claimed = code == 0 and (words is not mini or has_submitted(own))
        return Attempt(
            claimed=claimed,
            exit_code=code,
            prompt=sum(one.get("prompt_tokens", 0) for one in relay.usages),
            completion=sum(one.get("completion_tokens", 0) for one in relay.usages),
            calls=len(relay.usages),
            seconds=0 if relay.began is None else round(time.monotonic() - relay.began, 1),
            said=log.read_text(errors="replace")[-400:],
        )


def _ended(process: subprocess.Popen[bytes], relay: Relay, limit: int) -> int | None:
    """None: it was ended from here, `limit` seconds after its first request."""
    started = time.monotonic()
    try:
        while process.poll() is None:
            now = time.monotonic()
            if now - (relay.began or now) > limit or now - started > limit + GRACE:
                return None
            time.sleep(_WAIT)
        return process.returncode
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


PEERS: Mapping[str, Callable[[Bug, Path, int], Attempt]] = {
    "aider": lambda bug, root, limit: run(bug, root, limit, aider),
    "mini": lambda bug, root, limit: run(bug, root, limit, mini),
}
