"""LeaderWorkerSet: one vLLM over several machines, which start, fail and are replaced together."""

from __future__ import annotations

from r1code.serving.cluster.kubernetes import around, service
from r1code.serving.cluster.pods import labels, literal, named, vllm_pod
from r1code.serving.cluster.server import PORT, Server, over_nodes
from r1code.serving.rendered import File, Tree, yaml_of

API = "leaderworkerset.x-k8s.io/v1"
_ROLE = "app.kubernetes.io/component"


def lws(server: Server) -> tuple[File, ...]:
    leader = service(server, {**labels(server), _ROLE: "leader"})
    # The set's own service has its name.
    leader["metadata"]["name"] = f"{server.name}-leader"
    target = {"apiVersion": API, "kind": "LeaderWorkerSet", "name": server.name}
    return (File(path="vllm.yaml", text=yaml_of(_set(server), leader, about=_ABOUT)), *around(server, target))


_ABOUT = (
    "Needs LeaderWorkerSet in the cluster. vLLM's own processes span the machines: its images have no Ray.",
    "With InfiniBand or RoCE add the device plugin's resource and IPC_LOCK to both pods; else NCCL uses TCP.",
)


def _set(server: Server) -> Tree:
    words = [literal(word) for word in server.argv]
    # Kubernetes puts the variables of the set in their place.
    nodes = over_nodes(words, server, rank="$(LWS_WORKER_INDEX)", leader="$(LWS_LEADER_ADDRESS)")
    leader, worker = ({**labels(server), _ROLE: role} for role in ("leader", "worker"))
    spec = {
        "replicas": server.replicas,
        "startupPolicy": "LeaderCreated",
        "rolloutStrategy": {
            "type": "RollingUpdate",
            "rollingUpdateConfiguration": {"maxSurge": 0, "maxUnavailable": 1},
        },
        "leaderWorkerTemplate": {
            "size": server.nodes,
            # A vLLM of which one part is gone never answers again.
            "restartPolicy": "RecreateGroupOnPodRestart",
            "leaderTemplate": vllm_pod(server, [*nodes, "--port", str(PORT)], leader),
            "workerTemplate": vllm_pod(server, [*nodes, "--headless"], worker, serves=False),
        },
    }
    return {**named("LeaderWorkerSet", API, server), "spec": spec}
