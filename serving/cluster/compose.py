"""Several machines without Kubernetes: the same Compose file on each of them."""

from __future__ import annotations

from pathlib import PurePosixPath

from r1code.serving.cluster.server import GRACE_SECONDS, PORT, SHARED_MEMORY, WEIGHTS, Server, over_nodes
from r1code.serving.plan.flags import KEY
from r1code.serving.rendered import File, Tree, yaml_of

RAY = "2.60.0"
_KEY = {KEY: f"${{{KEY}:?a key that clients send}}"}
"""It listens on a network, and not for this machine alone."""


def compose(server: Server) -> tuple[File, ...]:
    """VLLM's own processes over the machines."""
    words = [literal(word) for word in server.argv]
    if server.nodes == 1:
        serving, services = words, Tree()
    else:
        serving = over_nodes(words, server, rank="0", leader="${LEADER:?}")
        worker = over_nodes(words, server, rank="${RANK:-1}", leader="${LEADER:?}")
        services = {"worker": _service(server, "worker", command=[*worker, "--headless"])}
    leader = _service(server, "leader", command=[*serving, "--host", "${ADDRESS:?}", "--port", str(PORT)])
    leader["environment"] |= _KEY
    tree: Tree = {"name": server.name, "services": {"leader": leader, **services}, "volumes": {"cache": Tree()}}
    return (File(path="compose.yaml", text=yaml_of(tree, about=(*_begun(server), *_started(server, "RANK=1 ")))),)


def compose_ray(server: Server) -> tuple[File, ...]:
    """With Ray between them, in an image of one's own."""
    words = [*server.argv, "--distributed-executor-backend", "ray", "--port", str(PORT)]
    # What is handed on stays whole words: they are the shell's parameters, and no part of its script.
    ray = 'ray start --head --port=6379 --node-ip-address="$$ADDRESS" --include-dashboard=false'
    head = ["-c", f'{ray} && exec vllm serve "$$@" --host "$$ADDRESS"', "sh", *(literal(word) for word in words)]
    worker = ["-c", 'exec ray start --address="$$LEADER:6379" --node-ip-address="$$ADDRESS" --block']
    built = {"build": {"context": "."}, "image": f"{server.name}-ray:{RAY}", "entrypoint": ["/bin/sh"]}
    token = {"secrets": ["ray-token"]}
    services: dict[str, Tree] = {
        "leader": {**_service(server, "leader", command=head), **built, **token},
        "worker": {**_service(server, "worker", command=worker), **built, **token},
    }
    for service in services.values():
        service["environment"] |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": "/run/secrets/ray-token"}
        service["environment"] |= {"ADDRESS": "${ADDRESS:?}", "LEADER": "${LEADER:?}"}
    services["leader"]["environment"] |= _KEY
    secrets = {"ray-token": {"file": "./ray-token"}}
    tree: Tree = {"name": server.name, "services": services, "secrets": secrets, "volumes": {"cache": Tree()}}
    return (
        File(path="compose.yaml", text=yaml_of(tree, about=(*_begun(server), *_TOKEN, *_started(server, "")))),
        File(
            path="Dockerfile",
            text=f"FROM {server.image}\nRUN python3 -m pip install --no-cache-dir 'ray[cgraph]=={RAY}'\n",
        ),
    )


_TOKEN = (
    "Ray runs whatever reaches its ports: they belong on a network of these machines alone, and want a token,",
    "the same on each: (umask 077; openssl rand -hex 32 > ray-token)",
)


def _begun(server: Server) -> tuple[str, ...]:
    """What is done once, before anything starts."""
    if server.has_folder:
        below = PurePosixPath(server.model).relative_to(WEIGHTS)
        weights = f"r1code serve weights {server.source or 'MODEL'} --to /srv/models/{below}"
        other: tuple[str, ...] = ()
    else:
        weights = f"HF_HOME=/srv/models hf download {server.model}"
        other = (f"A folder of `r1code serve weights --to /srv/models/r1` needs --weights {WEIGHTS}/r1 instead.",)
    each = "" if server.nodes == 1 else " On each machine, or on a disk that all of them see."
    return (
        f"The weights, below the folder MODELS.{each}",
        f"  {weights}",
        *other,
        "The key that clients, or the gateway, send; beside this file, and the same on each machine:",
        '  (umask 077; echo "VLLM_API_KEY=sk-$(openssl rand -hex 32)" > .env)',
    )


def _started(server: Server, rank: str) -> tuple[str, ...]:
    """How; LEADER and ADDRESS are addresses of the machines' private network."""
    if server.nodes == 1:
        leader = "LEADER=10.0.0.1 " if not rank else ""
        return (
            "Then, with the machine's private address:",
            f"  {leader}ADDRESS=10.0.0.1 MODELS=/srv/models docker compose --profile leader up -d",
        )
    return (
        "Then on the first machine, whose private address is 10.0.0.1 here:",
        "  LEADER=10.0.0.1 ADDRESS=10.0.0.1 MODELS=/srv/models docker compose --profile leader up -d",
        "On each of the others:",
        f"  LEADER=10.0.0.1 ADDRESS=10.0.0.2 {rank}MODELS=/srv/models docker compose --profile worker up -d",
        "If one of them stops, start all again: what is left of a vLLM never answers.",
    )


def literal(word: str) -> str:
    """A word that stays as it is: Compose puts variables in place of `$NAME`."""
    return word.replace("$", "$$")


def _service(server: Server, role: str, *, command: list[str]) -> Tree:
    gpus = {"driver": "nvidia", "count": server.gpus, "capabilities": ["gpu"]}
    return {
        "profiles": [role],
        "image": server.image,
        "command": command,
        # NCCL and vLLM choose ports as they come.
        "network_mode": "host",
        "shm_size": SHARED_MEMORY.removesuffix("i").lower() + "b",
        "ulimits": {"memlock": -1, "stack": 67_108_864},
        "restart": "no",
        "stop_grace_period": f"{GRACE_SECONDS}s",
        "security_opt": ["no-new-privileges:true"],
        "environment": {
            "VLLM_HOST_IP": "${ADDRESS:?}",
            "VLLM_ENGINE_READY_TIMEOUT_S": str(server.start_seconds),
            "VLLM_NO_USAGE_STATS": "1",
            "DO_NOT_TRACK": "1",
            "HF_HOME": WEIGHTS,
            "HF_HUB_OFFLINE": "1",
        },
        "volumes": [
            {"type": "bind", "source": "${MODELS:?}", "target": WEIGHTS, "read_only": True},
            {"type": "volume", "source": "cache", "target": "/root/.cache"},
        ],
        "deploy": {"resources": {"reservations": {"devices": [gpus]}}},
    }
