"""Which files there are for clusters, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from r1code.errors import UsageError
from r1code.serving.cluster.compose import compose, compose_ray
from r1code.serving.cluster.gateway import gateway_files
from r1code.serving.cluster.helm import helm
from r1code.serving.cluster.kuberay import kuberay
from r1code.serving.cluster.kubernetes import kubernetes
from r1code.serving.cluster.lws import lws
from r1code.serving.cluster.server import Server, checked
from r1code.serving.cluster.steps import BY_COMPOSE, explained
from r1code.serving.rendered import File

Make = Callable[[Server], tuple[File, ...]]
KINDS: Mapping[str, Make] = {
    "compose": compose,
    "compose-ray": compose_ray,
    "helm": helm,
    "kuberay": kuberay,
    "kubernetes": kubernetes,
    "lws": lws,
}
ONE_MACHINE = {"kubernetes", "helm"}
"""Whose replicas each fit on one machine."""


def files_of(kind: str, server: Server, by_chart: Make = helm) -> tuple[File, ...]:
    """Raises UsageError."""
    if kind in ONE_MACHINE and server.nodes > 1:
        raise UsageError(
            f"{kind} has no files for {server.nodes} machines",
            why="there a replica is one pod, which is on one machine",
            hint="lws or kuberay; or --nodes 1 with --replicas",
        )
    made = {**KINDS, "helm": by_chart}[kind](checked(server))
    if kind not in BY_COMPOSE:
        read = "\n".join(explained(kind, server))
        made = (*made, *gateway_files(kind, server), File(path="README.txt", text=f"{read}\n"))
    about = f"# {server.about or server.model}, by r1code serve files {kind}\n"
    return tuple(File(path=file.path, text=about + file.text) for file in made)
