"""What the model is told when files changed between its turns: behind what it was told, which stays as it is."""

from __future__ import annotations

import time
from collections.abc import Mapping

from r1code import prompts
from r1code.control import POLL_SECONDS, Control
from r1code.repo.index.index import Index
from r1code.repo.index.outline import Outline
from r1code.repo.news import news
from r1code.repo.repomap import Count
from r1code.secrets.values import Hide
from r1code.tools.truncation import clean
from r1code.tree.snapshot import Snapshot

WAIT_SECONDS = 5.0
"""How long the index may take; what it has not read by then is not told."""
Outlines = Mapping[str, Outline]


def changed(index: Index, before: Snapshot, after: Snapshot, control: Control) -> tuple[Outlines, Outlines]:
    """The outlines of the files that differ, as they were and as they are. Raises Cancelled.

    A file of which one is not known is left out: it would look as if it were new, or gone.
    """
    paths = [path for path in before.diff(after).paths if path.isprintable()]
    if not paths:
        return {}, {}
    building, until = index.start(after), time.monotonic() + WAIT_SECONDS
    try:
        while not building.wait(POLL_SECONDS) and time.monotonic() < until:
            control.check()
    finally:
        building.stop()
    old, now = index.outlines(before, paths), index.outlines(after, paths)
    unknown = {
        path
        for snapshot, known in ((before, old), (after, now))
        for path in paths
        if path in snapshot.entries and path not in known
    }
    return (
        {path: outline for path, outline in old.items() if path not in unknown},
        {path: outline for path, outline in now.items() if path not in unknown},
    )


def told(before: Outlines, after: Outlines, *, room: int, count: Count, hide: Hide) -> str:
    """At most `room` tokens; empty: nothing that matters to a map is different, or there is no room."""
    frame = count(prompts.load("news", text="", more=len(after) + len(before))) + 1
    found = news(before, after, room=room - frame, count=count, hide=lambda text: hide(clean(text)))
    return prompts.load("news", text=found.text, more=found.more) if found.text else ""
