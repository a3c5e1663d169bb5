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
    """For one replica with an address that stays, for several a name for theirs, which the gateway looks up.

    They are named before they answer: nginx does not start where a name has no address.
    """
    several: Tree = {"clusterIP": "None", "publishNotReadyAddresses": True} if server.most_replicas > 1 else {}
    spec = {
        **several,
        "selector": selector,
        "ports": [{"name": "http", "port": PORT, "targetPort": "http"}],
    }
    return {**named("Service", "v1", server), "spec": spec}


def around(server: Server, target: Tree) -> tuple[File, ...]:
    """What every kind has besides its vLLM. `target` is what is scaled."""
    files = [
        File(path="network.yaml", text=yaml_of(network(server), about=_NETWORK)),
        File(path="disruption.yaml", text=yaml_of(disruption(server), about=evictions(server))),
        *weights_of(server),
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
_SHARED = "Where there are several machines, all of them have to read it: name a storage class of yours."


def evictions(server: Server) -> tuple[str, ...]:
    if server.replicas > 1:
        return ("Of several replicas one at a time may go.",)
    return ("Of a single replica no pod is evicted: draining its machine waits until a person deletes the pod.",)


def weights_of(server: Server) -> tuple[File, ...]:
    """The claim, and what fills it: a job, or a pod into which a person copies a folder."""
    if not server.has_folder:
        about = (
            "Once, before vLLM starts: kubectl apply -f weights.yaml, and then",
            f"  {waited(server)}",
            _SHARED,
        )
        return (File(path="weights.yaml", text=yaml_of(claim(server), download(server), about=about)),)
    first = (
        f"{server.model} has to be in it before vLLM starts: README.txt says how it is copied.",
        f"Where a claim {claim_name(server)} that has it exists already, delete this file.",
        _SHARED,
    )
    return (
        File(path="weights.yaml", text=yaml_of(claim(server), about=first)),
        # In a folder of its own: what applies all files leaves it out.
        File(path=COPIER, text=yaml_of(_copier(server))),
    )


COPIER = "copy/pod.yaml"


def waited(server: Server) -> str:
    """The command that ends once the weights are there."""
    return f"kubectl -n {server.namespace} wait --for=condition=complete job/{claim_name(server)} --timeout=24h"


def network(server: Server, *, peers: bool | None = None) -> Tree:
    """`peers`: its pods reach each other; else only where there are several machines."""
    callers: list[Tree] = [{"podSelector": {"matchLabels": GATEWAY}}]
    if server.scraped_from is not None:
        names = {"kubernetes.io/metadata.name": server.scraped_from}
        prometheus = {"app.kubernetes.io/name": "prometheus"}
        callers.append({"namespaceSelector": {"matchLabels": names}, "podSelector": {"matchLabels": prometheus}})
    own: list[Tree] = [{"podSelector": {"matchLabels": labels(server)}}]
    ingress: list[Tree] = [{"from": callers, "ports": [{"protocol": "TCP", "port": PORT}]}]
    egress = [names_looked_up()]
    if server.nodes > 1 if peers is None else peers:
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


def names_looked_up() -> Tree:
    """A rule for the cluster's DNS."""
    resolver = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
    return {"to": [resolver], "ports": [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]}


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
    job = named("Job", "batch/v1", server, "-weights")
    template = {"metadata": {"labels": _marks(server)}, "spec": _with_claim(server, container, "OnFailure")}
    return {**job, "spec": {"backoffLimit": 20, "template": template}}


def _copier(server: Server) -> Tree:
    container = {
        "name": "copy",
        "image": server.image,
        "command": ["sleep", "infinity"],
        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "16Gi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": "weights", "mountPath": WEIGHTS}],
    }
    pod = named("Pod", "v1", server, "-copy")
    pod["metadata"]["labels"] = _marks(server)
    return {**pod, "spec": {**_with_claim(server, container, "Never"), "terminationGracePeriodSeconds": 1}}


def _marks(server: Server) -> dict[str, str]:
    # Another name than vLLM's: the policy that keeps vLLM from the network is not about these pods.
    return {"app.kubernetes.io/name": "weights", "app.kubernetes.io/instance": server.name}


def _with_claim(server: Server, container: Tree, restarted: str) -> Tree:
    return {
        "restartPolicy": restarted,
        "automountServiceAccountToken": False,
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [{"name": "weights", "persistentVolumeClaim": {"claimName": claim_name(server)}}],
    }
