"""Prometheus, Grafana and the exporter of the GPUs, as Docker Compose starts them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from ipaddress import ip_address

from msgspec import Struct

from r1code.errors import UsageError
from r1code.serving.monitoring.dashboard import dashboard
from r1code.serving.monitoring.rules import Goals, rules_of
from r1code.serving.rendered import File, Tree, yaml_of

PROMETHEUS = "prom/prometheus:v3.14.0"
GRAFANA = "grafana/grafana:13.2.3"
DCGM = "nvcr.io/nvidia/k8s/dcgm-exporter:4.5.3-4.8.2-distroless"
_ADMIN = "grafana-password"
_TARGET = re.compile(r"(?P<host>[A-Za-z0-9](?:[\w.-]*\w)?|\[[0-9A-Fa-f:]+\]):(?P<port>[0-9]{1,5})")
_MOST_PORT = 65_535
_HERE = "127.0.0.1"


class Watched(Struct, frozen=True, kw_only=True):
    """What is asked for its metrics: `host:port` of each."""

    servers: tuple[str, ...]
    gateways: tuple[str, ...] = ()
    gpus: tuple[str, ...] = ()
    """Of exporters on other machines; the one of this machine is started with the rest."""

    @property
    def is_here(self) -> bool:
        """Something listens on this machine's loopback address, which a container's own network does not have."""
        return any(map(_is_loopback, (*self.servers, *self.gateways, *self.gpus)))


def _is_loopback(target: str) -> bool:
    host = target.rpartition(":")[0].strip("[]").casefold()
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _faults(watched: Watched) -> Iterator[tuple[str, str]]:
    targets = {"--vllm": watched.servers, "--gateway": watched.gateways, "--gpu-exporter": watched.gpus}
    for flag, named in targets.items():
        for target in named:
            found = _TARGET.fullmatch(target)
            if found is None or not 0 < int(found["port"]) <= _MOST_PORT:
                yield flag, target


def monitoring(watched: Watched, goals: Goals) -> tuple[File, ...]:
    """Raises UsageError for what is no HOST:PORT."""
    for flag, target in _faults(watched):
        raise UsageError(
            f"{flag} {target} cannot be asked for its metrics",
            why="Prometheus wants a host and a port: HOST:PORT, without http:// and without a path",
            hint=f"{flag} 10.0.0.1:{_PORTS[flag]}",
        )
    about = (*_ABOUT, *_SHARED) if watched.is_here else _ABOUT
    return (
        File(path="compose.yaml", text=yaml_of(_compose(here=watched.is_here), about=about)),
        File(path="prometheus/prometheus.yml", text=yaml_of(scrapes(watched))),
        File(path="prometheus/rules.yml", text=yaml_of(rules_of(goals))),
        File(path="grafana/datasources/prometheus.yaml", text=yaml_of(_source(here=watched.is_here))),
        File(path="grafana/dashboards/dashboards.yaml", text=yaml_of(_provider())),
        File(path="grafana/dashboards/serving.json", text=json.dumps(dashboard(), indent=2) + "\n"),
    )


_ABOUT = (
    "docker compose up -d, after a password for Grafana's user `admin` was written:",
    f"  install -d -m 700 secrets && openssl rand -base64 24 > secrets/{_ADMIN}",
    # Compose mounts the file as it is, and Grafana is no root: the folder keeps others out.
    f"  chmod 644 secrets/{_ADMIN}",
    "Both listen on this machine alone: reach them through ssh -L 3000:127.0.0.1:3000, or a proxy with a login.",
)
_SHARED = (
    "Prometheus and Grafana have this machine's network, for something that is watched listens on its loopback",
    "address alone. They listen there, too.",
)
_PORTS = {"--vllm": 8000, "--gateway": 9464, "--gpu-exporter": 9400}
"""As they are by default."""


def scrapes(watched: Watched) -> Tree:
    jobs = {
        "vllm": watched.servers,
        "gateway": watched.gateways,
        "gpu": (f"{_HERE if watched.is_here else 'dcgm-exporter'}:9400", *watched.gpus),
    }
    return {
        "global": {"scrape_interval": "15s", "evaluation_interval": "15s"},
        "rule_files": ["/etc/prometheus/rules.yml"],
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": list(targets)}]}
            for job, targets in jobs.items()
            if targets
        ],
    }


def _compose(*, here: bool) -> Tree:
    """`here`: on this machine's own network, which has no ports to hand on."""
    dcgm = _dcgm()
    if here:
        dcgm["ports"] = [f"{_HERE}:9400:9400"]
    return {
        "name": "r1code-monitoring",
        "services": {"prometheus": _prometheus(here=here), "grafana": _grafana(here=here), "dcgm-exporter": dcgm},
        "volumes": {"prometheus": {}, "grafana": {}},
        "secrets": {_ADMIN: {"file": f"./secrets/{_ADMIN}"}},
    }


