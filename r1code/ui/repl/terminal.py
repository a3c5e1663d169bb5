"""What the screen writes to: frames that appear at once, without flicker."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import TextIO

from prompt_toolkit.data_structures import Size
from prompt_toolkit.output.vt100 import Vt100_Output

_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"
"""Synchronized output: a terminal that does not know these ignores them."""
_WITHOUT = ("dumb", "linux", "vt")


class Terminal(Vt100_Output):
    """While `held`, nothing is written: what was printed and the prompt below it appear together."""

    held = False

    @classmethod
    def of(cls, stream: TextIO = sys.stdout, environ: Mapping[str, str] = os.environ) -> Terminal:
        term = environ.get("TERM", "")

        def size() -> Size:
            try:
                columns, rows = os.get_terminal_size(stream.fileno())
            except OSError:
                columns, rows = 80, 24
            return Size(rows=rows or 24, columns=columns or 80)

        found = cls(stream, size, term=term, enable_cpr=False)
        found.is_synchronized = not term.startswith(_WITHOUT)
        return found

    is_synchronized = False

    def flush(self) -> None:
        if self.held:
            return
        if self._buffer and self.is_synchronized:
            self._buffer.insert(0, _BEGIN)
            self._buffer.append(_END)
        # Whoever closed the terminal sees nothing more; the session still ends in order.
        with suppress(OSError):
            super().flush()
