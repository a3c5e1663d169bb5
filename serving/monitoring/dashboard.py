"""The dashboard for Grafana, from a table of its panels."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from r1code.serving.rendered import Tree

UID = "r1code-serving"
_WIDTH, _HEIGHT, _ACROSS = 8, 8, 24
_SOURCE: Tree = {"type": "prometheus", "uid": "${datasource}"}

Unit = Literal["s", "none", "percentunit", "percent", "reqps", "tokens/s", "decmbytes", "celsius", "watt"]


class Query(Struct, frozen=True, kw_only=True):
    expr: str
    legend: str


class Panel(Struct, frozen=True, kw_only=True):
    title: str
    unit: Unit
    queries: tuple[Query, ...]
    about: str = ""
    stacked: bool = False


class Row(Struct, frozen=True, kw_only=True):
    title: str
    panels: tuple[Panel, ...]


_MODEL = 'model_name=~"$model", instance=~"$instance"'
_PLACE = "{{instance}}"


def _sum(metric: str, *, by: str = "instance", legend: str = _PLACE) -> Query:
    return Query(expr=f"sum by ({by}) ({metric}{{{_MODEL}}})", legend=legend)


def _rate(metric: str, *, by: str = "instance", legend: str = _PLACE) -> Query:
    return Query(expr=f"sum by ({by}) (rate({metric}{{{_MODEL}}}[$__rate_interval]))", legend=legend)


def _quantiles(metric: str, labels: str = f"{{{_MODEL}}}") -> tuple[Query, ...]:
    return tuple(
        Query(
            expr=f"histogram_quantile({quantile}, sum by (le) (rate({metric}_bucket{labels}[$__rate_interval])))",
            legend=name,
        )
        for quantile, name in ((0.5, "half"), (0.95, "95 %"), (0.99, "99 %"))
    )


def _share(part: str, whole: str) -> Query:
    rates = [f"sum by (instance) (rate({one}{{{_MODEL}}}[$__rate_interval]))" for one in (part, whole)]
    return Query(expr=" / ".join(rates), legend=_PLACE)


def _gpu(expr: str) -> tuple[Query, ...]:
    return (Query(expr=expr, legend="{{Hostname}} {{gpu}}"),)


ROWS = (
    Row(
        title="What people wait for",
        panels=(
            Panel(
                title="Time to the first token",
                unit="s",
                about="From vLLM's door: its queue and the prompt, not the gateway.",
                queries=_quantiles("vllm:time_to_first_token_seconds"),
            ),
            Panel(
                title="Time between tokens",
                unit="s",
                queries=_quantiles("vllm:inter_token_latency_seconds"),
            ),
            Panel(
                title="Time per output token, by request",
                unit="s",
                queries=_quantiles("vllm:request_time_per_output_token_seconds"),
            ),
            Panel(
                title="Time to the first token, at the gateway",
                unit="s",
                queries=_quantiles("r1code_gateway_first_token_seconds", ""),
            ),
            Panel(title="Time in the queue", unit="s", queries=_quantiles("vllm:request_queue_time_seconds")),
            Panel(title="Whole requests", unit="s", queries=_quantiles("vllm:e2e_request_latency_seconds")),
        ),
    ),
    Row(
        title="Load",
        panels=(
            Panel(title="Requests that run", unit="none", queries=(_sum("vllm:num_requests_running"),)),
            Panel(title="Requests that wait", unit="none", queries=(_sum("vllm:num_requests_waiting"),)),
            Panel(
                title="Tokens",
                unit="tokens/s",
                queries=(
                    _rate("vllm:prompt_tokens_total", legend="read, {{instance}}"),
                    _rate("vllm:generation_tokens_total", legend="written, {{instance}}"),
                ),
            ),
            Panel(
                title="Ends of requests",
                unit="reqps",
                queries=(
                    _rate("vllm:request_success_total", by="finished_reason", legend="{{finished_reason}}"),
                ),
                stacked=True,
            ),
        ),
    ),
    Row(
        title="Keys and values",
        panels=(
            Panel(
                title="Room in use",
                unit="percentunit",
                queries=(Query(expr=f"vllm:kv_cache_usage_perc{{{_MODEL}}}", legend="{{instance}} {{engine}}"),),
            ),
            Panel(
                title="Prompts' tokens that hit the cache",
                unit="percentunit",
                about="An agent's prompts begin as the ones before: below half, something is wrong.",
                queries=(_share("vllm:prefix_cache_hits_total", "vllm:prefix_cache_queries_total"),),
            ),
            Panel(title="Requests taken back", unit="reqps", queries=(_rate("vllm:num_preemptions_total"),)),
            Panel(
                title="Drafted tokens that were taken",
                unit="percentunit",
                about="Only with --speculative-config.",
                queries=(
                    _share(
                        "vllm:spec_decode_num_accepted_tokens_total", "vllm:spec_decode_num_draft_tokens_total"
                    ),
                ),
            ),
        ),
    ),
    Row(
        title="Who works",
        panels=(
            Panel(
                title="Tokens by key",
                unit="tokens/s",
                queries=(
                    Query(
                        expr="sum by (key) (rate(r1code_gateway_tokens_total[$__rate_interval]))",
                        legend="{{key}}",
                    ),
                ),
                stacked=True,
            ),
            Panel(
                title="Tokens of the time shown, by key and kind",
                unit="none",
                queries=(
                    Query(
                        expr="sum by (key, kind) (increase(r1code_gateway_tokens_total[$__range]))",
                        legend="{{key}}, {{kind}}",
                    ),
                ),
            ),
            Panel(
                title="Requests that run, by key",
                unit="none",
                queries=(Query(expr="sum by (key) (r1code_gateway_running)", legend="{{key}}"),),
                stacked=True,
            ),
            Panel(
                title="Ends of requests at the gateway",
                unit="reqps",
                queries=(
                    Query(
                        expr="sum by (outcome) (rate(r1code_gateway_requests_total[$__rate_interval]))",
                        legend="{{outcome}}",
                    ),
                ),
                stacked=True,
            ),
            Panel(
                title="Refusals and errors",
                unit="reqps",
                queries=(
                    Query(
                        expr="sum by (reason) (rate(r1code_gateway_refusals_total[$__rate_interval]))",
                        legend="refused: {{reason}}",
                    ),
                    Query(
                        expr="sum by (kind) (rate(r1code_gateway_upstream_errors_total[$__rate_interval]))",
                        legend="failed: {{kind}}",
                    ),
                ),
            ),
        ),
    ),
    Row(
        title="GPUs",
        panels=(
            Panel(title="Busy", unit="percent", queries=_gpu("DCGM_FI_DEV_GPU_UTIL")),
            Panel(title="Memory in use", unit="decmbytes", queries=_gpu("DCGM_FI_DEV_FB_USED * 1.048576")),
            Panel(
                title="Temperature",
                unit="celsius",
                queries=(
                    *_gpu("DCGM_FI_DEV_GPU_TEMP"),
                    Query(expr="DCGM_FI_DEV_MEMORY_TEMP", legend="memory of {{gpu}}"),
                ),
            ),
            Panel(title="Power", unit="watt", queries=_gpu("DCGM_FI_DEV_POWER_USAGE")),
            Panel(title="Last XID error", unit="none", queries=_gpu("DCGM_FI_DEV_XID_ERRORS")),
        ),
    ),
)


def dashboard() -> Tree:
    """Grafana's model of it: for provisioning, or to be imported."""
    panels: list[Tree] = []
    top = 0
    for row in ROWS:
        panels.append(_row(len(panels) + 1, row.title, top))
        top += 1
        for place, panel in enumerate(row.panels):
            line, column = divmod(place * _WIDTH, _ACROSS)
            panels.append(_panel(len(panels) + 1, panel, column, top + line * _HEIGHT))
        top += -(-len(row.panels) * _WIDTH // _ACROSS) * _HEIGHT
    return {
        "uid": UID,
        "title": "R1 serving",
        "tags": ["r1code"],
        "schemaVersion": 41,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "graphTooltip": 1,
        "templating": {"list": [_source(), _variable("model", "model_name"), _variable("instance", "instance")]},
        "annotations": {"list": []},
        "panels": panels,
    }


def _row(number: int, title: str, top: int) -> Tree:
    place = {"x": 0, "y": top, "w": _ACROSS, "h": 1}
    return {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}


def _panel(number: int, panel: Panel, left: int, top: int) -> Tree:
    return {
        "id": number,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.about,
        "datasource": _SOURCE,
        "gridPos": {"x": left, "y": top, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {
            "defaults": {
                # What Grafana has no unit for is shown after the number.
                "unit": f"suffix: {panel.unit}" if "/" in panel.unit else panel.unit,
                "min": 0,
                **({"max": 1} if panel.unit == "percentunit" else {}),
                "custom": {
                    "drawStyle": "line",
                    "fillOpacity": 20 if panel.stacked else 0,
                    "stacking": {"group": "A", "mode": "normal" if panel.stacked else "none"},
                },
            },
            "overrides": [],
        },
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "datasource": _SOURCE,
                "editorMode": "code",
                "expr": query.expr,
                "legendFormat": query.legend,
                "range": True,
            }
            for place, query in enumerate(panel.queries)
        ],
    }


def _source() -> Tree:
    return {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}


def _variable(name: str, label: str) -> Tree:
    query = f"label_values(vllm:num_requests_running, {label})"
    return {
        "name": name,
        "type": "query",
        "datasource": _SOURCE,
        "definition": query,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]},
    }
