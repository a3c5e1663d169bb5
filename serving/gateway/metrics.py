"""What the gateway counts, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from r1code.serving.gateway.http import Reply
from r1code.serving.gateway.refusals import Reason
from r1code.serving.gateway.store import Outcome, Used

_SECONDS = (0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300, 600, 1800)


class Metrics:
    def __init__(self) -> None:
        self._all = CollectorRegistry()
        self._requests = Counter(
            "r1code_gateway_requests",
            "Requests that were sent to a server",
            ("key", "outcome"),
            registry=self._all,
        )
        self._tokens = Counter(
            "r1code_gateway_tokens", "Tokens of requests that are over", ("key", "kind"), registry=self._all
        )
        self._refusals = Counter(
            "r1code_gateway_refusals", "Requests that were not sent", ("reason",), registry=self._all
        )
        self._errors = Counter(
            "r1code_gateway_upstream_errors", "Failures of the servers behind", ("kind",), registry=self._all
        )
        self._first = Histogram(
            "r1code_gateway_first_token_seconds",
            "From a request to the first piece of its answer",
            registry=self._all,
            buckets=_SECONDS,
        )
        self._running = Gauge("r1code_gateway_running", "Requests that run", ("key",), registry=self._all)

    def began(self, holder: str) -> None:
        self._running.labels(holder).inc()

    def first_piece(self, seconds: float) -> None:
        self._first.observe(seconds)

    def ended(self, holder: str, used: Used, outcome: Outcome) -> None:
        self._running.labels(holder).dec()
        self._requests.labels(holder, outcome).inc()
        self._tokens.labels(holder, "input").inc(used.input)
        self._tokens.labels(holder, "output").inc(used.output)

    def refused(self, reason: Reason) -> None:
        self._refusals.labels(reason).inc()

    def upstream_failed(self, kind: str) -> None:
        self._errors.labels(kind).inc()

    async def answer(self, reply: Reply) -> None:
        await reply.whole(200, generate_latest(self._all), {"content-type": CONTENT_TYPE_LATEST})
