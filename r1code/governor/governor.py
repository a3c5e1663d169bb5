"""Keeps a model from thinking without end: a budget for the reasoning of each step, and an eye on repetition.

Where the server keeps a budget itself it is asked to, and r1code cuts only what goes well beyond. Where a reply
was cut, the profile says what comes next: the reasoning is closed for the model, which goes on with its answer;
or the model is told, and asked again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator

from msgspec.structs import replace

from r1code import prompts
from r1code.dialects.base import ChatMessage, Request
from r1code.dialects.reasoning import OPEN, ReasoningStart
from r1code.errors import ContextOverflow, ProviderError, UsageError
from r1code.events import Event, Notice, ReplyCut
from r1code.governor.guard import Found, Guard
from r1code.profiles import Profile
from r1code.profiles.tokenizers import tokenizer_of
from r1code.types import Cut, Reply

Stream = Callable[[Request, ReasoningStart, Guard], Generator[Event, None, Reply]]

_BELT, _BELT_LEAST = 1.5, 64
"""How far beyond its budget reasoning may go before r1code does what the server should have done."""
_CLOSING = 256
"""Tokens of reasoning after it was closed, and it was not closed at all."""
_THINK = re.compile(r"(\d{1,7})(k?)", re.IGNORECASE)


def think_tokens(text: str) -> int:
    """What `--think` says, in tokens: `4k` are 4,096, `off` is 0. Raises UsageError."""
    if text.strip().lower() == "off":
        return 0
    found = _THINK.fullmatch(text.strip())
    if found is None:
        raise UsageError(
            f"think = {text!r} cannot be used",
            why="it is how many tokens of reasoning each step may have",
            hint="a number, a number with k for 1,024, or off: --think 4k",
        )
    return int(found.group(1)) * (1024 if found.group(2) else 1)


def thinking(profile: Profile, think: str | None) -> Profile:
    """The profile with what a person wants of its reasoning. Raises UsageError where it cannot be had."""
    if think is None:
        return profile
    tokens = think_tokens(think)
    how = profile.thinking
    if 0 < tokens < how.budget_least:
        raise UsageError(
            "this model cannot think so little",
            why=f"{how.budget_field} takes {how.budget_least} tokens at least, and {tokens} were asked for",
            hint=f"allow it that with --think {how.budget_least}",
        )
    if tokens > 0:
        return replace(profile, thinking=replace(how, budget=tokens))
    if "off" in how.efforts:
        return replace(profile, thinking=replace(how, effort="off", budget=None))
    if profile.reasoning != "none" and how.budget_field is None:
        raise _always_thinks("its server has no field for that")
    if profile.reasoning != "none" and how.budget_least > 0:
        raise _always_thinks(f"{how.budget_field} takes {how.budget_least} tokens at least")
    return replace(profile, thinking=replace(how, budget=0))


def _always_thinks(why: str) -> UsageError:
    return UsageError(
        "this model's thinking cannot be switched off",
        why=f"{why}, and R1 always thinks",
        hint="allow it a little with --think 1k, or choose a profile that does not think (`r1code profiles`)",
    )


class Governor:
    """For one model. It learns: a server that refuses or ignores a field is not sent it again."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._tokenizer = tokenizer_of(profile)
        self._server_limits = profile.thinking.budget_field is not None
        self._continues = profile.thinking.cut == "continue"

    def ask(self, stream: Stream, request: Request, start: ReasoningStart) -> Generator[Event, None, Reply]:
        """One reply, watched. Raises what `stream` raises.

        A reply that was cut, and that nobody goes on with, carries why; nothing of it may be acted upon. Raises
        UsageError where thinking was to be off and the server does not keep to that: R1's replies would all be
        cut before they began.
        """
        limit = self._profile.thinking.budget
        try:
            return (yield from self._ask(stream, request, start, limit))
        except ProviderError as error:
            field = self._profile.thinking.budget_field
            if not (limit is not None and self._server_limits and field is not None and field in error.why):
                raise
            if self._profile.thinking.budget == 0:
                raise _always_thinks(f"its server refuses {field} ({error.why})") from error
            # What closes continued reasoning is a budget, too.
            self._server_limits = self._continues = False
            yield Notice(
                text=f"the server takes no {field} ({error.why}): r1code cuts the reasoning itself",
                level="warning",
            )
        return (yield from self._ask(stream, request, start, limit))

    def _ask(
        self, stream: Stream, request: Request, start: ReasoningStart, limit: int | None
    ) -> Generator[Event, None, Reply]:
        most = limit
        if limit is not None and self._server_limits:
            most = max(int(limit * _BELT), limit + _BELT_LEAST)
            request = replace(request, thinking=limit)
            if limit == 0 and start == "in_prompt":
                # A server with a parser then sends no reasoning, and no tag that would end it.
                start = "tag"
        guard = Guard(most, self._tokenizer)
        reply = yield from stream(request, start, guard)
        reply = replace(reply, thought=guard.thought)
        if guard.found is None:
            return reply
        if guard.found.repetition is None:
            if self._profile.thinking.budget == 0:
                field = self._profile.thinking.budget_field
                raise _always_thinks(
                    "it thinks all the same" if field is None else f"it takes {field} and does not heed it"
                )
            # A server that keeps the budget never lets it come to this.
            self._server_limits = False
        reply = _without_copies(reply, guard.found)
        can_continue = self._continues and guard.found.part == "reasoning"
        cut = _cut(guard.found, limit, "continue" if can_continue else "ask")
        yield ReplyCut(cut=cut)
        if can_continue:
            closed = yield from self._close(stream, request, start, reply)
            if closed is not None:
                return replace(closed, cut=cut)
        return replace(reply, finish="length", cut=replace(cut, then="ask"))

    def _close(
        self, stream: Stream, request: Request, start: ReasoningStart, cut: Reply
    ) -> Generator[Event, None, Reply | None]:
        """Closes the reasoning and lets the model answer. None: no answer came of it that can be used.

        That is tried again another time only where the conversation was too long, or the answer did begin.
        """
        closing = prompts.load("closing")
        # R1's templates drop what stands before a closing tag: it stays open here, and a budget that is used up
        # already has the server close it.
        thoughts = f"{OPEN}\n{cut.reasoning.strip()}\n\n{closing}\n"
        message = ChatMessage(role="assistant", content=thoughts)
        messages = (*request.messages, message)
        limit = self._profile.thinking.budget_least if self._profile.thinking.budget_field is not None else None
        guard = Guard(_CLOSING, self._tokenizer)
        # Where the server told reasoning and answer apart it does so again; else the tag tells them apart.
        begins: ReasoningStart = "field" if start == "field" or cut.split_by_server else "in_prompt"
        try:
            rest = yield from stream(
                replace(request, messages=messages, continues=True, thinking=limit), begins, guard
            )
        except ContextOverflow:
            return None
        except ProviderError as error:
            if error.retryable:
                raise
            self._continues = False
            yield Notice(text=f"the server does not go on with a reply ({error.why}): the model is asked again")
            return None
        if guard.found is not None or not (rest.text or rest.raw_calls):
            self._continues = guard.found is not None and guard.found.part == "answer"
            return None
        usage = cut.usage + rest.usage
        if cut.usage.reasoning is None or rest.usage.reasoning is None:
            # What nobody counted is not nothing.
            usage = replace(usage, reasoning=None)
        return replace(
            rest,
            reasoning=f"{cut.reasoning}\n\n{closing}\n{rest.reasoning}".rstrip(),
            usage=usage,
            thought=(cut.thought or 0) + guard.thought,
        )


def _without_copies(reply: Reply, found: Found) -> Reply:
    """What was said once stays, its copies go: they would only invite more of them."""
    if found.repetition is None:
        return reply
    if found.part == "reasoning":
        return replace(reply, reasoning=reply.reasoning[: found.repetition.start])
    return replace(reply, text=reply.text[: found.repetition.start], raw_calls=())


def _cut(found: Found, limit: int | None, then: str) -> Cut:
    repeated = found.repetition
    return Cut(
        part=found.part,
        why="budget" if repeated is None else "repetition",
        tokens=found.tokens,
        limit=limit if repeated is None else None,
        evidence="" if repeated is None else repeated.excerpt.strip(),
        copies=0 if repeated is None else repeated.copies,
        then="continue" if then == "continue" else "ask",
    )


def told(cut: Cut) -> str:
    """What the model is told of a reply that was cut."""
    return prompts.load(
        "cut", part=cut.part, why=cut.why, tokens=cut.tokens, evidence=cut.evidence, copies=cut.copies
    )
