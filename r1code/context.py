"""What goes into a request: instructions and history, spoken in the profile's dialect."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from typing import Self, cast

from r1code.account import Account
from r1code.control import Control
from r1code.dialects.base import Dialect, Parsed, Request
from r1code.dialects.function import RawCalls
from r1code.dialects.reasoning import Piece, ReasoningStart, Splitter
from r1code.errors import FormatError, ProviderError
from r1code.events import Event, ReasoningDelta, ReplyCut, ReplyDiscarded, TextDelta, TextWasReasoning
from r1code.governor.governor import Governor, told
from r1code.governor.guard import Guard
from r1code.profiles import Profile
from r1code.providers.base import Done, Provider
from r1code.size import size, size_at_most
from r1code.types import Message, Reply

RETRY_SECONDS = (1.0, 4.0)
"""Seconds before another try, each time that a stream broke off; then the error is the caller's."""


class Model:
    """A provider spoken to in a dialect: one call of it is one step's question and answer."""

    def __init__(
        self,
        profile: Profile,
        provider: Provider,
        dialect: Dialect,
        *,
        instructions: str,
        seed: int | None = None,
        waits: Sequence[float] = RETRY_SECONDS,
    ) -> None:
        self._profile = profile
        self._provider = provider
        self._dialect = dialect
        # Nothing volatile may enter the instructions: sessions on equal trees share them byte for byte.
        self.instructions = instructions
        self._seed = seed
        self._waits = waits
        self._governor = Governor(profile)
        self._asked = 0

    def after(self, questions: int) -> Self:
        """The same, with the seeds that come after so many questions."""
        self._asked = questions
        return self

    def request(self, history: Sequence[Message]) -> Request:
        sampling = self._profile.sampling
        return Request(
            messages=self._dialect.render(self.instructions, history),
            functions=self._dialect.functions,
            max_tokens=sampling.max_tokens,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            # Each question has a seed of its own, and the same one in every run.
            seed=None if self._seed is None else self._seed + self._asked,
        )

    def size(self, history: Sequence[Message]) -> int:
        """The tokens of the prompt that `ask` would send."""
        return size(self._profile, self.request(history))

    def is_within(self, history: Sequence[Message], most: int) -> bool:
        """Whether the prompt has at most so many tokens. Short ones are not even counted."""
        request = self.request(history)
        return size_at_most(request) <= most or size(self._profile, request) <= most

    @property
    def can_fill(self) -> bool:
        """Whether `fill` may be called."""
        return self._profile.infill is not None

    def ask(
        self, history: Sequence[Message], account: Account, control: Control
    ) -> Generator[Event, None, Reply]:
        """Streams one reply, split but not yet parsed. Raises as Account.stream, and UsageError.

        A stream that breaks off is discarded and asked for again, a few times. One that runs away is cut.
        """

        def stream(request: Request, start: ReasoningStart, guard: Guard) -> Generator[Event, None, Reply]:
            return self._stream(request, start, (account, control), guard)

        request = self.request(history)
        self._asked += 1
        start = cast("ReasoningStart", self._profile.reasoning)
        return (yield from self._governor.ask(stream, request, start))

    def hole(self, files: Sequence[tuple[str, str]], path: str, before: str, after: str) -> str:
        """The text that shows the model `files` (path and text) and a hole in the file `path`."""
        infill = self._profile.infill
        if infill is None:
            raise ValueError("the profile's model fills no holes")
        shown = "".join(infill.file.format(path=name, text=text) for name, text in files)
        return shown + infill.hole.format(path=path, before=before, after=after)

    def fill(
        self, hole: str, temperature: float, account: Account, control: Control, *, lines: bool = False
    ) -> Generator[Event, None, Reply]:
        """Streams what belongs into `hole`, a text made by the method of that name. Raises as `ask`.

        `lines`: it may be more than one.
        """
        infill = self._profile.infill
        if infill is None:
            raise ValueError("the profile's model fills no holes")
        request = Request(
            prompt=hole,
            stop=infill.statement_stop if lines else infill.stop,
            max_tokens=infill.statement_tokens if lines else infill.max_tokens,
            temperature=temperature,
            top_p=self._profile.sampling.top_p,
            seed=None if self._seed is None else self._seed + self._asked,
        )
        self._asked += 1
        return (yield from self._stream(request, "none", (account, control), Guard()))

    def _stream(
        self, request: Request, start: ReasoningStart, bounds: tuple[Account, Control], guard: Guard
    ) -> Generator[Event, None, Reply]:
        tried, (account, control) = 0, bounds
        while True:
            splitter, raw_calls, begun, done = Splitter(start), RawCalls(), False, Done(finish="unknown")
            guard.begin()
            try:
                with closing(account.stream(self._provider, self._profile, request, control)) as stream:
                    for item in stream:
                        control.check()
                        if isinstance(item, Done):
                            done = item
                            continue
                        begun = True
                        if item.field == "call":
                            raw_calls.feed(item.index, item.call_id, item.name, item.text)
                            pieces = [Piece("answer", item.text)]
                        else:
                            pieces = splitter.feed(item.field, item.text)
                            yield from map(_event, pieces)
                        if guard.sees(pieces):
                            # Without a reader the provider ends the stream, and the server its work.
                            break
            except ProviderError as error:
                # Before the first piece the provider itself has tried again.
                if not (begun and error.retryable) or tried == len(self._waits):
                    raise
                yield ReplyDiscarded(why=f"{error.what}: {error.why}")
                control.sleep(self._waits[tried])
                tried += 1
            else:
                pieces, split = splitter.finish()
                yield from map(_event, pieces)
                if done.cut is not None:
                    yield ReplyCut(cut=done.cut)
                return Reply(
                    text=split.answer,
                    reasoning=split.reasoning,
                    raw_calls=raw_calls.whole(),
                    finish=done.finish,
                    usage=done.usage,
                    cut=done.cut,
                    split_by_server=splitter.split_by_server,
                )

    def parse(self, reply: Reply, first_call: int) -> Parsed:
        """Raises FormatError."""
        if reply.cut is not None and reply.cut.then == "ask":
            raise FormatError(told(reply.cut))
        return self._dialect.parse(reply, first_call=first_call)


def _event(piece: Piece) -> Event:
    if piece.kind == "was_reasoning":
        return TextWasReasoning()
    return ReasoningDelta(text=piece.text) if piece.kind == "reasoning" else TextDelta(text=piece.text)
