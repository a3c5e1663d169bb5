"""What a person does with the files of a cluster, in its order."""

from __future__ import annotations

import shlex
from pathlib import Path

from r1code.serving.cluster.helm import CHART
from r1code.serving.cluster.server import PORT, Server

_BY_COMPOSE = {"compose", "compose-ray"}


def commands(kind: str, server: Server, folder: Path) -> tuple[str, ...]:
    """For a shell. Compose's differ from machine to machine: its file begins with them."""
    if kind in _BY_COMPOSE:
        return ()
    place, space = shlex.quote(str(folder)), server.namespace
    weights = [f"kubectl apply -f {shlex.quote(str(folder / 'weights.yaml'))}"]
    if not server.model.startswith("/"):
        weights.append(
            f"kubectl -n {space} wait --for=condition=complete job/{server.name}-weights --timeout=24h"
        )
    names = ("network.yaml", "disruption.yaml")
    values = shlex.quote(str(folder / "values.yaml"))
    start = (
        f"kubectl apply {' '.join(f'-f {shlex.quote(str(folder / name))}' for name in names)}",
        f"helm -n {space} install {server.name} vllm/vllm-stack --version {CHART} -f {values}",
    )
    return (
        f"kubectl create namespace {space}",
        *weights,
        *(start if kind == "helm" else (f"kubectl apply -f {place}",)),
    )


def address(kind: str, server: Server) -> str | None:
    """Of the service that a gateway in the cluster has before it; None: where the first machine is."""
    if kind in _BY_COMPOSE:
        return None
    if kind == "helm":
        return f"http://{server.name}-router-service.{server.namespace}.svc:80"
    service = {"kubernetes": "", "lws": "-leader", "kuberay": "-serve-svc"}[kind]
    return f"http://{server.name}{service}.{server.namespace}.svc:{PORT}"
