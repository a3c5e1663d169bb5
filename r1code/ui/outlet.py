"""The end of a stream that we write to, and what happens when nobody reads it any more."""

from __future__ import annotations

import os
from io import UnsupportedOperation
from typing import IO

from r1code.ui.safe import encodable


class Outlet:
    """Writes and flushes. Raises BrokenPipeError once when the reader has gone; is silent from then on."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._gone = False

    def write(self, text: str) -> None:
        if self._gone or not text:
            return
        try:
            self._stream.write(encodable(text, getattr(self._stream, "encoding", None)))
            self._stream.flush()
        except BrokenPipeError:
            self._gone = True
            self._discard()
            raise

    def _discard(self) -> None:
        """Points the stream at nothing: what is left in its buffer would fail again when it is closed."""
        try:
            descriptor = self._stream.fileno()
        except UnsupportedOperation:
            return
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, descriptor)
        os.close(nothing)
