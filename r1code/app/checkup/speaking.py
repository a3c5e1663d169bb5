"""What the answers showed: reasoning, the parser, the template, functions, the stream."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from r1code.app.checkup.evidence import Evidence, Past, Prompt, Talk, Target
from r1code.app.checkup.finding import Finding, ok, warning, wrong
from r1code.app.checkup.names import kin
from r1code.dialects.reasoning import CLOSE, OPEN, ReasoningStart

PARSER = "--reasoning-parser deepseek_r1"
_SLOW_FIRST_SECONDS = 30.0
_SLOW_PER_SECOND = 5.0
_JERKY = 8
"""More tokens than this in a piece are seen as jerks, and lose calls in vLLM's parser from 4 on."""
_LOSING = 4
_HELD_SECONDS = 1.0
_STEP_TOKENS = 2000
"""What R1 thinks in an ordinary step."""


def start_of(talk: Talk, seen: Evidence) -> ReasoningStart | None:
    """Where the reasoning starts. None: the answer does not show it."""
    content = talk.content.lstrip()
    if talk.reasoning:
        return "field"
    if content.startswith(OPEN):
        return "tag"
    if CLOSE in content or (seen.prompt is not None and seen.prompt.opens):
        return "in_prompt"
    if talk.finish == "length" or not content:
        return None
    return "none"


def diagnose(seen: Evidence, target: Target) -> Iterator[Finding]:
    talk = seen.first
    if talk is None:
        return
    if talk.trouble is not None:
        yield wrong("answer", f"{talk.trouble.what}: {talk.trouble.why}", talk.trouble.hint)
        return
    if seen.limit_field:
        advice = f'max_tokens_field = "{seen.limit_field}" in a profile of your own'
        yield wrong("limit field", f"it refuses max_tokens and takes {seen.limit_field}", advice)
    yield _reasoning(talk, seen, target)
    yield from _parser(talk, seen, target)
    yield from _template(seen, target)
    yield _usage(talk)
    yield _granularity(talk, target, speculative=seen.engine is not None and seen.engine.speculative)
    yield from _speed(talk)
    yield from _functions(seen)
    yield _alive(talk, target)


def _reasoning(talk: Talk, seen: Evidence, target: Target) -> Finding:
    start, believed = start_of(talk, seen), target.profile.reasoning
    if start is None:
        return warning(
            "reasoning", "not seen: the answer was cut before it showed any", f"the profile says {believed}"
        )
    where = {
        "field": f"in the field `{_field(talk)}`",
        "tag": "in the answer, from <think> to </think>",
        "in_prompt": "in the answer, up to </think>: the prompt opens it",
        "none": "none",
    }[start]
    # The splitter takes a field or an opening tag wherever it expects any reasoning at all.
    if start == believed or (start in {"field", "tag"} and believed != "none"):
        return ok("reasoning", where)
    advice = f'reasoning = "{start}" in a profile of your own (--write NAME makes one)'
    if start == "none" and believed in {"field", "tag"}:
        return ok("reasoning", f"{where}; the profile would see some ({believed})")
    if start == "in_prompt" and believed in {"field", "tag"}:
        return warning("reasoning", f"{where}; it is shown as answer until that comes", advice)
    harm = "it would be taken for the answer" if believed == "none" else "answers would be taken for reasoning"
    return wrong("reasoning", f"{where}; the profile says {believed}, so {harm}", advice)


def _field(talk: Talk) -> str:
    return " and ".join(name for name in talk.fields if name.startswith("reasoning")) or "reasoning"


def _parser(talk: Talk, seen: Evidence, target: Target) -> Iterator[Finding]:
    """vLLM's, which others do not show."""
    if not seen.vllm:
        return
    start = start_of(talk, seen)
    closed = talk.finish == "stop" and bool(talk.reasoning) and not talk.content.strip()
    if closed and kin(target.profile.model).family in {"other", "unknown"}:
        yield wrong(
            "parser",
            "on, and the whole answer came as reasoning: this model does not write </think>",
            f"start vLLM without {PARSER} for a model that does not think",
        )
    elif start == "field":
        yield ok("parser", "on: vLLM splits the reasoning off")
    elif start in {"tag", "in_prompt"}:
        advice = f"start vLLM with {PARSER}: limits of the reasoning depend on it"
        yield warning("parser", "off: r1code splits the reasoning off itself", advice)
    else:
        yield ok("parser", "off, and nothing was seen that needs one")


def _template(seen: Evidence, target: Target) -> Iterator[Finding]:
    if seen.prompt is not None:
        yield _rendered(seen.prompt, target)
        if seen.past is not None:
            yield _history(seen.past)
        return
    roles = seen.roles
    if roles is None:
        return
    if roles.trouble is None:
        yield ok("template", "takes a system message and successive messages of one role")
        return
    alone = seen.system_alone is not None and seen.system_alone.trouble is None
    what = "successive messages of one role" if alone else "a system message or successive messages"
    seen_words = f"refuses {what}: {roles.trouble.why}"
    if target.profile.system and not alone:
        yield wrong("template", seen_words, "system = false in a profile of your own")
    else:
        yield ok("template", f"refuses {what}; r1code sends none with this profile")


