"""Spans where several turns go on at the same time."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from r1code.app.spans import Spans
from r1code.app.traces import Followed, marks, spans_open, traced
from r1code.config import Config
from r1code.control import Control
from r1code.dialects.base import Request
from r1code.errors import ProviderError, UsageError
from r1code.events import CallStarted, Event, StepStarted, TurnStarted
from r1code.providers.base import Delta, Done, Item
from r1code.types import ToolCall


class Kept(SpanExporter):
    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def export(self, spans: object) -> SpanExportResult:
        self.spans += spans
        return SpanExportResult.SUCCESS


class Asked:
    """Implements Provider; notes with which headers it would have asked."""

    def __init__(self, error: ProviderError | None = None) -> None:
        self.headers: list[str] = []
        self.closed = False
        self._error = error

    def stream(self, request: Request, control: Control) -> Iterator[Item]:
        self.headers.append(marks().get("traceparent", ""))
        try:
            yield Delta(field="content", text="secret words")
            if self._error is not None:
                raise self._error
            yield Done(finish="stop")
        finally:
            self.closed = True

    def close(self) -> None: ...


def turn(name: str, provider: Followed, meet: threading.Barrier) -> Generator[Event, None, None]:
    yield TurnStarted(session=name, text="secret words")
    for step in (1, 2):
        meet.wait(60)
        yield StepStarted(step=step)
        list(provider.stream(Request(messages=()), Control()))
    yield CallStarted(call=ToolCall(id="1", name="run", arguments={"command": "secret words"}))


def test_turns_in_threads_of_their_own_do_not_take_each_others_requests() -> None:
    kept, asked, meet = Kept(), [Asked(), Asked()], threading.Barrier(2)
    spans = Spans(kept)
    with spans_open(spans):
        drives = [
            threading.Thread(target=list, args=(spans.turn(turn(name, Followed(one, "r1"), meet)),))
            for name, one in zip("ab", asked, strict=True)
        ]
        for drive in drives:
            drive.start()
        for drive in drives:
            drive.join(60)
    turns = {span.attributes["r1code.session"]: span for span in kept.spans if span.name == "turn"}
    assert sorted(turns) == ["a", "b"]
    assert turns["a"].context.trace_id != turns["b"].context.trace_id
    for name, one in zip("ab", asked, strict=True):
        mine = turns[name].context
        chats = [span for span in kept.spans if span.name == "chat" and span.parent.span_id == mine.span_id]
        assert one.headers == [f"00-{mine.trace_id:032x}-{span.context.span_id:016x}-03" for span in chats]
        assert len(chats) == 2
    # A tool that was running when its turn went away has an end, too.
    assert len([span for span in kept.spans if span.name == "tool run"]) == 2
    assert "secret words" not in "".join(span.to_json() for span in kept.spans)


def test_who_leaves_early_closes_the_request_and_makes_no_error() -> None:
    kept, asked = Kept(), Asked()
    with spans_open(Spans(kept)):
        items = Followed(asked, "r1").stream(Request(messages=()), Control())
        next(items)
        assert marks() == {}
        items.close()
        assert asked.closed
    assert [(span.name, span.status.is_ok, "error.type" in span.attributes) for span in kept.spans] == [
        ("chat", True, False)
    ]


def test_an_error_is_passed_on_and_only_its_kind_is_kept() -> None:
    kept, error = Kept(), ProviderError("secret words", why="w", hint="h", retryable=False)
    with spans_open(Spans(kept)), pytest.raises(ProviderError):
        list(Followed(Asked(error), "r1").stream(Request(messages=()), Control()))
    (span,) = kept.spans
    assert span.attributes["error.type"] == "ProviderError"
    assert not span.events
    assert "secret words" not in span.to_json()


@pytest.mark.parametrize("wrong", ["localhost:4318", "ftp://x", "http://", "off"])
def test_what_is_no_collector_is_refused(wrong: str) -> None:
    with pytest.raises(UsageError, match="nothing can be traced to"), traced(Config(traces=wrong), print):
        pytest.fail("nobody may be told")


def test_where_nobody_is_told_a_request_is_left_alone() -> None:
    asked = Asked()
    assert len(list(Followed(asked, "r1").stream(Request(messages=()), Control()))) == 2
    assert asked.headers == [""]
