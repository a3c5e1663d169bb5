"""The golden transcripts; those of reviews are in `reviews.py`.

`.venv/bin/python tests/ui/golden.py` writes them anew; read the diff before you commit.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from io import StringIO
from pathlib import Path

from rich.console import Console

from r1code.events import Event
from r1code.ui.listener import Listener
from r1code.ui.plain import JsonListener, PlainListener
from r1code.ui.render import RichListener

FOLDER = Path(__file__).parent / "golden"


def terminal(width: int, *, color: bool = False) -> Callable[[StringIO], Listener]:
    def listener(stream: StringIO) -> Listener:
        system = "standard" if color else None
        return RichListener(Console(file=stream, force_terminal=True, width=width, color_system=system))

    return listener


FORMS: dict[str, Callable[[StringIO], Listener]] = {
    "plain": PlainListener,
    "ci": lambda stream: PlainListener(stream, ci=True),
    "json": JsonListener,
    "80": terminal(80),
    "40": terminal(40),
    "color": terminal(80, color=True),
}


def told(story: Iterable[Event], form: str) -> str:
    stream = StringIO()
    listener = FORMS[form](stream)
    for event in story:
        listener.on(event)
    listener.close()
    return stream.getvalue()


def path_of(story: str, form: str) -> Path:
    return FOLDER / f"{story}.{form}.txt"


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from ui.reviews import write
    from ui.stories import STORIES

    write()

    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    for name, story in STORIES.items():
        for form in FORMS:
            path_of(name, form).write_text(told(story(), form), encoding="utf-8")
