"""`r1code serve files`: what clusters and monitoring start from, as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from r1code.serving.rendered import File


def files(options: argparse.Namespace) -> int:
    from pathlib import Path

    from r1code.serving.rendered import write
    from r1code.ui.messages import localized
    from r1code.ui.safe import safe

    made = _monitoring(options) if options.kind == "monitoring" else _cluster(options)
    for place in write(made, Path(options.out), over=options.force):
        print(localized(f"written: {safe(str(place))}"))
    return 0


def _cluster(options: argparse.Namespace) -> tuple[File, ...]:
    from functools import partial

    from r1code.serving.cluster.helm import helm
    from r1code.serving.cluster.kinds import ONE_MACHINE, files_of
    from r1code.serving.cluster.server import Server, r1_on

    nodes = options.nodes or (1 if options.kind in ONE_MACHINE else 2)
    named = {"image": options.image, "hub": options.secret, "prometheus": options.prometheus}
    server = Server(
        name=options.name,
        namespace=options.namespace,
        argv=tuple(options.flags) or r1_on(nodes, options.gpus_per_node),
        nodes=nodes,
        gpus=options.gpus_per_node,
        replicas=options.replicas,
        most_replicas=options.max_replicas or options.replicas,
        weights_gb=options.weights_gb,
        memory_gb=options.memory_gb,
        scraped_from=options.scrape_from,
        **{key: value for key, value in named.items() if value is not None},
    )
    return files_of(options.kind, server, partial(helm, routing=options.routing))


def _monitoring(options: argparse.Namespace) -> tuple[File, ...]:
    from r1code.errors import UsageError
    from r1code.serving.monitoring.rules import Goals
    from r1code.serving.monitoring.stack import Watched, monitoring

    if not options.servers:
        raise UsageError(
            "there is no server to watch",
            why="Prometheus has to be told where vLLM is",
            hint="r1code serve files monitoring --out monitoring --vllm 10.0.0.1:8000 --gateway 10.0.0.1:9000",
        )
    watched = Watched(
        servers=tuple(options.servers), gateways=tuple(options.gateways or ()), gpus=tuple(options.gpus or ())
    )
    goals = Goals() if options.first_token is None else Goals(first_token_seconds=options.first_token)
    return monitoring(watched, goals)
