"""`r1code serve plan`, as a person and a program see it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from ruamel.yaml import YAML

from fakes.plans import NoDriver
from r1code.cli.main import main
from r1code.serving.plan.alternatives import Refusal, plan
from r1code.serving.plan.compose import compose_of
from r1code.serving.plan.facts import Lora, Wishes
from r1code.serving.plan.gpus import machine_of
from r1code.serving.plan.known import model_named
from r1code.serving.plan.plan import Plan
from r1code.ui.messages import speak
from r1code.ui.serve_plan import told_plan, told_refusal

HERE = Path(__file__).parent
Serve = Callable[..., tuple[int, str, str]]
RECORDER = """#!{python}
import json, os, sys
print(json.dumps([sys.argv[1:], {{name: os.environ.get(name) for name in {names!r}}}]))
"""


@pytest.fixture
def serve(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(*words: str) -> tuple[int, str, str]:
        try:
            code = main(["serve", "plan", *words])
        except SystemExit as stopped:
            code = int(str(stopped.code))
        return code, *capsys.readouterr()

    return run


def told(word: str, gpus: str, wishes: Wishes) -> str:
    found = model_named(word)
    assert found is not None
    made = plan(found[0], machine_of(gpus, NoDriver), wishes)
    return told_refusal(made) if isinstance(made, Refusal) else told_plan(made)


SCREENS = {
    "r1-0528": ("r1-0528", "8xH200", Wishes()),
    "r1-two-machines": ("r1", "2x8xH100", Wishes()),
    "r1-replicas": ("r1-0528", "2x8xH200", Wishes(goal="context")),
    "refused": ("r1-0528", "8xH100", Wishes(users=4)),
}


@pytest.mark.parametrize("name", SCREENS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_a_person_reads_is_as_it_was(name: str, language: str, request: pytest.FixtureRequest):
    speak("zh" if language == "zh" else "en")
    try:
        text = told(*SCREENS[name])
    finally:
        speak("en")
    file = HERE / "screens" / f"{name}.{language}.txt"
    if request.config.getoption("--write-screens"):
        file.write_text(text + "\n")
    assert f"{text}\n" == file.read_text()


def test_in_chinese_nothing_of_ours_stays_english():
    speak("zh")
    try:
        for word, gpus, wishes in (
            *SCREENS.values(),
            ("distill-qwen-7b", "4xL40S", Wishes(goal="throughput", speculation="ngram", sleep=True, users=100)),
            ("r1-0528", "8xB200", Wishes(tools=True, quantization="nvfp4", thinking_end="x")),
            ("distill-qwen-14b", "4xA100", Wishes(quantization="fp8", host="0.0.0.0")),
        ):
            lines = told(word, gpus, wishes).splitlines()
            sentences = [line for line in lines if line.count(" ") > 6 and not line.startswith("    ")]
            plain = [one for one in sentences if one.isascii() and "--" not in one and "r1code serve" not in one]
            assert plain == []
    finally:
        speak("en")


def test_the_command_can_be_pasted_into_a_shell(tmp_path: Path, serve: Serve):
    fake = tmp_path / "vllm"
    names = ["VLLM_API_KEY", "VLLM_NO_USAGE_STATS", "DO_NOT_TRACK"]
    fake.write_text(RECORDER.format(python=sys.executable, names=names))
    fake.chmod(0o700)
    wishes = ("--speculation", "ngram", "--thinking-end", 'It\'s "enough"; $HOME. ')
    asked = ("distill-qwen-32b", "--gpus", "2xH100", *wishes)
    shown = serve(*asked)[1]
    made = json.loads(serve(*asked, "--json")[1])
    section = shown.split("\ncommand\n")[1].split("\nwhy\n")[0]
    environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "VLLM_API_KEY": "k"}
    ran = subprocess.run(["sh", "-c", section], capture_output=True, text=True, check=True, env=environ)
    argv, environment = json.loads(ran.stdout)
    assert ["vllm", *argv] == made["commands"][0]["argv"]
    assert environment == {"VLLM_API_KEY": "k", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    del environ["VLLM_API_KEY"]
    keyless = subprocess.run(["sh", "-c", section], capture_output=True, text=True, check=False, env=environ)
    assert keyless.returncode != 0
    assert keyless.stdout == ""


def test_json_holds_the_plan_and_a_refusal_is_one_with_exit_code_2(serve: Serve):
    made = json.loads(serve("r1", "--gpus", "8xH200", "--json")[1])
    assert (made["type"], made["layout"]["tp"], made["profile"]) == ("plan", 8, "vllm-r1")
    code, refused, _ = serve("r1", "--gpus", "H100", "--json")
    assert code == 2
    assert json.loads(refused)["alternatives"][0]["flags"] == ["r1", "--gpus", "2x8xH100"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("distill-qwen-33b", "--gpus", "H100"), "did you mean distill-qwen-32b"),
        (("r1", "--gpus", "8xH299"), "names no GPU"),
        (("r1",), "--gpus 8xH200"),
        (("nvidia/DeepSeek-R1-0528-NVFP4-v2", "--gpus", "4xB200", "--quantization", "fp8"), "is not in fp8"),
        (("r1", "--gpus", "H100", "--users", "0"), "--users"),
        (("r1", "--gpus", "H100", "--utilization", "1.5"), "--utilization"),
        (("distill-qwen-7b", "--gpus", "H100", "--lora", "x"), "names no adapter"),
    ],
)
def test_what_cannot_be_planned_says_why(words: tuple[str, ...], says: str, serve: Serve):
    code, shown, said = serve(*words)
    assert code == 2
    assert says in said
    assert shown == ""


def test_a_checkpoint_of_one_s_own_is_planned_by_its_folder(tmp_path: Path, serve: Serve):
    config = {
        "architectures": ["Qwen2ForCausalLM"],
        "hidden_size": 1024,
        "intermediate_size": 4096,
        "max_position_embeddings": 32768,
        "num_attention_heads": 16,
        "num_hidden_layers": 12,
        "num_key_value_heads": 4,
        "vocab_size": 32000,
    }
    mine = tmp_path / "my model"
    mine.mkdir()
    (mine / "config.json").write_text(json.dumps(config))
    code, shown, _ = serve(str(mine), "--gpus", "24GiB@8.9")
    assert code == 0
    assert f"vllm serve '{mine}'" in shown
    assert "HF_HUB_OFFLINE=1" in shown
    assert "--write NAME" in shown
    assert "no chat template" in shown


def test_the_installed_command_writes_plain_text_into_a_pipe():
    words = [sys.executable, "-P", "-m", "r1code", "serve", "plan", "r1", "--gpus", "8xH200"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert "\x1b" not in done.stdout
    assert "--tensor-parallel-size 8" in done.stdout


def test_a_project_for_compose_is_one_and_is_reached_from_this_machine_only(tmp_path: Path, serve: Serve):
    wishes = ("--thinking-end", 'It\'s $5; "enough". ', "--port", "8123")
    code, shown, _ = serve("distill-qwen-32b", "--gpus", "2xH100", *wishes, "--compose")
    assert code == 0
    file = tmp_path / "compose.yaml"
    file.write_text(shown)
    schema = ["--builtin-schema", "vendor.compose-spec", str(file)]
    check = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run([check, *schema], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    service = YAML(typ="safe").load(shown)["services"]["vllm"]
    assert service["ports"] == ["127.0.0.1:8123:8123"]
    assert service["image"] == "vllm/vllm-openai:v0.33.0"
    assert service["environment"]["VLLM_API_KEY"] == "${VLLM_API_KEY:?}"
    words = service["command"]
    assert words[words.index("--host") + 1] == "0.0.0.0"
    # The dollar is ours, and no variable of Compose.
    told = json.loads(words[words.index("--reasoning-config") + 1].replace("$$", "$"))
    assert told["reasoning_end_str"] == 'It\'s $5; "enough". </think>'
    (device,) = service["deploy"]["resources"]["reservations"]["devices"]
    assert device["count"] == 2


def test_folders_are_mounted_into_a_project_and_cannot_be_written_there(tmp_path: Path):
    adapter = Lora(name="mine", path="/srv/$a", rank=8)
    found = model_named("distill-qwen-7b")
    assert found is not None
    own = replace(found[0], checkpoints=(replace(found[0].checkpoints[0], id="/srv/my model"),))
    machine = machine_of("H100", NoDriver)
    made = plan(own, machine, Wishes(loras=(adapter,)))
    assert isinstance(made, Plan)
    service = YAML(typ="safe").load(compose_of(made, machine))["services"]["vllm"]
    assert service["command"][0] == "/weights"
    assert "mine=/adapters/mine" in service["command"]
    there = {"read_only": True, "bind": {"create_host_path": False}}
    assert service["volumes"] == [
        {"type": "bind", "source": "/srv/my model", "target": "/weights", **there},
        {"type": "bind", "source": "/srv/$$a", "target": "/adapters/mine", **there},
    ]
    assert service["environment"]["HF_HUB_OFFLINE"] == "1"


@pytest.mark.parametrize("gpus", ["2x8xH100", "8xMI300X"])
def test_what_compose_cannot_do_says_so(gpus: str, serve: Serve):
    code, shown, said = serve("distill-qwen-32b", "--gpus", gpus, "--compose")
    assert (code, shown) == (2, "")
    assert "next:" in said
