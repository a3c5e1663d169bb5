"""The way in for people: a pod with nginx and r1code's proxy, and the image for it."""

from __future__ import annotations

import tomlkit

from r1code.serving.cluster.helm import router_labels
from r1code.serving.cluster.kubernetes import names_looked_up
from r1code.serving.cluster.pods import GATEWAY, labels, named
from r1code.serving.cluster.server import PORT, Server
from r1code.serving.cluster.steps import CERTIFICATE, CONFIG, address
from r1code.serving.gateway.settings import Bounds
from r1code.serving.rendered import File, Tree, yaml_of

_PORT = 8443
_USER = 10001
_STATE, _TLS = "/var/lib/r1code-gateway", "/etc/r1code-tls"
_END_SECONDS = 15


def gateway_files(kind: str, server: Server) -> tuple[File, ...]:
    if server.gateway_image is None:
        return ()
    documents = (_settings(kind, server), _books(server), _pod(server), _service(server), _policy(kind, server))
    return (
        File(path="gateway.yaml", text=yaml_of(*documents, about=_ABOUT)),
        File(path="Dockerfile", text=_IMAGE),
    )


_ABOUT = (
    f"The Secret {CERTIFICATE} has its certificate and key, and is not made here.",
    "The claim is for its books, one SQLite file: on a disk, not on NFS, and with one pod alone.",
)
_IMAGE = f"""\
# The image of gateway.yaml. In this folder, with the wheel of r1code in it: docker build -t IMAGE .
FROM python:3.12-slim-bookworm
RUN apt-get update \\
    && apt-get install -y --no-install-recommends nginx-light \\
    && rm -rf /var/lib/apt/lists/* \\
    && install -d -o {_USER} -g {_USER} {_STATE}
COPY r1code-*.whl /tmp/
RUN python3 -m venv /opt/r1code \\
    && /opt/r1code/bin/pip install --no-cache-dir "$(echo /tmp/r1code-*.whl)[serve]" \\
    && rm /tmp/r1code-*.whl
ENV PATH=/opt/r1code/bin:$PATH HOME={_STATE} R1CODE_STATE_DIR={_STATE}/r1code
USER {_USER}:{_USER}
ENTRYPOINT ["r1code"]
"""


def _named(kind: str, api: str, server: Server) -> Tree:
    tree = named(kind, api, server, "-gateway")
    tree["metadata"]["labels"] = _labels(server)
    return tree


def _labels(server: Server) -> dict[str, str]:
    return {**GATEWAY, "app.kubernetes.io/instance": server.name}


def _settings(kind: str, server: Server) -> Tree:
    name = f"{server.name}-gateway"
    table = {
        "replicas": [address(kind, server)],
        "listen": f"0.0.0.0:{_PORT}",
        "names": [name, f"{name}.{server.namespace}", f"{name}.{server.namespace}.svc"],
        "certificate": f"{_TLS}/tls.crt",
        "certificate_key": f"{_TLS}/tls.key",
        "state": _STATE,
    }
    return {**_named("ConfigMap", "v1", server), "data": {"gateway.toml": tomlkit.dumps(table)}}


def _books(server: Server) -> Tree:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return {**_named("PersistentVolumeClaim", "v1", server), "spec": spec}


def _pod(server: Server) -> Tree:
    probe = {"tcpSocket": {"port": "https"}, "periodSeconds": 10}
    container = {
        "name": "gateway",
        "image": server.gateway_image,
        "args": ["serve", "gateway", "--config", CONFIG, "--with-nginx"],
        "ports": [{"name": "https", "containerPort": _PORT}],
        "readinessProbe": probe,
        "livenessProbe": {**probe, "initialDelaySeconds": 60, "failureThreshold": 6},
        "resources": {"requests": {"cpu": "500m", "memory": "256Mi"}, "limits": {"memory": "2Gi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [
            {"name": "settings", "mountPath": CONFIG.rpartition("/")[0], "readOnly": True},
            {"name": "certificate", "mountPath": _TLS, "readOnly": True},
            {"name": "books", "mountPath": _STATE},
            {"name": "temporary", "mountPath": "/tmp"},
        ],
    }
    pod: Tree = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": int(Bounds().drain_seconds) + _END_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [
            {"name": "settings", "configMap": {"name": f"{server.name}-gateway"}},
            {"name": "certificate", "secret": {"secretName": CERTIFICATE, "defaultMode": 0o440}},
            {"name": "books", "persistentVolumeClaim": {"claimName": f"{server.name}-gateway"}},
            {"name": "temporary", "emptyDir": {}},
        ],
    }
    spec: Tree = {
        "replicas": 1,
        # Two would write to one file from two machines.
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": _labels(server)},
        "template": {"metadata": {"labels": _labels(server)}, "spec": pod},
    }
    return {**_named("Deployment", "apps/v1", server), "spec": spec}


def _service(server: Server) -> Tree:
    spec: Tree = {
        "selector": _labels(server),
        "ports": [{"name": "https", "port": _PORT, "targetPort": "https"}],
    }
    return {**_named("Service", "v1", server), "spec": spec}


def _policy(kind: str, server: Server) -> Tree:
    """Whoever has a key may come from anywhere; it reaches what serves, and nothing else."""
    serving = router_labels(server) if kind == "helm" else labels(server)
    spec: Tree = {
        "podSelector": {"matchLabels": _labels(server)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"ports": [{"protocol": "TCP", "port": _PORT}]}],
        "egress": [
            names_looked_up(),
            {"to": [{"podSelector": {"matchLabels": serving}}], "ports": [{"protocol": "TCP", "port": PORT}]},
        ],
    }
    return {**_named("NetworkPolicy", "networking.k8s.io/v1", server), "spec": spec}
