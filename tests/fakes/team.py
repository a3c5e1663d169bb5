"""What a team has: replicas of a real vLLM that `serve up` started, the gateway before them, people with keys."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from fakes.gateway import Gateway
from fakes.ports import free_port
from fakes.served import Served
from r1code.serving.run.state import Kept, Now

KEY = "sk-between-gateway-and-vllm"
MODEL = "tiny"
_SETTINGS = """
[limits]
requests_per_minute = "off"
"""
_TINY = ("--load-format", "dummy", "--enforce-eager")
_PROFILE = """
[team]
extends = "openai-compatible"
label = "a tiny model behind the gateway"
model = "tiny"
base_url = "{url}/v1"
key_env = "TEAM_R1_KEY"
session_header = "X-Session-Id"
context_window = 16384
max_output = 96
sampling = {{ max_tokens = 96 }}
"""


class Replica:
    def __init__(self, kept: Kept, port: int) -> None:
        self.kept = kept
        self.port = port
        self.served = Served(f"http://127.0.0.1:{port}")

    @property
    def now(self) -> Now:
        now = self.kept.now()
        assert now is not None
        return now

    def asked(self) -> float:
        """Tokens of all prompts that it got."""
        return self.served.counter("vllm:prompt_tokens_total")

    def kill(self) -> int:
        """At once, and only the server, not its engine: that is its supervisor's affair. Which process it was."""
        pid = self.now.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        return pid


class Team:
    def __init__(self, folder: Path, vllm: Path, model: Path) -> None:
        self.folder = folder
        self._vllm, self._model = vllm, model
        self.replicas: list[Replica] = []
        self.home = folder / "home"
        self.home.mkdir()
        plain = {
            name: value for name, value in os.environ.items() if not name.startswith(("R1CODE_", "XDG_", "GIT_"))
        }
        self._environ = {
            **plain,
            "HOME": str(self.home),
            "R1CODE_STATE_DIR": str(folder / "state"),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "VLLM_CPU_KVCACHE_SPACE": "1",
            "VLLM_CPU_NUM_OF_RESERVED_CPU": "0",
        }
        self.ports = [free_port(), free_port()]
        self.gateway = Gateway(folder, (), _SETTINGS, KEY, ports=self.ports)

    def run(self, *words: str, seconds: float = 600, **environ: str) -> subprocess.CompletedProcess[str]:
        """r1code, as somebody types it."""
        return subprocess.run(
            [sys.executable, "-P", "-m", "r1code", *words],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=seconds,
            env=self.environ(environ),
            cwd=self.home,
        )

    def environ(self, more: Mapping[str, str] = {}) -> dict[str, str]:
        return {**self._environ, **more}

    def start(self) -> None:
        for number, port in enumerate(self.ports):
            name = f"replica-{number}"
            more = [f"--vllm-arg={word}" for word in _TINY]
            where = ["--port", str(port), "--vllm", str(self._vllm), "--name", name, *more]
            plan = ["--gpus", "24GiB@8.9", "--max-len", "16384"]
            done = self.run("serve", "up", str(self._model), *plan, *where, VLLM_API_KEY=KEY)
            kept = Kept(self.folder / "state/servers" / name)
            assert done.returncode == 0, done.stderr + kept.log.read_text()[-4000:]
            self.replicas.append(Replica(kept, port))
        self.gateway.start()
        profiles = self.home / ".config/r1code/profiles.toml"
        with profiles.open("a") as file:
            file.write(_PROFILE.format(url=self.gateway.url))

    def stop(self) -> None:
        for one in self.replicas:
            one.served.http.close()
            self.run("serve", "down", one.kept.name, "--now")
        if self.gateway._process is not None and self.gateway._process.poll() is None:
            self.gateway.stop()
        self.gateway.store.close()

    def key(self, name: str, team: str = "team") -> str:
        added = self.run("serve", "keys", "add", name, "--team", team, *self._place)
        assert added.returncode == 0, added.stderr
        key = added.stdout.strip()
        until = time.monotonic() + 10
        with self.gateway.client(key) as client:
            while client.get("/v1/models").status_code != 200:
                assert time.monotonic() < until, self.gateway.output
                time.sleep(0.1)
        return key

    def used(self, name: str) -> dict[str, Any]:
        """By `serve usage`."""
        self.gateway.settled(name)
        told = self.run("serve", "usage", "--key", name, "--json", *self._place)
        (found,) = json.loads(told.stdout)["keys"]
        return dict(found)

    def outcomes(self, name: str) -> list[str]:
        rows = self.gateway.store.rows.execute(
            "SELECT outcome FROM request WHERE holder = ? ORDER BY id", (name,)
        )
        return [str(row[0]) for row in rows]

    @property
    def _place(self) -> tuple[str, str]:
        return "--config", str(self.gateway.config)

    def ask(self, key: str, session: str, text: str = "hi", **more: Any) -> httpx2.Response:
        """Through the gateway."""
        body = {"model": MODEL, "messages": [{"role": "user", "content": text}], "max_tokens": 1, **more}
        with self.gateway.client(key, **{"x-session-id": session}) as client:
            client.timeout = httpx2.Timeout(300)
            answer = client.post("/v1/chat/completions", json=body)
        assert answer.status_code == 200, answer.text
        return answer

    def home_of(self, key: str, session: str) -> int:
        """The number of the replica that this session goes to."""
        before = [one.asked() for one in self.replicas]
        self.ask(key, session)
        grown = [one.asked() > was for one, was in zip(self.replicas, before, strict=True)]
        assert sum(grown) == 1
        return grown.index(True)

    def sessions_at(self, key: str, replica: int, count: int) -> list[str]:
        found: list[str] = []
        for number in range(64):
            name = f"{replica}-{number}"
            if self.home_of(key, name) == replica:
                found.append(name)
            if len(found) == count:
                return found
        raise AssertionError(f"64 sessions, and {len(found)} of them at replica {replica}")


@contextmanager
def team_of(folder: Path, vllm: Path, model: Path) -> Generator[Team, None, None]:
    team = Team(folder, vllm, model)
    try:
        team.start()
        yield team
    finally:
        team.stop()
