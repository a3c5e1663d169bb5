"""What a person does with the files of a cluster, and what they say of themselves."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from r1code.cli.main import main
from r1code.serving.cluster.kinds import KINDS
from r1code.serving.gateway.settings import made_settings

IN_KUBERNETES = ["helm", "kubernetes", "kuberay", "lws"]


@pytest.mark.parametrize("kind", IN_KUBERNETES)
def test_what_to_do_with_the_files_is_said_and_names_what_is_in_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    out = tmp_path / "a folder"
    assert main(["serve", "files", kind, "--out", str(out), "--name", "team", "--namespace", "there"]) == 0
    told = capsys.readouterr().out
    assert "DeepSeek-R1-0528: replicas: 1, machines of each: " in told
    said = [line.strip() for line in told.partition("next, in this order:")[2].splitlines()]
    made = [tree for file in sorted(out.glob("*.yaml")) for tree in yaml.safe_load_all(file.read_text()) if tree]
    names = {(tree.get("kind"), tree.get("metadata", {}).get("name")) for tree in made}
    assert said[1] == "kubectl create namespace there"
    assert ("Job", "team-weights") in names
    assert "kubectl -n there wait --for=condition=complete job/team-weights --timeout=24h" in said
    commands = [line for line in said if line.startswith(("kubectl", "helm"))]
    applied = {word for line in commands for word in shlex.split(line) if word.startswith(str(out))}
    assert applied
    assert all(Path(place).exists() for place in applied)
    assert all(str(file) in applied for file in out.glob("*.yaml")) == (kind == "helm")
    # The file has the same, for whoever gets only the folder.
    kept = (out / "README.txt").read_text()
    assert all(
        line.replace(f"'{out}'", ".").replace(f"'{out}/", "'").replace("'", "") in kept for line in commands
    )
    assert ("helm repo add vllm https://" in kept) is (kind == "helm")
    replica = said[-1].partition(";")[0].rpartition(" ")[2]
    service = str(urlsplit(replica).hostname).removesuffix(".there.svc")
    # The other two are made by what applies the files.
    assert ("Service", service) in names if kind in {"kubernetes", "lws"} else service.startswith("team-")
    assert made_settings({"replicas": [replica], "state": str(tmp_path)}, "--replica").replicas


def made(out: Path) -> list[dict[str, Any]]:
    return [tree for file in sorted(out.rglob("*.yaml")) for tree in yaml.safe_load_all(file.read_text()) if tree]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_file_says_what_it_is(tmp_path: Path, kind: str) -> None:
    words = [
        "--model",
        "distill-llama-70b",
        "--gpus",
        "8xH100",
        "--goal",
        "throughput",
        "--gateway-image",
        "gw:1",
    ]
    assert main(["serve", "files", kind, "--out", str(tmp_path), *words]) == 0
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert len(files) >= (1 if kind.startswith("compose") else 7)
    for file in files:
        (first, *_) = file.read_text().splitlines()
        assert first.startswith("# R1-Distill-Llama-70B in "), file
        assert first.endswith(f" on 8xH100, throughput, by r1code serve files {kind}"), file


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ((), "r1-0528"),
        (("--model", "distill-qwen-1.5b", "--gpus", "1xH100"), "distill-qwen-1-5b"),
        (("--", "deepseek-ai/DeepSeek-R1-0528", "-tp", "8"), "r1-0528"),
        (("--", "/models/Our_R1.student", "-tp", "8"), "our-r1-student"),
        (("--", "some/4711-of-a-name-that-nobody-would-ever-want", "-tp", "8"), "of-a-name-that-nobody-wo"),
        (("--name", "team"), "team"),
    ],
)
def test_another_model_has_objects_of_its_own(tmp_path: Path, words: tuple[str, ...], name: str) -> None:
    assert main(["serve", "files", "kubernetes", "--out", str(tmp_path), *words]) == 0
    objects = made(tmp_path)
    named = {tree["metadata"]["name"] for tree in objects}
    assert named <= {name, f"{name}-weights", f"{name}-copy"}
    assert {tree["metadata"]["namespace"] for tree in objects} == {"r1"}


@pytest.mark.parametrize("kind", IN_KUBERNETES)
def test_one_text_says_how_the_weights_are_waited_for(tmp_path: Path, kind: str) -> None:
    assert main(["serve", "files", kind, "--out", str(tmp_path), "--namespace", "there"]) == 0
    wait = "kubectl -n there wait --for=condition=complete job/r1-0528-weights --timeout=24h"
    for name in ("weights.yaml", "README.txt"):
        text = (tmp_path / name).read_text()
        assert wait in text
        assert text.count("kubectl -n there wait ") == text.count(" wait ") == 1


@pytest.mark.parametrize("kind", IN_KUBERNETES)
def test_a_folder_is_copied_and_keeps_what_was_planned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    command = ["serve", "files", kind, "--max-len", "32768", "--kv-cache", "fp8", "--users", "2"]
    assert main([*command, "--out", str(tmp_path / "hub")]) == 0
    assert main([*command, "--out", str(tmp_path / "folder"), "--weights", "/models/in/r1"]) == 0
    told = capsys.readouterr().out
    hub, folder = ((tmp_path / name / _first(kind)).read_text() for name in ("hub", "folder"))
    # Only what is loaded differs: the name that clients ask for, the parser, the lengths are the plan's.
    changed = [(old, new) for old, new in zip(hub.splitlines(), folder.splitlines(), strict=True) if old != new]
    assert len(changed) == (2 if kind == "lws" else 1)
    assert all(old.replace("deepseek-ai/DeepSeek-R1-0528", "/models/in/r1") == new for old, new in changed)
    assert "32768" in folder
    assert "deepseek_r1" in folder
    kinds = [tree.get("kind") for tree in made(tmp_path / "folder")]
    assert "Job" not in kinds
    assert "complete" not in (tmp_path / "folder/weights.yaml").read_text()
    (pod,) = (tree for tree in made(tmp_path / "folder") if tree.get("kind") == "Pod")
    assert pod["spec"]["volumes"][0]["persistentVolumeClaim"] == {"claimName": "r1-0528-weights"}
    assert "kubectl cp FOLDER r1/r1-0528-copy:/models/in/r1" in told
    assert "kubectl -n r1 delete pod r1-0528-copy" in told


def _first(kind: str) -> str:
    return "values.yaml" if kind == "helm" else "vllm.yaml"
