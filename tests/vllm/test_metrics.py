"""A real server exports what our rules and panels are made of, under these names and with these labels."""

from __future__ import annotations

import re

import pytest

from fakes.requests import MODEL
from fakes.served import Served
from r1code.serving.monitoring.metrics import VLLM

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(900)]


def test_vllm_exports_what_rules_and_panels_ask_for(real: Served) -> None:
    asked = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 2}
    assert real.post(asked).is_success
    exported: dict[str, set[str]] = {}
    for line in real.get("/metrics").text.splitlines():
        if (found := re.match(r"([\w:]+){(.*)} ", line)) is not None:
            exported.setdefault(found[1], set()).update(re.findall(r'(\w+)="', found[2]))
    # Without --speculative-config there are no drafts to count.
    for metric in VLLM:
        missing = [name for name in metric.series if not metric.only and name not in exported]
        assert missing == []
        for name in metric.series:
            assert set(metric.labels) <= exported.get(name, set(metric.labels))
