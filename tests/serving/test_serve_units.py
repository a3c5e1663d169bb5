"""`r1code serve up --unit` and `serve gateway --unit`: what systemd is given, read and done as systemd would."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from fakes.installed import installed
from fakes.ports import free_port
from fakes.vllm import program
from r1code.app.folders import own_program
from r1code.cli.main import main
from r1code.errors import UsageError
from r1code.serving.run.unit import Started, server_unit

MODEL = ("distill-qwen-7b", "--gpus", "24GiB@8.9", "--name", "mine", "--hub-cache")


def verified(name: str, text: str, folder: Path) -> str:
    """What systemd says against the unit."""
    file = folder / name
    file.write_text(text)
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(folder)}
    asked = [installed("systemd-analyze"), "verify", "--user", str(file)]
    return subprocess.run(asked, env=environ, capture_output=True, text=True, check=False).stderr


def unit_of(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["serve", *words, "--unit"]) == 0
    return capsys.readouterr().out


def value(unit: str, key: str) -> str:
    """Of a line of it, as systemd reads commands: like a shell, but for what begins with $ or %."""
    (line,) = [line for line in unit.splitlines() if line.startswith(f"{key}=")]
    return line.partition("=")[2].replace("$$", "$").replace("%%", "%")


def test_what_systemd_starts_serves_and_what_it_stops_does_not(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = program(tmp_path / "a $folder, 100%")
    monkeypatch.chdir(tmp_path)
    words = ["--port", str(free_port()), "--vllm", str(fake), '--vllm-arg=--x=$HOME "%h"', "--detach"]
    unit = unit_of(capsys, "up", *MODEL, *words)
    assert verified("r1code-vllm-mine.service", unit, tmp_path) == ""
    assert verified("wrong.service", unit.replace("oneshot", "onshot"), tmp_path) != ""
    assert "r1code-vllm-mine.service" in unit
    # Only making it starts nothing.
    assert main(["serve", "status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    kept = dict(shlex.split(line)[0].split("=", 2)[1:] for line in unit.splitlines() if line.startswith("Env"))
    assert kept["R1CODE_STATE_DIR"] == os.environ["R1CODE_STATE_DIR"]
    # From anywhere, with nothing in the environment but what the unit says.
    environ = {"HOME": os.environ["HOME"], **kept}
    place = value(unit, "WorkingDirectory")
    try:
        started = subprocess.run(
            shlex.split(value(unit, "ExecStart")),
            cwd=place,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert started.returncode == 0, started.stderr
        assert main(["serve", "status", "--json"]) == 0
        assert [one["state"] for one in json.loads(capsys.readouterr().out)] == ["ready"]
        (argv,) = [json.loads(line)["argv"] for line in (fake.parent / "starts").read_text().splitlines()]
        assert argv[-1] == '--x=$HOME "%h"'
    finally:
        stopped = subprocess.run(shlex.split(value(unit, "ExecStop")), cwd=place, env=environ, check=False)
    assert stopped.returncode == 0
    assert main(["serve", "status", "--json"]) == 0
    assert [one["state"] for one in json.loads(capsys.readouterr().out)] == ["stopped"]


def test_the_gateway_s_unit_has_its_words(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text('replicas = ["http://10.0.0.1:8000"]\n')
    unit = unit_of(capsys, "gateway", "--config", str(file), "--with-nginx")
    assert verified("r1code-gateway.service", unit, tmp_path) == ""
    words = shlex.split(value(unit, "ExecStart"))
    assert Path(words[0]).name == "r1code"
    assert words[1:] == ["serve", "gateway", "--config", str(file), "--with-nginx"]
    # What it would not start with is said at once.
    assert main(["serve", "gateway", "--replica", "http://a", "--unit"]) == 2
    assert "is no address" in capsys.readouterr().err


def test_no_secret_and_nothing_unseen_gets_into_a_unit(tmp_path: Path) -> None:
    environ = {
        "PATH": "/bin", "HF_TOKEN": "hf_x", "VLLM_API_KEY": "sk-x", "R1CODE_API_KEY": "y", "HOME": "/h",
        "HF_ENDPOINT": "https://me:pass@hub.example", "XDG_RUNTIME_DIR": "/run/user/1", "HF_HOME": "/models",
    }  # fmt: skip
    started = Started(program="/bin/r1code", words=("serve", "up", "m"), folder=tmp_path, environ=environ)
    unit = server_unit(started, "m")
    lines = [line for line in unit.splitlines() if line.startswith("Environment")]
    assert lines == ['Environment="HF_HOME=/models"', 'Environment="PATH=/bin"']
    with pytest.raises(UsageError, match="a unit cannot be made"):
        server_unit(replace(started, words=("serve", "up", "m\nExecStartPre=/bin/sh")), "m")


def test_the_program_is_beside_its_python_or_in_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Path(own_program()).exists()
    program = tmp_path / "r1code"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert own_program(str(tmp_path / "elsewhere/python3")) == str(program)
