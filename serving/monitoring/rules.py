"""What Prometheus computes beforehand, and when it calls somebody."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from r1code.serving.rendered import Tree

Severity = Literal["warning", "critical"]


class Goals(Struct, frozen=True, kw_only=True):
    """From where on somebody is called."""

    first_token_seconds: float = 10.0
    """That 95 of 100 requests wait for their first token, of reasoning or answer, at most."""
    waiting: int = 10
    """Requests that one server has in its queue."""
    kv_cache: float = 0.95
    """Of the room for keys and values, in use."""
    errors: float = 0.05
    """Of the requests."""
    gpu_celsius: int = 85
    memory_celsius: int = 95


class Recorded(Struct, frozen=True, kw_only=True):
    """`name`: level:metric:operations, as Prometheus' own guide has it."""

    name: str
    expr: str


class Alert(Struct, frozen=True, kw_only=True):
    name: str
    expr: str
    lasts: str
    """For so long before anybody is called."""
    severity: Severity
    what: str
    """In Prometheus' templates: one line, with the labels that say where."""
    next: str
    """What to look at, or to do."""


def _p95(histogram: str) -> str:
    return f"histogram_quantile(0.95, sum by (le, instance, model_name) (rate({histogram}_bucket[5m])))"


def _share(part: str, whole: str, window: str, by: str = "instance, model_name") -> str:
    return f"sum by ({by}) (rate({part}[{window}])) / sum by ({by}) (rate({whole}[{window}]))"


FIRST = "instance:vllm_time_to_first_token_seconds:p95_rate5m"
HITS = "instance:vllm_prefix_cache_hits:ratio_rate15m"
ERRORS = "job:r1code_gateway_upstream_errors:ratio_rate5m"

RECORDED = (
    Recorded(name=FIRST, expr=_p95("vllm:time_to_first_token_seconds")),
    Recorded(
        name="instance:vllm_inter_token_latency_seconds:p95_rate5m", expr=_p95("vllm:inter_token_latency_seconds")
    ),
    Recorded(name=HITS, expr=_share("vllm:prefix_cache_hits_total", "vllm:prefix_cache_queries_total", "15m")),
    Recorded(
        name="instance:vllm_spec_decode_accepted:ratio_rate5m",
        expr=_share(
            "vllm:spec_decode_num_accepted_tokens_total", "vllm:spec_decode_num_draft_tokens_total", "5m"
        ),
    ),
    Recorded(
        name="instance:vllm_generation_tokens:rate5m",
        expr="sum by (instance, model_name) (rate(vllm:generation_tokens_total[5m]))",
    ),
    Recorded(
        name="key:r1code_gateway_tokens:rate5m", expr="sum by (key, kind) (rate(r1code_gateway_tokens_total[5m]))"
    ),
    Recorded(
        name=ERRORS,
        expr=_share("r1code_gateway_upstream_errors_total", "r1code_gateway_requests_total", "5m", by="job"),
    ),
)


def alerts(goals: Goals) -> tuple[Alert, ...]:
    return (*_of_servers(goals), *_of_the_gateway(goals), *_of_gpus(goals))


def _of_servers(goals: Goals) -> tuple[Alert, ...]:
    return (
        Alert(
            name="VllmDown",
            expr='up{job="vllm"} == 0',
            lasts="2m",
            severity="critical",
            what="vLLM at {{ $labels.instance }} does not answer",
            next="look at its log; loading 700 GB of weights takes up to an hour and a half",
        ),
        Alert(
            name="VllmQueueGrows",
            expr=f"sum by (instance, model_name) (vllm:num_requests_waiting) > {goals.waiting}",
            lasts="5m",
            severity="warning",
            what="{{ $value }} requests wait at {{ $labels.instance }}",
            next="more replicas, or fewer requests at a time for each key",
        ),
        Alert(
            name="VllmCacheNearlyFull",
            expr=f"vllm:kv_cache_usage_perc > {goals.kv_cache:g}",
            lasts="10m",
            severity="warning",
            what="{{ $value | humanizePercentage }} of the KV cache at {{ $labels.instance }} is in use",
            next="--max-num-seqs or --max-model-len lower, --kv-cache-dtype fp8, or more GPUs",
        ),
        Alert(
            name="VllmPreempts",
            expr="increase(vllm:num_preemptions_total[10m]) > 20",
            lasts="5m",
            severity="warning",
            what="{{ $labels.instance }} took back {{ $value | humanize }} requests in ten minutes",
            next="their prompts are computed again: --max-num-seqs lower, or more room for keys and values",
        ),
        Alert(
            name="VllmFirstTokenSlow",
            expr=f"{FIRST} > {goals.first_token_seconds:g}",
            lasts="10m",
            severity="warning",
            what="one request in twenty waits {{ $value | humanizeDuration }} for its first token at "
            "{{ $labels.instance }}",
            next="see whether it is the queue (VllmQueueGrows) or prompts that hit no cache (VllmPrefixHitsFell)",
        ),
        Alert(
            name="VllmPrefixHitsFell",
            expr=f"{HITS} < 0.5 * {HITS} offset 1d and on (instance, model_name) "
            "sum by (instance, model_name) (rate(vllm:prefix_cache_queries_total[15m])) > 100",
            lasts="30m",
            severity="warning",
            what="the prefix cache of {{ $labels.instance }} hits {{ $value | humanizePercentage }}, "
            "less than half of a day ago",
            next="check that sessions stay at their replica, and that nothing changes how prompts begin",
        ),
        Alert(
            name="VllmRequestsFail",
            expr=_share('vllm:request_success_total{finished_reason="error"}', "vllm:request_success_total", "5m")
            + f" > {goals.errors:g}",
            lasts="5m",
            severity="critical",
            what="{{ $value | humanizePercentage }} of the requests at {{ $labels.instance }} end with an error",
            next="look at vLLM's log",
        ),
    )


