"""Whether anybody is told how long things took: nobody, unless the setting `traces` names a collector."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from r1code.config import Config
from r1code.control import Control
from r1code.dialects.base import Request
from r1code.errors import UsageError
from r1code.providers.base import Item, Provider
from r1code.turn import following

if TYPE_CHECKING:
    from r1code.app.spans import Spans

_open: list[Spans] = []
"""Those of this process, the last one counts: threads of candidates have them in common."""


@contextmanager
def traced(config: Config, say: Callable[[str], None]) -> Generator[None, None, None]:
    """While the block runs, turns, requests and tools become spans, if somebody is to be told.

    What the collector does not take is lost, and `say` says so once. Raises UsageError.
    """
    if config.traces is None:
        yield
        return
    place = _place(config.traces)
    try:
        from r1code.app.spans import Spans
    except ImportError as error:
        raise UsageError(
            "nothing can be traced", why=f"the package {error.name} is missing", hint="pip install 'r1code[otel]'"
        ) from error
    spans = Spans.to(place, lambda: say(f"the collector at {place} did not take what was traced"))
    with spans_open(spans):
        yield


@contextmanager
def spans_open(spans: Spans) -> Generator[None, None, None]:
    _open.append(spans)
    try:
        with following(spans.turn):
            yield
    finally:
        _open.remove(spans)
        spans.close()


def _place(endpoint: str) -> str:
    """Where spans go to. Raises UsageError."""
    parts = urlsplit(endpoint)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise UsageError(
            f"nothing can be traced to {endpoint}",
            why="it is no http:// or https:// URL of an OTLP collector",
            hint="http://localhost:4318",
        )
    return endpoint if parts.path.strip("/") else f"{endpoint.rstrip('/')}/v1/traces"


def marks() -> Mapping[str, str]:
    """The headers by which a server knows the span that its request belongs to."""
    return _open[-1].marks() if _open else {}


class Followed:
    """Implements Provider: each request is a span."""

    def __init__(self, inner: Provider, model: str) -> None:
        self._inner = inner
        self._model = model

    def stream(self, request: Request, control: Control) -> Iterator[Item]:
        items = self._inner.stream(request, control)
        return _open[-1].request(self._model, items) if _open else items

    def close(self) -> None:
        self._inner.close()
