"""The fake server itself: it refuses what the real hosts refuse, in their words, and counts as they do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import httpx2
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.prompts import PromptCache, first_tokens, render, tokens
from fakes.served import Served
from fakes.server import Call, FakeServer, Reply, cut_in, kept_alive, merged, pieces, without_done
from fakes.spawned import until

USER = {"role": "user", "content": "Hi"}
ANSWER = {"role": "assistant", "content": "Ho"}
CALLS = [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
CALLED = {**ANSWER, "tool_calls": CALLS, "reasoning_content": ""}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "x"}
OK = Reply(text="ok", reasoning="hm")


def ask(server: FakeServer, messages: Sequence[Any] = (USER,), path: str = "/v1", **more: Any) -> httpx2.Response:
    served = Served(server.url.removesuffix("/v1"))
    body = {"model": "m", "messages": list(messages), **more}
    response = served.post(body, path=f"{path}/chat/completions")
    served.http.close()
    return response


def said(style: Any, messages: Sequence[Any] = (USER,), **more: Any) -> tuple[int, str]:
    with FakeServer([OK], style=style) as server:
        response = ask(server, messages, **more)
        assert bool(server.rejected) == (not response.is_success)
    return response.status_code, "" if response.is_success else response.json()["error"]["message"]


ERA = "deepseek-reasoner"
SUCCESSIVE = (
    f"{ERA} does not support successive user or assistant messages (messages[0] and messages[1] in your input). "
    "You should interleave the user/assistant messages in the message sequence."
)
BACK = "The `reasoning_content` in the thinking mode must be passed back to the API."
MISSING = "Missing `reasoning_content` field in the assistant message at message index 2"
REFUSED: dict[str, tuple[str, list[Any], dict[str, Any], int, str]] = {
    "era_reasoning": ("r1-era", [USER, {**ANSWER, "reasoning_content": "r"}, USER], {}, 400, "reasoning_content"),
    "era_successive": ("r1-era", [USER, USER], {}, 400, SUCCESSIVE),
    "era_first": (
        "r1-era", [{"role": "system", "content": "s"}, ANSWER, USER], {}, 400,
        f"The first message (except the system message) of {ERA} must be a user message",
    ),
    "era_max_tokens": (
        "r1-era", [USER], {"max_tokens": 8193}, 400,
        "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]",
    ),
    "era_tools": ("r1-era", [USER], {"tools": [{}]}, 400, "does not support Function Calling"),
    "era_logprobs": ("r1-era", [USER], {"logprobs": True}, 400, "logprobs"),
    "era_thinking": ("r1-era", [USER], {"thinking": {"type": "enabled"}}, 422, "unknown field `thinking`"),
    "v4_retired": ("deepseek", [USER], {"model": ERA}, 400, "Model Not Exist"),
    "v4_not_back": ("deepseek", [USER, {**ANSWER, "tool_calls": CALLS}, RESULT], {}, 400, BACK),
    "v4_not_back_in_a_later_turn": (
        "deepseek", [USER, CALLED, RESULT, ANSWER, USER], {}, 400, BACK,
    ),
    "v4_null": ("deepseek", [USER, {"role": "assistant", "content": None}, USER], {}, 400, "must be set"),
    "v4_null_beside_calls": (
        "deepseek",
        [USER, {"role": "assistant", "content": None, "reasoning_content": "", "tool_calls": CALLS}, RESULT],
        {}, 400, "must be set",
    ),
    "v4_thinking": ("deepseek", [USER], {"thinking": {"type": "auto"}}, 422, "unknown variant"),
    "v4_effort": ("deepseek", [USER], {"reasoning_effort": "huge"}, 422, "unknown variant `huge`"),
    "v4_max_tokens": ("deepseek", [USER], {"max_tokens": 400_000}, 400, "max_tokens is [1, 393216]"),
    "v4_user": ("deepseek", [USER], {"user_id": "é" * 257}, 400, "user_id"),
    "v4_prefix": ("deepseek", [USER, {**ANSWER, "prefix": True}], {}, 422, "prefix"),
    "v3_not_back": ("deepseek-v3.2", [USER, USER, {**ANSWER, "tool_calls": CALLS}, RESULT], {}, 400, MISSING),
    "v4_unanswered": (
        "deepseek", [USER, CALLED, USER], {}, 400,
        "must be followed by tool messages",
    ),
    "v4_unasked": ("deepseek", [USER, RESULT], {}, 400, "must be a response to a preceding message"),
    "openai_field": ("openai", [USER], {"thinking": {}}, 400, "Unrecognized request argument supplied: thinking"),
    "openai_model": ("openai", [USER], {"model": "x"}, 404, "The model `x` does not exist"),
    "openai_stream_options": ("openai", [USER], {"stream_options": {}}, 400, "only allowed when 'stream'"),
    "o1_system": ("o1", [{"role": "system", "content": "s"}, USER], {}, 400, "unknown role 'system'"),
    "o1_max_tokens": ("o1", [USER], {"max_tokens": 5}, 400, "Unrecognized request argument supplied: max_tokens"),
    "vllm_field": ("vllm", [USER], {"thinking": {}}, 400, "a real vLLM would ignore it"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_host_refuses(name: str) -> None:
    style, messages, more, status, words = REFUSED[name]
    answered = said(style, messages, **more)
    assert answered[0] == status
    assert words in answered[1]


TAKEN: dict[str, tuple[str, list[Any], dict[str, Any]]] = {
    "era": ("r1-era", [{"role": "system", "content": "s"}, USER, ANSWER, USER], {"max_tokens": 8192}),
    "v4_without_calls": ("deepseek", [USER, ANSWER, USER], {}),
    "v4_empty_reasoning": (
        "deepseek", [USER, CALLED, RESULT], {},
    ),
    "v4_not_thinking": (
        "deepseek", [USER, {**ANSWER, "tool_calls": CALLS}, RESULT], {"thinking": {"type": "disabled"}},
    ),
    "v4_successive": ("deepseek", [USER, USER], {"thinking": {"type": "enabled"}, "reasoning_effort": "max"}),
    "v4_prefix": ("deepseek", [USER, {**ANSWER, "prefix": True}], {"path": "/beta"}),
    "vllm_reasoning": ("vllm", [USER, {**ANSWER, "reasoning_content": "r"}, USER], {}),
    "o1": ("o1", [{"role": "developer", "content": "s"}, USER], {"max_completion_tokens": 5}),
    "openai": ("openai", [USER, ANSWER, ANSWER], {"seed": 1}),
}  # fmt: skip


@pytest.mark.parametrize("name", TAKEN)
def test_what_a_host_takes(name: str) -> None:
    style, messages, more = TAKEN[name]
    assert said(style, messages, **more) == (200, "")


@pytest.mark.parametrize(
    ("style", "key", "words"),
    [
        ("vllm", "x", "Unauthorized"),
        ("deepseek", "secret-end", "****-end is invalid"),
        ("openai", "x", "Incorrect"),
    ],
)
def test_a_wrong_key(style: Any, key: str, words: str) -> None:
    with FakeServer([OK], style=style, key="right") as server:
        response = httpx2.get(f"{server.url}/models", headers={"authorization": f"Bearer {key}"}, trust_env=False)
    assert response.status_code == 401
    assert words in response.text


def usage(server: FakeServer, messages: Sequence[Any], **more: Any) -> dict[str, Any]:
    counted: dict[str, Any] = ask(server, messages, **more).json()["usage"]
    return counted


LONG = {"role": "user", "content": " ".join(f"word{number}" for number in range(400))}


def test_r1s_hosts_count_hits_in_units_of_64_tokens_of_the_rendered_prompt() -> None:
    with FakeServer([OK], style="r1-era") as server:
        first = usage(server, [LONG])
        again = usage(server, [LONG])
        longer = usage(server, [LONG, ANSWER, USER])
        another = usage(server, [{**LONG, "content": f"No: {LONG['content']}"}])
    whole = len(tokens(render([LONG], "r1")))
    assert [one["prompt_cache_hit_tokens"] for one in (first, another)] == [0, 0]
    assert first["prompt_tokens"] == first["prompt_cache_miss_tokens"] == whole
    assert again["prompt_cache_hit_tokens"] == (whole - 1) // 64 * 64
    # The open `<think>` of the first prompt is in no later one.
    assert longer["prompt_cache_hit_tokens"] == len(tokens(render([LONG], "r1", generation=False))) // 64 * 64
    assert server.cached == [one["prompt_cache_hit_tokens"] for one in (first, again, longer, another)]


def test_since_v4_what_two_prompts_share_hits_only_after_it_was_seen_twice() -> None:
    def branch(name: str) -> list[Any]:
        return [{**LONG, "content": f"{LONG['content']} {name}"}]

    with FakeServer([OK], style="deepseek") as server:
        hits = [usage(server, branch(name))["prompt_cache_hit_tokens"] for name in "abc"]
        appended = usage(server, [*branch("a"), ANSWER, USER])["prompt_cache_hit_tokens"]
        stranger = usage(server, branch("a"), user_id="other")["prompt_cache_hit_tokens"]
    assert hits[:2] == [0, 0]
    assert hits[2] > 0
    assert appended >= hits[2]
    assert stranger == 0


@given(st.text(), st.integers(0, 40))
def test_a_text_is_cut_to_a_number_of_tokens(text: str, count: int) -> None:
    cut = first_tokens(text, count)
    assert text.startswith(cut)
    assert (cut == text) == (len(tokens(text)) <= count)


@given(
    st.lists(st.lists(st.sampled_from("ab"), max_size=12), max_size=6), st.sampled_from(["blocks", "prefixes"])
)
def test_no_more_hits_than_what_an_earlier_prompt_shares(prompts: list[list[str]], rule: Any) -> None:
    cache = PromptCache(2, rule)
    for at, prompt in enumerate(prompts):
        shared = max(
            (sum(1 for _ in _common(prompt, earlier)) for earlier in prompts[:at]),
            default=0,
        )
        assert cache.hit(prompt, prompt) <= shared


def _common(left: list[str], right: list[str]) -> Iterator[str]:
    for a, b in zip(left, right, strict=False):
        if a != b:
            return
        yield a


def stream(server: FakeServer, **more: Any) -> list[Any]:
    text = ask(server, stream=True, stream_options={"include_usage": True}, **more).text
    return [msgspec.json.decode(line[6:]) for line in text.splitlines() if line.startswith("data: {")]


@pytest.mark.parametrize(
    ("style", "field", "finish_at"), [("vllm", "reasoning", -2), ("deepseek", "reasoning_content", -1)]
)
def test_a_reply_is_streamed_as_its_host_does(style: Any, field: str, finish_at: int) -> None:
    with FakeServer([Reply(text="answer", reasoning="why", size=2)], style=style) as server:
        events = stream(server)
    deltas = [one["choices"][0]["delta"] for one in events if one["choices"]]
    assert "".join(delta.get(field) or "" for delta in deltas) == "why"
    assert "".join(delta.get("content") or "" for delta in deltas) == "answer"
    assert events[finish_at]["choices"][0]["finish_reason"] == "stop"
    assert events[-1]["usage"]["prompt_tokens"] > 0


@pytest.mark.parametrize(("options", "runs"), [({"include_usage": True}, True), ({}, False)])
def test_usage_runs_beside_the_pieces_where_it_is_asked_for_twice(options: Any, runs: bool) -> None:
    with FakeServer([Reply(text="one two three four", reasoning="why", size=4)]) as server:
        text = ask(server, stream=True, stream_options={"continuous_usage_stats": True, **options}).text
    events = [msgspec.json.decode(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
    told = [one["usage"]["completion_tokens"] for one in events if one["choices"] and one.get("usage")]
    assert len(told) == (sum(bool(one["choices"]) for one in events) if runs else 0)
    assert told == sorted(told)
    if runs:
        assert (told[0], told[-1]) == (0, events[-1]["usage"]["completion_tokens"])


def test_the_limits_of_a_request_are_kept() -> None:
    reply = Reply(text="one two three four", reasoning="five six seven eight", size=0)
    with FakeServer([reply]) as server:
        cut = ask(server, max_tokens=3).json()["choices"][0]
        thought = ask(server, thinking_token_budget=2).json()["choices"][0]
        hidden = ask(server, include_reasoning=False).json()["choices"][0]
    assert (cut["finish_reason"], cut["message"]["content"], cut["message"]["reasoning"]) == (
        "length", None, "five six seven",
    )  # fmt: skip
    assert (thought["finish_reason"], thought["message"]["reasoning"]) == ("stop", "five")
    assert thought["message"]["content"] == "one two three four"
    assert hidden["message"]["reasoning"] is None


@pytest.mark.parametrize(("template", "opener"), [("r1", ""), ("r1-0528", "<think>\n")])
def test_without_a_parser_the_reasoning_stands_in_the_answer(template: Any, opener: str) -> None:
    with FakeServer([Reply(text="ok", reasoning="hm")], parser=False, template=template) as server:
        message = ask(server).json()["choices"][0]["message"]
    assert (message["content"], message["reasoning"]) == (f"{opener}hm\n</think>\n\nok", None)


def test_a_loop_is_cut_where_the_request_says_so() -> None:
    asked = {"max_pattern_size": 4, "min_pattern_size": 1, "min_count": 3}
    with FakeServer([Reply(reasoning="go on " * 50, closed=False)]) as server:
        choice = ask(server, repetition_detection=asked).json()["choices"][0]
        assert ask(server, max_tokens=20).json()["choices"][0]["finish_reason"] == "length"
    assert (choice["finish_reason"], choice["stop_reason"]) == ("repetition", "repetition_detected")
    assert len(tokens(choice["message"]["reasoning"])) < 12


def test_a_message_is_continued_or_the_template_forbids_it() -> None:
    with FakeServer([Reply(text="42", reasoning="more")]) as server:
        more = {"continue_final_message": True, "add_generation_prompt": False}
        opened = ask(server, [USER, {**ANSWER, "content": "<think>\nSo"}], **more)
        closed = ask(server, [USER, {**ANSWER, "content": "<think>\nSo\n</think>\n"}], **more)
    assert opened.json()["choices"][0]["message"]["reasoning"] == "more"
    assert closed.status_code == 400
    assert "does not appear in the chat after applying the chat template" in closed.text


def test_native_calls_come_whole() -> None:
    with FakeServer([Reply(calls=[Call(name="f", arguments='{"a": 1}')])], style="deepseek") as server:
        choice = ask(server, tools=[{}]).json()["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["tool_calls"][0]["function"] == {"name": "f", "arguments": '{"a": 1}'}


def test_shapes_change_the_way_and_not_the_words() -> None:
    plain, done = Reply(text="é" * 9, size=1), b"data: [DONE]"
    bodies: list[bytes] = []
    for shape in (merged, pieces(7), kept_alive(2, 0.01), without_done):
        with FakeServer([msgspec.structs.replace(plain, shape=shape)]) as server:
            bodies.append(ask(server, stream=True).content)
    assert bodies[0] == bodies[1] == bodies[2].replace(b": keep-alive\n\n", b"")
    assert bodies[2].startswith(b": keep-alive\n\n: keep-alive\n\n")
    assert done in bodies[0]
    assert done not in bodies[3]


def test_a_cut_in_a_character_leaves_half_of_it() -> None:
    got: list[bytes] = []

    def read(url: str) -> None:
        body = {"model": "m", "messages": [USER], "stream": True}
        with (
            httpx2.Client(trust_env=False) as http,
            http.stream("POST", f"{url}/chat/completions", json=body) as answer,
        ):
            got.extend(answer.iter_raw())

    with (
        FakeServer([Reply(text="aé", shape=cut_in("é"))]) as server,
        pytest.raises(httpx2.RemoteProtocolError),
    ):
        read(server.url)
    assert b"".join(got).endswith("é".encode()[:1])


def test_rates_and_concurrency_are_limited() -> None:
    with FakeServer([OK], style="deepseek", rate=(2, 4.0)) as server:
        assert [ask(server).status_code for _ in range(3)] == [200, 200, 429]
        until(lambda: ask(server).status_code == 200)


def test_requests_are_kept_byte_by_byte() -> None:
    raw = b'{"model":"m",  "messages":[{"role":"user","content":"\\u00e9"}]}'
    with FakeServer([OK]) as server:
        httpx2.post(f"{server.url}/chat/completions", content=raw, trust_env=False).raise_for_status()
    assert server.chats[0].raw == raw
    assert server.chats[0].body["messages"][0]["content"] == "é"


def test_a_guard_leaves_only_the_api_open() -> None:
    with FakeServer([OK]) as server, FakeServer([OK], guarded=True) as guarded:
        for one, status in ((server, 200), (guarded, 404)):
            root = one.url.removesuffix("/v1")
            assert httpx2.get(f"{root}/metrics", trust_env=False).status_code == status
            assert httpx2.get(f"{root}/v1/models", trust_env=False).status_code == 200
