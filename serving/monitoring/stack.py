"""Prometheus, Grafana and the exporter of the GPUs, as Docker Compose starts them."""

from __future__ import annotations

import json

from msgspec import Struct

from r1code.serving.monitoring.dashboard import dashboard
from r1code.serving.monitoring.rules import Goals, rules_of
from r1code.serving.rendered import File, Tree, yaml_of

PROMETHEUS = "prom/prometheus:v3.14.0"
GRAFANA = "grafana/grafana:13.2.3"
DCGM = "nvcr.io/nvidia/k8s/dcgm-exporter:4.5.3-4.8.2-distroless"
_ADMIN = "grafana-password"


class Watched(Struct, frozen=True, kw_only=True):
    """What is asked for its metrics: `host:port` of each."""

    servers: tuple[str, ...]
    gateways: tuple[str, ...] = ()
    gpus: tuple[str, ...] = ()
    """Of exporters on other machines; the one of this machine is started with the rest."""


def monitoring(watched: Watched, goals: Goals) -> tuple[File, ...]:
    return (
        File(path="compose.yaml", text=yaml_of(_compose(), about=_ABOUT)),
        File(path="prometheus/prometheus.yml", text=yaml_of(scrapes(watched))),
        File(path="prometheus/rules.yml", text=yaml_of(rules_of(goals))),
        File(path="grafana/datasources/prometheus.yaml", text=yaml_of(_source())),
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


def scrapes(watched: Watched) -> Tree:
    jobs = {
        "vllm": watched.servers,
        "gateway": watched.gateways,
        "gpu": ("dcgm-exporter:9400", *watched.gpus),
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


def _compose() -> Tree:
    return {
        "name": "r1code-monitoring",
        "services": {"prometheus": _prometheus(), "grafana": _grafana(), "dcgm-exporter": _dcgm()},
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


def _prometheus() -> Tree:
    return _service(
        PROMETHEUS,
        command=[
            "--config.file=/etc/prometheus/prometheus.yml",
            "--storage.tsdb.path=/prometheus",
            "--storage.tsdb.retention.time=30d",
        ],
        ports=["127.0.0.1:9090:9090"],
        # A vLLM on this machine is `host.docker.internal:8000`, if it listens on the bridge's address.
        extra_hosts=["host.docker.internal:host-gateway"],
        volumes=["./prometheus:/etc/prometheus:ro", "prometheus:/prometheus"],
    )


def _grafana() -> Tree:
    return _service(
        GRAFANA,
        ports=["127.0.0.1:3000:3000"],
        environment={
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


def _dcgm() -> Tree:
    gpus = {"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}
    # The exporter reads the GPUs' profiling counters with it.
    return _service(
        DCGM,
        cap_add=["SYS_ADMIN"],
        deploy={"resources": {"reservations": {"devices": [gpus]}}},
        expose=["9400"],
    )


def _source() -> Tree:
    source = {
        "name": "Prometheus",
        "uid": "prometheus",
        "type": "prometheus",
        "access": "proxy",
        "url": "http://prometheus:9090",
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
