"""`r1code doctor` as people and programs run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.answers import Reply
from fakes.server import FakeServer
from r1code.profiles import load_profiles

KEY = "sk-doctor-0123456789"
REPLY = Reply(text="51", reasoning="Seventeen times three is fifty-one. " * 12, size=16)


def doctor(tmp_path: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "r1code", "doctor", *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path), **environ},
    )


def bad(ran: subprocess.CompletedProcess[str]) -> list[str]:
    """What is not right, but for what a busy machine can be the reason of."""
    found = json.loads(ran.stdout)["findings"]
    return [one["name"] for one in found if one["state"] != "ok" and one["name"] not in {"streaming", "speed"}]


def test_a_server_is_checked_and_kept_as_a_profile(tmp_path: Path) -> None:
    with FakeServer([REPLY], models=["deepseek-ai/DeepSeek-R1"], key=KEY, details=True) as server:
        ran = doctor(tmp_path, server.url, "--json", "--write", "team", R1CODE_API_KEY=KEY)
        again = doctor(tmp_path, "team", "--json", R1CODE_API_KEY=KEY)
        without = doctor(tmp_path, "team")
    told = json.loads(ran.stdout)
    assert [ran.returncode, told["exit_code"], told["target"]["model"]] == [0, 0, "deepseek-ai/DeepSeek-R1"]
    assert bad(ran) == ["open"]
    assert told["evidence"]["prompt"] == {"system": True, "users": 2, "opens": True}
    assert "at most 6 short requests" in ran.stderr
    profile = load_profiles(tmp_path / "r1code/profiles.toml")["team"].profile
    assert (profile.is_r1, profile.key_required, profile.reasoning) == (True, True, "field")
    # What was written is right in the doctor's own eyes.
    assert again.returncode == 0
    assert bad(again) == ["open"]
    assert without.returncode == 1
    assert "R1CODE_API_KEY is not set" in without.stdout
    assert KEY not in ran.stdout + ran.stderr + again.stdout + (tmp_path / "r1code/profiles.toml").read_text()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["http://127.0.0.1:9/v1"], 6, "start a server: vllm serve MODEL --port 9"),
        (["nobody"], 2, "there is no profile 'nobody'"),
        (["ftp://host/v1"], 2, "the base URL cannot be used"),
        (["embedded", "--write", "x"], 2, "there is nothing to write"),
        (["deepseek-reasoner"], 2, "DeepSeek retired it on 2026-07-24"),
    ],
)
def test_what_cannot_be_checked_is_said_with_its_code(
    tmp_path: Path, words: list[str], code: int, says: str
) -> None:
    ran = doctor(tmp_path, *words)
    assert ran.returncode == code
    assert says in ran.stdout + ran.stderr


def test_the_embedded_model_without_its_weights(tmp_path: Path) -> None:
    ran = doctor(tmp_path, "embedded", R1CODE_STATE_DIR=str(tmp_path), XDG_CACHE_HOME=str(tmp_path))
    assert ran.returncode == 0
    assert "r1code model fetch" in ran.stdout
    assert "not R1" in ran.stdout
