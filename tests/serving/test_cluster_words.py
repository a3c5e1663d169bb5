"""Words and plans for a cluster's GPUs: what is written uses those that it gets."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from fakes.plans import GOALS, GPUS, NoDriver
from r1code.cli.main import main
from r1code.errors import UsageError
from r1code.serving.cluster.kinds import files_of
from r1code.serving.cluster.planned import planned_server
from r1code.serving.cluster.server import Server
from r1code.serving.cluster.words import gpus_of
from r1code.serving.plan.alternatives import Refusal, plan
from r1code.serving.plan.facts import Wishes
from r1code.serving.plan.gpus import machine_of
from r1code.serving.plan.known import known_models


@pytest.mark.parametrize(
    ("words", "gpus"),
    [
        ("m", 1),
        ("m --tensor-parallel-size 8", 8),
        ("m --tensor_parallel_size=8 -pp 2", 16),
        ("m -tp 4 -dp 2 --data-parallel-size-local 1 --enable-expert-parallel", 8),
        ("m -tp 8 --decode-context-parallel-size 8", 8),
        ("m -tp 2 --tensor-parallel-size 4", 4),
        ("m -tp 2 --prefill-context-parallel-size 2", 4),
    ],
)
def test_the_gpus_of_words_are_counted_as_vllm_counts_them(words: str, gpus: int) -> None:
    assert gpus_of(words.split()) == gpus


def test_words_for_other_gpus_are_refused_with_words_that_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["serve", "files", "lws", "--out", str(tmp_path / "new")]
    assert main([*command, "--", "my/model", "--tensor-parallel-size", "8"]) == 2
    said = capsys.readouterr().err
    assert "the words use 8 GPUs, the files give 16" in said
    assert not (tmp_path / "new").exists()
    fitting, machines = re.findall(r"-- (my/model [^;]*); or (--nodes \d+ --gpus-per-node \d+)", said)[0]
    assert main([*command, "--", *shlex.split(fitting)]) == 0
    assert main([*command, "--force", *machines.split(), "--", "my/model", "--tensor-parallel-size", "8"]) == 0
    # Without a model, the words that are told fit as well.
    assert main([*command, "--", "--tensor-parallel-size", "8"]) == 2
    (fitting,) = re.findall(r"-- (MODEL.*)", capsys.readouterr().err)
    assert main([*command, "--force", "--", *fitting.split()]) == 0
    assert main([*command, "--", "m", "--tensor-parallel-size", "all"]) == 2
    assert "says no number of GPUs" in capsys.readouterr().err


def test_every_plan_is_for_the_gpus_that_its_files_give() -> None:
    seen: set[object] = set()
    for model in known_models().values():
        for gpus in GPUS:
            for goal in GOALS:
                made = plan(model, machine_of(gpus, NoDriver), Wishes(goal=goal))
                if isinstance(made, Refusal):
                    continue
                of = planned_server(made)
                server = Server(name=of.name, argv=of.argv, nodes=of.nodes, gpus=of.gpus, about=of.about)
                assert files_of("lws", server)
                seen |= {of.nodes, *of.argv}
    assert {1, 2, "--data-parallel-size", "--decode-context-parallel-size", "--enable-expert-parallel"} <= seen


@pytest.mark.parametrize("word", ["--api-key", "--api_key=abc", "--host", "--node_rank"])
def test_what_the_files_say_themselves_is_refused(word: str) -> None:
    with pytest.raises(UsageError) as refused:
        files_of("compose", Server(name="r1", argv=("m", "-tp", "8", word)))
    assert ("VLLM_API_KEY" in (refused.value.hint or "")) is ("api" in word)


@pytest.mark.parametrize("folder", ["/srv/r1", "/models", "/models/../srv/r1", "models/r1"])
def test_weights_lie_where_pods_see_them(tmp_path: Path, capsys: pytest.CaptureFixture[str], folder: str) -> None:
    assert main(["serve", "files", "lws", "--out", str(tmp_path), "--weights", folder]) == 2
    assert "see them below /models" in capsys.readouterr().err


def test_a_refusal_leads_to_flags_that_are_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["serve", "files", "kubernetes", "--out", str(tmp_path)]
    assert main([*command, "--model", "distill-llama-70b", "--gpus", "H100"]) == 2
    (fits,) = re.findall(r"this fits: (.*?);", capsys.readouterr().err)
    assert main([*command, *shlex.split(fits)]) == 0
    words = ["--model", "distill-llama-70b", "--gpus", "2xH100", "--quantization", "fp8", "--utilization", "0.8"]
    assert main([*command, "--force", *words, "--users", "2", "--max-len", "16384", "--kv-cache", "fp8"]) == 0
    written = (tmp_path / "vllm.yaml").read_text()
    for flag in ("FP8", "16384", "--kv-cache-dtype", "0.80"):
        assert flag in written
    assert (
        main(
            [*command, "--quantization", "int4", "--model", "RedHatAI/DeepSeek-R1-Distill-Llama-70B-FP8-dynamic"]
        )
        == 2
    )
    assert "is not in int4" in capsys.readouterr().err


@pytest.mark.parametrize(
    "flag", ["--max-len 9", "--users 2", "--kv-cache fp8", "--weights /models/r1", "--quantization fp8"]
)
def test_wishes_are_for_plans_and_not_for_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flag: str
) -> None:
    assert main(["serve", "files", "lws", "--out", str(tmp_path), *flag.split(), "--", "m", "-tp", "16"]) == 2
    assert "a model to plan for" in capsys.readouterr().err


@pytest.fixture
def student(tmp_path: Path) -> Path:
    sizes = {
        "hidden_size": 1024,
        "intermediate_size": 4096,
        "max_position_embeddings": 32768,
        "vocab_size": 32000,
    }
    heads = {"num_attention_heads": 16, "num_hidden_layers": 12, "num_key_value_heads": 4}
    folder = tmp_path / "student"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"architectures": ["Qwen2ForCausalLM"], **sizes, **heads}))
    return folder


def test_a_checkpoint_of_this_machine_is_named_as_the_pods_see_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], student: Path
) -> None:
    command = ["serve", "files", "kubernetes", "--out", str(tmp_path / "new"), "--gpus", "1xH100"]
    assert main([*command, "--model", str(student)]) == 2
    assert f"--weights /models/{student.name}" in capsys.readouterr().err
    assert main([*command, "--model", str(student), "--weights", "/models/ours"]) == 0
    assert "/models/ours" in (tmp_path / "new/vllm.yaml").read_text()
    assert str(student) not in "".join(file.read_text() for file in (tmp_path / "new").rglob("*.yaml"))
