"""Files for clusters: whole by the schemas of what reads them, and true to what vLLM is to get."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from fakes.crds import CHART, CRDS
from r1code.cli.main import main
from r1code.errors import UsageError
from r1code.serving.cluster.helm import helm
from r1code.serving.cluster.kinds import KINDS, files_of
from r1code.serving.cluster.kuberay import as_arguments
from r1code.serving.cluster.server import PORT, Server
from r1code.serving.cluster.words import OURS
from r1code.serving.rendered import File, yaml_of

KUBERNETES = "1.33"
COMPOSE = json.loads((files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json").read_bytes())


def r1_on(nodes: int, gpus: int) -> tuple[str, ...]:
    over = ("--pipeline-parallel-size", str(nodes)) if nodes > 1 else ()
    return (
        "deepseek-ai/DeepSeek-R1-0528",
        "--tensor-parallel-size",
        str(gpus),
        *over,
        "--enable-expert-parallel",
    )


ONE = Server(name="r1", argv=r1_on(1, 8))
TWO = Server(name="r1", argv=r1_on(2, 8), nodes=2)
MANY = {"replicas": 2, "most_replicas": 4, "scraped_from": "monitoring"}
CASES = [
    (kind, replace(base, **more))
    for kind, base in {"kubernetes": ONE, "helm": ONE, "lws": TWO, "kuberay": TWO}.items()
    for more in ({}, MANY, {"scraped_from": "monitoring"})
]
ODD = ('{"method": "mtp"}', "$(HOME)", "${HOME}", "a b", "yes", "'\"", "#x", "- y", "*z", "8")


def documents(made: tuple[File, ...]) -> Iterator[dict[str, Any]]:
    for file in made:
        if file.path.endswith((".yaml", ".yml")):
            yield from yaml.load_all(file.text, Loader=yaml.CSafeLoader)


def pods(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All pods' templates in it."""
    for key, value in tree.items():
        if key in {"template", "leaderTemplate", "workerTemplate"}:
            yield value
        elif isinstance(value, dict):
            yield from pods(value)
        elif isinstance(value, list):
            for one in value:
                yield from pods(one) if isinstance(one, dict) else ()


@cache
def known_to_kubernetes(document: str) -> None:
    kubernetes_validate.validate(json.loads(document), KUBERNETES, strict=True)


def of_kind(kind: str, made: tuple[File, ...]) -> list[dict[str, Any]]:
    return [one for one in documents(made) if one.get("kind") == kind]


@pytest.mark.parametrize(("kind", "server"), CASES)
def test_kubernetes_and_the_crds_take_every_document(kind: str, server: Server) -> None:
    seen = []
    for document in documents(files_of(kind, server)):
        seen.append(document.get("kind", "values"))
        if seen[-1] == "values":
            jsonschema.validate(document, CHART)
        elif seen[-1] in CRDS:
            jsonschema.validate(document, CRDS[seen[-1]])
            for pod in pods(document):
                labels = {"matchLabels": pod["metadata"]["labels"]}
                around = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": document["metadata"]}
                spec = {"selector": labels, "template": pod}
                known_to_kubernetes(json.dumps({**around, "spec": spec}))
        else:
            known_to_kubernetes(json.dumps(document))
    assert {"NetworkPolicy", "PodDisruptionBudget", "PersistentVolumeClaim", "Job"} <= set(seen)
    assert ("ScaledObject" in seen) == (server.scales and kind in {"kubernetes", "lws"})


@pytest.mark.parametrize("server", [ONE, TWO])
@pytest.mark.parametrize("kind", ["compose", "compose-ray"])
def test_compose_takes_its_file(kind: str, server: Server) -> None:
    for document in documents(files_of(kind, server)):
        jsonschema.validate(document, COMPOSE)


