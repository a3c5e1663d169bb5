"""Settings, for a person and for a program."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from r1code.app.settings import Setting
from r1code.ui.safe import safe_line

_MOST_VALUE = 40


def told(settings: Sequence[Setting]) -> str:
    """One line for each, made safe."""
    rows = [(one.key, safe_line(one.value), safe_line(one.origin)) for one in settings]
    keys = max(len(key) for key, _, _ in rows)
    values = min(max(len(value) for _, value, _ in rows), _MOST_VALUE)
    return "\n".join(f"{key:{keys}}  {value:{values}}  {origin}" for key, value, origin in rows)


def as_json(settings: Sequence[Setting]) -> str:
    return msgspec.json.format(msgspec.json.encode(settings), indent=2).decode()
