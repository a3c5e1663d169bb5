"""What the planner believes of vLLM, asked of a real one."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fakes.plans import GOALS, GPUS, NoDriver
from r1code.serving.plan.facts import Gqa, Wishes
from r1code.serving.plan.gpus import machine_of
from r1code.serving.plan.known import known_models
from r1code.serving.plan.layout import Layout
from r1code.serving.plan.memory import token_bytes
from r1code.serving.plan.plan import Plan, planned

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(900)]
HERE = Path(__file__).parent
_QUIET = {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "VLLM_LOGGING_LEVEL": "ERROR"}
WISHED = (
    Wishes(),
    Wishes(tools=True, tool_template="/srv/t.jinja", thinking_end="I answer now. "),
    Wishes(sleep=True, speculation="ngram", quantization="fp8"),
    Wishes(speculation="suffix", kv_cache="fp8", users=40),
)
R1 = {
    "architectures": ["DeepseekV3ForCausalLM"],
    "auto_map": {"AutoConfig": "configuration_deepseek.DeepseekV3Config"},
    "model_type": "deepseek_v3",
    "hidden_size": 7168,
    "num_hidden_layers": 61,
    "vocab_size": 129280,
}


def asked(folder: Path, script: str, what: object = None) -> Any:
    done = subprocess.run(
        [folder / "bin/python", HERE / script],
        input=json.dumps(what),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **_QUIET},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout[done.stdout.index("{") :])


def test_the_flags_that_are_shipped_are_those_of_this_vllm(folder: Path) -> None:
    shipped = json.loads((HERE.parent / "serving/flags/0.32.0.json").read_text())
    assert asked(folder, "flags.py") == shipped


def test_vllm_takes_every_command_counts_the_cache_alike_and_needs_no_code_of_r1(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(R1))
    models = list(known_models().values())
    places = [machine_of(word, NoDriver) for word in GPUS]
    tried = [planned(model, place, wishes) for model in models for place in places for wishes in WISHED]
    tried += [planned(model, place, Wishes(goal=goal)) for model in models for place in places for goal in GOALS]
    plans = [one for one in tried if isinstance(one, Plan)]
    caches = [
        {"mla": False, "heads": one.kv_heads, "size": one.head_dim, "bytes": size}
        if isinstance(one, Gqa)
        else {"mla": True, "heads": 1, "size": one.kv_lora_rank + one.qk_rope_head_dim, "bytes": size}
        for one in (model.shape.attention for model in models)
        for size in (1, 2)
    ]
    commands = [list(command.argv[1:]) for one in plans for command in one.commands]
    answer = asked(folder, "asked.py", {"commands": commands, "caches": caches, "folders": [str(tmp_path)]})
    taken = iter(answer["commands"])
    for one in plans:
        for _ in one.commands:
            found = next(taken)
            assert found["tensor_parallel_size"] == one.layout.tp
            assert found["pipeline_parallel_size"] == one.layout.pp
            assert found["data_parallel_size"] == one.layout.dp
            assert found["max_model_len"] == one.window
            assert found["served_model_name"] == [one.served]
    assert len(plans) > 300
    counts = [
        token_bytes(model.shape, fp8=fp8, layout=Layout()) / model.shape.layers
        for model in models
        for fp8 in (True, False)
    ]
    assert answer["caches"] == counts
    # R1's folder names Python of its own, which is not there: vLLM did not ask for it.
    assert answer["folders"] == ["DeepseekV3Config"]
