"""Compose files for several machines, as the real Compose reads them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from r1code.cli.main import main

COMPOSE = Path(sys.executable).with_name("docker-compose")


def read(folder: Path, profile: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **variables}
    command = [COMPOSE, "--profile", profile, "config", "--format", "json"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def services(ran: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert ran.returncode == 0, ran.stderr
    return dict(json.loads(ran.stdout)["services"])


@pytest.mark.parametrize("kind", ["compose", "compose-ray"])
def test_what_the_header_says_is_done_in_its_order(tmp_path: Path, kind: str) -> None:
    assert main(["serve", "files", kind, "--out", str(tmp_path)]) == 0
    header = [line for line in (tmp_path / "compose.yaml").read_text().splitlines() if line.startswith("#")]
    text = "\n".join(header)
    assert "HF_HOME=/srv/models hf download deepseek-ai/DeepSeek-R1-0528" in text
    order = [
        text.index(word) for word in ("hf download", "VLLM_API_KEY", "--profile leader up", "--profile worker")
    ]
    assert order == sorted(order)
    if kind == "compose-ray":
        assert order[0] < text.index("> ray-token") < order[2]
    started = {
        profile: next(line for line in header if f"--profile {profile} up" in line).split()[1:]
        for profile in ("leader", "worker")
    }
    for profile, words in started.items():
        variables = dict(word.split("=") for word in words if "=" in word)
        refused = read(tmp_path, profile, **variables)
        # It listens on a network: without a key nothing starts.
        assert refused.returncode != 0
        assert "VLLM_API_KEY" in refused.stderr
        (tmp_path / ".env").write_text("VLLM_API_KEY=sk-test\n")
        found = services(read(tmp_path, profile, **variables))
        (tmp_path / ".env").unlink()
        assert set(found) == {profile}
        assert found[profile]["stop_grace_period"] == "2m30s"
        assert found[profile]["environment"].get("VLLM_API_KEY") == {"leader": "sk-test"}.get(profile)
        assert [one["source"] for one in found[profile]["volumes"]] == ["/srv/models", "cache"]


@pytest.mark.parametrize("kind", ["compose", "compose-ray"])
def test_a_folder_is_served_from_where_it_is_written(tmp_path: Path, kind: str) -> None:
    assert main(["serve", "files", kind, "--out", str(tmp_path), "--weights", "/models/r1"]) == 0
    text = (tmp_path / "compose.yaml").read_text()
    assert "r1code serve weights deepseek-ai/DeepSeek-R1-0528 --to /srv/models/r1\n" in text
    assert "hf download" not in text
    assert "- --reasoning-parser" in text or "'--reasoning-parser'" in text
