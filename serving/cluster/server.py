"""What is to be served, and where: all that the files for clusters are made of."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from msgspec import Struct

from r1code.errors import UsageError

VLLM = "vllm/vllm-openai:v0.32.0"
"""The release that `make test-vllm` checks."""
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
    image: str = VLLM
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
    for what, name in (("name", server.name), ("namespace", server.namespace), ("secret", server.hub)):
        _check(
            _NAME.fullmatch(name),
            f"the {what} {name!r} cannot be used",
            "it is no short lower-case DNS label",
            "a-z, 0-9 and - inside it",
        )
    _check(
        _PINNED.fullmatch(server.image),
        f"the image {server.image!r} cannot be used",
        "it has no tag, or `latest`, which means another one tomorrow",
        f"name a release, as in {VLLM}, or a digest",
    )
    _check(
        server.argv and not server.argv[0].startswith("-"),
        "there is no model",
        "what follows `--` is what vLLM gets, and it begins with the model",
        "r1code serve files lws --out k8s -- deepseek-ai/DeepSeek-R1-0528 --tensor-parallel-size 8",
    )
    _check(
        all(word and word.isprintable() for word in server.argv),
        "a word for vLLM cannot be used",
        "it is empty, or has characters in it that nobody sees",
        "leave it out",
    )
    if taken := _OURS & {word.partition("=")[0] for word in server.argv}:
        _check(
            None,
            f"{min(taken)} cannot be given",
            "the files say it themselves, differently for each machine",
            "leave it out",
        )
    counts = (server.nodes, server.gpus, server.replicas, server.most_replicas, server.weights_gb)
    _check(
        min(counts) > 0,
        "a number is not above 0",
        f"nodes, GPUs, replicas, the most of them and GB are {counts}",
        "1 is the least",
    )
    return server


_OURS = frozenset(
    {"--host", "--port", "--nnodes", "--node-rank", "--master-addr", "--master-port", "--headless"}
    | {"-n", "-r", "--distributed-executor-backend", "--api-key"}
)


def _check(good: object, what: str, why: str, hint: str) -> None:
    if not good:
        raise UsageError(what, why=why, hint=hint)


def over_nodes(argv: Sequence[str], server: Server, *, rank: str, leader: str) -> list[str]:
    """The words of one of several machines, without Ray: vLLM's images have none since 0.19."""
    return [*argv, "--nnodes", str(server.nodes), "--node-rank", rank, "--master-addr", leader]


def r1_on(nodes: int, gpus: int, model: str = "deepseek-ai/DeepSeek-R1-0528") -> tuple[str, ...]:
    """What vLLM gets where nobody says it: R1's FP8 weights over whole machines."""
    over = ("--pipeline-parallel-size", str(nodes)) if nodes > 1 else ()
    return (
        model,
        "--tensor-parallel-size",
        str(gpus),
        *over,
        "--enable-expert-parallel",
        "--max-model-len",
        "65536",
        "--reasoning-parser",
        "deepseek_r1",
        "--enable-prompt-tokens-details",
    )
