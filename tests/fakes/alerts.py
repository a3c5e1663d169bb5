"""What Prometheus sees, a value a minute, and to which alert it has to lead: as `promtool test rules` has it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class Case(Struct, frozen=True, kw_only=True):
    why: str
    series: Mapping[str, str]
    calls: bool
    at: str = "30m"


def _up(job: str) -> tuple[Case, ...]:
    series = f'up{{job="{job}", instance="a"}}'
    return (
        Case(why="it is gone", series={series: "1x2 0x40"}, calls=True),
        Case(why="it was gone for a moment", series={series: "1x28 0 1x10"}, calls=False),
    )


_MODEL = 'instance="a", model_name="r1"'
_TTFT = "vllm:time_to_first_token_seconds_bucket"
_GPU = 'gpu="0", Hostname="h"'


def _first_token(slow: str) -> dict[str, str]:
    """Ten requests a minute, of which `slow` take between 5 and 20 s."""
    return {
        f'{_TTFT}{{{_MODEL}, le="5.0"}}': f"0+{10 - int(slow)}x60",
        f'{_TTFT}{{{_MODEL}, le="20.0"}}': "0+10x60",
        f'{_TTFT}{{{_MODEL}, le="+Inf"}}': "0+10x60",
    }


def _hits(now: int, queries: int = 60_000) -> dict[str, str]:
    """A day in which 9 tokens of 10 hit, then an hour in which `now` of 10 do."""
    return {
        f"vllm:prefix_cache_queries_total{{{_MODEL}}}": f"0+{queries}x1600",
        f"vllm:prefix_cache_hits_total{{{_MODEL}}}": (
            f"0+{queries * 9 // 10}x1500 {queries * 9 // 10 * 1500}+{queries * now // 10}x100"
        ),
    }


CASES: Mapping[str, tuple[Case, ...]] = {
    "VllmDown": _up("vllm"),
    "GatewayDown": _up("gateway"),
    "GpuMetricsMissing": _up("gpu"),
    "VllmQueueGrows": (
        Case(
            why="two engines of one server have eight each",
            series={f'vllm:num_requests_waiting{{{_MODEL}, engine="{one}"}}': "8x60" for one in (0, 1)},
            calls=True,
        ),
        Case(
            why="a burst is worked off",
            series={f'vllm:num_requests_waiting{{{_MODEL}, engine="0"}}': "0x26 30 20 10 5 0x30"},
            calls=False,
        ),
    ),
    "VllmCacheNearlyFull": (
        Case(why="it stays", series={f"vllm:kv_cache_usage_perc{{{_MODEL}}}": "0.97x60"}, calls=True),
        Case(why="it is busy", series={f"vllm:kv_cache_usage_perc{{{_MODEL}}}": "0.94x60"}, calls=False),
    ),
    "VllmPreempts": (
        Case(why="five a minute", series={f"vllm:num_preemptions_total{{{_MODEL}}}": "0+5x60"}, calls=True),
        Case(why="one a minute", series={f"vllm:num_preemptions_total{{{_MODEL}}}": "0+1x60"}, calls=False),
    ),
    "VllmFirstTokenSlow": (
        Case(why="half of them wait", series=_first_token("5"), calls=True),
        Case(why="none of them waits", series=_first_token("0"), calls=False),
        Case(why="nobody asks", series={f'{_TTFT}{{{_MODEL}, le="+Inf"}}': "5x60"}, calls=False),
    ),
    "VllmPrefixHitsFell": (
        Case(why="3 of 10 hit, not 9", series=_hits(3), calls=True, at="1590m"),
        Case(why="8 of 10 hit", series=_hits(8), calls=False, at="1590m"),
        Case(why="nobody works", series=_hits(3, queries=600), calls=False, at="1590m"),
    ),
    "VllmRequestsFail": (
        Case(
            why="one in ten",
            series={
                f'vllm:request_success_total{{{_MODEL}, finished_reason="stop"}}': "0+9x60",
                f'vllm:request_success_total{{{_MODEL}, finished_reason="error"}}': "0+1x60",
            },
            calls=True,
        ),
        Case(
            why="clients left",
            series={
                f'vllm:request_success_total{{{_MODEL}, finished_reason="stop"}}': "0+5x60",
                f'vllm:request_success_total{{{_MODEL}, finished_reason="abort"}}': "0+5x60",
                f'vllm:request_success_total{{{_MODEL}, finished_reason="error"}}': "0x60",
            },
            calls=False,
        ),
    ),
    "GatewayErrors": (
        Case(
            why="two kinds of errors together",
            series={
                'r1code_gateway_requests_total{job="gateway", key="ann", outcome="ok"}': "0+90x60",
                'r1code_gateway_requests_total{job="gateway", key="ann", outcome="failed"}': "0+10x60",
                'r1code_gateway_upstream_errors_total{job="gateway", kind="connect"}': "0+5x60",
                'r1code_gateway_upstream_errors_total{job="gateway", kind="status"}': "0+5x60",
            },
            calls=True,
        ),
        Case(
            why="no error has happened yet",
            series={'r1code_gateway_requests_total{job="gateway", key="ann", outcome="ok"}': "0+90x60"},
            calls=False,
        ),
    ),
    "GatewayRefuses": (
        Case(
            why="two a second, for one reason",
            series={'r1code_gateway_refusals_total{job="gateway", reason="key"}': "0+120x60"},
            calls=True,
        ),
        Case(
            why="one a minute",
            series={'r1code_gateway_refusals_total{job="gateway", reason="key"}': "0+1x60"},
            calls=False,
        ),
    ),
    "GpuHot": (
        Case(why="the chip", series={f"DCGM_FI_DEV_GPU_TEMP{{{_GPU}}}": "90x60"}, calls=True),
        Case(
            why="its memory",
            series={f"DCGM_FI_DEV_GPU_TEMP{{{_GPU}}}": "70x60", f"DCGM_FI_DEV_MEMORY_TEMP{{{_GPU}}}": "99x60"},
            calls=True,
        ),
        Case(
            why="both are warm",
            series={f"DCGM_FI_DEV_GPU_TEMP{{{_GPU}}}": "80x60", f"DCGM_FI_DEV_MEMORY_TEMP{{{_GPU}}}": "90x60"},
            calls=False,
        ),
    ),
    "GpuMemoryFull": (
        Case(
            why="99 %",
            series={f"DCGM_FI_DEV_FB_USED{{{_GPU}}}": "79200x60", f"DCGM_FI_DEV_FB_FREE{{{_GPU}}}": "800x60"},
            calls=True,
        ),
        Case(
            why="what vLLM takes",
            series={f"DCGM_FI_DEV_FB_USED{{{_GPU}}}": "73600x60", f"DCGM_FI_DEV_FB_FREE{{{_GPU}}}": "6400x60"},
            calls=False,
        ),
    ),
    "GpuXid": (
        Case(why="the first one", series={f"DCGM_FI_DEV_XID_ERRORS{{{_GPU}}}": "0x25 79x40"}, calls=True),
        Case(why="it was long ago", series={f"DCGM_FI_DEV_XID_ERRORS{{{_GPU}}}": "0x2 79x60"}, calls=False),
        Case(
            why="the exporter began again",
            series={f"DCGM_FI_DEV_XID_ERRORS{{{_GPU}}}": "79x25 0x40"},
            calls=False,
        ),
    ),
    "GpuRowRemapFailed": (
        Case(why="it did", series={f"DCGM_FI_DEV_ROW_REMAP_FAILURE{{{_GPU}}}": "0x20 1x40"}, calls=True),
        Case(why="it did not", series={f"DCGM_FI_DEV_ROW_REMAP_FAILURE{{{_GPU}}}": "0x60"}, calls=False),
    ),
}
