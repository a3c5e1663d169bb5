"""Turns, requests and tools as spans of OpenTelemetry, which is optional: import this module late.

A span has names, numbers and how it ended. Nothing that a person, a model or a repository wrote is in it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self, TypeVar

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, use_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from r1code import __version__
from r1code.events import CallFinished, CallStarted, Event, TurnEnded, TurnStarted
from r1code.providers.base import Delta, Done, Item, Lost
from r1code.turn import Events
from r1code.types import Usage

T = TypeVar("T")

_SECONDS = 3.0
"""That a collector has for what it is sent, also at the end."""
_PROPAGATOR = TraceContextTextMapPropagator()


class Spans:
    def __init__(self, exporter: SpanExporter) -> None:
        # Not from the environment, which may say where this machine is and who uses it.
        resource = Resource({"service.name": "r1code", "service.version": __version__})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1_000))
        self._tracer = self._provider.get_tracer("r1code", __version__)

    @classmethod
    def to(cls, place: str, lost: Callable[[], None]) -> Self:
        """`lost` is called once, where the collector at `place` does not take what it is sent."""
        # What it has to say of a collector that is gone would stand in the middle of the screen.
        log = logging.getLogger("opentelemetry")
        log.addHandler(logging.NullHandler())
        log.propagate = False
        return cls(_Told(OTLPSpanExporter(endpoint=place, timeout=_SECONDS), lost))

    def close(self) -> None:
        self._provider.shutdown()

    def marks(self) -> Mapping[str, str]:
        """The headers that name the current span: W3C's `traceparent`."""
        headers: dict[str, str] = {}
        _PROPAGATOR.inject(headers)
        return headers

    def turn(self, events: Events) -> Events:
        """The same events; the turn is a span, and in it each call of a tool is one."""
        calls: dict[str, Span] = {}
        with self._span("turn") as span:
            try:
                for event in _within(span, events):
                    self._heard(event, span, calls)
                    yield event
            finally:
                for call in calls.values():
                    call.end()

    def _heard(self, event: Event, turn: Span, calls: dict[str, Span]) -> None:
        if isinstance(event, TurnStarted):
            turn.set_attribute("r1code.session", event.session)
        elif isinstance(event, CallStarted):
            with _current(turn):
                calls[event.call.id] = span = self._tracer.start_span(f"tool {event.call.name}")
            _put(span, {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": event.call.name})
        elif isinstance(event, CallFinished):
            seen = event.observation
            if (done := calls.pop(seen.call_id, None)) is not None:
                _put(done, {"r1code.status": seen.status, "r1code.characters": len(seen.text)})
                done.end()
        elif isinstance(event, TurnEnded):
            _put(turn, {"r1code.end": event.reason, "r1code.steps": event.steps, **_used(event.usage)})

    def request(self, model: str, items: Iterator[Item]) -> Iterator[Item]:
        """The same items; the request, with all tries, is a span, which the server learns of by `marks`."""
        began, first = time.monotonic(), True
        with self._span("chat", SpanKind.CLIENT) as span:
            _put(span, {"gen_ai.operation.name": "chat", "gen_ai.request.model": model})
            for item in _within(span, items):
                if isinstance(item, Delta) and first:
                    first = False
                    span.set_attribute("r1code.first_token_seconds", time.monotonic() - began)
                elif isinstance(item, Lost):
                    span.add_event("tried again")
                elif isinstance(item, Done):
                    _put(span, {"gen_ai.response.finish_reasons": [item.finish], **_used(item.usage)})
                yield item

    def _span(self, name: str, kind: SpanKind = SpanKind.INTERNAL) -> _Until:
        return _Until(self._tracer.start_span(name, kind=kind))


class _Until:
    """Ends a span with a block; of what is raised in it, only the kind is kept."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def __enter__(self) -> Span:
        return self._span

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Who leaves early makes no error.
        if kind is not None and kind is not GeneratorExit:
            self._span.set_attribute("error.type", kind.__name__)
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()


class _Told(SpanExporter):
    """Says once that spans are lost."""

    def __init__(self, inner: SpanExporter, lost: Callable[[], None]) -> None:
        self._inner = inner
        self._lost = lost
        self._said = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._inner.export(spans)
        if result is not SpanExportResult.SUCCESS and not self._said:
            self._said = True
            self._lost()
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()


def _current(span: Span) -> AbstractContextManager[Span]:
    return use_span(span, end_on_exit=False, record_exception=False, set_status_on_exception=False)


def _within(span: Span, items: Iterator[T]) -> Generator[T, None, None]:
    """The items, each made with `span` as the current one: whoever takes them has their own meanwhile."""
    try:
        while True:
            with _current(span):
                try:
                    item = next(items)
                except StopIteration:
                    return
            yield item
    finally:
        if isinstance(items, Generator):
            items.close()


def _put(span: Span, values: Mapping[str, AttributeValue | None]) -> None:
    for name, value in values.items():
        if value is not None:
            span.set_attribute(name, value)


def _used(usage: Usage) -> dict[str, int | None]:
    return {
        "gen_ai.usage.input_tokens": usage.prompt,
        "gen_ai.usage.output_tokens": usage.completion,
        "r1code.cached_tokens": usage.cached,
        "r1code.reasoning_tokens": usage.reasoning,
    }
