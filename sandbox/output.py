"""What is kept of a command's output: the first and the last part, and how much lay between."""

from __future__ import annotations

SMALLEST = 128
"""A smaller limit leaves no room for the line that says what was dropped."""
_NOTICE_BYTES = 64


class Keep:
    """The head and the tail of a text that may be very long.

    `text()` has at most `limit` bytes in UTF-8, never a part of a character, and says how much was dropped.
    """

    def __init__(self, limit: int) -> None:
        if limit < SMALLEST:
            raise ValueError(f"a limit of {limit} bytes is below {SMALLEST}")
        self._limit = limit
        self._half = (limit - _NOTICE_BYTES) // 2
        self._head = bytearray()
        self._tail = bytearray()
        self._total = 0

    def add(self, text: str) -> None:
        data = text.encode()
        self._total += len(data)
        room = self._limit - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        if len(self._tail) > 2 * self._limit:
            del self._tail[: -self._limit]

    @property
    def truncated(self) -> bool:
        return self._total > self._limit

    def text(self) -> str:
        if not self.truncated:
            return self._head.decode()
        head = self._head[: self._half].decode(errors="ignore")
        tail = (self._head + self._tail)[-self._half :].decode(errors="ignore")
        dropped = self._total - len(head.encode()) - len(tail.encode())
        return f"{head}\n[... {dropped} bytes of output dropped ...]\n{tail}"
