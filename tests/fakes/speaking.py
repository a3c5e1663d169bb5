"""A model's reply as its host sends it: cut to the request's limits, counted, streamed or whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from fakes.answers import DONE, Answer, Reply, Step, chunk, event, parts
from fakes.hosts import Body, Host, Rules
from fakes.prompts import ASSISTANT, first_tokens, tokens

_ERA_DEFAULT = 4096


class Prompt(Struct, frozen=True, kw_only=True):
    """What the server made of the request: its tokens, those in the cache, and what is left of the window."""

    text: str
    tokens: int
    cached: int
    left: int


class Said(Struct, frozen=True, kw_only=True):
    """What came out."""

    reasoning: str | None
    closed: bool
    text: str
    calls: Sequence[dict[str, Any]]
    finish: str
    stop_reason: str | None
    completion: int


def answer_to(reply: Reply, body: Body, prompt: Prompt, *, host: Host, rules: Rules) -> Answer:
    said = _said(reply, body, host, prompt)
    counted = _usage(said, host, prompt, details=rules.details) if reply.usage == "counted" else None
    if not rules.parser:
        said = _unparsed(said, prompt)
    elif body.get("include_reasoning") is False:
        said = replace(said, reasoning=None)
    if not body.get("stream"):
        steps: Sequence[Step] = [_whole(said, body, host, counted)]
        headers = {"content-type": "application/json"}
    else:
        options = body.get("stream_options") or {}
        steps = _streamed(said, reply.size, host, counted if options.get("include_usage") else None)
        running = options.get("include_usage") and options.get("continuous_usage_stats")
        if counted is not None and running and host.counts == "vllm":
            steps = list(_counting(steps, counted))
        headers = {"content-type": "text/event-stream; charset=utf-8"}
    return Answer(reply.shape(steps), headers=headers, before=reply.before)


def _said(reply: Reply, body: Body, host: Host, prompt: Prompt) -> Said:
    reasoning, opened, closed = _thought(reply, body, prompt)
    finish, stop_reason = reply.finish or ("tool_calls" if reply.calls else "stop"), None
    text = reply.text if closed or not opened else ""
    limit = min(_limit(body, host), prompt.left)
    goes_on = limit if body.get("ignore_eos") else body.get("min_tokens") or 0
    thought = 0 if host.answer_only else len(tokens(reasoning)) + int(opened and closed)
    if thought + len(tokens(text)) < goes_on:
        text += " on" * (goes_on - thought - len(tokens(text)))
        finish = "length" if goes_on == limit else finish
    looped = _repeats([*tokens(reasoning), *tokens(text)], body.get("repetition_detection"))
    if looped:
        limit, finish, stop_reason = min(limit, looped), "repetition", "repetition_detected"
    if thought + len(tokens(text)) > limit:
        finish = finish if looped else "length"
        if thought > limit:
            reasoning, closed, text = first_tokens(reasoning, limit), False, ""
        else:
            text = first_tokens(text, limit - thought)
    return Said(
        reasoning=reasoning,
        closed=closed,
        text=text,
        calls=[
            {"id": f"call_{at}", "type": "function", "function": {"name": one.name, "arguments": one.arguments}}
            for at, one in enumerate(reply.calls)
        ],
        finish=finish,
        stop_reason=stop_reason,
        # With the end of the reasoning, and of the answer where it came to one.
        completion=len(tokens(reasoning))
        + int(opened and closed)
        + len(tokens(text))
        + sum(len(tokens(one.name + one.arguments)) for one in reply.calls)
        + int(finish != "length"),
    )


def _thought(reply: Reply, body: Body, prompt: Prompt) -> tuple[str, bool, bool]:
    """The reasoning, whether it was opened, and whether it was closed, as far as the request lets it come."""
    if (body.get("thinking") or {}).get("type") == "disabled" or "</think>" in prompt.text.rpartition(ASSISTANT)[
        2
    ]:
        return "", False, True
    reasoning, opened = reply.reasoning, bool(reply.reasoning) or not reply.closed
    budget = body.get("thinking_token_budget")
    if not opened or budget is None or budget < 0:
        return reasoning, opened, reply.closed
    # Counted from the opener: the line's end after it, in the prompt, is the first of them.
    left = max(0, budget - int(prompt.text.endswith("<think>\n")))
    return first_tokens(reasoning, left), True, reply.closed or len(tokens(reasoning)) > left


def _unparsed(said: Said, prompt: Prompt) -> Said:
    """As the model wrote it; the prompt may have opened the reasoning for it."""
    opener = "" if prompt.text.endswith("<think>\n") else "<think>\n"
    closer = "\n</think>\n\n" if said.closed else ""
    written = f"{opener}{said.reasoning}{closer}{said.text}" if said.reasoning else said.text
    return replace(said, reasoning=None, text=written)


def _limit(body: Body, host: Host) -> int:
    asked = body.get("max_completion_tokens") or body.get("max_tokens")
    if asked is not None:
        return int(asked)
    return _ERA_DEFAULT if host.answer_only else host.most_output


def _repeats(made: Sequence[int], asked: dict[str, int] | None) -> int:
    """After how many tokens a pattern came for the last time that was allowed; 0: never."""
    most = (asked or {}).get("max_pattern_size", 0)
    if asked is None or not most:
        return 0
    least, times = max(1, asked.get("min_pattern_size", 1)), asked["min_count"]
    for end in range(1, len(made) + 1):
        for size in range(least, most + 1):
            start = end - size * times
            if start >= 0 and made[start : end - size] == made[start + size : end]:
                return end
    return 0


def _usage(said: Said, host: Host, prompt: Prompt, *, details: bool) -> dict[str, Any]:
    total = prompt.tokens + said.completion
    usage: dict[str, Any] = {
        "prompt_tokens": prompt.tokens,
        "total_tokens": total,
        "completion_tokens": said.completion,
    }
    if host.counts == "vllm":
        # It looks for the opener in the answer, and finds none where the prompt has it.
        written = prompt.text.endswith(ASSISTANT)
        thought = len(tokens(said.reasoning or "")) if written else 0
        usage["completion_tokens_details"] = {"reasoning_tokens": thought}
        if details:
            made = {"cached_tokens": prompt.cached, "created_cache_tokens": 0}
            usage["prompt_tokens_details"] = made
        return usage
    usage["prompt_tokens_details"] = {"cached_tokens": prompt.cached}
    usage["completion_tokens_details"] = {"reasoning_tokens": len(tokens(said.reasoning or ""))}
    if host.counts == "deepseek":
        usage["prompt_cache_hit_tokens"] = prompt.cached
        usage["prompt_cache_miss_tokens"] = prompt.tokens - prompt.cached
    return usage


def _whole(said: Said, body: Body, host: Host, usage: dict[str, Any] | None) -> bytes:
    empty = None if host.counts == "vllm" else ""
    message: dict[str, Any] = {"role": "assistant", "content": said.text or empty}
    if said.reasoning or host.counts == "vllm":
        message[host.reasoning] = said.reasoning
    if said.calls:
        message["tool_calls"] = said.calls
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": said.finish}
    if host.counts == "vllm":
        choice["stop_reason"] = said.stop_reason
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": body.get("model")}
    return json.dumps({**head, "choices": [choice], "usage": usage}, ensure_ascii=False).encode()


def _counting(steps: Sequence[Step], usage: dict[str, Any]) -> Iterator[Step]:
    """Each piece with what was used up to it: nothing at first, and all with the last one."""
    pieces = [
        json.loads(step.removeprefix(b"data: ")) for step in steps if isinstance(step, bytes) and step != DONE
    ]
    told = [piece for piece in pieces if piece["choices"]]
    made = 0
    for number, piece in enumerate(told, 1):
        made = usage["completion_tokens"] if number == len(told) else min(made, usage["completion_tokens"])
        counts = {"completion_tokens": made, "total_tokens": usage["prompt_tokens"] + made}
        yield event({**piece, "usage": {"prompt_tokens": usage["prompt_tokens"], **counts}})
        made += 1
    yield from (event(piece) for piece in pieces if not piece["choices"])
    yield DONE


def _streamed(said: Said, size: int, host: Host, usage: dict[str, Any] | None) -> list[Step]:
    deltas = [{host.reasoning: part} for part in parts(said.reasoning or "", size)]
    deltas += [{"content": part} for part in parts(said.text, size)]
    deltas += [{"tool_calls": [{"index": at, **call}]} for at, call in enumerate(said.calls)]
    first: dict[str, Any] = {"role": "assistant", "content": ""}
    if host.counts == "deepseek":
        other = {"content": "reasoning_content", "reasoning_content": "content"}
        deltas = [{**delta, **{other[name]: None for name in delta if name in other}} for delta in deltas]
        first = {"role": "assistant", "content": None, "reasoning_content": ""}
    last: dict[str, Any] = {}
    if host.counts == "vllm" and deltas:
        # Its finish comes with the last piece, the usage of DeepSeek's with the finish, that of others alone.
        last = deltas.pop()
    more = {"usage": usage} if usage is not None and host.counts == "deepseek" else {}
    steps: list[Step] = [chunk(first), *map(chunk, deltas), chunk(last, said.finish, **more)]
    if usage is not None and not more:
        steps.append(chunk(None, usage=usage))
    return [*steps, DONE]
