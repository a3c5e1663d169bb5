from __future__ import annotations

import random
from typing import Any

import pytest
from msgspec.structs import replace

from fakes.chat import KEY, REQUEST, ask, profile_at, provider, texts
from fakes.server import Answer, FakeServer, Step, chunk, say, told
from r1code.control import Control
from r1code.dialects.base import ChatMessage
from r1code.profiles import find_profile, load_profiles
from r1code.providers.base import Delta, Done
from r1code.providers.chat import ChatProvider
from r1code.types import Usage

THOUGHT = "Let me think: 思考, déjà vu 🧠."
TEXT = "The answer is <done>42</done>, voilà 🎉.\n"


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("where", ["reasoning", "reasoning_content"])
def test_reasoning_in_a_field_of_its_own_is_told_from_the_answer(where: Any, size: int) -> None:
    with FakeServer([told(TEXT, THOUGHT, where=where, size=size)]) as server:
        deltas, done = ask(server)
    assert texts(deltas) == (THOUGHT, TEXT)
    assert done.finish == "stop"


@pytest.mark.parametrize(("where", "opener"), [("tags", "<think>"), ("prompt", "")])
def test_reasoning_between_tags_comes_as_content(where: Any, opener: str) -> None:
    with FakeServer([told(TEXT, THOUGHT, where=where)]) as server:
        deltas, _ = ask(server)
    assert texts(deltas) == ("", f"{opener}{THOUGHT}</think>{TEXT}")


def test_empty_and_null_fields_are_no_deltas() -> None:
    nothing = chunk({"role": "assistant", "content": None, "reasoning_content": ""})
    steps = [nothing, chunk({"content": "", "reasoning_content": None}), chunk({}), *say("ok")]
    with FakeServer([Answer(steps)]) as server:
        deltas, _ = ask(server)
    assert deltas == [Delta(field="content", text="ok")]


def test_a_delta_in_both_reasoning_fields_counts_once() -> None:
    steps = [chunk({"reasoning": "a", "reasoning_content": "a", "content": "b"}), *say("c")]
    with FakeServer([Answer(steps)]) as server:
        deltas, _ = ask(server)
    assert texts(deltas) == ("a", "bc")


@pytest.mark.parametrize("seed", range(5))
def test_any_split_of_the_bytes_gives_the_same_answer(seed: int) -> None:
    steps = [b": keep-alive\n\n", *say(TEXT, THOUGHT, size=5)]
    data = b"".join(step for step in steps if isinstance(step, bytes))
    source = random.Random(seed)
    cuts = sorted(source.sample(range(1, len(data)), 60))
    pieces: list[Step] = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    with FakeServer([Answer(pieces)]) as server:
        deltas, _ = ask(server)
    assert texts(deltas) == (THOUGHT, TEXT)


def test_lines_may_end_in_cr_lf_and_an_event_may_have_no_space_after_its_name() -> None:
    steps = [
        step.replace(b"\n", b"\r\n").replace(b"data: ", b"data:") for step in say("ok") if isinstance(step, bytes)
    ]
    with FakeServer([Answer(steps)]) as server:
        deltas, _ = ask(server)
    assert texts(deltas) == ("", "ok")


@pytest.mark.parametrize(
    ("reported", "finish"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("content_filter", "filter"),
        ("repetition", "repetition"),
        ("tool_calls", "calls"),
        ("something new", "unknown"),
    ],
)
def test_a_finish_reason_is_read(reported: str, finish: str) -> None:
    with FakeServer([told("ok", finish=reported)]) as server:
        _, done = ask(server)
    assert done.finish == finish


def test_an_answer_that_length_cut_before_its_first_character_is_an_answer() -> None:
    with FakeServer([told("", finish="length")]) as server:
        deltas, done = ask(server)
    assert (deltas, done.finish) == ([], "length")
    assert len(server.chats) == 1