def _service(image: str, **more: object) -> Tree:
    return {
        "image": image,
        "restart": "unless-stopped",
        "security_opt": ["no-new-privileges:true"],
        "cap_drop": ["ALL"],
        **more,
    }


def _prometheus(*, here: bool) -> Tree:
    return _service(
        PROMETHEUS,
        command=[
            "--config.file=/etc/prometheus/prometheus.yml",
            "--storage.tsdb.path=/prometheus",
            "--storage.tsdb.retention.time=30d",
            *([f"--web.listen-address={_HERE}:9090"] if here else []),
        ],
        **(_ON_HOST if here else _on_bridge(9090)),
        # A vLLM on this machine is `host.docker.internal:8000`, if it listens on the bridge's address.
        extra_hosts=["host.docker.internal:host-gateway"],
        volumes=["./prometheus:/etc/prometheus:ro", "prometheus:/prometheus"],
    )


def _grafana(*, here: bool) -> Tree:
    return _service(
        GRAFANA,
        **(_ON_HOST if here else _on_bridge(3000)),
        environment={
            **({"GF_SERVER_HTTP_ADDR": _HERE} if here else {}),
            "GF_SECURITY_ADMIN_PASSWORD__FILE": f"/run/secrets/{_ADMIN}",
            "GF_USERS_ALLOW_SIGN_UP": "false",
            "GF_ANALYTICS_REPORTING_ENABLED": "false",
            "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
            "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
            "GF_NEWS_NEWS_FEED_ENABLED": "false",
            "GF_PLUGINS_PREINSTALL_DISABLED": "true",
        },
        secrets=[_ADMIN],
        volumes=[
            "./grafana/datasources:/etc/grafana/provisioning/datasources:ro",
            "./grafana/dashboards:/etc/grafana/provisioning/dashboards:ro",
            "grafana:/var/lib/grafana",
        ],
        depends_on=["prometheus"],
    )


_ON_HOST = {"network_mode": "host"}


def _on_bridge(port: int) -> Tree:
    return {"ports": [f"{_HERE}:{port}:{port}"]}


def _dcgm() -> Tree:
    gpus = {"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}
    # The exporter reads the GPUs' profiling counters with it.
    return _service(
        DCGM,
        cap_add=["SYS_ADMIN"],
        deploy={"resources": {"reservations": {"devices": [gpus]}}},
        expose=["9400"],
    )


def _source(*, here: bool) -> Tree:
    source = {
        "name": "Prometheus",
        "uid": "prometheus",
        "type": "prometheus",
        "access": "proxy",
        "url": f"http://{_HERE if here else 'prometheus'}:9090",
        "isDefault": True,
        "editable": False,
    }
    return {"apiVersion": 1, "datasources": [source]}


def _provider() -> Tree:
    provider = {
        "name": "r1code",
        "type": "file",
        "disableDeletion": True,
        "allowUiUpdates": False,
        "options": {"path": "/etc/grafana/provisioning/dashboards"},
    }
    return {"apiVersion": 1, "providers": [provider]}
