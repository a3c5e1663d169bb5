"""DeepSeek's hosted API: as it is now, and as it was when it served R1, like some that still do.

What is quoted was seen on the wire by somebody; where nobody wrote the words down, they are made up alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from msgspec.structs import replace

from fakes.answers import openai_error
from fakes.hosts.base import Body, Field, Host, Problem, Refusal, Rules, answered_calls, malformed_message
from fakes.hosts.openai import SHARED, prompt_size, refused, too_long
from fakes.prompts import Message

# "seed" is in no list of the API's fields and does no harm there.
FIELDS = {
    **SHARED,
    "seed": Field(kind="integer"),
    "user_id": Field(kind="string"),
    "thinking": Field(kind="object"),
    "reasoning_effort": Field(
        kind="string", choices=("minimal", "low", "medium", "high", "xhigh", "max", "ultra")
    ),
}
ERA_FIELDS = {**SHARED, "seed": Field(kind="integer")}
_LONGEST_USER = 512


def _complains(problem: Problem) -> Refusal:
    words = {
        "missing": f"missing field `{problem.name}`",
        "unknown": f"unknown field `{problem.name}`",
        "kind": f"{problem.name}: invalid type: {problem.value!r}, expected {problem.field.kind}",
        "choice": f"{problem.name}: unknown variant `{problem.value}`, expected one of {problem.field.choices}",
    }
    return refused(f"Failed to deserialize the JSON body into the target type: {words[problem.what]}", 422)


def _wrong_messages(body: Body, rules: Rules) -> Refusal | None:
    extra = frozenset({"prefix"}) if rules.beta else frozenset[str]()
    for at, message in enumerate(body["messages"]):
        if wrong := malformed_message(message, extra):
            return refused(
                f"Failed to deserialize the JSON body into the target type: messages[{at}]: {wrong}", 422
            )
    if not body["messages"]:
        return refused("Empty input messages")
    wrong = answered_calls(body["messages"])
    return None if wrong is None else refused(wrong)


def _wrong_model(body: Body, rules: Rules) -> Refusal | None:
    return None if body["model"] in rules.models else refused("Model Not Exist")


def _wrong_output(body: Body, rules: Rules) -> Refusal | None:
    asked = body.get("max_tokens")
    if asked is None or 1 <= asked <= rules.most_output:
        return None
    return refused(f"Invalid max_tokens value, the valid range of max_tokens is [1, {rules.most_output}]")


def _wrong_sampling(body: Body, rules: Rules) -> Refusal | None:
    for name, low, high in (("temperature", 0, 2), ("top_p", 0, 1)):
        value = body.get(name)
        if value is not None and not low <= value <= high:
            return refused(f"Invalid {name} value, the valid range of {name} is [{low}, {high}]")
    if body.get("stream_options") is not None and not body.get("stream"):
        return refused("stream_options should be set along with stream = true")
    if len(body.get("user_id", "").encode()) > _LONGEST_USER:
        return refused("Invalid user_id: at most 512 bytes")
    thinking = body.get("thinking")
    if thinking is not None and (set(thinking) != {"type"} or thinking["type"] not in {"enabled", "disabled"}):
        return refused(f"thinking: unknown variant {thinking}, expected `enabled` or `disabled`", 422)
    return None


def _wrong_content(body: Body, rules: Rules) -> Refusal | None:
    """Null without calls is refused with these words; beside calls it is refused here, to be safe."""
    if any(one["role"] == "assistant" and one.get("content") is None for one in body["messages"]):
        return refused("Invalid assistant message: content or tool_calls must be set")
    return None


def _wrong_reasoning(body: Body, rules: Rules) -> Refusal | None:
    if _without_reasoning(body) is None:
        return None
    return refused("The `reasoning_content` in the thinking mode must be passed back to the API.")


def _missing_reasoning(body: Body, rules: Rules) -> Refusal | None:
    """The words of V3.2."""
    at = _without_reasoning(body)
    if at is None:
        return None
    return refused(f"Missing `reasoning_content` field in the assistant message at message index {at}.")


def _without_reasoning(body: Body) -> int | None:
    """The first message that should have brought its reasoning back: one of a turn in which a tool was called."""
    if (body.get("thinking") or {}).get("type") == "disabled":
        return None
    for span in _spans(body["messages"]):
        lacking = [at for at, one in span if one["role"] == "assistant" and "reasoning_content" not in one]
        if lacking and any(one.get("tool_calls") for _, one in span):
            return lacking[0]
    return None


def _spans(messages: Sequence[Message]) -> Iterator[list[tuple[int, Message]]]:
    """What was said between two messages of the user, numbered."""
    span: list[tuple[int, Message]] = []
    for at, message in enumerate(messages):
        if message["role"] == "user":
            yield span
            span = []
        else:
            span.append((at, message))
    yield span


def _wrong_era(body: Body, rules: Rules) -> Refusal | None:
    said = [(at, message) for at, message in enumerate(body["messages"]) if message["role"] != "system"]
    if not said or said[0][1]["role"] != "user":
        return refused(
            "The first message (except the system message) of deepseek-reasoner must be a user message"
        )
    for (left, before), (right, after) in pairwise(said):
        if before["role"] == after["role"]:
            return refused(
                "deepseek-reasoner does not support successive user or assistant messages "
                f"(messages[{left}] and messages[{right}] in your input). "
                "You should interleave the user/assistant messages in the message sequence."
            )
    if any("reasoning_content" in message for message in body["messages"]):
        return refused("The reasoning_content field is not allowed in the input messages")
    if body.get("tools") or any(message["role"] == "tool" for message in body["messages"]):
        return refused("deepseek-reasoner does not support Function Calling")
    if body.get("logprobs") or body.get("top_logprobs") is not None:
        return refused("deepseek-reasoner does not support the parameter logprobs")
    return None


def _too_long_for_its_prompt(body: Body, rules: Rules) -> Refusal | None:
    """The reasoning was not counted in the window, and max_tokens was the answer alone."""
    return too_long(body, rules) if prompt_size(body, rules) > rules.context else None


def _locked_out(key: str | None) -> Refusal:
    message = (
        "Authentication Fails (auth header is missing)"
        if key is None
        else f"Authentication Fails, Your api key: ****{key[-4:]} is invalid"
    )
    return Refusal(status=401, body=openai_error(message, "invalid_request_error", "authentication_error"))


def _limited() -> Refusal:
    return refused("Rate limit reached for requests", 429, "rate_limit_exceeded")


_SHAPE = (_wrong_messages, _wrong_model, _wrong_output, _wrong_sampling, _wrong_content)
DEEPSEEK = Host(
    reasoning="reasoning_content",
    fields=FIELDS,
    complains=_complains,
    checks=(*_SHAPE, _wrong_reasoning, too_long),
    locked_out=_locked_out,
    limited=_limited,
    not_found="",
    context=1_048_576,
    most_output=393_216,
    cache="prefixes",
    counts="deepseek",
)
V3_2 = replace(
    DEEPSEEK,
    checks=(*_SHAPE, _missing_reasoning, too_long),
    context=131_072,
    most_output=65_536,
    cache="blocks",
)
R1_ERA = Host(
    reasoning="reasoning_content",
    fields=ERA_FIELDS,
    complains=_complains,
    checks=(*_SHAPE, _wrong_era, _too_long_for_its_prompt),
    locked_out=_locked_out,
    limited=_limited,
    not_found="",
    context=65_536,
    most_output=8192,
    answer_only=True,
    template="r1",
    counts="deepseek",
)