@settings(max_examples=30, deadline=None)
@given(
    st.recursive(
        st.text() | st.integers() | st.booleans(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
    st.text(),
)
def test_what_is_written_is_what_is_read(tree: object, about: str) -> None:
    assert yaml.safe_load(yaml_of({"x": tree}, about=[repr(about)])) == {"x": tree}


def test_a_comment_stays_one() -> None:
    assert yaml.safe_load(yaml_of({"a": 1}, about=["hf download x\nb: 2\x85c: 3"])) == {"a": 1}


def by_kubernetes(word: str) -> str:
    """What a container gets for it."""
    return re.sub(r"\$\$\(|\$\(\w+\)", lambda found: "$(" if found[0] == "$$(" else "(a variable)", word)


def by_compose(word: str) -> str:
    return re.sub(r"\$\$|\$\{[^}]*\}|\$\w+", lambda found: "$" if found[0] == "$$" else "(a variable)", word)


def test_vllm_gets_each_word_as_it_is() -> None:
    argv = ("m", *ODD, "-tp", "8")
    two = replace(TWO, argv=(*argv, "-pp", "2"))
    one = replace(ONE, argv=argv)
    kubernetes = of_kind("Deployment", files_of("kubernetes", one))[0]
    lws = of_kind("LeaderWorkerSet", files_of("lws", two))[0]
    for pod in [*pods(kubernetes), *pods(lws)]:
        words = pod["spec"]["containers"][0]["args"]
        assert [by_kubernetes(word) for word in words[: len(argv)]] == list(argv)
    for kind, begin in (("compose", 0), ("compose-ray", 3)):
        leader = next(documents(files_of(kind, two)))["services"]["leader"]["command"]
        assert [by_compose(word) for word in leader[begin : begin + len(argv)]] == list(argv)
    values = next(documents(files_of("helm", one)))["servingEngineSpec"]["modelSpec"][0]
    assert [
        values["modelURL"],
        *(by_kubernetes(word) for word in values["vllmConfig"]["extraArgs"]),
    ] == list(argv)


def test_rays_script_hands_every_word_on_to_vllm(tmp_path: Path) -> None:
    argv = ("m", *ODD, "-tp", "16")
    leader = next(documents(files_of("compose-ray", replace(TWO, argv=argv))))["services"]["leader"]
    got = tmp_path / "got"
    for name, body in (("ray", "exit 0"), ("vllm", f'printf "%s\\n" "$@" > {shlex.quote(str(got))}')):
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    command = [by_compose(word) for word in leader["command"]]
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "ADDRESS": "10.0.0.1", "HOME": "/root"}
    subprocess.run([*leader["entrypoint"], *command], env=environment, check=True)
    words = ["--distributed-executor-backend", "ray", "--port", str(PORT), "--host", "10.0.0.1"]
    assert got.read_text().splitlines() == ["serve", *argv, *words]


def test_each_machine_of_a_set_has_its_rank_and_only_the_first_one_a_port() -> None:
    tree = of_kind("LeaderWorkerSet", files_of("lws", TWO))[0]["spec"]["leaderWorkerTemplate"]
    leader, worker = (tree[role]["spec"]["containers"][0] for role in ("leaderTemplate", "workerTemplate"))
    nodes = ["--nnodes", "2", "--node-rank", "$(LWS_WORKER_INDEX)", "--master-addr", "$(LWS_LEADER_ADDRESS)"]
    assert leader["args"] == [*TWO.argv, *nodes, "--port", "8000"]
    assert worker["args"] == [*TWO.argv, *nodes, "--headless"]
    assert tree["size"] == 2
    assert "startupProbe" in leader
    assert not {"ports", "startupProbe", "livenessProbe", "readinessProbe"} & set(worker)


@pytest.mark.parametrize(("kind", "server"), CASES)
def test_a_start_may_take_as_long_as_the_weights_need(kind: str, server: Server) -> None:
    made = files_of(kind, replace(server, weights_gb=700))
    if kind == "kuberay":
        assert of_kind("RayService", made)[0]["spec"]["deploymentUnhealthySecondThreshold"] >= 5300
        return
    found = [one for one in documents(made) if "startupProbe" in json.dumps(one)]
    probes = [tree["servingEngineSpec"] for tree in found] if kind == "helm" else []
    for tree in found if kind != "helm" else []:
        probes += [
            pod["spec"]["containers"][0] for pod in pods(tree) if "startupProbe" in pod["spec"]["containers"][0]
        ]
    assert probes
    for one in probes:
        probe = one["startupProbe"]
        assert probe["periodSeconds"] * probe["failureThreshold"] >= 700 / 0.2 + 1800
    # vLLM's own patience is ten minutes, whatever Kubernetes' is.
    assert "VLLM_ENGINE_READY_TIMEOUT_S" in made[0].text


@pytest.mark.parametrize(("kind", "server"), CASES)
def test_only_the_gateway_reaches_what_serves(kind: str, server: Server) -> None:
    gateway = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "r1code-gateway"}}}
    policies = of_kind("NetworkPolicy", files_of(kind, server))
    callers = [one for policy in policies for rule in policy["spec"]["ingress"] for one in rule["from"]]
    assert callers.count(gateway) == 1
    labels = [policy["spec"]["podSelector"]["matchLabels"] for policy in policies]
    others = [
        one for one in callers if one != gateway and one.get("podSelector", {}).get("matchLabels") not in labels
    ]
    names = sorted(one["podSelector"]["matchLabels"]["app.kubernetes.io/name"] for one in others)
    scraping = [] if server.scraped_from is None else ["prometheus"] * len(policies)
    assert names == (["kuberay-operator"] if kind == "kuberay" else []) + scraping
    for policy in policies:
        for rules in (policy["spec"]["ingress"], policy["spec"].get("egress", [])):
            assert all(rules.count(rule) == 1 for rule in rules)
    egress = [rule["to"] for policy in policies for rule in policy["spec"].get("egress", [])]
    assert all(set(one) <= {"podSelector", "namespaceSelector"} for to in egress for one in to)


