"""What was typed: kept on disk before it is acted upon, and found again in every later session."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from prompt_toolkit.history import History

from r1code.tree.append import append

MOST = 5_000
"""Entries that are read again."""
_MOST_BYTES = 8_000_000


class Typed(History):
    """One JSON string a line, for the user and all their projects. A line that cannot be read is passed over."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    def load_history_strings(self) -> Iterable[str]:
        """The newest first."""
        try:
            with self._file.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _MOST_BYTES))
                lines = file.read().splitlines()[-MOST:]
        except OSError:
            return
        seen: set[str] = set()
        for line in reversed(lines):
            with suppress(ValueError):
                text = json.loads(line)
                if isinstance(text, str) and text not in seen:
                    seen.add(text)
                    yield text

    def store_string(self, string: str) -> None:
        """On disk when this returns. What the disk refuses is in this session's history all the same."""
        with suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.touch(mode=0o600)
            with self._file.open("ab", buffering=0) as file:
                append(file, json.dumps(string).encode() + b"\n")
