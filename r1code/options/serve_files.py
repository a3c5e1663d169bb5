"""The flags of `r1code serve files`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from r1code.options.serve_plan import add_size

KINDS = ("compose", "compose-ray", "helm", "kuberay", "kubernetes", "lws", "monitoring")


def add_files(add: Callable[..., argparse.ArgumentParser]) -> None:
    files = add(
        "files",
        help="write what a cluster or a monitoring stack starts from (docs/serving-cluster.md)",
        epilog="What comes after a `--` is what vLLM gets, the model first: -- MODEL --max-model-len 32768",
    )
    files.add_argument("kind", choices=KINDS, metavar="KIND", help=", ".join(KINDS))
    files.add_argument("--out", metavar="FOLDER", required=True, help="the folder that gets the files")
    files.add_argument("--force", action="store_true", help="write over files that were edited")
    _add_server(files.add_argument_group("the server").add_argument)
    _add_watched(files.add_argument_group("monitoring").add_argument)


def _add_server(add_argument: Callable[..., object]) -> None:
    add_argument("--name", metavar="NAME", help="of what is made (the model's)")
    add_argument("--namespace", default="r1", metavar="NAME", help="of Kubernetes (r1)")
    add_argument("--model", metavar="MODEL", help="whose vLLM is planned, as by `serve plan` (r1-0528)")
    add_argument("--gpus", metavar="GPUS", help="for the plan (2x8xH100; 8xH200 for kubernetes and helm)")
    add_argument(
        "--goal", choices=["latency", "throughput", "context"], default="latency", help="of the plan (latency)"
    )
    add_size(add_argument)
    add_argument(
        "--weights",
        metavar="FOLDER",
        help="the model's, as pods and containers see it: /models/r1; no download",
    )
    add_argument("--nodes", type=int, metavar="N", help="with words after `--`: machines of one vLLM")
    add_argument("--gpus-per-node", type=int, metavar="N", help="with words after `--` (8)")
    add_argument("--replicas", type=int, metavar="N", help="vLLMs that serve the same (1)")
    add_argument("--max-replicas", type=int, metavar="N", help="more of them while requests wait")
    add_argument("--image", metavar="IMAGE", help="another image of vLLM, with its tag")
    add_argument("--gateway-image", metavar="IMAGE", help="also a gateway in the cluster, and how this is built")
    add_argument("--weights-gb", type=int, metavar="GB", help="what is loaded at a start (as planned)")
    add_argument("--memory-gb", type=int, default=256, metavar="GB", help="of a container, at most (256)")
    add_argument("--secret", metavar="NAME", help="the Secret whose key `token` is for the hub (r1-hub)")
    add_argument(
        "--routing",
        choices=["prefixaware", "session"],
        default="prefixaware",
        help="of helm's router (prefixaware)",
    )
    add_argument("--scrape-from", metavar="NAMESPACE", help="where a Prometheus is that may reach vLLM")
    add_argument("--prometheus", metavar="URL", help="which KEDA asks how many requests wait")


def _add_watched(add_argument: Callable[..., object]) -> None:
    add_argument("--vllm", action="append", dest="servers", metavar="HOST:PORT", help="a vLLM; several")
    add_argument("--gateway", action="append", dest="gateways", metavar="HOST:PORT", help="a gateway")
    add_argument(
        "--gpu-exporter",
        action="append",
        dest="exporters",
        metavar="HOST:PORT",
        help="dcgm-exporter of another machine",
    )
    add_argument(
        "--first-token",
        type=float,
        metavar="SECONDS",
        help="somebody is called when 1 in 20 requests waits longer (10)",
    )
