"""Values for the chart of vLLM's production stack: replicas behind a router that knows prefixes."""

from __future__ import annotations

import math
from typing import Literal

from r1code.serving.cluster.kubernetes import disruption, evictions, network, weights_of
from r1code.serving.cluster.pods import PROBED_SECONDS, claim_name, literal
from r1code.serving.cluster.scaling import waiting
from r1code.serving.cluster.server import PORT, WEIGHTS, Server
from r1code.serving.rendered import File, Tree, yaml_of

CHART = "0.1.13"
CHARTS = "https://vllm-project.github.io/production-stack"
ROUTER = "0.1.9.dev9-g37bafbcf5.d20260107"
Routing = Literal["prefixaware", "session"]
SESSION_HEADER = "x-session-id"
"""Which a profile of r1code sends with `session_header`."""


def helm(server: Server, routing: Routing = "prefixaware") -> tuple[File, ...]:
    return (
        File(path="values.yaml", text=yaml_of(_values(server, routing), about=_ABOUT)),
        *weights_of(server),
        File(path="network.yaml", text=yaml_of(*_policies(server))),
        File(path="disruption.yaml", text=yaml_of(_disruption(server), about=evictions(server))),
    )


_ABOUT = (
    f"For the chart vllm-stack {CHART}; README.txt has the commands. The gateway's replica is",
    "http://NAME-router-service:80. For --routing session, a profile of r1code needs",
    f'session_header = "{SESSION_HEADER}".',
)


def _marks(server: Server) -> dict[str, str]:
    return {"environment": "r1", "release": server.name}


def router_labels(server: Server) -> dict[str, str]:
    return {"environment": "router", "release": f"{server.name}-router"}


def _values(server: Server, routing: Routing) -> Tree:
    return {
        "servingEngineSpec": {
            "labels": _marks(server),
            "containerPort": PORT,
            "startupProbe": {
                "initialDelaySeconds": PROBED_SECONDS,
                "periodSeconds": PROBED_SECONDS,
                "failureThreshold": math.ceil(server.start_seconds / PROBED_SECONDS),
                "httpGet": {"path": "/health", "port": PORT},
            },
            "imagePullPolicy": "IfNotPresent",
            "containerSecurityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            "modelSpec": [_model(server)],
        },
        "routerSpec": _router(server, routing),
    }


def _model(server: Server) -> Tree:
    repository, tag = server.image.rpartition(":")[::2]
    spec: Tree = {
        "name": server.name,
        "repository": repository,
        "tag": tag,
        "modelURL": server.model,
        "replicaCount": server.replicas,
        "requestCPU": 4 * server.gpus,
        "requestMemory": f"{server.memory_gb}Gi",
        "requestGPU": server.gpus,
        "limitCPU": 4 * server.gpus,
        "limitMemory": f"{server.memory_gb}Gi",
        "shmSize": "32Gi",
        "env": [
            {"name": "HF_HUB_OFFLINE", "value": "1"},
            {"name": "VLLM_NO_USAGE_STATS", "value": "1"},
            {"name": "VLLM_ENGINE_READY_TIMEOUT_S", "value": str(server.start_seconds)},
            # The last one counts: the chart says /tmp.
            {"name": "HF_HOME", "value": WEIGHTS},
        ],
        "extraVolumes": [
            {"name": "weights", "persistentVolumeClaim": {"claimName": claim_name(server), "readOnly": True}}
        ],
        "extraVolumeMounts": [{"name": "weights", "mountPath": WEIGHTS, "readOnly": True}],
        "vllmConfig": {
            # Where it is not said the chart switches it off, and each step of an agent reads its prompt anew.
            "enablePrefixCaching": True,
            # Mounts the shared memory. Flags that come twice are vLLM's to decide: the last one counts.
            "tensorParallelSize": server.gpus,
            "extraArgs": [literal(word) for word in server.argv[1:]],
        },
    }
    if server.scales:
        metadata = {
            "serverAddress": server.prometheus,
            "query": waiting(server),
            "threshold": str(server.waiting),
        }
        spec["keda"] = {
            "enabled": True,
            "minReplicaCount": server.replicas,
            "maxReplicaCount": server.most_replicas,
            "pollingInterval": 30,
            "triggers": [{"type": "prometheus", "metadata": metadata}],
        }
    return spec


def _router(server: Server, routing: Routing) -> Tree:
    return {
        "repository": "lmcache/lmstack-router",
        "tag": ROUTER,
        "imagePullPolicy": "IfNotPresent",
        "labels": router_labels(server),
        "routingLogic": routing,
        **({"sessionKey": SESSION_HEADER} if routing == "session" else {}),
        "resources": {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "4Gi"}},
    }


def _policies(server: Server) -> list[Tree]:
    """The gateway reaches the router, and the router alone reaches vLLM."""
    router = network(server)
    router["metadata"]["name"] = f"{server.name}-router"
    router["spec"]["podSelector"] = {"matchLabels": router_labels(server)}
    # It asks Kubernetes which replicas there are.
    router["spec"]["policyTypes"] = ["Ingress"]
    del router["spec"]["egress"]
    engines = network(server)
    engines["spec"]["podSelector"] = {"matchLabels": _marks(server)}
    callers = engines["spec"]["ingress"][0]["from"]
    callers[0] = {"podSelector": router["spec"]["podSelector"]}
    return [router, engines]


def _disruption(server: Server) -> Tree:
    tree = disruption(server)
    tree["spec"]["selector"] = {"matchLabels": _marks(server)}
    return tree
