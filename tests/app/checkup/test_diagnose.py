"""From observations to findings, case by case: what is said, how bad it is, and what there is to do."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from r1code.app.checkup.diagnose import PROXY, diagnose
from r1code.app.checkup.evidence import Evidence, Listed, Prompt, Reach, Talk, Target, Trouble
from r1code.app.checkup.finding import Finding, exit_code
from r1code.profiles import Profile, Sampling, Thinking, Timers

MODEL = "deepseek-ai/DeepSeek-R1"
PROFILE = Profile(
    label="R1", is_r1=True, provider="chat", model=MODEL, base_url="https://gpu:8000/v1", key_env="VLLM_API_KEY",
    key_required=False, context_window=65_536, thinking=Thinking(budget_field="thinking_token_budget"),
    tokenizer="deepseek-r1",
)  # fmt: skip
TARGET = Target(name="mine", profile=PROFILE, key="set")
REACH = Reach(addresses=("10.0.0.7",), milliseconds=2.0, tls="TLSv1.3", status=200)
LISTED = Listed(id=MODEL, root=MODEL, owner="vllm", window=65_536)
LONG = "Seventeen times three is fifty-one. " * 40
TALK = Talk(
    fields=("reasoning", "content"), reasoning=LONG, content="51", finish="stop", prompt=400, completion=400,
    cached=0, reasoned=0, deltas=400, reads=390, first_seconds=0.4, seconds=10.4, silence_seconds=0.1,
)  # fmt: skip
AGAIN = replace(TALK, cached=384, first_seconds=0.1)
CUT = replace(TALK, reasoning="Seventeen times three.", content="51")
GOOD = Evidence(
    reach=REACH, key_status=200, keyless_status=401, listed=(LISTED,), vllm=True, version="0.33.0", first=TALK,
    again=AGAIN, hits=384.0, prompt=Prompt(system=True, users=2, opens=True), budgeted=CUT, continued=TALK,
    open=(), skew_seconds=0.5,
)  # fmt: skip
OTHER = replace(GOOD, vllm=False, open=None, prompt=None, roles=TALK, continued=None, budgeted=None, hits=None)
REFUSED = Trouble(what="the server refused the request", why="gpu:8000 answered 400: no", hint="look")
NO = Talk(trouble=REFUSED)


def reach(**facts: Any) -> Evidence:
    return Evidence(reach=replace(REACH, **facts))


def first(**facts: Any) -> Evidence:
    return replace(GOOD, first=replace(TALK, **facts))


def target(**changes: Any) -> Target:
    return replace(TARGET, profile=replace(PROFILE, **changes))


LOCAL = target(base_url="http://127.0.0.1:8000/v1")
NATIVE = target(dialect="native", is_r1=False, reasoning="field")
# What was seen, of which profile, the finding's name and state, words that it says, words of its advice.
CASES: dict[str, tuple[Evidence, Target, str, str, str, str]] = {
    "a_name_that_does_not_resolve": (
        reach(failed="name", why="Name or service not known"),
        TARGET,
        "name",
        "wrong",
        "gpu does not resolve",
        "host",
    ),
    "a_port_where_nothing_listens": (
        reach(failed="port", why="the connection was refused"),
        TARGET,
        "port",
        "wrong",
        "refused",
        "firewall",
    ),
    "nothing_listens_here": (
        reach(failed="port", why="refused"),
        LOCAL,
        "port",
        "wrong",
        "refused",
        f"vllm serve {MODEL} --port 8000",
    ),
    "a_certificate_that_is_not_trusted": (
        reach(failed="tls", why="the certificate is not trusted"),
        TARGET,
        "tls",
        "wrong",
        "trusted",
        "SSL_CERT_FILE",
    ),
    "https_to_a_plain_port": (
        reach(failed="tls", why="no", elsewhere="http://gpu:8000/v1"),
        TARGET,
        "tls",
        "wrong",
        "no",
        "use http://gpu",
    ),
    "http_to_a_tls_port": (
        reach(failed="http", why="broke", elsewhere="https://gpu:8000/v1"),
        target(base_url="http://gpu:8000/v1"),
        "http",
        "wrong",
        "broke",
        "it speaks TLS: use https://gpu:8000/v1",
    ),
    "no_tls_over_a_network": (
        GOOD,
        target(base_url="http://gpu:8000/v1"),
        "tls",
        "warning",
        "in the open",
        "ssh -L",
    ),
    "no_tls_on_this_machine": (GOOD, LOCAL, "tls", "ok", "none is needed", ""),
    "no_http_answer": (
        reach(failed="http", why="no answer within 15 s"),
        TARGET,
        "http",
        "wrong",
        "15 s",
        "firewall",
    ),
    "the_wrong_path": (
        reach(status=404, elsewhere="https://gpu:8000/v1"),
        target(base_url="https://gpu:8000"),
        "http",
        "wrong",
        "is not the API",
        "use https://gpu:8000/v1",
    ),
    "a_web_page": (reach(page=True), TARGET, "http", "wrong", "a web page", "/v1"),
    "a_gateway_without_its_server": (
        reach(status=502, page=True),
        TARGET,
        "http",
        "wrong",
        "the model's server does not",
        "its log",
    ),
    "a_server_that_fails": (reach(status=500), TARGET, "http", "wrong", "the server fails", "log"),
    "a_redirect": (
        reach(status=301, location="https://new/v1"),
        TARGET,
        "http",
        "wrong",
        "https://new/v1",
        "use that URL",
    ),
    "a_proxy_of_the_environment": (
        replace(GOOD, reach=replace(REACH, proxy=True)),
        TARGET,
        "proxy",
        "ok",
        "HTTP_",
        "",
    ),
    "a_key_that_is_not_set": (
        GOOD,
        replace(target(key_required=True), key="missing"),
        "key",
        "wrong",
        "VLLM_API_KEY is not set",
        "export",
    ),
    "a_key_that_is_wrong": (
        replace(GOOD, key_status=401),
        TARGET,
        "key",
        "wrong",
        "is not accepted",
        "set VLLM_API_KEY",
    ),
    "a_key_that_is_wanted": (
        GOOD,
        replace(TARGET, key="none"),
        "key",
        "wrong",
        "the server wants one",
        "export VLLM_API_KEY",
    ),
    "a_key_that_only_the_chat_refuses": (
        replace(
            OTHER,
            keyless_status=200,
            first=Talk(trouble=replace(REFUSED, what="the server does not accept the key")),
        ),
        TARGET,
        "key",
        "wrong",
        "is not accepted",
        "VLLM_API_KEY",
    ),
    "a_vllm_without_a_key": (
        replace(GOOD, keyless_status=200),
        replace(TARGET, key="none"),
        "key",
        "warning",
        "whoever reaches",
        "--api-key",
    ),
    "a_vllm_without_a_key_here": (
        replace(GOOD, keyless_status=200),
        replace(LOCAL, key="none"),
        "key",
        "ok",
        "none is needed",
        "",
    ),
    "a_key_that_is_accepted": (GOOD, TARGET, "key", "ok", "accepted", ""),
    "a_model_that_is_not_there": (
        GOOD,
        target(model="r1"),
        "model",
        "wrong",
        "there is no r1",
        f"it has {MODEL}: --model NAME",
    ),
    "no_model_named": (GOOD, target(model=""), "model", "wrong", f"it has {MODEL}", "--model"),
    "models_are_not_listed": (replace(OTHER, listed=None), TARGET, "model", "ok", "does not list", ""),
    "the_retired_name": (
        replace(OTHER, first=None),
        target(model="deepseek-reasoner", base_url="https://api.deepseek.com"),
        "model",
        "wrong",
        "retired on 2026-07-24",
        "deepseek-flash",
    ),
    "r1_itself": (GOOD, TARGET, "is it R1", "ok", "DeepSeek-R1", ""),
    "a_distill_that_is_taken_for_r1": (
        replace(GOOD, listed=(replace(LISTED, root="/models/DeepSeek-R1-Distill-Qwen-32B"),)),
        TARGET,
        "is it R1",
        "wrong",
        "R1-Distill-Qwen-32B: Qwen taught by R1, not R1 (loaded from",
        "is_r1 = false",
    ),
    "a_name_without_proof": (
        replace(GOOD, listed=(replace(LISTED, root="/models/a"),)),
        TARGET,
        "is it R1",
        "warning",
        "/models/a",
        "vLLM",
    ),
    "a_name_that_says_nothing": (
        replace(GOOD, listed=(replace(LISTED, id="m", root="m"),)),
        target(model="m"),
        "is it R1",
        "warning",
        "does not say",
        "label",
    ),
    "no_answer": (replace(GOOD, first=NO), TARGET, "answer", "wrong", "answered 400: no", "look"),
    "another_limit_field": (
        replace(OTHER, limit_field="max_completion_tokens"),
        TARGET,
        "limit field",
        "wrong",
        "refuses max_tokens",
        'max_tokens_field = "max_completion_tokens"',
    ),
    "reasoning_in_vllms_field": (GOOD, TARGET, "reasoning", "ok", "in the field `reasoning`", ""),
    "reasoning_in_deepseeks_field": (
        first(fields=("reasoning_content", "content")),
        TARGET,
        "reasoning",
        "ok",
        "`reasoning_content`",
        "",
    ),
    "reasoning_in_tags": (
        first(reasoning="", content=f"<think>\n{LONG}</think>51"),
        TARGET,
        "reasoning",
        "ok",
        "from <think>",
        "",
    ),
    "reasoning_that_the_prompt_opens": (
        first(reasoning="", content=f"{LONG}</think>51"),
        TARGET,
        "reasoning",
        "ok",
        "up to </think>",
        "",
    ),
    "reasoning_that_the_profile_does_not_expect": (
        GOOD,
        target(reasoning="none"),
        "reasoning",
        "wrong",
        "taken for the answer",
        'reasoning = "field"',
    ),
    "no_opener_where_one_was_expected": (
        first(reasoning="", content=f"{LONG}</think>51"),
        target(reasoning="tag"),
        "reasoning",
        "warning",
        "shown as answer",
        'reasoning = "in_prompt"',
    ),
    "no_reasoning_where_all_would_be_some": (
        replace(first(reasoning=""), prompt=None),
        TARGET,
        "reasoning",
        "wrong",
        "answers would be taken for reasoning",
        'reasoning = "none"',
    ),
    "an_answer_that_was_cut": (
        replace(first(reasoning="", content="Well,", finish="length"), prompt=None),
        TARGET,
        "reasoning",
        "warning",
        "cut",
        "in_prompt",
    ),
    "the_parser_is_on": (GOOD, TARGET, "parser", "ok", "on", ""),
    "the_parser_is_off": (
        first(reasoning="", content=f"{LONG}</think>51"),
        TARGET,
        "parser",
        "warning",
        "off",
        "--reasoning-parser deepseek_r1",
    ),
    "the_parser_is_on_for_a_model_that_does_not_think": (
        replace(first(reasoning="51", content=""), listed=(replace(LISTED, id="Qwen/Qwen3-Coder", root=""),)),
        target(model="Qwen/Qwen3-Coder", is_r1=False),
        "parser",
        "wrong",
        "the whole answer came as reasoning",
        "without --reasoning-parser",
    ),
    "the_template_in_words": (GOOD, TARGET, "template", "ok", "keeps the system message, keeps both", ""),
    "the_template_drops_the_system_message": (
        replace(GOOD, prompt=Prompt(system=False, users=2, opens=True)),
        target(system=True),
        "template",
        "wrong",
        "drops the system message",
        "system = false",
    ),
    "the_template_drops_a_message": (
        replace(GOOD, prompt=Prompt(system=True, users=1, opens=False)),
        target(merge_roles=False),
        "template",
        "wrong",
        "1 of two",
        "merge_roles = true",
    ),
    "successive_messages_are_refused_and_not_sent": (
        replace(OTHER, roles=NO, system_alone=TALK),
        TARGET,
        "template",
        "ok",
        "the profile sends none",
        "",
    ),
    "successive_messages_are_refused_and_sent": (
        replace(OTHER, roles=NO, system_alone=TALK),
        target(merge_roles=False),
        "template",
        "wrong",
        "refuses",
        "merge_roles = true",
    ),
    "system_messages_are_refused_and_sent": (
        replace(OTHER, roles=NO, system_alone=NO),
        target(system=True),
        "template",
        "wrong",
        "refuses",
        "system = false",
    ),
    "usage_is_missing": (
        first(completion=None),
        TARGET,
        "usage",
        "wrong",
        "the stream has none",
        "include_usage",
    ),
    "reasoning_counted_as_nothing": (GOOD, TARGET, "usage", "ok", "does not believe the 0", ""),
    "reasoning_counted": (first(reasoned=300), TARGET, "usage", "ok", "300 tokens of reasoning apart", ""),
    "a_proxy_holds_the_stream_back": (
        first(deltas=400, reads=2),
        TARGET,
        "streaming",
        "warning",
        "400 pieces came in 2 reads",
        "proxy_buffering off",
    ),
    "large_pieces": (
        first(deltas=20, reads=20),
        TARGET,
        "streaming",
        "warning",
        "20.0 tokens",
        "--stream-interval 1",
    ),
    "pieces_that_lose_calls": (
        first(deltas=80, reads=80),
        NATIVE,
        "streaming",
        "warning",
        "loses calls",
        "--stream-interval 1",
    ),
    "a_slow_start": (first(first_seconds=45.0, seconds=60.0), TARGET, "speed", "warning", "45.00 s", "load"),
    "slow": (first(first_seconds=0.4, seconds=200.4), TARGET, "speed", "warning", "2.0 tokens/s", "17 minutes"),
    "quick": (GOOD, TARGET, "speed", "ok", "40 tokens/s", ""),
    "functions_without_a_parser": (
        replace(GOOD, called=Talk(trouble=replace(REFUSED, why='"auto" requires --enable-auto-tool-choice'))),
        NATIVE,
        "functions",
        "wrong",
        "requires",
        "--enable-auto-tool-choice --tool-call-parser",
    ),
    "a_broken_call": (
        replace(GOOD, called=replace(TALK, call='note {"te')),
        NATIVE,
        "functions",
        "wrong",
        "broken",
        "text",
    ),
    "no_call": (replace(GOOD, called=TALK), NATIVE, "functions", "warning", "did not", "text"),
    "a_whole_call": (
        replace(GOOD, called=replace(TALK, call='note {"text": "a"}')),
        NATIVE,
        "functions",
        "ok",
        "whole",
        "",
    ),
    "long_silences": (
        first(silence_seconds=50.0),
        target(timers=Timers(idle_seconds=60.0)),
        "keep-alive",
        "warning",
        "50.0 s",
        "idle",
    ),
    "comments": (first(comments=3), TARGET, "keep-alive", "ok", "comments come", ""),
    "a_window_that_is_too_small": (
        replace(GOOD, listed=(replace(LISTED, window=4096),)),
        TARGET,
        "context",
        "wrong",
        "4,096",
        "--max-model-len",
    ),
    "a_window_smaller_than_the_profile_says": (
        replace(GOOD, listed=(replace(LISTED, window=40_000),)),
        TARGET,
        "context",
        "wrong",
        "says 65,536",
        "--max-model-len 65536, or context_window = 40000",
    ),
    "a_window_that_is_narrow": (
        replace(GOOD, listed=(replace(LISTED, window=20_000),)),
        target(context_window=None),
        "context",
        "warning",
        "long reasoning",
        "--max-model-len",
    ),
    "a_window_from_a_refusal": (
        replace(OTHER, listed=(Listed(id=MODEL),), window=163_840),
        TARGET,
        "context",
        "ok",
        "163,840",
        "",
    ),
    "a_window_that_nobody_says": (
        replace(OTHER, listed=(Listed(id=MODEL),)),
        TARGET,
        "context",
        "ok",
        "not say",
        "",
    ),
    "shorter_answers_than_the_profile_asks_for": (
        replace(OTHER, most_output=8192),
        target(sampling=Sampling(max_tokens=32_768)),
        "output",
        "wrong",
        "8,192",
        "sampling.max_tokens = 8192",
    ),
    "hits_are_counted": (GOOD, TARGET, "cache", "ok", "384 of 400", ""),
    "hits_are_only_in_the_metric": (
        replace(GOOD, again=replace(AGAIN, cached=None)),
        TARGET,
        "cache",
        "warning",
        "384 tokens",
        "--enable-prompt-tokens-details",
    ),
    "no_hits": (
        replace(GOOD, again=replace(AGAIN, cached=0), hits=0.0),
        TARGET,
        "cache",
        "warning",
        "read anew",
        "--enable-prefix-caching",
    ),
    "hits_that_are_only_felt": (
        replace(OTHER, again=replace(AGAIN, cached=None)),
        TARGET,
        "cache",
        "warning",
        "a hint only",
        "upper bound",
    ),
    "a_budget_that_is_heeded": (GOOD, TARGET, "budget", "ok", "heeded", ""),
    "a_budget_that_is_not_heeded": (
        replace(GOOD, budgeted=TALK),
        TARGET,
        "budget",
        "warning",
        "not heeded",
        "--reasoning-config",
    ),
    "a_budget_that_is_refused": (
        replace(GOOD, budgeted=NO),
        TARGET,
        "budget",
        "wrong",
        "refused",
        "budget_field",
    ),
    "a_budget_that_nothing_shows": (replace(GOOD, first=CUT), TARGET, "budget", "ok", "not known", ""),
    "reasoning_cannot_be_continued": (
        replace(GOOD, continued=NO),
        TARGET,
        "continuing",
        "warning",
        "refused",
        "again",
    ),
    "open_doors": (
        replace(GOOD, open=("/metrics", "/invocations")),
        TARGET,
        "open",
        "warning",
        "/metrics /invocations answer without a key; /invocations runs the model for anybody",
        PROXY,
    ),
    "open_doors_that_stop_the_server": (
        replace(GOOD, open=("/openapi.json", "/pause")),
        TARGET,
        "open",
        "warning",
        "stop or change",
        PROXY,
    ),
    "closed_doors": (GOOD, TARGET, "open", "ok", "nothing outside of /v1", ""),
    "open_doors_here": (
        replace(GOOD, open=("/metrics",), keyless_status=200),
        replace(LOCAL, key="none"),
        "open",
        "ok",
        "machine",
        "",
    ),
    "a_clock_that_is_ahead": (
        replace(GOOD, skew_seconds=300.0),
        TARGET,
        "clock",
        "warning",
        "300 s ahead",
        "NTP",
    ),
    "a_clock_that_is_behind": (
        replace(GOOD, skew_seconds=-90.0),
        TARGET,
        "clock",
        "warning",
        "90 s behind",
        "NTP",
    ),
}


def named(found: list[Finding], name: str) -> Finding:
    return next(one for one in found if one.name == name)


@pytest.mark.parametrize("case", CASES)
def test_what_is_said(case: str) -> None:
    seen, of, name, state, words, advice = CASES[case]
    found = named(diagnose(seen, of), name)
    assert found.state == state, found
    assert words in found.seen
    assert advice in found.advice
    # What is not right always says what to do.
    assert found.advice or found.state == "ok"


def test_all_that_is_right_says_so_in_one_order() -> None:
    found = diagnose(GOOD, TARGET)
    assert {one.state for one in found} == {"ok"}
    assert " ".join(one.name.replace(" ", "_") for one in found) == (
        "name port tls http server key model is_it_R1 reasoning parser template usage streaming speed keep-alive "
        "context cache budget continuing open clock"
    )
    assert exit_code(found) == 0


@pytest.mark.parametrize("stage", ["name", "port", "tls", "http"])
def test_behind_a_step_that_failed_nothing_is_said(stage: Any) -> None:
    found = diagnose(reach(failed=stage, why="so"), TARGET)
    assert found[-1].name == stage
    assert [one.state for one in found].count("wrong") == 1
    assert exit_code(found) == 6


def test_one_thing_that_is_wrong_is_exit_code_1_and_warnings_are_none() -> None:
    assert exit_code(diagnose(replace(GOOD, key_status=401), TARGET)) == 1
    assert exit_code(diagnose(replace(GOOD, skew_seconds=300.0), TARGET)) == 0
