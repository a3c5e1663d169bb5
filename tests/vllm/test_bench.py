"""The bench against a real vLLM: every answer has its length, and the metrics agree with what answers count."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.requests import KEY
from fakes.served import Served
from r1code.app.checkup.engine import read_engine

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(900)]
SMALL = (
    "--turns", "3", "--prefix-tokens", "400", "--task-tokens", "40", "--observation-tokens", "40",
    "--answer-tokens", "20", "--output-tokens", "24", "--output-most", "64", "--pause", "0.1",
    "--concurrency", "1,2,4", "--rounds", "2",
)  # fmt: skip


def test_a_bench_of_a_real_server(real: Served, tmp_path: Path) -> None:
    kept = tmp_path / "a.json"
    command = [sys.executable, "-P", "-m", "r1code", "serve", "bench", "--base-url", real.url, "-o", str(kept)]
    environ = {**os.environ, "R1CODE_API_KEY": KEY}
    ran = subprocess.run([*command, *SMALL], capture_output=True, text=True, check=False, env=environ)
    sys.stdout.write(ran.stdout)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    result = json.loads(kept.read_text())
    turns = [turn for level in result["levels"] for turn in level["turns"]]
    assert len(turns) == (4 + 4 + 8) * 3
    assert [turn["completion"] for turn in turns] == [turn["wanted"] for turn in turns]
    assert all(0 < turn["ttft"] <= turn["seconds"] for turn in turns)
    for level in result["levels"]:
        counters = level["counters"]
        assert counters["hits"] == sum(turn["cached"] for turn in level["turns"]) > 0
        assert counters["prompt"] == sum(turn["prompt"] for turn in level["turns"])
        assert counters["generation"] == sum(turn["completion"] for turn in level["turns"])
        # The server's own first token comes before ours.
        assert 0 < counters["ttft"] <= sum(turn["ttft"] for turn in level["turns"]) / len(level["turns"])


def test_vllms_own_bench_beside_it(real: Served, folder: Path) -> None:
    command = [sys.executable, "-P", "-m", "r1code", "serve", "bench", "--base-url", real.url, "--with", "vllm"]
    path = f"{folder.resolve() / 'bin'}:{os.environ['PATH']}"
    environ = {**os.environ, "R1CODE_API_KEY": KEY, "PATH": path, "HF_HUB_OFFLINE": "1"}
    words = [*command, *SMALL, "--concurrency", "2", "--json"]
    ran = subprocess.run(words, capture_output=True, text=True, check=False, env=environ)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told = json.loads(ran.stdout)
    assert (told["max_concurrency"], told["completed"], told["failed"]) == (2, 12, 0)
    assert told["output_throughput"] > 0
    assert told["median_ttft_ms"] > 0


def test_what_its_metrics_say_of_how_it_was_started(real: Served) -> None:
    engine = read_engine(real.get("/metrics").text)
    assert engine is not None
    assert engine.caching is True
    assert engine.room is not None
    assert not engine.speculative