def _rendered(prompt: Prompt, target: Target) -> Finding:
    """By the prompt that vLLM itself makes."""
    both = "both of two successive messages" if prompt.users > 1 else f"{prompt.users} of two successive messages"
    system = "keeps the system message" if prompt.system else "drops the system message"
    opens = "opens the reasoning" if prompt.opens else "leaves <think> to the model"
    words = f"{system}, keeps {both}, {opens}"
    if not prompt.system and target.profile.system:
        return wrong("template", words, "system = false in a profile of your own")
    return ok("template", words)


def _history(past: Past) -> Finding:
    thought = "keeps their reasoning" if past.reasoning else "drops their reasoning"
    if not past.answer:
        advice = "start vLLM with --chat-template FILE: the model's own, or one that keeps them"
        return wrong("history", "the template drops earlier answers: the model would forget what it did", advice)
    if not past.same:
        advice = "start vLLM with a --chat-template that adds at the end only: nothing else can be cached"
        return warning("history", "what stands before an answer changes with the next message", advice)
    return ok("history", f"keeps earlier answers, {thought}")


def _usage(talk: Talk) -> Finding:
    if talk.completion is None or talk.prompt is None:
        return wrong("usage", "the stream has none: cost and budgets cannot be counted", _NO_USAGE)
    if talk.reasoned:
        return ok("usage", f"counted, {talk.reasoned} tokens of reasoning apart")
    if talk.reasoned is None:
        return ok("usage", "counted; the reasoning not apart")
    what = "counted; reasoning as 0, as vLLM counts it where the prompt opens it" if talk.reasoning else "counted"
    return ok("usage", f"{what}; r1code does not believe the 0" if talk.reasoning else what)


_NO_USAGE = "the server, or a proxy before it, has to heed stream_options.include_usage"


def _granularity(talk: Talk, target: Target, *, speculative: bool) -> Finding:
    per_delta = (talk.completion or 0) / max(talk.deltas, 1)
    if talk.deltas >= _JERKY and talk.deltas / max(talk.reads, 1) >= _JERKY and talk.seconds >= _HELD_SECONDS:
        return warning(
            "streaming",
            f"held back: {talk.deltas} pieces came in {talk.reads} reads, after {talk.seconds:.1f} s",
            "a proxy buffers: nginx needs proxy_buffering off; or the header X-Accel-Buffering: no",
        )
    words = f"{per_delta:.1f} tokens in a piece"
    if target.profile.dialect == "native" and per_delta >= _LOSING:
        return warning(
            "streaming", f"{words}: vLLM's parser loses calls like that", "serve with --stream-interval 1"
        )
    if target.profile.dialect == "native" and speculative:
        return warning(
            "streaming",
            f"{words}, and speculative decoding, which can make it more: vLLM's parser loses calls then (#48020)",
            'dialect = "text" in a profile of your own, or serve without --speculative-config',
        )
    if per_delta > _JERKY:
        return warning("streaming", f"{words}: it will be seen in jerks", "vLLM: serve with --stream-interval 1")
    return ok("streaming", words)


def _speed(talk: Talk) -> Iterator[Finding]:
    if talk.first_seconds is None:
        return
    first = f"first piece after {talk.first_seconds:.2f} s"
    rest = talk.seconds - talk.first_seconds
    if talk.first_seconds > _SLOW_FIRST_SECONDS:
        yield warning("speed", first, "it queues, or reads prompts slowly: look at the server's load")
        return
    if not talk.completion or talk.completion <= 1 or rest <= 0:
        yield ok("speed", first)
        return
    rate = (talk.completion - 1) / rest
    if rate < _SLOW_PER_SECOND:
        minutes = _STEP_TOKENS / rate / 60
        advice = f"{_STEP_TOKENS} tokens of reasoning, an ordinary step, take {minutes:.0f} minutes"
        yield warning("speed", f"{first}, {rate:.1f} tokens/s", advice)
    else:
        yield ok("speed", f"{first}, {rate:.0f} tokens/s")


def _functions(seen: Evidence) -> Iterator[Finding]:
    talk = seen.called
    if talk is None:
        return
    text = 'dialect = "text" in a profile of your own'
    if talk.trouble is not None:
        flags = "--enable-auto-tool-choice --tool-call-parser NAME" if "--enable-auto" in talk.trouble.why else ""
        advice = f"start vLLM with {flags}, or {text}" if flags else text
        yield wrong("functions", f"refused: {talk.trouble.why}", advice)
    elif talk.call is None:
        yield warning("functions", "it was asked to call one and did not", f"try again, or {text}")
    elif not _is_object(talk.call):
        yield wrong("functions", f"the call came broken: {talk.call[:80]}", text)
    else:
        yield ok("functions", "a call came whole")


def _is_object(call: str) -> bool:
    name, _, arguments = call.partition(" ")
    try:
        return bool(name) and isinstance(msgspec.json.decode(arguments), dict)
    except msgspec.MsgspecError:
        return False


def _alive(talk: Talk, target: Target) -> Finding:
    idle = target.profile.timers.idle_seconds
    kept: Literal["comments come", "none was needed"] = "comments come" if talk.comments else "none was needed"
    words = f"{kept}; the longest silence was {talk.silence_seconds:.1f} s"
    if talk.silence_seconds > idle / 2:
        advice = f"timers.idle_seconds is {idle:g}: raise it in a profile of your own"
        return warning("keep-alive", words, advice)
    return ok("keep-alive", words)
