"""The pods that Kubernetes' kinds have in common."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from r1code.serving.cluster.server import GRACE_SECONDS, PORT, SHARED_MEMORY, WEIGHTS, Server
from r1code.serving.rendered import Tree, merged

PROBED_SECONDS = 10
GATEWAY = {"app.kubernetes.io/name": "r1code-gateway"}
"""The labels of the pods that may reach vLLM."""


def labels(server: Server) -> dict[str, str]:
    return {"app.kubernetes.io/name": "vllm", "app.kubernetes.io/instance": server.name}


def named(kind: str, api: str, server: Server, suffix: str = "") -> Tree:
    return {
        "apiVersion": api,
        "kind": kind,
        "metadata": {
            "name": f"{server.name}{suffix}",
            "namespace": server.namespace,
            "labels": labels(server),
        },
    }


def literal(word: str) -> str:
    """A word of a container's command that stays as it is: Kubernetes puts variables in place of `$(NAME)`."""
    return word.replace("$(", "$$(")


def vllm_pod(server: Server, words: Sequence[str], marks: Mapping[str, str], *, serves: bool = True) -> Tree:
    """A pod's template with one vLLM. `serves`: it has the port; workers of other machines have none.

    `words` follow `vllm serve` as Kubernetes reads them.
    """
    probes: Tree = _probes(server) if serves else {}
    container = merged(
        {
            "name": "vllm",
            "image": server.image,
            "command": ["vllm", "serve"],
            "args": list(words),
            "env": _environment(server),
        },
        {"ports": [{"name": "http", "containerPort": PORT}]} if serves else {},
        probes,
        {
            "resources": _resources(server),
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            "volumeMounts": [
                {"name": "weights", "mountPath": WEIGHTS, "readOnly": True},
                {"name": "shm", "mountPath": "/dev/shm"},
                {"name": "cache", "mountPath": "/root/.cache"},
            ],
        },
    )
    return {"metadata": {"labels": dict(marks)}, "spec": pod_of(server, container)}


def pod_of(server: Server, container: Tree) -> Tree:
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
        "containers": [container],
        "volumes": [
            {"name": "weights", "persistentVolumeClaim": {"claimName": claim_name(server), "readOnly": True}},
            {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": SHARED_MEMORY}},
            {"name": "cache", "emptyDir": {}},
        ],
    }


def claim_name(server: Server) -> str:
    return f"{server.name}-weights"


def _environment(server: Server) -> list[Tree]:
    return [
        # First, for later ones may be made of it.
        {"name": "VLLM_HOST_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "HF_HOME", "value": WEIGHTS},
        {"name": "HF_HUB_OFFLINE", "value": "1"},
        {"name": "VLLM_NO_USAGE_STATS", "value": "1"},
        {"name": "DO_NOT_TRACK", "value": "1"},
        # The API's process gives up on an engine that loads for longer: ten minutes, unless it is told.
        {"name": "VLLM_ENGINE_READY_TIMEOUT_S", "value": str(server.start_seconds)},
    ]


def _probes(server: Server) -> Tree:
    health = {"path": "/health", "port": "http"}
    return {
        "startupProbe": {
            "httpGet": health,
            "periodSeconds": PROBED_SECONDS,
            "timeoutSeconds": 5,
            "failureThreshold": math.ceil(server.start_seconds / PROBED_SECONDS),
        },
        "readinessProbe": {"httpGet": health, "periodSeconds": 5, "timeoutSeconds": 5, "failureThreshold": 3},
        # A server that is only slow is not killed: a start costs more than some minutes of waiting.
        "livenessProbe": {"httpGet": health, "periodSeconds": 15, "timeoutSeconds": 10, "failureThreshold": 8},
    }


def _resources(server: Server) -> Tree:
    gpus = {"nvidia.com/gpu": server.gpus}
    return {
        "requests": {"cpu": str(4 * server.gpus), "memory": f"{server.memory_gb}Gi", **gpus},
        "limits": {"memory": f"{server.memory_gb}Gi", **gpus},
    }
