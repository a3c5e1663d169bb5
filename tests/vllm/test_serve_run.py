"""`r1code serve up` with a real vLLM: it starts, answers, holds as many tokens as computed, and ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fakes.ports import free_port
from fakes.spawned import until
from r1code.app.folders import state_folder, user_profiles
from r1code.cli.main import main
from r1code.profiles import find_profile
from r1code.serving.plan.checkpoint import model_in
from r1code.serving.plan.layout import Layout
from r1code.serving.plan.memory import token_bytes
from r1code.serving.run.lines import seen_in
from r1code.serving.run.process import last_lines
from r1code.serving.run.state import Kept, born

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(900)]
_ENVIRONMENT = {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CPU_NUM_OF_RESERVED_CPU": "0"}
_GIB = 1 << 30


def test_a_real_vllm_is_started_asked_and_stopped(
    folder: Path, tiny: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in _ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    port = str(free_port())
    more = [f"--vllm-arg={word}" for word in ("--load-format", "dummy", "--enforce-eager")]
    where = ["--port", port, "--vllm", str(folder / "bin/vllm"), "--name", "tiny"]
    code = main(["serve", "up", str(tiny), "--gpus", "24GiB@8.9", "--max-len", "16384", *where, *more])
    said = capsys.readouterr()
    kept = Kept(state_folder() / "servers/tiny")
    log = last_lines(kept.log, 400)
    assert code == 0, said.err + "\n".join(log[-40:])
    try:
        assert said.out == "r1code --profile tiny\n"
        assert "it answers" in said.err
        # Its cache is 1 GiB here: as many tokens as our formula says.
        (room,) = (seen.tokens for seen in map(seen_in, log) if seen is not None and seen.tokens)
        token = token_bytes(model_in(tiny).shape, fp8=False, layout=Layout())
        assert room == pytest.approx(_GIB / token, rel=0.001)
        assert find_profile("tiny", user_profiles()).context_window == 16384
        now = kept.now()
        assert now is not None
        assert now.pid is not None
    finally:
        assert main(["serve", "down", "tiny"]) == 0
    capsys.readouterr()
    until(lambda: born(now.pid or 0) == "", 30)
    main(["serve", "status", "--json"])
    assert [one["state"] for one in json.loads(capsys.readouterr().out)] == ["stopped"]


def test_a_folder_without_weights_is_told_as_what_it_is(
    folder: Path, tiny: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in _ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    port = str(free_port())
    where = ["--port", port, "--vllm", str(folder / "bin/vllm"), "--name", "bare"]
    # Without the first of these r1code itself would say so.
    more = [f"--vllm-arg={word}" for word in ("--load-format=auto", "--enforce-eager")]
    code = main(["serve", "up", str(tiny), "--gpus", "24GiB@8.9", *where, *more])
    said = capsys.readouterr().err
    log = last_lines(state_folder() / "servers/bare/log", 60)
    assert code == 6
    assert "weights are missing" in said, "\n".join(log)
