"""What is to be served, and where: all that the files for clusters are made of."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from msgspec import Struct

from r1code.errors import UsageError
from r1code.serving.plan.compose import IMAGE

PORT = 8000
WEIGHTS = "/models"
"""Where the weights are mounted: Hugging Face's folder."""
SHARED_MEMORY = "32Gi"
"""Of NCCL and of the workers' queues; what is not used takes no memory."""

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
    waiting: int = 4
    """Requests in the queue of a replica from which on another one is started."""

    @property
    def model(self) -> str:
        return self.argv[0]

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
    if not _PINNED.fullmatch(server.image):
        raise UsageError(
            f"the image {server.image!r} cannot be used",
            why="it has no tag, or `latest`, which means another one tomorrow",
            hint=f"name a release, as in {IMAGE}, or a digest",
        )
    _check_words(server.argv)
    sizes = (server.weights_gb, server.memory_gb)
    if min(server.nodes, server.gpus, server.replicas, *sizes) < 1 or server.most_replicas < server.replicas:
        raise UsageError(
            "there cannot be so few",
            why="machines, GPUs, replicas and GB are 1 at least, and --max-replicas no less than --replicas",
            hint="--nodes 2 --gpus-per-node 8 --replicas 1 --max-replicas 3",
        )
    return server


def _check_words(argv: Sequence[str]) -> None:
    """Raises UsageError."""
    if not argv or argv[0].startswith("-"):
        raise UsageError(
            "there is no model",
            why="what follows `--` is what vLLM gets, and it begins with the model",
            hint="r1code serve files lws --out k8s -- deepseek-ai/DeepSeek-R1-0528 --tensor-parallel-size 8",
        )
    if not all(word and word.isprintable() for word in argv):
        raise UsageError(
            "a word for vLLM cannot be used",
            why="it is empty, or has characters in it that nobody sees",
            hint="leave it out",
        )
    if taken := OURS & {word.partition("=")[0] for word in argv}:
        raise UsageError(
            f"{min(taken)} cannot be given",
            why="the files say it themselves, differently for each machine",
            hint="leave it out",
        )


OURS = frozenset(
    {"--host", "--port", "--nnodes", "--node-rank", "--master-addr", "--master-port", "--headless"}
    | {"-n", "-r", "--distributed-executor-backend", "--api-key"}
)
"""What the files say themselves."""


def over_nodes(argv: Sequence[str], server: Server, *, rank: str, leader: str) -> list[str]:
    """The words of one of several machines, without Ray: vLLM's images have none since 0.19."""
    return [*argv, "--nnodes", str(server.nodes), "--node-rank", rank, "--master-addr", leader]
