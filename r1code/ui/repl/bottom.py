"""The lines at the bottom of the screen, as prompt-toolkit takes them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from prompt_toolkit.formatted_text import StyleAndTextTuples

from r1code.types import Point
from r1code.ui.checklist import window
from r1code.ui.flow import cells, clip
from r1code.ui.lines import MARGIN
from r1code.ui.messages import localized
from r1code.ui.repl.facts import Facts, status
from r1code.ui.repl.narrator import Narrator
from r1code.ui.repl.question import Question

_QUEUED_LINES = 3
_GAP = "   "


def live(narrator: Narrator, width: int, *, animated: bool, stops: bool) -> StyleAndTextTuples:
    """What is under way. `stops`: a key ends it."""
    tail = narrator.reasoning == "tail" or narrator.live.doing != "thinking"
    pieces = narrator.live.pieces(width, tail=tail, animated=animated)
    hint = f" · {localized('Esc stops it')}" if stops else ""
    shown: StyleAndTextTuples = []
    for number, piece in enumerate(pieces, start=1):
        end = hint if number == len(pieces) else "\n"
        shown.append((f"class:{piece.style}", clip(piece.text, width - len(hint))))
        shown.append(("class:dim", end))
    return shown


def checklist(points: Sequence[Point], width: int) -> StyleAndTextTuples:
    """What is to be done, and what is done of it."""
    pieces = window(points, width)
    ends = ["\n"] * (len(pieces) - 1) + [""]
    return [(f"class:{one.style}", f"{one.text}{end}") for one, end in zip(pieces, ends, strict=False)]


def queue(queued: Sequence[str], width: int) -> StyleAndTextTuples:
    """What waits to be said."""
    shown = [clip(f"{MARGIN}{localized('waits:')} {' '.join(text.split())}", width) for text in queued]
    left = len(shown) - _QUEUED_LINES
    shown = shown[:_QUEUED_LINES] + ([localized(f"{MARGIN}… {left} more")] if left > 0 else [])
    return [("class:dim", "\n".join(shown))]


def offer(question: Question | None, width: int) -> StyleAndTextTuples:
    """How a question is answered: as many lines as that takes."""
    if question is None:
        return []
    lines = [""]
    for one in question.offers or (f"{localized(question.title)} (Enter)",):
        longer = f"{lines[-1]}{_GAP if lines[-1] else MARGIN}{one}"
        if lines[-1] and cells(longer) > width:
            lines.append(f"{MARGIN}{one}")
        else:
            lines[-1] = longer
    return [("class:warn", "\n".join(clip(line, width) for line in lines))]


def facts(known: Facts, width: int) -> StyleAndTextTuples:
    return [("class:status", clip(status(known, width - 1), width - 1))]