def _of_the_gateway(goals: Goals) -> tuple[Alert, ...]:
    return (
        Alert(
            name="GatewayDown",
            expr='up{job="gateway"} == 0',
            lasts="1m",
            severity="critical",
            what="the gateway at {{ $labels.instance }} does not answer",
            next="nobody can work: look at its log",
        ),
        Alert(
            name="GatewayErrors",
            expr=f"{ERRORS} > {goals.errors:g}",
            lasts="5m",
            severity="critical",
            what="vLLM fails {{ $value | humanizePercentage }} of the gateway's requests",
            next="r1code_gateway_upstream_errors_total says how; VllmDown says where",
        ),
        Alert(
            name="GatewayRefuses",
            expr="sum by (reason) (rate(r1code_gateway_refusals_total[5m])) > 1",
            lasts="10m",
            severity="warning",
            what="the gateway refuses {{ $value | humanize }} requests a second: {{ $labels.reason }}",
            next="a limit that is too low, a client that does not wait, or somebody who tries keys",
        ),
    )


def _of_gpus(goals: Goals) -> tuple[Alert, ...]:
    return (
        Alert(
            name="GpuMetricsMissing",
            expr='up{job="gpu"} == 0',
            lasts="5m",
            severity="warning",
            what="dcgm-exporter at {{ $labels.instance }} does not answer",
            next="the GPUs of that machine are not watched",
        ),
        Alert(
            name="GpuHot",
            expr=f"DCGM_FI_DEV_GPU_TEMP > {goals.gpu_celsius} "
            f"or DCGM_FI_DEV_MEMORY_TEMP > {goals.memory_celsius}",
            lasts="5m",
            severity="warning",
            what="GPU {{ $labels.gpu }} of {{ $labels.Hostname }} has {{ $value }} degrees",
            next="it lowers its clock: look at the fans and at what else is in the rack",
        ),
        Alert(
            name="GpuMemoryFull",
            expr="DCGM_FI_DEV_FB_USED / (DCGM_FI_DEV_FB_USED + DCGM_FI_DEV_FB_FREE) > 0.985",
            lasts="10m",
            severity="warning",
            what="{{ $value | humanizePercentage }} of the memory of GPU {{ $labels.gpu }} of "
            "{{ $labels.Hostname }} is used",
            next="--gpu-memory-utilization lower, before an allocation fails",
        ),
        Alert(
            name="GpuXid",
            # The gauge keeps the last code until the exporter starts again: only a change is news.
            expr="changes(DCGM_FI_DEV_XID_ERRORS[15m]) > 0 and DCGM_FI_DEV_XID_ERRORS > 0",
            lasts="0m",
            severity="critical",
            what="the driver reported an XID error on GPU {{ $labels.gpu }} of {{ $labels.Hostname }}",
            next="dmesg names the XID; NVIDIA's list says whether the machine has to be drained",
        ),
        Alert(
            name="GpuRowRemapFailed",
            expr="DCGM_FI_DEV_ROW_REMAP_FAILURE > 0",
            lasts="0m",
            severity="critical",
            what="GPU {{ $labels.gpu }} of {{ $labels.Hostname }} has memory that cannot be replaced",
            next="take the GPU out of service",
        ),
    )


def rules_of(goals: Goals) -> Tree:
    """A file of Prometheus' rules."""
    return {
        "groups": [
            {"name": "r1code-recorded", "rules": [{"record": one.name, "expr": one.expr} for one in RECORDED]},
            {"name": "r1code-alerts", "rules": [_alert(one) for one in alerts(goals)]},
        ]
    }


def _alert(one: Alert) -> Tree:
    return {
        "alert": one.name,
        "expr": one.expr,
        "for": one.lasts,
        "labels": {"severity": one.severity},
        "annotations": {"summary": one.what, "description": one.next},
    }
