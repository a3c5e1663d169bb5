"""What is under way, in a few lines that change: the tail of the reasoning, a meter, a command's last output."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Literal

from r1code.ui.flow import cells, clip
from r1code.ui.lines import MARGIN
from r1code.ui.lines import seconds as told_seconds
from r1code.ui.messages import localized
from r1code.ui.piece import Piece, Style
from r1code.ui.safe import safe

TAIL_LINES = 5
_KEPT = 2_000
"""Characters of a stream whose end is shown."""
_PER_TOKEN = 3.6
"""Characters of a token, about: what a server counts is told when the reply is there."""

Doing = Literal[
    "", "starting", "opening", "waiting for the model", "thinking", "answering", "writing", "running", "testing"
]


class Tail:
    """The end of a text that streams. A flat cost for each piece."""

    def __init__(self) -> None:
        self._text = ""
        self.characters = 0

    def feed(self, text: str) -> None:
        self.characters += len(text)
        self._text = (self._text + text)[-_KEPT:]

    def clear(self) -> None:
        self._text, self.characters = "", 0

    def lines(self, width: int, most: int = TAIL_LINES) -> list[str]:
        """The last lines, wrapped to `width`, made safe."""
        room = max(8, width)
        found: list[str] = []
        for line in reversed(safe(self._text).replace("\t", "    ").rstrip("\n").split("\n")):
            found[:0] = list(_wrapped(line, room))[-most:]
            if len(found) >= most:
                break
        return found[-most:]


def _wrapped(line: str, room: int) -> Iterator[str]:
    while cells(line) > room:
        head = clip(line, room + 1).removesuffix("…") if cells(line) > room + 1 else line[:-1]
        cut = head.rfind(" ")
        head = head[: cut + 1] if cut > room // 2 else head
        yield head.rstrip()
        line = line[len(head) :]
    yield line


class Live:
    """Told by the narrator; asked by the screen, as often as it draws."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.tail = Tail()
        self.doing: Doing = ""
        self.what = ""
        """Of it: a card, a file."""
        self.style: Style = "dim"
        self._since = clock()

    def begin(self, doing: Doing, what: str = "") -> None:
        """Something else goes on from now on."""
        self.doing, self.what, self._since = doing, what, self._clock()
        self.tail.clear()

    @property
    def seconds(self) -> float:
        return self._clock() - self._since

    @property
    def tokens(self) -> int:
        """Of the stream, about."""
        return round(self.tail.characters / _PER_TOKEN)

    def pieces(self, width: int, *, tail: bool = True, animated: bool = True) -> list[Piece]:
        """One piece a line, without newlines; none where nothing goes on. `animated`: they change."""
        if not self.doing:
            return []
        if not animated:
            told = clip(" · ".join(filter(None, (localized(self.doing), self.what))), width - len(MARGIN))
            return [Piece(f"{MARGIN}{told}", "strong")]
        lines = self.tail.lines(width - len(MARGIN) - 2) if tail and self.tail.characters else []
        meter = [localized(self.doing), self.what, told_seconds(self.seconds)]
        if self.doing in {"thinking", "answering", "writing"} and self.tokens:
            meter.append(localized(f"~{self.tokens:,} tokens"))
        told = clip(" · ".join(filter(None, meter)), width - len(MARGIN))
        return [*(Piece(f"{MARGIN}│ {line}", self.style) for line in lines), Piece(f"{MARGIN}{told}", "strong")]
