"""`r1code serve files`: what clusters and monitoring start from, as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from r1code.ui.messages import localized
from r1code.ui.safe import safe

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from r1code.serving.cluster.planned import Planned
    from r1code.serving.cluster.server import Server
    from r1code.serving.plan.alternatives import Refusal
    from r1code.serving.rendered import File

_GPUS = 8
_PLANNED = ("model", "gpus", "quantization", "max_len", "users", "weights")
_TAKEN = frozenset({"--goal", "--gpus", "--kv-cache", "--max-len", "--quantization", "--users", "--utilization"})
"""Of the flags of `serve plan`."""


def files(options: argparse.Namespace) -> int:
    from functools import partial
    from pathlib import Path

    from r1code.serving.cluster.helm import helm
    from r1code.serving.cluster.kinds import files_of

    out = Path(options.out)
    if options.kind == "monitoring":
        _write(_monitoring(options), options)
        print(localized(f"next: the commands at the top of {safe(str(out / 'compose.yaml'))}"))
        return 0
    server = _server(options)
    _write(files_of(options.kind, server, partial(helm, routing=options.routing)), options)
    _tell(options.kind, server, out)
    return 0


def _write(made: tuple[File, ...], options: argparse.Namespace) -> None:
    from pathlib import Path

    from r1code.serving.rendered import write

    for place in write(made, Path(options.out), over=options.force):
        print(localized(f"written: {safe(str(place))}"))


def _tell(kind: str, server: Server, out: Path) -> None:
    from r1code.serving.cluster.steps import address, commands

    of_each = f"replicas: {server.replicas}, machines of each: {server.nodes}, GPUs of a machine: {server.gpus}"
    print(f"{safe(server.model)}: {of_each}")
    asked = commands(kind, server, out)
    if not asked:
        print(localized(f"next: the commands at the top of {safe(str(out / 'compose.yaml'))}"))
        return
    print(localized("next, in this order:"))
    for command in asked:
        print(f"  {safe(command)}")
    print(localized(f"the same, and what it needs: {safe(str(out / 'README.txt'))}"))
    if server.gateway_image is None:
        print(localized(f"for a gateway: --replica {address(kind, server)}; --gateway-image writes one"))


def _server(options: argparse.Namespace) -> Server:
    """Raises UsageError."""
    from r1code.serving.cluster.server import Server

    made = _said(options) if options.flags else _planned(options)
    replicas = options.replicas or made.replicas
    named = {"image": options.image, "hub": options.secret, "prometheus": options.prometheus}
    return Server(
        name=options.name or made.name,
        about=made.about,
        source=made.source,
        gateway_image=options.gateway_image,
        namespace=options.namespace,
        argv=made.argv,
        nodes=made.nodes,
        gpus=made.gpus,
        replicas=replicas,
        most_replicas=options.max_replicas or replicas,
        weights_gb=options.weights_gb or made.weights_gb,
        memory_gb=options.memory_gb,
        scraped_from=options.scrape_from,
        **{key: value for key, value in named.items() if value is not None},
    )


def _said(options: argparse.Namespace) -> Planned:
    """What a person gives vLLM, on the machines that they name. Raises UsageError."""
    from r1code.errors import UsageError
    from r1code.serving.cluster.kinds import ONE_MACHINE
    from r1code.serving.cluster.planned import said_server

    if options.kv_cache != "auto" or any(getattr(options, name) is not None for name in _PLANNED):
        raise UsageError(
            "vLLM's words were given, and a model to plan for",
            why="--model, --gpus, --weights and what else a plan takes stand for the words after `--`",
            hint="leave out the one or the other",
        )
    nodes = options.nodes or (1 if options.kind in ONE_MACHINE else 2)
    return said_server(tuple(options.flags), nodes=nodes, gpus=options.gpus_per_node or _GPUS)


def _planned(options: argparse.Namespace) -> Planned:
    """Raises UsageError."""
    from r1code.cli.serve_plan import model_of, sized
    from r1code.errors import UsageError
    from r1code.serving.cluster.kinds import ONE_MACHINE
    from r1code.serving.cluster.planned import planned_server
    from r1code.serving.plan.alternatives import Refusal
    from r1code.serving.plan.alternatives import plan as make
    from r1code.serving.plan.gpus import machine_of
    from r1code.serving.plan.nvml import Nvml

    if options.nodes is not None or options.gpus_per_node is not None:
        raise UsageError(
            "how many machines there are was said in two ways",
            why="--nodes and --gpus-per-node go with vLLM's own words, after `--`",
            hint="--gpus 2x8xH100: two machines with eight GPUs each",
        )
    word = options.model or "r1-0528"
    model, precision = model_of(word)
    gpus = options.gpus or ("8xH200" if options.kind in ONE_MACHINE else "2x8xH100")
    made = make(model, machine_of(gpus, Nvml), sized(options, word, precision), word=word, gpus=gpus)
    if isinstance(made, Refusal):
        raise UsageError(made.what, why=made.why, hint=_instead(made, f"r1code serve plan {word} --gpus {gpus}"))
    return planned_server(made, options.weights)


def _instead(made: Refusal, command: str) -> str:
    """What would fit, in flags that these files take, too."""
    import shlex

    for one in made.alternatives:
        model, *flags = one.flags
        if {word for word in flags if word.startswith("--")} <= _TAKEN:
            return f"this fits: {shlex.join(['--model', model, *flags])}; more: {command}"
    return f"{command} says what fits"


def _monitoring(options: argparse.Namespace) -> tuple[File, ...]:
    from r1code.errors import UsageError
    from r1code.serving.monitoring.rules import Goals
    from r1code.serving.monitoring.stack import Watched, monitoring

    if not options.servers:
        raise UsageError(
            "there is no server to watch",
            why="Prometheus has to be told where vLLM is",
            hint="r1code serve files monitoring --out monitoring --vllm 10.0.0.1:8000 --gateway 10.0.0.1:9464",
        )
    watched = Watched(
        servers=tuple(options.servers),
        gateways=tuple(options.gateways or ()),
        gpus=tuple(options.exporters or ()),
    )
    goals = Goals() if options.first_token is None else Goals(first_token_seconds=options.first_token)
    return monitoring(watched, goals)