@pytest.mark.parametrize(("kind", "server"), CASES)
def test_no_secret_is_in_a_file_and_each_image_has_a_tag(kind: str, server: Server) -> None:
    made = files_of(kind, server)
    assert not of_kind("Secret", made)
    for document in documents(made):
        for pod in pods(document):
            for container in pod["spec"]["containers"]:
                tag = container["image"].rpartition("/")[2].partition(":")[2]
                assert tag not in {"", "latest"}
                tokens = [one for one in container["env"] if "TOKEN" in one["name"]]
                assert all("secretKeyRef" in one["valueFrom"] for one in tokens)


@pytest.mark.parametrize(("replicas", "nodes", "kept"), [(1, 1, 1), (1, 2, 2), (3, 1, 2), (3, 2, 4)])
def test_of_several_replicas_one_at_a_time_may_go(replicas: int, nodes: int, kept: int) -> None:
    kind, base = ("lws", TWO) if nodes == 2 else ("kubernetes", ONE)
    budget = of_kind(
        "PodDisruptionBudget", files_of(kind, replace(base, replicas=replicas, most_replicas=replicas))
    )
    assert budget[0]["spec"]["minAvailable"] == kept


@pytest.mark.parametrize(("kind", "server"), CASES)
def test_who_stops_a_pod_waits_for_vllms_own_drain(kind: str, server: Server) -> None:
    if kind == "helm":
        return
    of_vllm = [
        pod["spec"]
        for tree in documents(files_of(kind, server))
        if tree["kind"] in {"Deployment", "LeaderWorkerSet", "RayService"}
        for pod in pods(tree)
    ]
    assert of_vllm
    assert {spec["terminationGracePeriodSeconds"] for spec in of_vllm} == {150}
    said = next(file.text for file in files_of(kind, server) if file.path == "disruption.yaml")
    assert ("single replica" in said) is (server.replicas == 1)


def test_a_queue_starts_replicas_of_its_own_server() -> None:
    (scaled,) = of_kind("ScaledObject", files_of("lws", replace(TWO, **MANY)))
    assert scaled["spec"]["scaleTargetRef"]["kind"] == "LeaderWorkerSet"
    assert (scaled["spec"]["minReplicaCount"], scaled["spec"]["maxReplicaCount"]) == (2, 4)
    query = scaled["spec"]["triggers"][0]["metadata"]["query"]
    assert query == 'sum(vllm:num_requests_waiting{namespace="r1", pod=~"r1-[0-9a-z]+(-[0-9a-z]+)?"})'
    with pytest.raises(UsageError, match="nothing would say"):
        files_of("lws", replace(TWO, most_replicas=4))


def test_the_router_keeps_prefixes_or_sessions_together() -> None:
    by_prefix = next(documents(helm(ONE)))["routerSpec"]
    by_session = next(documents(helm(ONE, "session")))["routerSpec"]
    assert (by_prefix["routingLogic"], by_prefix.get("sessionKey")) == ("prefixaware", None)
    assert (by_session["routingLogic"], by_session["sessionKey"]) == ("session", "x-session-id")


