"""More replicas where requests wait."""

from __future__ import annotations

from r1code.errors import UsageError
from r1code.serving.cluster.pods import labels, named
from r1code.serving.cluster.server import Server
from r1code.serving.monitoring.rules import Goals, rules_of
from r1code.serving.rendered import Tree


def scaled(server: Server, target: Tree) -> Tree:
    """KEDA's object for it."""
    start = server.start_seconds
    step = [{"type": "Pods", "value": 1, "periodSeconds": 1800}]
    behavior = {
        # A replica that loads does not answer yet: until it does, the queue is no reason for yet another one.
        "scaleUp": {"stabilizationWindowSeconds": 60, "policies": step},
        "scaleDown": {"stabilizationWindowSeconds": min(start, 3600), "policies": step},
    }
    spec = {
        "scaleTargetRef": target,
        "minReplicaCount": server.replicas,
        "maxReplicaCount": server.most_replicas,
        "pollingInterval": 30,
        "advanced": {"horizontalPodAutoscalerConfig": {"behavior": behavior}},
        "triggers": [
            {
                "type": "prometheus",
                "metricType": "AverageValue",
                "metadata": {
                    "serverAddress": server.prometheus,
                    "query": waiting(server),
                    "threshold": str(server.waiting),
                },
            }
        ],
    }
    return {**named("ScaledObject", "keda.sh/v1alpha1", server), "spec": spec}


def waiting(server: Server) -> str:
    """Only of this server, by the labels that Prometheus' operator adds to what it scrapes. Raises UsageError."""
    if server.scraped_from is None:
        raise UsageError(
            "nothing would say when another replica is needed",
            why="it is started where requests wait, which Prometheus has to see",
            hint="name the namespace of a Prometheus that may reach vLLM: --scrape-from monitoring",
        )
    pods = f"{server.name}-[0-9a-z]+(-[0-9a-z]+)?"
    return f'sum(vllm:num_requests_waiting{{namespace="{server.namespace}", pod=~"{pods}"}})'


def scraped(server: Server) -> Tree:
    """For Prometheus' operator. The job is called as in rules and panels."""
    spec = {
        "selector": {"matchLabels": labels(server)},
        "jobLabel": "app.kubernetes.io/name",
        "podMetricsEndpoints": [{"port": "http", "path": "/metrics", "interval": "15s"}],
    }
    return {**named("PodMonitor", "monitoring.coreos.com/v1", server), "spec": spec}


def ruled(server: Server) -> Tree:
    return {**named("PrometheusRule", "monitoring.coreos.com/v1", server), "spec": rules_of(Goals())}
