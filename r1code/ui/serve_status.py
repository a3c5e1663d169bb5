"""Servers as a table."""

from __future__ import annotations

from collections.abc import Sequence

from r1code.serving.run.process import Shown
from r1code.ui.flow import cells
from r1code.ui.messages import localized
from r1code.ui.safe import safe

_HEAD = ("server", "state", "address", "model", "restarts")


def told_servers(servers: Sequence[Shown]) -> str:
    if not servers:
        return localized("no server was started here")
    rows = [(one.name, localized(one.state), one.base_url, one.served, str(one.restarts)) for one in servers]
    table = [tuple(map(localized, _HEAD)), *rows]
    widths = [max(map(cells, column)) for column in zip(*table, strict=True)]
    lines = [
        "  ".join(cell + " " * (width - cells(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
    for one in servers:
        if one.why:
            lines += ["", f"{one.name}: {localized(one.why)}", f"  {localized('next:')} {localized(one.hint)}"]
    return safe("\n".join(lines))
