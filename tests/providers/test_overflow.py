from __future__ import annotations

from typing import Any

import pytest

from fakes.chat import failure
from fakes.server import Answer, FakeServer, Reply, event, fault, openai_error
from r1code.errors import ContextOverflow
from r1code.providers.overflow import longest_answer, read_overflow

# Words of servers, as they came over the wire or stand in their source.
VLLM = (
    "This model's maximum context length is 8192 tokens. However, your prompt contains at least 8193 "
    "input tokens, which exceeds this limit even without any output tokens. Please reduce the length of the "
    "input prompt. (parameter=input_tokens, value=8193)"
)
VLLM_FAR = (
    "This model's maximum context length is 2048 tokens. However, your prompt contains 2000050 characters (more "
    "than 262144 characters, which is the upper bound for 2048 input tokens). Please reduce the length of the "
    "input prompt. (parameter=input_text, value=2000050)"
)
OLDER_VLLM = (
    "This model's maximum context length is 8192 tokens. However, you requested 900 output tokens and your "
    "prompt contains at least 7900 input tokens, for a total of at least 8800 tokens."
)
OPENAI = (
    "This model's maximum context length is 65536 tokens. However, you requested 70000 tokens (66000 in the "
    "messages, 4000 in the completion). Please reduce the length of the messages or completion."
)
LLAMA = "request (9123 tokens) exceeds the available context size (4096 tokens), try increasing it"
CLOSE_VLLM = (
    "You passed 7500 input tokens and requested 900 output tokens. However, the model's context length is only "
    "8192 tokens, resulting in a maximum input length of 7292 tokens."
)
SGLANG = (
    "Requested token count exceeds the model's maximum context length of 16384 tokens. You requested a total of "
    "17964 tokens: 1580 tokens from the input messages and 16384 tokens for the completion."
)
SGLANG_FAR = "The input (516368 tokens) is longer than the model's context length (262144 tokens)."
OPENROUTER = (
    "This endpoint's maximum context length is 131072 tokens. However, you requested about 138956 tokens (7884 "
    "of text input, 131072 in the output). Please reduce the length of either one."
)
OLDER_OPENAI = (
    "This model's maximum context length is 4097 tokens. However, your messages resulted in 192871 tokens. "
    "Please reduce the length of the messages."
)
DASHSCOPE = "InternalError.Algo.InvalidParameter: Range of input length should be [1, 98304]"
CLAUDE = "prompt is too long: 208310 tokens > 200000 maximum"


@pytest.mark.parametrize(
    ("said", "window", "prompt", "asked"),
    [
        (VLLM, 8192, 8193, None),
        (VLLM_FAR, 2048, None, None),
        (OLDER_VLLM, 8192, 7900, 900),
        (OPENAI, 65536, 66000, 4000),
        (LLAMA, 4096, 9123, None),
        (CLOSE_VLLM, 8192, 7500, 900),
        (SGLANG, 16384, 1580, 16384),
        (SGLANG_FAR, 262144, 516368, None),
        (OPENROUTER, 131072, 7884, 131072),
        (OLDER_OPENAI, 4097, 192871, None),
        (DASHSCOPE, 98304, None, None),
        (CLAUDE, 200000, 208310, None),
        ("Input is too long for requested model.", None, None, None),
        ("input exceeds the context window", None, None, None),
    ],
)
def test_the_numbers_that_a_server_names_are_read(
    said: str, window: int | None, prompt: int | None, asked: int | None
) -> None:
    with FakeServer([fault(400, openai_error(said))]) as server:
        error = failure(server)
    assert isinstance(error, ContextOverflow)
    assert (error.window, error.prompt, error.asked) == (window, prompt, asked)
    assert not error.retryable
    assert len(server.chats) == 1


@pytest.mark.parametrize(
    "said", ["seed must be positive", "the context of the call is missing", "Model Not Exist", ""]
)
def test_other_refusals_are_no_overflow(said: str) -> None:
    assert (read_overflow(said), longest_answer(said)) == (None, None)


def test_an_overflow_that_a_gateway_says_in_the_stream_is_one() -> None:
    with FakeServer([Answer([event(openai_error(OPENAI, 400))])]) as server:
        error = failure(server)
    assert isinstance(error, ContextOverflow)
    assert error.window == 65536


@pytest.mark.parametrize("style", ["vllm", "deepseek", "r1-era", "openai"])
def test_each_host_is_understood(style: Any) -> None:
    with FakeServer([Reply(text="ok")], style=style, context=3) as server:
        error = failure(server)
    assert isinstance(error, ContextOverflow)
    assert error.window == 3
    assert error.prompt is not None
    assert error.prompt > 3
    assert f"127.0.0.1:{server.port} answered 400" in error.why


@pytest.mark.parametrize(
    ("said", "longest"),
    [
        ("max_tokens=4000 cannot be greater than max_model_len=2048. Please request fewer output tokens.", 2048),
        ("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", 8192),
        ("max_tokens is too large: 9000. This model supports at most 4096 completion tokens, whereas ...", 4096),
    ],
)
def test_a_limit_of_the_answer_is_the_profiles_matter_and_no_overflow(said: str, longest: int) -> None:
    with FakeServer([fault(400, openai_error(said))]) as server:
        error = failure(server)
    assert not isinstance(error, ContextOverflow)
    assert f"to {longest} at most" in error.hint
    assert len(server.chats) == 1
