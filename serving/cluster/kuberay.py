"""KubeRay: Ray Serve's own server in front of vLLM, over as many machines as it needs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from msgspec.structs import replace

from r1code.errors import UsageError
from r1code.serving.cluster.kubernetes import around, network
from r1code.serving.cluster.pods import claim_name, labels, named
from r1code.serving.cluster.server import GRACE_SECONDS, PORT, SHARED_MEMORY, WEIGHTS, Server
from r1code.serving.cluster.words import served_name
from r1code.serving.rendered import File, Tree, yaml_of

RAY = "2.58.0"
IMAGE = f"rayproject/ray-llm:{RAY}-py312-cu130"
"""It has vLLM 0.26 in it: an older one than elsewhere here."""
_OPERATOR = {"app.kubernetes.io/name": "kuberay-operator"}


def kuberay(server: Server) -> tuple[File, ...]:
    # Ray starts machines itself, as its replicas need them, and exports vLLM's metrics under names of its own.
    files = {
        file.path: file for file in around(replace(server, most_replicas=server.replicas, scraped_from=None), {})
    }
    files["network.yaml"] = File(path="network.yaml", text=yaml_of(_network(server), about=_NETWORK))
    return (File(path="vllm.yaml", text=yaml_of(_service(server), about=_ABOUT)), *files.values())


_ABOUT = (
    "Needs KubeRay 1.5.1 or later. What vLLM gets is in engine_kwargs; the version is the one in Ray's image.",
    "The gateway's replica is http://NAME-serve-svc:8000, NAME being this service's.",
)
_NETWORK = (
    "Whoever reaches Ray's ports runs what they like: only its machines and KubeRay's operator do, with a token.",
    "Only pods labelled app.kubernetes.io/name=r1code-gateway in this namespace reach the port that serves.",
)


def _network(server: Server) -> Tree:
    tree = network(server, peers=True)
    operator = {"namespaceSelector": {}, "podSelector": {"matchLabels": _OPERATOR}}
    tree["spec"]["ingress"].append({"from": [operator]})
    return tree


def _service(server: Server) -> Tree:
    machines = {
        "replicas": server.nodes * server.replicas,
        "minReplicas": server.nodes * server.replicas,
        "maxReplicas": server.nodes * server.most_replicas,
    }
    gpus = {"nvidia.com/gpu": server.gpus}
    memory = {"memory": f"{server.memory_gb}Gi"}
    worker = {"requests": {"cpu": str(4 * server.gpus), **memory, **gpus}, "limits": {**memory, **gpus}}
    head = {"requests": {"cpu": "4", "memory": "16Gi"}, "limits": {"memory": "16Gi"}}
    cluster = {
        "rayVersion": RAY,
        "authOptions": {"mode": "token"},
        "enableInTreeAutoscaling": server.scales,
        # The head has no GPU, and gets no work.
        "headGroupSpec": {"rayStartParams": {"num-cpus": "0"}, "template": _pod(server, "ray-head", head)},
        "workerGroupSpecs": [
            {"groupName": "gpu", **machines, "rayStartParams": {}, "template": _pod(server, "ray-worker", worker)}
        ],
    }
    spec = {
        "deploymentUnhealthySecondThreshold": server.start_seconds,
        "serveConfigV2": yaml_of(_application(server)),
        "rayClusterConfig": cluster,
    }
    return {**named("RayService", "ray.io/v1", server), "spec": spec}


def _application(server: Server) -> Tree:
    model = {
        # What clients ask for, and what is loaded.
        "model_loading_config": {"model_id": served_name(server.argv), "model_source": server.model},
        "engine_kwargs": {**as_arguments(server.argv[1:]), "distributed_executor_backend": "ray"},
        "deployment_config": {
            "autoscaling_config": {"min_replicas": server.replicas, "max_replicas": server.most_replicas}
        },
    }
    application = {
        "name": server.name,
        "import_path": "ray.serve.llm:build_openai_app",
        "route_prefix": "/",
        "args": {"llm_configs": [model]},
    }
    return {"applications": [application]}


def _pod(server: Server, name: str, resources: Tree) -> Tree:
    container = {
        "name": name,
        "image": IMAGE,
        "env": [
            {"name": "HF_HOME", "value": WEIGHTS},
            {"name": "HF_HUB_OFFLINE", "value": "1"},
            {"name": "VLLM_NO_USAGE_STATS", "value": "1"},
            {"name": "RAY_USAGE_STATS_ENABLED", "value": "0"},
            {"name": "VLLM_ENGINE_READY_TIMEOUT_S", "value": str(server.start_seconds)},
        ],
        "ports": [{"name": "http", "containerPort": PORT}],
        "resources": resources,
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [
            {"name": "weights", "mountPath": WEIGHTS, "readOnly": True},
            {"name": "shm", "mountPath": "/dev/shm"},
        ],
    }
    spec = {
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
        "containers": [container],
        "volumes": [
            {"name": "weights", "persistentVolumeClaim": {"claimName": claim_name(server), "readOnly": True}},
            {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": SHARED_MEMORY}},
        ],
    }
    return {"metadata": {"labels": labels(server)}, "spec": spec}


def as_arguments(words: Sequence[str]) -> Tree:
    """VLLM's flags as the parameters of its engine: `--max-model-len 4096` is `max_model_len: 4096`.

    Raises UsageError for what is no long flag.
    """
    found: Tree = {}
    flag = ""
    for word in words:
        if word.startswith("--"):
            name, equals, value = word.removeprefix("--").partition("=")
            flag = name.replace("-", "_")
            found[flag] = _value(value) if equals else True
            if not equals and flag.startswith("no_"):
                found[flag.removeprefix("no_")] = not found.pop(flag)
        elif word.startswith("-") or not flag:
            raise UsageError(
                f"{word!r} cannot be a parameter of Ray's server",
                why="only flags that begin with -- have a name there",
                hint="write the flag out: --tensor-parallel-size 8, not -tp 8",
            )
        else:
            found[flag], flag = _value(word), ""
    return found


def _value(word: str) -> object:
    try:
        return json.loads(word)
    except json.JSONDecodeError:
        return word
