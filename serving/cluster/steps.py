"""What a person does with the files of a cluster, in its order."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from r1code.serving.cluster.helm import CHART, CHARTS
from r1code.serving.cluster.kubernetes import COPIER, waited
from r1code.serving.cluster.pods import claim_name
from r1code.serving.cluster.server import PORT, WEIGHTS, Server

BY_COMPOSE = {"compose", "compose-ray"}
CERTIFICATE = "r1code-gateway-tls"
"""A Secret, which is not made here."""
CONFIG = "/etc/r1code/gateway.toml"


def commands(kind: str, server: Server, folder: Path) -> tuple[str, ...]:
    """For a shell. Compose's differ from machine to machine: its file begins with them."""
    if kind in BY_COMPOSE:
        return ()
    return (
        f"kubectl create namespace {server.namespace}",
        *_weights(server, folder),
        *_gateway(server, folder),
        *_start(kind, server, folder),
        *_key(server),
    )


def explained(kind: str, server: Server) -> Iterator[str]:
    """The lines of a file beside the others."""
    yield "In this order, in the folder of this file:"
    yield ""
    yield from commands(kind, server, Path())
    yield ""
    if server.has_folder:
        yield f"FOLDER is what `r1code serve weights --to` wrote, and becomes {server.model} in the claim."
        yield f"Where a claim {claim_name(server)} that has it exists already, delete weights.yaml and leave out"
        yield "the commands that name it or the pod."
    if server.gateway_image is None:
        yield f"A gateway's replica is {address(kind, server)}; --gateway-image writes one for this cluster."
    else:
        yield "R1CODE is a clone of r1code. fullchain.pem and privkey.pem are your certificate, for the name by"
        yield f"which clients reach the service {server.name}-gateway. Limits: gateway.toml, in gateway.yaml."


def _weights(server: Server, folder: Path) -> Iterator[str]:
    space, pod = server.namespace, f"{server.name}-copy"
    yield f"kubectl apply -f {_quoted(folder / 'weights.yaml')}"
    if not server.has_folder:
        yield waited(server)
        return
    yield f"kubectl apply -f {_quoted(folder / COPIER)}"
    yield f"kubectl -n {space} wait --for=condition=ready pod/{pod} --timeout=1h"
    above = str(PurePosixPath(server.model).parent)
    if above != WEIGHTS:
        yield f"kubectl -n {space} exec {pod} -- mkdir -p {shlex.quote(above)}"
    yield f"kubectl cp FOLDER {shlex.quote(f'{space}/{pod}:{server.model}')}"
    yield f"kubectl -n {space} delete pod {pod}"


def _gateway(server: Server, folder: Path) -> Iterator[str]:
    if server.gateway_image is None:
        return
    place, image = _quoted(folder), shlex.quote(server.gateway_image)
    yield f"pip wheel --no-deps --wheel-dir {place} R1CODE"
    yield f"docker build -t {image} {place}"
    yield f"docker push {image}"
    yield (
        f"kubectl -n {server.namespace} create secret tls {CERTIFICATE} --cert=fullchain.pem --key=privkey.pem"
    )


def _start(kind: str, server: Server, folder: Path) -> Iterator[str]:
    if kind != "helm":
        yield f"kubectl apply -f {_quoted(folder)}"
        return
    made = () if server.gateway_image is None else ("gateway.yaml",)
    files = (f"-f {_quoted(folder / name)}" for name in ("network.yaml", "disruption.yaml", *made))
    yield f"helm repo add vllm {CHARTS}"
    values = _quoted(folder / "values.yaml")
    yield f"helm -n {server.namespace} install {server.name} vllm/vllm-stack --version {CHART} -f {values}"
    yield f"kubectl apply {' '.join(files)}"


def _key(server: Server) -> Iterator[str]:
    if server.gateway_image is not None:
        pod = f"deploy/{server.name}-gateway"
        yield f"kubectl -n {server.namespace} rollout status {pod} --timeout=24h"
        yield f"kubectl -n {server.namespace} exec {pod} -- r1code serve keys add ann --config {CONFIG}"


def _quoted(place: Path) -> str:
    return shlex.quote(str(place))


def address(kind: str, server: Server) -> str | None:
    """Of the service that a gateway in the cluster has before it; None: where the first machine is."""
    if kind in BY_COMPOSE:
        return None
    if kind == "helm":
        return f"http://{server.name}-router-service.{server.namespace}.svc:80"
    service = {"kubernetes": "", "lws": "-leader", "kuberay": "-serve-svc"}[kind]
    return f"http://{server.name}{service}.{server.namespace}.svc:{PORT}"
