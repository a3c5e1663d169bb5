"""What is to be served, and where: all that the files for clusters are made of."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from msgspec import Struct

from r1code.errors import UsageError
from r1code.serving.cluster.words import check_words
from r1code.serving.plan.compose import IMAGE
from r1code.serving.plan.flags import DRAIN_SECONDS

PORT = 8000
WEIGHTS = "/models"
"""Where the weights are mounted: Hugging Face's folder."""
SHARED_MEMORY = "32Gi"
"""Of NCCL and of the workers' queues; what is not used takes no memory."""
GRACE_SECONDS = DRAIN_SECONDS + 30
"""From being told to stop until it is killed: answers under way may end, and the processes."""

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")
_PINNED = re.compile(r"\S+(:(?!latest$)[\w][\w.-]*|@sha256:[0-9a-f]{64})")
_READ_GB_PER_SECOND = 0.2
"""Of a shared file system that is slow."""
_COMPILE_SECONDS = 1800
"""For kernels and graphs, at the first start of a release."""


class Server(Struct, frozen=True, kw_only=True):
    """One vLLM, on one machine or on several, and its replicas.

    `argv` is what follows `vllm serve`, the model first, and says nothing of machines, ports or hosts.
    """

    name: str
    argv: tuple[str, ...]
    about: str = ""
    """Which model on which GPUs, and what for: said in each file."""
    source: str = ""
    """The hub's name for the weights, where `argv` names a folder with them."""
    namespace: str = "r1"
    nodes: int = 1
    gpus: int = 8
    """Of each machine."""
    replicas: int = 1
    most_replicas: int = 1
    image: str = IMAGE
    weights_gb: int = 690
    memory_gb: int = 256
    """That a container of it may take: weights are read through the page cache, which counts as well."""
    hub: str = "r1-hub"
    """A Secret, which is not made here, and may be missing: its key `token` is for models that ask for one."""
    scraped_from: str | None = None
    """The namespace of a Prometheus that may reach it, besides the gateway."""
    prometheus: str = "http://prometheus-operated.monitoring.svc:9090"
    gateway_image: str | None = None
    """With r1code and nginx in it."""
    waiting: int = 4
    """Requests in the queue of a replica from which on another one is started."""

    @property
    def model(self) -> str:
        return self.argv[0]

    @property
    def has_folder(self) -> bool:
        """Somebody puts the weights there; else they come from the hub."""
        return self.model.startswith("/")

    @property
    def start_seconds(self) -> int:
        """How long a start may take."""
        return math.ceil(self.weights_gb / _READ_GB_PER_SECOND) + _COMPILE_SECONDS

    @property
    def scales(self) -> bool:
        return self.most_replicas > self.replicas


def checked(server: Server) -> Server:
    """Raises UsageError for what Kubernetes, Docker or vLLM would not take, or would take for something else."""
    for what, name in (("name", server.name), ("namespace", server.namespace), ("Secret", server.hub)):
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"the {what} {name!r} cannot be used",
                why="Kubernetes wants a short name of a-z, 0-9 and - inside it",
                hint="--name r1 --namespace r1",
            )
    for image in (server.image, server.gateway_image):
        if image is not None and not _PINNED.fullmatch(image):
            raise UsageError(
                f"the image {image!r} cannot be used",
                why="it has no tag, or `latest`, which means another one tomorrow",
                hint=f"name a release, as in {IMAGE}, or a digest",
            )
    sizes = (server.weights_gb, server.memory_gb)
    if min(server.nodes, server.gpus, server.replicas, *sizes) < 1 or server.most_replicas < server.replicas:
        raise UsageError(
            "there cannot be so few",
            why="machines, GPUs, replicas and GB are 1 at least, and --max-replicas no less than --replicas",
            hint="--nodes 2 --gpus-per-node 8 --replicas 1 --max-replicas 3",
        )
    check_words(server.argv, nodes=server.nodes, gpus=server.gpus)
    if server.has_folder:
        in_weights(server.model)
    return server


def in_weights(path: str) -> None:
    """Raises UsageError for a folder that neither pods nor containers see."""
    folder = PurePosixPath(path)
    if ".." in folder.parts or PurePosixPath(WEIGHTS) not in folder.parents:
        raise UsageError(
            f"{path} is not where the weights are mounted",
            why=f"pods and containers see them below {WEIGHTS}",
            hint=f"--weights {WEIGHTS}/{folder.name or 'r1'}: the folder of that name in the claim, or in MODELS",
        )


def over_nodes(argv: Sequence[str], server: Server, *, rank: str, leader: str) -> list[str]:
    """The words of one of several machines, without Ray: vLLM's images have none since 0.19."""
    return [*argv, "--nnodes", str(server.nodes), "--node-rank", rank, "--master-addr", leader]