VLLM = {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 8}}
DEEPSEEK = {
    "prompt_tokens": 9,
    "completion_tokens": 4,
    "prompt_cache_hit_tokens": 6,
    "prompt_cache_miss_tokens": 3,
    "completion_tokens_details": {"reasoning_tokens": 3},
}


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (VLLM, Usage(prompt=9, cached=8, completion=4)),
        (DEEPSEEK, Usage(prompt=9, cached=6, completion=4, reasoning=3)),
        ({"prompt_tokens": 9, "prompt_tokens_details": None}, Usage(prompt=9)),
        (None, Usage()),
    ],
)
@pytest.mark.parametrize("usage_at", ["tail", "finish"])
def test_usage_is_what_the_server_says_and_no_more(usage: Any, expected: Usage, usage_at: Any) -> None:
    with FakeServer([told("ok", "hm", usage=usage, usage_at=usage_at)]) as server:
        _, done = ask(server)
    assert done.usage == expected


@pytest.mark.parametrize(
    ("reasoning", "start", "expected"),
    [("hm", "field", None), ("", "field", 0), ("", "none", 0), ("", "tag", None), ("", "in_prompt", None)],
)
def test_a_count_of_no_reasoning_is_believed_only_where_there_was_none(
    reasoning: str, start: str, expected: int | None
) -> None:
    usage = {"completion_tokens": 4, "completion_tokens_details": {"reasoning_tokens": 0}}
    with FakeServer([told("ok", reasoning, usage=usage)]) as server:
        _, done = ask(server, reasoning=start)
    assert done.usage.reasoning == expected


def test_a_finished_answer_is_whole_without_its_last_line() -> None:
    with FakeServer([told("ok", done=False)]) as server:
        _, done = ask(server)
    assert done == Done(finish="stop", usage=Usage(prompt=12, completion=5))


def test_a_connection_lost_after_the_finish_costs_only_the_usage() -> None:
    with FakeServer([Answer([*say("ok", usage=None, done=False), "cut"])]) as server:
        deltas, done = ask(server)
    assert (texts(deltas), done) == (("", "ok"), Done(finish="stop"))
    assert len(server.chats) == 1


COMMON = {
    "messages": [{"role": "user", "content": "Hi"}],
    "stream": True,
    "stream_options": {"include_usage": True},
}
R1 = {**COMMON, "max_tokens": 32768, "temperature": 0.6, "top_p": 0.95}
DISTILL = {**COMMON, "temperature": 0.6, "top_p": 0.95}
HOSTED = {**COMMON, "max_tokens": 65536, "thinking": {"type": "enabled"}, "reasoning_effort": "high"}
BODIES = {
    "vllm-r1": {**R1, "model": "deepseek-ai/DeepSeek-R1"},
    "vllm-r1-0528": {**R1, "model": "deepseek-ai/DeepSeek-R1-0528"},
    **{
        f"vllm-r1-distill-{name.lower()}": {**DISTILL, "model": f"deepseek-ai/DeepSeek-R1-Distill-{name}"}
        for name in ("Qwen-1.5B", "Qwen-7B", "Llama-8B", "Qwen-14B", "Qwen-32B", "Llama-70B")
    },
    "deepseek-flash": {**HOSTED, "model": "deepseek-flash"},
    "deepseek-v4-pro": {**HOSTED, "model": "deepseek-v4-pro"},
    "vllm-r1-0528-qwen3-8b": {**DISTILL, "model": "deepseek-ai/DeepSeek-R1-0528-Qwen3-8B"},
    "vllm-v3-0324": {
        **COMMON,
        "max_tokens": 8192,
        "temperature": 0.3,
        "model": "deepseek-ai/DeepSeek-V3-0324",
    },
    "openrouter-r1-0528": {**R1, "model": "deepseek/deepseek-r1-0528"},
    "siliconflow-r1": {**R1, "model": "deepseek-ai/DeepSeek-R1"},
    "novita-r1-0528": {**R1, "model": "deepseek/deepseek-r1-0528"},
    "deepinfra-r1-0528": {**R1, "model": "deepseek-ai/DeepSeek-R1-0528"},
    "azure-r1-0528": {**R1, "model": "DeepSeek-R1-0528"},
    "bedrock-r1": {**R1, "model": "deepseek.r1-v1:0"},
    "ark-r1-0528": {**COMMON, "max_tokens": 32768, "model": "deepseek-r1-250528"},
    "alibaba-r1-0528": {
        **COMMON,
        "max_tokens": 16384,
        "temperature": 0.6,
        "top_p": 0.95,
        "model": "deepseek-r1-0528",
    },
    "openai-o1": {**COMMON, "max_completion_tokens": 32768, "reasoning_effort": "medium", "model": "o1"},
    "openai-compatible": {**COMMON, "model": "m"},
}


