"""Settings."""

from __future__ import annotations

from collections.abc import Iterator

from r1code.app.desk import Desk
from r1code.app.folders import user_config
from r1code.app.settings import counts, may_be, one_of, remove_setting, settings_of, write_setting
from r1code.control import Control
from r1code.events import Event
from r1code.ui.lines import MARGIN, line
from r1code.ui.piece import Piece
from r1code.ui.repl.commands.words import Does, said
from r1code.ui.settings_table import told

_NOW = {"think": "/think", "profile": "/profile", "test": "/test"}
"""Commands that change a setting in the session that is open."""


def _settings(desk: Desk, text: str, __: Control) -> Iterator[Event | Piece]:
    key, _, value = text.partition(" ")
    file, value = user_config(), value.strip()
    if not key:
        yield from said(told(settings_of(desk.config)))
        yield line(f"{MARGIN}/settings KEY VALUE writes one into {file}", "dim")
    elif not value:
        yield from said(told([one_of(desk.config, key)]))
        yield from said(f"it may be {may_be(key)}")
    elif value == "--unset":
        there = remove_setting(file, key)
        yield from said(f"{key} is taken out of {file}" if there else f"{key} is not in {file}")
    else:
        written = write_setting(file, key, value)
        yield from said(f"written: {key} = {written}, in {file}; it counts from the next start on")
        if key in _NOW:
            yield from said(f"{_NOW[key]} changes it in this session")
        if other := counts(desk.config, key, file):
            yield from said(f"in this session {other} says something else, which counts more")


DOES: dict[str, Does] = {"settings": _settings}
