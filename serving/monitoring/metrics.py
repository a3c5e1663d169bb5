"""The metrics that rules and panels are made of, as their exporters call them.

Held against a real vLLM by tests/vllm, and against what dcgm-exporter's own list of counters names.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Kind = Literal["counter", "gauge", "histogram"]


class Metric(Struct, frozen=True, kw_only=True):
    name: str
    """As a client library has it: a counter's is exported with `_total` after it."""
    kind: Kind
    labels: tuple[str, ...] = ()
    """Those that an expression of ours may name, besides Prometheus' own."""
    only: str = ""
    """The setting without which it is not exported."""

    @property
    def series(self) -> tuple[str, ...]:
        if self.kind == "histogram":
            return tuple(f"{self.name}_{part}" for part in ("bucket", "sum", "count"))
        return (f"{self.name}_total",) if self.kind == "counter" else (self.name,)


def _vllm(kind: Kind, *names: str, labels: tuple[str, ...] = (), only: str = "") -> tuple[Metric, ...]:
    # `engine`: one for each of the data-parallel engines behind one port.
    return tuple(
        Metric(name=f"vllm:{name}", kind=kind, labels=("model_name", "engine", *labels), only=only)
        for name in names
    )


VLLM = (
    *_vllm("gauge", "num_requests_running", "num_requests_waiting", "kv_cache_usage_perc"),
    *_vllm("counter", "prefix_cache_queries", "prefix_cache_hits", "num_preemptions"),
    *_vllm("counter", "prompt_tokens", "generation_tokens"),
    *_vllm("counter", "request_success", labels=("finished_reason",)),
    *_vllm("histogram", "time_to_first_token_seconds", "inter_token_latency_seconds"),
    *_vllm("histogram", "request_time_per_output_token_seconds", "e2e_request_latency_seconds"),
    *_vllm("histogram", "request_queue_time_seconds"),
    *_vllm(
        "counter",
        "spec_decode_num_draft_tokens",
        "spec_decode_num_accepted_tokens",
        only="--speculative-config",
    ),
)
GATEWAY = (
    Metric(name="r1code_gateway_requests", kind="counter", labels=("key", "outcome")),
    Metric(name="r1code_gateway_tokens", kind="counter", labels=("key", "kind")),
    Metric(name="r1code_gateway_refusals", kind="counter", labels=("reason",)),
    Metric(name="r1code_gateway_upstream_errors", kind="counter", labels=("kind",)),
    Metric(name="r1code_gateway_first_token_seconds", kind="histogram"),
    Metric(name="r1code_gateway_running", kind="gauge", labels=("key",)),
)
# dcgm-exporter exports under the names of DCGM's fields, whatever their type, with no `_total`.
GPU = tuple(
    Metric(name=f"DCGM_FI_DEV_{name}", kind="gauge", labels=("gpu", "Hostname"))
    for name in (
        "GPU_TEMP",
        "MEMORY_TEMP",
        "GPU_UTIL",
        "FB_USED",
        "FB_FREE",
        "POWER_USAGE",
        "XID_ERRORS",
        "ROW_REMAP_FAILURE",
    )
)
SERIES = frozenset(series for metric in (*VLLM, *GATEWAY, *GPU) for series in metric.series)
