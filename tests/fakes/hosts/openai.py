"""A server of OpenAI's kind, as most of them are: the common part of the protocol."""

from __future__ import annotations

from functools import partial

from msgspec.structs import replace

from fakes.answers import openai_error
from fakes.hosts.base import Body, Field, Host, Problem, Refusal, Rules, answered_calls, malformed_message
from fakes.prompts import render, tokens

SHARED = {
    "messages": Field(kind="list", required=True),
    "model": Field(kind="string", required=True),
    "stream": Field(kind="boolean"),
    "stream_options": Field(kind="object"),
    "max_tokens": Field(kind="integer"),
    "temperature": Field(kind="number"),
    "top_p": Field(kind="number"),
    "frequency_penalty": Field(kind="number"),
    "presence_penalty": Field(kind="number"),
    "stop": Field(kind="any"),
    "tools": Field(kind="list"),
    "tool_choice": Field(kind="any"),
    "response_format": Field(kind="object"),
    "logprobs": Field(kind="boolean"),
    "top_logprobs": Field(kind="integer"),
}
FIELDS = {
    **SHARED,
    "max_completion_tokens": Field(kind="integer"),
    "seed": Field(kind="integer"),
    "user": Field(kind="string"),
    "n": Field(kind="integer"),
    "parallel_tool_calls": Field(kind="boolean"),
    "reasoning_effort": Field(kind="string", choices=("none", "minimal", "low", "medium", "high", "xhigh")),
}


def refused(message: str, status: int = 400, code: object = None) -> Refusal:
    return Refusal(status=status, body=openai_error(message, code))


def asked_tokens(body: Body) -> int | None:
    return body.get("max_completion_tokens") or body.get("max_tokens")


def prompt_size(body: Body, rules: Rules) -> int:
    return len(tokens(render(body["messages"], rules.template)))


def _complains(problem: Problem) -> Refusal:
    words = {
        "missing": f"Missing required parameter: '{problem.name}'.",
        "unknown": f"Unrecognized request argument supplied: {problem.name}",
        "kind": f"Invalid type for '{problem.name}': expected {problem.field.kind}, got {problem.value!r}.",
        "choice": f"Invalid value: '{problem.value}'. Supported values are: {', '.join(problem.field.choices)}.",
    }
    return refused(words[problem.what], code="invalid_value" if problem.what == "choice" else None)


def _wrong_messages(body: Body, rules: Rules, first: str = "system") -> Refusal | None:
    for at, message in enumerate(body["messages"]):
        if wrong := malformed_message(message, first=first):
            return refused(f"Invalid value for 'messages[{at}]': {wrong}")
    if not body["messages"]:
        return refused("Invalid 'messages': empty array. Expected an array with minimum length 1.")
    wrong = answered_calls(body["messages"])
    return None if wrong is None else refused(wrong)


def _wrong_ranges(body: Body, rules: Rules) -> Refusal | None:
    for name, low, high in (("temperature", 0, 2), ("top_p", 0, 1), ("presence_penalty", -2, 2)):
        value = body.get(name)
        if value is not None and not low <= value <= high:
            return refused(f"Invalid '{name}': expected a value between {low} and {high}, got {value} instead.")
    if body.get("stream_options") is not None and not body.get("stream"):
        return refused("The 'stream_options' parameter is only allowed when 'stream' is enabled.")
    return None


def _wrong_model(body: Body, rules: Rules) -> Refusal | None:
    if body["model"] in rules.models:
        return None
    message = f"The model `{body['model']}` does not exist or you do not have access to it."
    return refused(message, 404, "model_not_found")


def too_long(body: Body, rules: Rules) -> Refusal | None:
    """The words that OpenAI's servers had when R1 came, and that many still have."""
    prompt, asked = prompt_size(body, rules), asked_tokens(body) or 0
    if prompt + asked <= rules.context and prompt < rules.context:
        return None
    if not rules.tells:
        return refused("Input is too long for requested model.")
    message = (
        f"This model's maximum context length is {rules.context} tokens. However, you requested {prompt + asked} "
        f"tokens ({prompt} in the messages, {asked} in the completion). "
        "Please reduce the length of the messages or completion."
    )
    return refused(message, code="context_length_exceeded")


def _wrong_output(body: Body, rules: Rules) -> Refusal | None:
    asked = asked_tokens(body)
    if asked is None or 1 <= asked <= rules.most_output:
        return None
    if asked < 1:
        return refused(f"Invalid 'max_tokens': integer below minimum value. Expected a value >= 1, got {asked}.")
    return refused(
        f"max_tokens is too large: {asked}. This model supports at most {rules.most_output} completion tokens, "
        f"whereas you provided {asked}."
    )


def _locked_out(key: str | None) -> Refusal:
    message = "You didn't provide an API key." if key is None else f"Incorrect API key provided: {key[:3]}***."
    return refused(message, 401, "invalid_api_key")


def _limited() -> Refusal:
    return refused("Rate limit reached for requests", 429, "rate_limit_exceeded")


OPENAI = Host(
    reasoning="reasoning_content",
    fields=FIELDS,
    complains=_complains,
    checks=(_wrong_messages, _wrong_ranges, _wrong_model, _wrong_output, too_long),
    locked_out=_locked_out,
    limited=_limited,
    not_found=openai_error("Invalid URL"),
)
# Models that think: neither sampling nor a system message, and another name for the limit.
O1 = replace(
    OPENAI,
    fields={name: field for name, field in FIELDS.items() if name not in {"max_tokens", "temperature", "top_p"}},
    checks=(partial(_wrong_messages, first="developer"), *OPENAI.checks[1:]),
    most_output=100_000,
)