def test_every_chat_profile_has_its_body_in_the_table() -> None:
    chats = {name for name, one in load_profiles().items() if one.profile.provider == "chat"}
    assert chats == set(BODIES)


@pytest.mark.parametrize("name", BODIES)
def test_the_request_of_a_profile(name: str) -> None:
    profile = load_profiles()[name].profile
    style = {"deepseek": "deepseek", "openai-o": "o1"}.get(name[:8], "vllm")
    model = profile.model or "m"
    with FakeServer([told("ok")], style=style, models=[model], key=KEY) as server:
        made = ChatProvider(replace(profile, base_url=server.url, model=model), KEY, lambda: "session-1")
        sampling = profile.sampling
        request = replace(
            REQUEST, max_tokens=sampling.max_tokens, temperature=sampling.temperature, top_p=sampling.top_p
        )
        *_, done = made.stream(request, Control())
        made.close()
    assert isinstance(done, Done)
    assert server.rejected == []
    assert server.chats[0].body == BODIES[name]


def test_instructions_come_from_whom_the_profile_says() -> None:
    system = ChatMessage(role="system", content="Rules.")
    for role, style in (("system", "vllm"), ("developer", "o1")):
        with FakeServer([told("ok")], style=style) as server, provider(server.url, system_role=role) as made:
            list(made.stream(replace(REQUEST, messages=(system, *REQUEST.messages)), Control()))
        assert [one["role"] for one in server.chats[0].body["messages"]] == [role, "user"]


def test_the_session_is_named_in_the_body_where_the_profile_says() -> None:
    with (
        FakeServer([told("ok")], style="deepseek") as server,
        provider(server.url, session_field="user_id") as made,
    ):
        list(made.stream(REQUEST, Control()))
    assert server.chats[0].body["user_id"] == "session-1"


def test_a_seed_is_sent_where_there_is_one() -> None:
    with FakeServer([told("ok")]) as server, provider(server.url) as made:
        list(made.stream(replace(REQUEST, seed=7), Control()))
    assert server.chats[0].body["seed"] == 7


def test_only_named_headers_go_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"):
        monkeypatch.setenv(name, "from-the-environment")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Custom: elsewhere\nAuthorization: elsewhere")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    with FakeServer([told("ok")]) as server:
        ask(server)
        ask(server, KEY, session_header="X-Session")
    without, with_key = (seen.headers for seen in server.chats)
    usual = {"host", "accept", "accept-encoding", "connection", "content-type", "content-length", "user-agent"}
    assert set(without) == usual
    assert without["user-agent"].startswith("r1code/")
    assert set(with_key) == {*usual, "authorization", "x-session"}
    assert with_key["authorization"] == f"Bearer {KEY}"
    assert with_key["x-session"] == "session-1"


def test_many_deltas_of_a_slow_reader_arrive_in_order() -> None:
    text = "".join(f"{number} " for number in range(3000))
    with FakeServer([told(text, size=3)]) as server:
        deltas, _ = ask(server)
    assert texts(deltas) == ("", text)


def test_the_provider_serves_several_threads_and_requests() -> None:
    with FakeServer([told("ok", "hm")]) as server, provider(server.url, concurrency=4) as made:
        streams = [made.stream(REQUEST, Control()) for _ in range(4)]
        answers = [[next(stream) for stream in streams] for _ in range(2)]
        rest = [list(stream) for stream in streams]
    assert all(len(set(map(repr, row))) == 1 for row in answers)
    assert all(isinstance(items[-1], Done) for items in rest)


def test_neither_provider_nor_profile_shows_the_key() -> None:
    made = ChatProvider(profile_at("http://127.0.0.1:9/v1"), KEY, lambda: "s")
    shown = f"{made!r} {vars(made)!r} {find_profile('vllm-r1')!r}"
    assert KEY not in shown
