"""What a server remembers and how much fits: window, cache, limits of the reasoning."""

from __future__ import annotations

from collections.abc import Iterator

from r1code.app.checkup import engine
from r1code.app.checkup.evidence import BUDGET, Evidence, Talk, Target, base_of
from r1code.app.checkup.finding import Finding, ok, warning, wrong
from r1code.app.checkup.speaking import PARSER, start_of
from r1code.dialects.reasoning import CLOSE
from r1code.profiles.tokenizers import tokenizer_of

LEAST_WINDOW = 16_384
"""Instructions, a few files, and an answer; below it a session ends before it has begun."""
GOOD_WINDOW = 32_768
"""R1's card lets it think that long."""
_FIRST_TO_SECOND = 0.5
_WORTH_SECONDS = 0.2


def window_of(seen: Evidence, model: str) -> int | None:
    return base_of(seen.listed, model).window or seen.window


def diagnose(seen: Evidence, target: Target) -> Iterator[Finding]:
    if seen.first is None or seen.first.trouble is not None:
        return
    yield from _window(seen, target)
    yield from engine.diagnose(seen, window_of(seen, target.profile.model))
    yield from _output(seen, target)
    if seen.again is not None and seen.again.trouble is None:
        yield _cache(seen, seen.first, seen.again)
    yield from _budget(seen, seen.first, target)
    yield from _continuing(seen)


def _window(seen: Evidence, target: Target) -> Iterator[Finding]:
    window, believed = window_of(seen, target.profile.model), target.profile.context_window
    if window is None:
        says = "the profile says nothing either" if believed is None else f"the profile says {believed:,}"
        yield ok("context", f"the server does not say; {says}")
        return
    words = f"{window:,} tokens"
    flag = (
        f"start vLLM with --max-model-len {GOOD_WINDOW * 2}" if seen.vllm else "use a model with a larger window"
    )
    if window < LEAST_WINDOW:
        yield wrong("context", f"{words}: too few for r1code, which needs {LEAST_WINDOW:,}", flag)
    elif believed is not None and believed > window:
        own = f"context_window = {window} in a profile of your own"
        larger = f"--max-model-len {believed}, or {own}" if seen.vllm else own
        yield wrong("context", f"{words}; the profile says {believed:,}", larger)
    elif window < GOOD_WINDOW:
        yield warning("context", f"{words}: long reasoning will not fit", flag)
    else:
        yield ok("context", words)


def _output(seen: Evidence, target: Target) -> Iterator[Finding]:
    most, asked = seen.most_output, target.profile.sampling.max_tokens
    if most is None:
        return
    if asked is not None and asked > most:
        advice = f"sampling.max_tokens = {most} in a profile of your own"
        yield wrong("output", f"answers of at most {most:,} tokens; the profile asks for {asked:,}", advice)
    else:
        yield ok("output", f"answers of at most {most:,} tokens")


def _cache(seen: Evidence, first: Talk, again: Talk) -> Finding:
    """Whether the second, equal prompt was found in the cache: counted, measured, or at least felt."""
    if again.cached:
        return ok("cache", f"{again.cached} of {again.prompt} tokens of an equal prompt came from it")
    counting = "start vLLM with --enable-prompt-tokens-details: hits are then counted"
    if again.cached is None and seen.hits:
        return warning("cache", f"on, by its metric ({seen.hits:.0f} tokens); answers do not count it", counting)
    if seen.engine is not None and seen.engine.caching is False:
        return warning(
            "cache",
            "off: every turn of a session is read from its beginning",
            "start vLLM without --no-enable-prefix-caching",
        )
    on = "--enable-prefix-caching (its default: look for --no-enable-prefix-caching)"
    if again.cached == 0 or seen.hits is not None:
        advice = f"start vLLM with {on}" if seen.vllm else "some caches begin at 1,024 tokens, or take a while"
        return warning("cache", "an equal prompt was read anew", advice)
    hint = "" if not _felt(first, again) else "; the second came faster, which is a hint only"
    advice = counting if seen.vllm else "cost will be an upper bound: hits cannot be told from misses"
    return warning("cache", f"not counted{hint}", advice)


def _felt(first: Talk, again: Talk) -> bool:
    one, two = first.first_seconds, again.first_seconds
    return one is not None and two is not None and one > _WORTH_SECONDS and two < one * _FIRST_TO_SECOND


def _budget(seen: Evidence, first: Talk, target: Target) -> Iterator[Finding]:
    talk, field = seen.budgeted, target.profile.thinking.budget_field
    if talk is None:
        return
    if talk.trouble is not None:
        fix = (
            "leave thinking.budget_field out of the profile" if field else "without one r1code cuts the reasoning"
        )
        fix = f"start vLLM with {PARSER}, or {fix}" if "reasoning-parser" in talk.trouble.why else fix
        yield (wrong if field else warning)("budget", f"refused: {talk.trouble.why}", fix)
        return
    if start_of(first, seen) == "none":
        yield ok("budget", "not needed: it does not reason")
        return
    count = tokenizer_of(target.profile).count
    full, cut = count(_thought(first)), count(_thought(talk))
    if full <= 2 * BUDGET:
        yield ok("budget", f"taken; whether it is heeded is not known, for it thought only {full} tokens anyway")
    elif cut <= 2 * BUDGET and _ended(talk):
        yield ok("budget", f"heeded: {cut} tokens of reasoning where it thinks {full} without")
    else:
        advice = f"start vLLM with {PARSER}, which names the end of the reasoning, or with --reasoning-config"
        yield warning("budget", f"taken and not heeded: {cut} tokens of reasoning for {BUDGET}", advice)


def _thought(talk: Talk) -> str:
    return talk.reasoning or talk.content.partition(CLOSE)[0]


def _ended(talk: Talk) -> bool:
    return bool(talk.content.strip()) if talk.reasoning else CLOSE in talk.content


def _continuing(seen: Evidence) -> Iterator[Finding]:
    talk = seen.continued
    if talk is None:
        return
    if talk.trouble is None:
        yield ok("continuing", "reasoning can be continued (continue_final_message)")
    else:
        advice = "r1code asks again instead; a chat template that keeps reasoning would allow it"
        yield warning("continuing", f"refused: {talk.trouble.why}", advice)
