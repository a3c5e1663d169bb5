"""`r1code doctor` asked about a real vLLM: what it says is so."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from fakes.requests import CONTEXT, KEY, MODEL
from fakes.served import Served
from r1code.app.checkup.diagnose import diagnose
from r1code.app.checkup.evidence import Target
from r1code.app.checkup.probe import Probe
from r1code.control import Control
from r1code.profiles import find_profile

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(900)]


def test_what_a_real_vllm_shows_and_what_it_is_told_to_change(real: Served) -> None:
    profile = replace(find_profile("vllm-r1"), base_url=real.url, model=MODEL)
    probe = Probe(Target(name="vllm-r1", profile=profile, key="set"), KEY, Control(), say=print)
    probe.run()
    found = {one.name: one for one in diagnose(probe.seen, probe.target)}
    # Two layers without weights, served with a tiny window, open but for /v1, and loaded from no telling path.
    # How fast a busy machine is, is no matter of it.
    assert {name: one.state for name, one in found.items() if one.state != "ok" and name != "speed"} == {
        "is it R1": "warning",
        "context": "wrong",
        "open": "warning",
    }
    assert found["history"].seen == "keeps earlier answers, drops their reasoning"
    assert found["server"].seen == f"vLLM {probe.seen.version}"
    assert "whole windows" in found["room"].seen
    assert f"{CONTEXT:,} tokens" in found["context"].seen
    assert "--max-model-len" in found["context"].advice
    assert found["reasoning"].seen == "in the field `reasoning`"
    assert found["parser"].seen == "on: vLLM splits the reasoning off"
    assert "keeps the system message, keeps both" in found["template"].seen
    assert found["template"].seen.endswith("opens the reasoning")
    assert "heeded" in found["budget"].seen
    assert "can be continued" in found["continuing"].seen
    assert "/invocations" in found["open"].seen
    assert probe.seen.hits is not None
    assert probe.seen.again is not None
    assert probe.seen.hits == probe.seen.again.cached


def test_a_model_without_a_parser_that_does_not_reason(small: Served) -> None:
    profile = replace(find_profile("openai-compatible", base_url=small.url, model=MODEL), reasoning="none")
    probe = Probe(Target(name="", profile=profile, key="set"), KEY, Control(), say=print)
    probe.run()
    found = {one.name: one for one in diagnose(probe.seen, probe.target)}
    assert found["reasoning"].seen == "none"
    assert found["parser"].state == "ok"
    # Without a parser vLLM refuses a limit of the reasoning, and says which flag would give it one.
    assert "--reasoning-parser" in found["budget"].advice
