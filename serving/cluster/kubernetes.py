"""Kubernetes without anything that has to be installed in it: one machine for each replica."""

from __future__ import annotations

from r1code.serving.cluster.pods import GATEWAY, claim_name, labels, literal, named, vllm_pod
from r1code.serving.cluster.scaling import ruled, scaled, scraped
from r1code.serving.cluster.server import PORT, WEIGHTS, Server
from r1code.serving.rendered import File, Tree, yaml_of


def kubernetes(server: Server) -> tuple[File, ...]:
    words = [literal(word) for word in server.argv]
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": server.name}
    return (
        File(path="vllm.yaml", text=yaml_of(_deployment(server, words), service(server, labels(server)))),
        *around(server, target),
    )


def _deployment(server: Server, words: list[str]) -> Tree:
    spec = {
        "replicas": server.replicas,
        # With a second one beside it an update would need GPUs that are not there.
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
        "progressDeadlineSeconds": server.start_seconds + 600,
        "selector": {"matchLabels": labels(server)},
        "template": vllm_pod(server, [*words, "--port", str(PORT)], labels(server)),
    }
    return {**named("Deployment", "apps/v1", server), "spec": spec}


def service(server: Server, selector: dict[str, str]) -> Tree:
    """Without an address of its own: the gateway sees each replica, and sends a session to the same one."""
    spec = {
        "clusterIP": "None",
        "selector": selector,
        "ports": [{"name": "http", "port": PORT, "targetPort": "http"}],
    }
    return {**named("Service", "v1", server), "spec": spec}


def around(server: Server, target: Tree) -> tuple[File, ...]:
    """What every kind has besides its vLLM. `target` is what is scaled."""
    weights = [claim(server)] if server.model.startswith("/") else [claim(server), download(server)]
    files = [
        File(path="network.yaml", text=yaml_of(network(server), about=_NETWORK)),
        File(path="disruption.yaml", text=yaml_of(disruption(server), about=_DISRUPTION)),
        File(path="weights.yaml", text=yaml_of(*weights, about=_WEIGHTS)),
    ]
    if server.scraped_from is not None:
        files.append(File(path="metrics.yaml", text=yaml_of(scraped(server), ruled(server), about=_METRICS)))
    if server.scales:
        files.append(File(path="scaling.yaml", text=yaml_of(scaled(server, target))))
    return tuple(files)


_NETWORK = (
    "vLLM guards some of its paths with a key and leaves others open, inference among them.",
    "Only pods labelled app.kubernetes.io/name=r1code-gateway in this namespace reach it, and it reaches nothing",
    "but its other machines and the cluster's DNS. It needs a network plugin that enforces policies.",
)
_METRICS = ("For Prometheus' operator, which may want a label of its own on them (`release`).",)
_DISRUPTION = (
    "Of a single replica no pod is evicted: draining its machine waits for a person, who deletes the pod.",
)
_WEIGHTS = (
    "Once, before vLLM starts: kubectl apply -f weights.yaml && kubectl wait --for=condition=complete job --all",
    "Where there are several machines, all of them have to be able to read it: name a storage class of yours.",
)


def network(server: Server) -> Tree:
    callers: list[Tree] = [{"podSelector": {"matchLabels": GATEWAY}}]
    if server.scraped_from is not None:
        names = {"kubernetes.io/metadata.name": server.scraped_from}
        prometheus = {"app.kubernetes.io/name": "prometheus"}
        callers.append({"namespaceSelector": {"matchLabels": names}, "podSelector": {"matchLabels": prometheus}})
    own: list[Tree] = [{"podSelector": {"matchLabels": labels(server)}}]
    resolver = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
    ingress: list[Tree] = [{"from": callers, "ports": [{"protocol": "TCP", "port": PORT}]}]
    egress: list[Tree] = [
        {"to": [resolver], "ports": [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]}
    ]
    if server.nodes > 1:
        # NCCL and vLLM choose ports as they come.
        ingress.append({"from": own})
        egress.append({"to": own})
    spec = {
        "podSelector": {"matchLabels": labels(server)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": ingress,
        "egress": egress,
    }
    return {**named("NetworkPolicy", "networking.k8s.io/v1", server), "spec": spec}


def disruption(server: Server) -> Tree:
    spec = {
        "minAvailable": server.nodes * max(server.replicas - 1, 1),
        "selector": {"matchLabels": labels(server)},
    }
    return {**named("PodDisruptionBudget", "policy/v1", server), "spec": spec}


def claim(server: Server) -> Tree:
    many = server.nodes * server.most_replicas > 1
    spec = {
        "accessModes": ["ReadWriteMany" if many else "ReadWriteOnce"],
        "resources": {"requests": {"storage": f"{server.weights_gb * 5 // 4}Gi"}},
    }
    return {**named("PersistentVolumeClaim", "v1", server, "-weights"), "spec": spec}


def download(server: Server) -> Tree:
    """A job of its own, with the network that vLLM has not."""
    token = {"name": server.hub, "key": "token", "optional": True}
    container = {
        "name": "download",
        "image": server.image,
        "command": ["hf", "download"],
        "args": [literal(server.model)],
        "env": [
            {"name": "HF_HOME", "value": WEIGHTS},
            {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": token}},
        ],
        "resources": {"requests": {"cpu": "2", "memory": "4Gi"}, "limits": {"memory": "16Gi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": "weights", "mountPath": WEIGHTS}],
    }
    pod = {
        "restartPolicy": "OnFailure",
        "automountServiceAccountToken": False,
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [{"name": "weights", "persistentVolumeClaim": {"claimName": claim_name(server)}}],
    }
    job = named("Job", "batch/v1", server, "-weights")
    # Another name than vLLM's: the policy that keeps vLLM from the network is not about this pod.
    marks = {"app.kubernetes.io/name": "weights", "app.kubernetes.io/instance": server.name}
    return {**job, "spec": {"backoffLimit": 20, "template": {"metadata": {"labels": marks}, "spec": pod}}}
