"""The last gate before a model: no secret is in a request, whatever put it together."""

from __future__ import annotations

from collections.abc import Iterator

from r1code.control import Control
from r1code.dialects.base import Request
from r1code.providers.base import Item, Provider
from r1code.secrets.values import Hide, hidden


class HidingProvider:
    """Passes requests on with placeholders in them."""

    def __init__(self, inner: Provider, hide: Hide) -> None:
        self._inner = inner
        self._hide = hide

    def stream(self, request: Request, control: Control) -> Iterator[Item]:
        yield from self._inner.stream(hidden(request, self._hide), control)

    def close(self) -> None:
        self._inner.close()
