"""Plans as values: a table of them, what always holds, and what a refusal offers."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from fakes.plans import NoDriver, lines
from r1code.cli.serve_plan import _wishes, model_of
from r1code.options.grammar import parser
from r1code.serving.gateway.settings import made_settings
from r1code.serving.plan.alternatives import Refusal, plan
from r1code.serving.plan.checkpoint import NATIVE
from r1code.serving.plan.decide import LEAST_WINDOW, run_of
from r1code.serving.plan.facts import Goal, Gpu, KvCache, Lora, Machine, Model, Precision, Speculation, Wishes
from r1code.serving.plan.gpus import machine_of
from r1code.serving.plan.known import known_gpus, known_models, model_named
from r1code.serving.plan.layout import layouts
from r1code.serving.plan.memory import memory_of
from r1code.serving.plan.plan import Plan, planned

HERE = Path(__file__).parent
KNOWN = {file.stem: json.loads(file.read_text()) for file in sorted((HERE / "flags").glob("*.json"))}
models = st.sampled_from(list(known_models().values()))
gpus = st.sampled_from(known_gpus())
machines = st.builds(
    Machine, gpu=gpus, count=st.sampled_from([1, 2, 3, 4, 6, 8]), nodes=st.sampled_from([1, 1, 1, 2, 4])
)
GRAMMAR = parser()
LORA = Lora(name="mine", path="/srv/mine", rank=16)
wishes = st.builds(
    Wishes,
    goal=st.sampled_from(get_args(Goal)),
    quantization=st.sampled_from([None, None, None, *get_args(Precision)]),
    window=st.sampled_from([None, None, 4096, 16_384, 65_536, 131_072, 1_000_000]),
    users=st.sampled_from([None, None, 1, 3, 16, 200]),
    kv_cache=st.sampled_from(get_args(KvCache)),
    speculation=st.sampled_from(get_args(Speculation)),
    utilization=st.sampled_from([0.5, 0.85, 0.9, 0.95]),
    tools=st.sampled_from([False, False, True]),
    sleep=st.booleans(),
    thinking_end=st.sampled_from([None, "I answer now. "]),
    loras=st.sampled_from([(), (), (LORA,), (LORA, LORA)]),
)


def machine(word: str) -> Machine:
    return machine_of(word, NoDriver)


def model(word: str) -> Model:
    found = model_named(word)
    assert found is not None
    return found[0]


def made(word: str, gpus: str, **wished: Any) -> Plan:
    found = planned(model(word), machine(gpus), Wishes(**wished))
    assert isinstance(found, Plan), found
    return found


def flags(found: Plan) -> dict[str, tuple[str, ...]]:
    return {one.name: one.values for one in found.flags}


def test_the_table_of_plans_is_as_it_was():
    assert list(lines()) == (HERE / "plans.txt").read_text().splitlines()


@given(models, machines, wishes)
def test_a_plan_never_takes_more_than_there_is(one: Model, there: Machine, wished: Wishes):
    found = planned(one, there, wished)
    if not isinstance(found, Plan):
        return
    memory = found.memory
    assert memory.budget <= memory.total * wished.utilization + 1
    used = memory.weights + memory.adapters + memory.running + memory.per_engine * memory.token
    assert used <= memory.budget
    assert found.layout.gpus * found.layout.replicas <= there.count * there.nodes
    assert found.layout.tp <= there.count
    assert found.window <= min(memory.per_engine, one.shape.window)
    assert found.window == wished.window if wished.window else found.window >= LEAST_WINDOW
    assert found.fits[0].users >= (wished.users or 1)
    for fit in found.fits:
        assert fit.users <= fit.held
        assert fit.tokens * fit.held <= memory.tokens
    assert len(found.commands) == (there.nodes if found.layout.pp > 1 else 1)


@given(models, machines, wishes, st.floats(1.01, 3))
def test_more_memory_never_holds_less_and_never_turns_a_plan_into_a_refusal(
    one: Model, there: Machine, wished: Wishes, times: float
):
    larger = replace(there, gpu=replace(there.gpu, gib=there.gpu.gib * times))
    checkpoint = one.checkpoints[0]
    small, large = (run_of(checkpoint, where, wished) for where in (there, larger))
    for group in layouts(one, checkpoint, there, wished.goal, whole_bytes=checkpoint.bytes or 0):
        for layout in group:
            before, after = (memory_of(one, checkpoint, layout, run) for run in (small, large))
            assert after.tokens >= before.tokens
    before, after = planned(one, there, wished), planned(one, larger, wished)
    if isinstance(before, Plan):
        assert isinstance(after, Plan)
        # For throughput, copies may be worth more than tokens; over several machines, a copy on each.
        if there.nodes == 1 and wished.goal != "throughput":
            assert after.window >= before.window
            assert after.memory.tokens >= before.memory.tokens or wished.goal == "context"
            assert after.memory.per_engine >= before.memory.per_engine or wished.goal == "latency"


@pytest.mark.parametrize("version", list(KNOWN))
@given(one=models, there=machines, wished=wishes)
def test_every_flag_is_one_that_vllm_has_with_a_value_that_it_takes(
    version: str, one: Model, there: Machine, wished: Wishes
):
    found = planned(one, there, wished)
    if not isinstance(found, Plan):
        return
    known = KNOWN[version]
    for command in found.commands:
        words = list(command.argv)
        assert words[:2] == ["vllm", "serve"]
        names = [word for word in words if word.startswith("--")]
        assert len(names) == len(set(names))
        for name in names:
            facts = known["flags"][name]
            at = words.index(name)
            has_value = at + 1 < len(words) and not words[at + 1].startswith("--")
            assert has_value != facts.get("bare", False), name
            if "choices" in facts:
                assert words[at + 1] in facts["choices"]
    values = flags(found)
    assert values.get("--reasoning-parser", ("deepseek_r1",))[0] in known["reasoning_parsers"]
    assert values.get("--tool-call-parser", ("deepseek_v3",))[0] in known["tool_parsers"]
    assert values.get("--quantization", ("fp8",))[0] in known["quantizations"]
    if "--speculative-config" in values:
        assert json.loads(values["--speculative-config"][0])["method"] in known["speculation"]
    ours = {one.name for one in found.environment if one.name.startswith("VLLM_")}
    assert ours <= set(known["environment"])


@pytest.mark.parametrize("version", list(KNOWN))
def test_what_is_said_to_be_native_is_native(version: str):
    assert set(KNOWN[version]["architectures"]) >= NATIVE
    assert {one.shape.architecture for one in known_models().values()} <= NATIVE


@settings(max_examples=20, deadline=None)
@given(models, machines, wishes)
def test_what_a_refusal_offers_plans_through_the_command_line(one: Model, there: Machine, wished: Wishes):
    wished = replace(wished, loras=())
    found = plan(one, there, wished)
    if not isinstance(found, Refusal):
        return
    for other in found.alternatives:
        options = GRAMMAR.parse_args(["serve", "plan", *other.flags])
        again, precision = model_of(options.model)
        assert isinstance(planned(again, machine(options.gpus), _wishes(options, precision)), Plan), other


def test_there_is_nearly_always_something_else():
    refused = [line for line in lines() if " NO " in line]
    assert len(refused) > 50
    assert [line for line in refused if line.endswith("| ")] == []


def test_r1_on_eight_h200():
    found = made("r1-0528", "8xH200")
    said = flags(found)
    assert said["--tensor-parallel-size"] == ("8",)
    assert "--enable-expert-parallel" in said
    assert "--trust-remote-code" not in said
    assert json.loads(said["--speculative-config"][0]) == {"method": "mtp", "num_speculative_tokens": 1}
    assert found.window == 131_072


def test_r1_for_many_keeps_attention_whole_on_each_rank():
    said = flags(made("r1", "8xH200", goal="throughput"))
    assert said["--data-parallel-size"] == ("8",)
    assert "--tensor-parallel-size" not in said
    assert "--speculative-config" not in said


def test_r1_for_long_contexts_divides_the_cache_that_mla_would_copy():
    found = made("r1", "8xH200", goal="context")
    said = flags(found)
    assert said["--decode-context-parallel-size"] == said["--tensor-parallel-size"] == ("8",)
    assert said["--kv-cache-dtype"] == ("fp8",)
    assert said["--max-model-len"] == ("163840",)


def test_over_two_machines_each_gets_its_own_command():
    found = made("r1", "2x8xH100")
    first, second = (list(one.argv) for one in found.commands)
    assert first[first.index("--node-rank") + 1] == "0"
    assert second[second.index("--node-rank") + 1] == "1"
    assert "--headless" not in first
    assert "--headless" in second
    assert first[first.index("--pipeline-parallel-size") + 1] == "2"
    # Guessing ahead over several stages is not tried.
    assert "--speculative-config" not in first


def test_a_model_that_fits_one_machine_is_served_on_each():
    found = made("distill-qwen-32b", "2x8xH100")
    assert (found.layout.replicas, found.layout.pp, len(found.commands)) == (2, 1, 1)
    assert any("gateway" in one for one in found.warnings)


def test_servers_on_several_machines_listen_where_a_gateway_reaches_them():
    found = made("r1-0528", "2x8xH200", goal="throughput", port=9000)
    (command,) = found.commands
    # As for the first machine of one server over several, it is a word to be replaced.
    assert command.argv[command.argv.index("--host") + 1] == "THIS-MACHINE"
    assert any("THIS-MACHINE is the private address" in one and "/invocations" in one for one in found.warnings)
    said = next(one for one in found.warnings if "replicas = " in one)
    settings = read_replicas(said.partition("gateway.toml gets ")[2])
    assert settings == ["http://MACHINE-1:9000", "http://MACHINE-2:9000"]
    own = made("r1-0528", "2x8xH200", host="10.0.0.7")
    assert flags(own)["--host"] == ("10.0.0.7",)
    assert not any("THIS-MACHINE" in one for one in own.warnings)
    assert flags(made("r1-0528", "2x8xH100"))["--host"] == ("127.0.0.1",)


def read_replicas(line: str) -> list[str]:
    return list(made_settings({**tomllib.loads(line), "state": "/x"}, "gateway.toml").replicas)


def test_a_limit_of_requests_is_not_told_as_one_of_memory():
    found = made("r1-0528", "8xH200", goal="context")
    full, short = found.fits
    assert (full.users, full.held) == (16, found.memory.per_engine // 163_840)
    assert (short.users, short.held) == (16, found.memory.per_engine // 32_768)
    assert flags(found)["--max-num-seqs"] == ("16",)
    why = next(one.why for one in found.flags if one.name == "--max-model-len")
    assert str(full.held) in why
    # Where memory is what there is least of, both are the same; --users lets in more.
    assert all(one.users == one.held for one in made("r1-0528", "8xH200").fits)
    assert made("r1-0528", "8xH200", goal="context", users=full.held).fits[0].users == full.held


def test_native_calls_are_not_guessed_ahead_and_are_warned_about():
    found = made("r1-0528", "8xH200", tools=True)
    said = flags(found)
    assert said["--tool-call-parser"] == ("deepseek_v3",)
    assert "--speculative-config" not in said
    assert any("stream=false" in one for one in found.warnings)
    both = made("r1-0528", "8xH200", tools=True, speculation="mtp")
    assert any("calls will be lost" in one for one in both.warnings)


@pytest.mark.parametrize("word", ["distill-qwen-7b", "r1", "r1-0528-qwen3-8b"])
def test_models_without_the_tokens_for_calls_are_refused_with_them(word: str):
    found = plan(model(word), machine("8xH200"), Wishes(tools=True))
    assert isinstance(found, Refusal)
    assert "--tools" not in found.alternatives[0].flags


def test_the_key_is_in_no_flag_and_no_value():
    found = made("distill-qwen-7b", "H100", sleep=True)
    assert "--api-key" not in flags(found)
    assert {one.name: one.value for one in found.environment}["VLLM_API_KEY"] is None
    assert any("developer paths" in one for one in found.warnings)


def test_an_address_that_others_reach_is_warned_about():
    assert any("/invocations" in one for one in made("distill-qwen-7b", "H100", host="0.0.0.0").warnings)
    assert made("distill-qwen-7b", "H100", host="0.0.0.0").base_url == "http://localhost:8000/v1"
    assert made("distill-qwen-7b", "H100", host="fd00::7", port=9).base_url == "http://[fd00::7]:9/v1"
    assert not any("/invocations" in one for one in made("distill-qwen-7b", "H100").warnings)


def test_old_gpus_compute_in_half_precision():
    assert flags(made("distill-qwen-1.5b", "T4"))["--dtype"] == ("half",)
    assert "--dtype" not in flags(made("distill-qwen-1.5b", "A100"))


def test_weights_that_a_gpu_only_stores_are_said_to_save_no_time():
    assert any("not time" in one for one in made("distill-qwen-7b", "A100", quantization="fp8").warnings)
    assert not any("not time" in one for one in made("distill-qwen-7b", "H100", quantization="fp8").warnings)


def test_adapters_take_memory_and_their_ranks_are_rounded_up():
    plain = made("distill-qwen-7b", "H100")
    found = made("distill-qwen-7b", "H100", loras=(replace(LORA, rank=24),))
    assert flags(found)["--max-lora-rank"] == ("32",)
    assert flags(found)["--lora-modules"] == ("mine=/srv/mine",)
    assert found.memory.adapters > 0
    assert found.memory.tokens < plain.memory.tokens


def test_users_make_the_window_shorter_and_the_batch_larger():
    found = made("distill-qwen-32b", "H200", users=8)
    assert found.fits[0].users >= 8
    assert 16_384 <= found.window < made("distill-qwen-32b", "H200").window
    assert flags(made("distill-qwen-7b", "8xH100", users=200))["--max-num-seqs"] == ("200",)


def test_a_gpu_that_others_use_is_not_planned_full():
    gpu = next(one for one in known_gpus() if one.name == "H100")
    shared = Machine(gpu=gpu, count=1, free_gib=60.0, measured=True)
    found = planned(model("distill-qwen-14b"), shared, Wishes())
    assert isinstance(found, Plan)
    assert found.memory.budget <= 60 * (1 << 30)
    assert any("60.0 GiB are free" in one for one in found.warnings)


def test_code_of_a_checkpoint_runs_only_with_consent():
    strange = replace(model("distill-qwen-7b"), own_code=True, family="other")
    refused = plan(strange, machine("H100"), Wishes())
    assert isinstance(refused, Refusal)
    found = planned(strange, machine("H100"), Wishes(own_code=True))
    assert isinstance(found, Plan)
    assert "--trust-remote-code" in flags(found)


def test_two_plans_of_the_same_facts_are_equal():
    assert made("r1", "8xH200") == made("r1", "8xH200")


def test_gpus_of_no_known_name_are_said_by_memory_and_capability():
    found = machine("4x24GiB@8.9").gpu
    assert found == Gpu(name="24GiB@8.9", gib=24.0, capability=8.9, fp8=True)
    assert machine("2x4x80gb@sm100").gpu.fp4
