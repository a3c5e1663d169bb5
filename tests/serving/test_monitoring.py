"""Rules that call when they should and not when they should not, of metrics that there are."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from fakes.alerts import CASES, Case
from r1code.cli.main import main
from r1code.serving.monitoring.dashboard import ROWS, dashboard
from r1code.serving.monitoring.metrics import GATEWAY, GPU, SERIES, VLLM
from r1code.serving.monitoring.rules import RECORDED, Goals, alerts, rules_of
from r1code.serving.monitoring.stack import Watched, monitoring, scrapes
from r1code.serving.rendered import yaml_of

GOALS = Goals()
ALERTS = alerts(GOALS)
PANELS = [panel for row in ROWS for panel in row.panels]
COMPOSE = json.loads((files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json").read_bytes())
NAMES = {"vllm:", "r1code_gateway_", "DCGM_FI_"}
VARIABLES = {"$__rate_interval": "5m", "$__range": "6h", "$model": ".*", "$instance": ".*"}

# In CI they fail where it is missing.
promtool = pytest.mark.skipif(
    shutil.which("promtool") is None and not os.environ.get("CI"),
    reason="no promtool (tests/docker.sh): THE RULES ARE NOT TESTED",
)


def asked(expression: str) -> set[str]:
    """The series that it names."""
    bare = re.sub(r'"[^"]*"', '""', expression)
    return {name for name in re.findall(r"[a-zA-Z_:][\w:]*", bare) if any(map(name.startswith, NAMES))}


def labels(expression: str) -> set[str]:
    found = {name for inner in re.findall(r"{([^}]*)}", expression) for name in re.findall(r"(\w+)\s*=", inner)}
    return found | {
        name.strip() for inner in re.findall(r"(?:by|on) \(([^)]*)\)", expression) for name in inner.split(",")
    }


def expressions() -> Iterator[str]:
    yield from (one.expr for one in RECORDED)
    yield from (one.expr for one in ALERTS)
    yield from (query.expr for panel in PANELS for query in panel.queries)


def run(*words: str | Path) -> str:
    ran = subprocess.run(["promtool", *words], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_an_expression_names_only_metrics_and_labels_that_there_are(expression: str) -> None:
    assert asked(expression) <= SERIES
    known = {label for metric in (*VLLM, *GATEWAY, *GPU) for label in metric.labels}
    assert labels(expression) <= known | {"instance", "job", "le"}


def test_every_metric_that_is_listed_is_used() -> None:
    assert {
        name.rpartition("_bucket")[0] or name for name in map(str, set().union(*map(asked, expressions())))
    } == {metric.name if metric.kind == "histogram" else metric.series[0] for metric in (*VLLM, *GATEWAY, *GPU)}


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    place = tmp_path / "rules.yml"
    place.write_text(yaml_of(rules_of(GOALS)))
    return place


@promtool
def test_prometheus_takes_the_rules(rules: Path) -> None:
    assert f"{len(RECORDED) + len(ALERTS)} rules found" in run("check", "rules", rules)


@promtool
def test_each_alert_calls_when_it_should_and_not_when_it_should_not(rules: Path, tmp_path: Path) -> None:
    assert set(CASES) == {one.name for one in ALERTS}
    assert all({True, False} == {case.calls for case in cases} for cases in CASES.values())
    # Where a day passes, rules are looked at less often: it is a matter of seconds otherwise.
    for every, long in (("1m", False), ("5m", True)):
        groups = [
            _group(name, case) for name, cases in CASES.items() for case in cases if (case.at != "30m") == long
        ]
        test = tmp_path / f"test-{every}.yml"
        test.write_text(yaml_of({"rule_files": [str(rules)], "evaluation_interval": every, "tests": groups}))
        run("test", "rules", test)


def _group(name: str, case: Case) -> dict[str, Any]:
    series = [{"series": series, "values": values} for series, values in case.series.items()]
    calls = [{"labels": "{}", "value": 1}] if case.calls else []
    firing = f'count(ALERTS{{alertname="{name}", alertstate="firing"}})'
    return {
        "interval": "1m",
        "name": f"{name} {'calls' if case.calls else 'does not call'}: {case.why}",
        "input_series": series,
        "promql_expr_test": [{"expr": firing, "eval_time": case.at, "exp_samples": calls}],
    }


@promtool
def test_prometheus_reads_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    place = tmp_path / "panels.yml"
    found = [query.expr for panel in PANELS for query in panel.queries]
    rules = [{"record": f"panel:{number}", "expr": _without_variables(one)} for number, one in enumerate(found)]
    place.write_text(yaml_of({"groups": [{"name": "panels", "rules": rules}]}))
    assert f"{len(found)} rules found" in run("check", "rules", place)


def _without_variables(expression: str) -> str:
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    assert "$" not in expression
    return expression


@promtool
def test_prometheus_takes_its_configuration(tmp_path: Path) -> None:
    place = tmp_path / "prometheus.yml"
    place.write_text(yaml_of(scrapes(Watched(servers=("10.0.0.1:8000",), gateways=("10.0.0.1:9464",)))))
    run("check", "config", "--syntax-only", place)


def test_jobs_are_called_as_in_the_rules() -> None:
    tree = scrapes(Watched(servers=("a:1",), gateways=("b:1",), gpus=("c:1",)))
    jobs = {one["job_name"] for one in tree["scrape_configs"]}
    named = {job for one in ALERTS for job in re.findall(r'job="(\w+)"', one.expr)}
    assert jobs == named == {"vllm", "gateway", "gpu"}


def test_the_dashboard_is_whole() -> None:
    tree = dashboard()
    panels = tree["panels"]
    assert [one["id"] for one in panels] == list(range(1, len(panels) + 1))
    assert len({one["title"] for one in panels}) == len(panels)
    places = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        covered = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not covered & places
        places |= covered
        assert panel["type"] == "row" or panel["targets"]
        assert panel["type"] == "row" or panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    variables = {one["name"]: one for one in tree["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert set(re.findall(r"\$(\w+)", json.dumps(panels))) <= {*variables, "__rate_interval", "__range"}


@pytest.mark.parametrize(
    ("of", "metric"),
    {
        "first token": "vllm:time_to_first_token_seconds_bucket",
        "between tokens": "vllm:inter_token_latency_seconds_bucket",
        "per token": "vllm:request_time_per_output_token_seconds_bucket",
        "queue": "vllm:num_requests_waiting",
        "running": "vllm:num_requests_running",
        "cache": "vllm:kv_cache_usage_perc",
        "hits": "vllm:prefix_cache_hits_total",
        "preemptions": "vllm:num_preemptions_total",
        "keys": "r1code_gateway_tokens_total",
        "busy": "DCGM_FI_DEV_GPU_UTIL",
        "memory": "DCGM_FI_DEV_FB_USED",
        "drafts": "vllm:spec_decode_num_accepted_tokens_total",
    }.items(),
)
def test_what_a_team_looks_at_is_on_the_dashboard(of: str, metric: str) -> None:
    assert any(metric in asked(query.expr) for panel in PANELS for query in panel.queries), of


@cache
def stack() -> dict[str, str]:
    watched = Watched(servers=("10.0.0.1:8000",), gateways=("10.0.0.1:9464",))
    return {file.path: file.text for file in monitoring(watched, GOALS)}


def test_compose_takes_the_stack_and_nothing_listens_outside_or_calls_home() -> None:
    tree = yaml.safe_load(stack()["compose.yaml"])
    jsonschema.validate(tree, COMPOSE)
    services = tree["services"]
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert len(ports) == 2
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert all(re.search(r":v?\d", service["image"]) for service in services.values())
    environment = services["grafana"]["environment"]
    assert {value for name, value in environment.items() if "ANALYTICS" in name} == {"false"}
    assert not any("PASSWORD" in name and not name.endswith("__FILE") for name in environment)


@pytest.mark.parametrize(
    "watched",
    [
        Watched(servers=("127.0.0.1:8000",)),
        Watched(servers=("10.0.0.1:8000", "localhost:8000")),
        Watched(servers=("10.0.0.1:8000",), gateways=("127.0.0.1:9464",)),
        Watched(servers=("10.0.0.1:8000",), gpus=("[::1]:9400",)),
    ],
)
def test_what_listens_on_the_loopback_address_is_reached(watched: Watched, tmp_path: Path) -> None:
    made = {file.path: file.text for file in monitoring(watched, GOALS)}
    jsonschema.validate(yaml.safe_load(made["compose.yaml"]), COMPOSE)
    services = by_compose(made["compose.yaml"], tmp_path)
    assert services["prometheus"]["network_mode"] == services["grafana"]["network_mode"] == "host"
    # Without ports of containers they say themselves where they listen.
    assert not any(services[name].get("ports") for name in ("prometheus", "grafana"))
    assert "--web.listen-address=127.0.0.1:9090" in services["prometheus"]["command"]
    assert services["grafana"]["environment"]["GF_SERVER_HTTP_ADDR"] == "127.0.0.1"
    source = yaml.safe_load(made["grafana/datasources/prometheus.yaml"])["datasources"][0]["url"]
    assert source == "http://127.0.0.1:9090"
    (exporter,) = services["dcgm-exporter"]["ports"]
    jobs = yaml.safe_load(made["prometheus/prometheus.yml"])["scrape_configs"]
    (gpus,) = (job["static_configs"][0]["targets"] for job in jobs if job["job_name"] == "gpu")
    assert gpus[0] == f"{exporter['host_ip']}:{exporter['published']}" == "127.0.0.1:9400"
    assert "loopback" in made["compose.yaml"]


def by_compose(text: str, folder: Path) -> dict[str, Any]:
    """The services, as the real Compose reads them."""
    (folder / "compose.yaml").write_text(text)
    program = Path(sys.executable).with_name("docker-compose")
    command = [program, "config", "--format", "json"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return dict(json.loads(ran.stdout)["services"])


def test_what_is_elsewhere_is_asked_from_a_network_of_its_own(tmp_path: Path) -> None:
    services = by_compose(stack()["compose.yaml"], tmp_path)
    assert not any("network_mode" in one for one in services.values())
    source = yaml.safe_load(stack()["grafana/datasources/prometheus.yaml"])["datasources"][0]["url"]
    assert source == "http://prometheus:9090"
    assert "loopback" not in stack()["compose.yaml"]


@pytest.mark.parametrize("target", ["http://10.0.0.1:8000", "10.0.0.1", "10.0.0.1:8000/x", "a:0", "a:70000"])
@pytest.mark.parametrize("flag", ["--vllm", "--gateway", "--gpu-exporter"])
def test_what_is_no_host_and_port_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flag: str, target: str
) -> None:
    command = ["serve", "files", "monitoring", "--out", str(tmp_path / "new"), "--vllm", "10.0.0.1:8000"]
    assert main([*command, flag, target]) == 2
    said = capsys.readouterr().err
    assert f"{flag} {target}" in said
    assert "HOST:PORT" in said
    assert not (tmp_path / "new").exists()


def test_what_is_mounted_is_written() -> None:
    tree = yaml.safe_load(stack()["compose.yaml"])
    mounts = [
        volume for one in tree["services"].values() for volume in one.get("volumes", []) if volume[0] == "."
    ]
    assert len(mounts) == 3
    for mount in mounts:
        folder = mount.partition(":")[0].removeprefix("./")
        assert any(path.startswith(f"{folder}/") for path in stack())
    assert json.loads(stack()["grafana/dashboards/serving.json"]) == dashboard()
    assert yaml.safe_load(stack()["prometheus/prometheus.yml"])["rule_files"] == ["/etc/prometheus/rules.yml"]


def test_the_command_wants_a_server_and_takes_a_goal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["serve", "files", "monitoring", "--out", str(tmp_path)]
    assert main(command) == 2
    assert "there is no server to watch" in capsys.readouterr().err
    assert main([*command, "--vllm", "10.0.0.1:8000", "--first-token", "2.5"]) == 0
    assert "p95_rate5m > 2.5" in (tmp_path / "prometheus/rules.yml").read_text()