def test_flags_become_rays_parameters() -> None:
    words = ["--max-model-len", "4096", "--enable-expert-parallel", "--no-enable-prefix-caching", "--seed=7"]
    config = ["--speculative-config", '{"method": "mtp", "num_speculative_tokens": 1}', "--quantization", "fp8"]
    assert as_arguments([*words, *config]) == {
        "max_model_len": 4096,
        "enable_expert_parallel": True,
        "enable_prefix_caching": False,
        "seed": 7,
        "speculative_config": {"method": "mtp", "num_speculative_tokens": 1},
        "quantization": "fp8",
    }
    for words in (["-tp", "8"], ["stray"], ["--seed", "7", "8"]):
        with pytest.raises(UsageError):
            as_arguments(words)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "R1"},
        {"name": "a" * 41},
        {"namespace": "x\ny"},
        {"hub": "a: b"},
        {"image": "vllm/vllm-openai"},
        {"image": "vllm/vllm-openai:latest"},
        {"image": "x:1\nRUN id"},
        {"argv": ()},
        {"argv": ("--model", "x")},
        {"argv": ("m\nrm", "--x")},
        {"argv": ("m", "--host", "0.0.0.0")},
        {"argv": ("m", "--api-key=abc")},
        {"nodes": 0},
        {"gpus": -1},
    ],
)
def test_what_cannot_be_is_said_before_anything_is_written(wrong: dict[str, Any]) -> None:
    for kind in KINDS:
        with pytest.raises(UsageError):
            files_of(kind, replace(ONE, **wrong))


def test_the_command_writes_and_does_not_write_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["serve", "files", "lws", "--out", str(tmp_path / "k8s")]
    assert main([*command, "--nodes", "2", "--", "my/model", "--tensor-parallel-size", "16"]) == 0
    place = tmp_path / "k8s/vllm.yaml"
    assert f"written: {place}" in capsys.readouterr().out
    assert "my/model" in place.read_text()
    place.write_text("edited")
    assert main(command) == 2
    assert place.read_text() == "edited"
    assert "is there already" in capsys.readouterr().err
    assert main([*command, "--force"]) == 0
    assert "DeepSeek-R1-0528" in place.read_text()
    assert main(["serve", "files", "kubernetes", "--out", str(tmp_path), "--nodes", "2", "--", "m"]) == 2
    assert "no files for 2 machines" in capsys.readouterr().err


PLANNED = {
    "lws": ("r1-0528", "2x8xH100", "throughput"),
    "kubernetes": ("r1-0528", "8xH200", "latency"),
    "helm": ("distill-qwen-32b", "2xH100", "context"),
}


@pytest.mark.parametrize(("kind", "gpus"), [("lws", 8), ("kubernetes", 8), ("helm", 2)])
def test_a_cluster_gets_what_the_plan_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, gpus: int
) -> None:
    model, machines, goal = PLANNED[kind]
    # What nobody says is what these say.
    words = ["--model", model, "--gpus", machines] if kind == "helm" else []
    assert main(["serve", "files", kind, "--out", str(tmp_path), *words, "--goal", goal]) == 0
    capsys.readouterr()
    assert main(["serve", "plan", model, "--gpus", machines, "--goal", goal, "--json"]) == 0
    told = {one["name"] for one in json.loads(capsys.readouterr().out)["flags"]} - OURS
    asked = "".join(file.read_text() for file in sorted(tmp_path.rglob("*.yaml")))
    assert len(told) > 5
    assert {name for name in told if name not in asked} == set()
    assert f"nvidia.com/gpu: {gpus}" in asked or f"requestGPU: {gpus}" in asked
    assert ("size: 2" in asked) is (kind == "lws")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--model", "r1-0529"), "r1-0529"),
        (("--model", "r1", "--gpus", "8xH100"), "serve plan r1 --gpus 8xH100"),
        (("--nodes", "2"), "two ways"),
        (("--model", "r1", "--", "my/model"), "a model to plan for"),
    ],
)
def test_what_cannot_be_planned_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert main(["serve", "files", "kubernetes", "--out", str(tmp_path / "new"), *words]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
