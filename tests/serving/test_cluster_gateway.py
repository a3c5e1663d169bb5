"""A gateway in the cluster: whole by Kubernetes' schemas, true to the policies, and started from its settings."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from r1code.cli.main import main
from r1code.serving.gateway.settings import read_settings

KINDS = ["helm", "kubernetes", "kuberay", "lws"]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folder(tmp_path: Path, kind: str) -> Path:
    words = ["--gateway-image", "registry.example/r1code-gateway:0.1.0", "--namespace", "there", "--name", "team"]
    assert main(["serve", "files", kind, "--out", str(tmp_path / "out"), *words]) == 0
    return tmp_path / "out"


def objects(file: Path) -> dict[str, dict[str, Any]]:
    found = [tree for tree in yaml.safe_load_all(file.read_text()) if tree]
    return {tree["kind"]: tree for tree in found}


def test_kubernetes_takes_it(folder: Path) -> None:
    found = objects(folder / "gateway.yaml")
    for tree in found.values():
        kubernetes_validate.validate(json.loads(json.dumps(tree)), "1.33", strict=True)
        assert (tree["metadata"]["name"], tree["metadata"]["namespace"]) == ("team-gateway", "there")
    assert set(found) == {"ConfigMap", "PersistentVolumeClaim", "Deployment", "Service", "NetworkPolicy"}


def test_the_pod_is_nobodys_and_finds_what_it_mounts(folder: Path) -> None:
    found = objects(folder / "gateway.yaml")
    spec = found["Deployment"]["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    assert container["args"] == ["serve", "gateway", "--config", "/etc/r1code/gateway.toml", "--with-nginx"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert {"requests", "limits"} <= set(container["resources"])
    volumes = {one["name"]: one for one in pod["volumes"]}
    assert {one["name"] for one in container["volumeMounts"]} == set(volumes)
    assert volumes["certificate"]["secret"]["secretName"] == "r1code-gateway-tls"
    assert volumes["settings"]["configMap"]["name"] == found["ConfigMap"]["metadata"]["name"]
    claim = found["PersistentVolumeClaim"]["metadata"]["name"]
    assert volumes["books"]["persistentVolumeClaim"]["claimName"] == claim
    assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"]
    assert found["Service"]["spec"]["selector"] == spec["selector"]["matchLabels"]


def test_its_settings_name_what_the_pod_has(folder: Path, kind: str, tmp_path: Path) -> None:
    found = objects(folder / "gateway.yaml")
    file = tmp_path / "gateway.toml"
    file.write_text(found["ConfigMap"]["data"]["gateway.toml"])
    settings = read_settings(file)
    service = {
        "kubernetes": "team",
        "lws": "team-leader",
        "kuberay": "team-serve-svc",
        "helm": "team-router-service",
    }
    port = 80 if kind == "helm" else 8000
    assert settings.replicas == [f"http://{service[kind]}.there.svc:{port}"]
    assert "team-gateway.there.svc" in settings.names
    pod = found["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    ports = [one["containerPort"] for one in pod["ports"]]
    assert settings.listen == f"0.0.0.0:{ports[0]}"
    mounts = {one["mountPath"]: one.get("readOnly", False) for one in pod["volumeMounts"]}
    assert mounts[settings.state] is False
    assert mounts[str(Path(settings.certificate or "").parent)] is True
    assert Path(settings.certificate_key or "").name == "tls.key"


def test_the_policies_let_it_in_and_out(folder: Path) -> None:
    pod = objects(folder / "gateway.yaml")["Deployment"]["spec"]["template"]["metadata"]["labels"]
    policy = objects(folder / "gateway.yaml")["NetworkPolicy"]["spec"]
    assert policy["podSelector"]["matchLabels"] == pod
    assert [rule["ports"] for rule in policy["ingress"]] == [[{"protocol": "TCP", "port": 8443}]]
    (serving,) = (rule for rule in policy["egress"] if "namespaceSelector" not in rule["to"][0])
    vllm = [one["spec"] for one in yaml.safe_load_all((folder / "network.yaml").read_text())]
    # What it may reach is what lets it in, at that port.
    (opened,) = (one for one in vllm if {"podSelector": one["podSelector"]} == serving["to"][0])
    callers = [rule for rule in opened["ingress"] if rule.get("ports") == serving["ports"]]
    labels = [one["podSelector"]["matchLabels"] for rule in callers for one in rule["from"]]
    assert any(one.items() <= pod.items() for one in labels)


def test_its_image_is_described_and_its_steps_are_told(folder: Path, kind: str) -> None:
    image = (folder / "Dockerfile").read_text()
    assert "nginx-light" in image
    assert "[serve]" in image
    assert image.count("\nFROM ") == 1
    assert "\nUSER 10001:10001\n" in image
    steps = [shlex.split(line) for line in (folder / "README.txt").read_text().splitlines() if "kubectl" in line]
    (added,) = (words for words in steps if "keys" in words)
    assert added == shlex.split(
        "kubectl -n there exec deploy/team-gateway -- r1code serve keys add ann --config /etc/r1code/gateway.toml"
    )
    applied = [words for words in steps if words[:2] == ["kubectl", "apply"]]
    assert any(word == ("gateway.yaml" if kind == "helm" else ".") for word in applied[-1])
    assert any("r1code-gateway-tls" in words for words in steps)


def test_there_is_none_without_an_image(tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "files", kind, "--out", str(tmp_path)]) == 0
    assert not (tmp_path / "gateway.yaml").exists()
    assert "--gateway-image" in capsys.readouterr().out
    assert main(["serve", "files", kind, "--out", str(tmp_path), "--gateway-image", "x:latest"]) == 2


def test_one_replica_keeps_its_address_and_several_are_looked_up(tmp_path: Path) -> None:
    command = ["serve", "files", "kubernetes", "--gateway-image", "gw:1", "--out"]
    assert main([*command, str(tmp_path / "one")]) == 0
    assert main([*command, str(tmp_path / "two"), "--replicas", "2"]) == 0
    one, two = (objects(tmp_path / name / "vllm.yaml")["Service"]["spec"] for name in ("one", "two"))
    assert "clusterIP" not in one
    assert two["clusterIP"] == "None"
    # nginx does not start where a name has no address: those that still load are named as well.
    assert two["publishNotReadyAddresses"] is True
