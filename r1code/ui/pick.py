"""Which hunks are wanted, asked one by one."""

from __future__ import annotations

from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.shortcuts import print_formatted_text

from r1code.control import Control
from r1code.tree.choices import Choices, Decision
from r1code.tree.hunks import FileReview, Hunk, Review
from r1code.ui.ask import Choice, Terminal, answer
from r1code.ui.messages import localized
from r1code.ui.piece import Piece, Style
from r1code.ui.review import heading, hunk_pieces
from r1code.ui.safe import safe_line

_QUIT, _HELP = "q", "?"
_DECISIONS: dict[str, Decision] = {"y": "yes", "n": "no", "s": "split", "a": "file", "d": "done"}
_CHOICES = (
    Choice("y", "yes"),
    Choice("n", "no"),
    Choice("s", "split"),
    Choice("a", "all"),
    Choice("d", "done"),
    Choice(_QUIT, "quit"),
    Choice(_HELP, "help"),
)
_EXPLAINED = """\
  y  apply this hunk
  n  leave it out
  s  split it into smaller ones
  a  apply this one and all that are left in this file
  d  done: leave this one and all that are left out
  q  quit: apply nothing
"""
_STYLES: dict[Style, str] = {
    "dim": "fg:ansibrightblack",
    "strong": "bold",
    "added": "fg:ansigreen",
    "removed": "fg:ansired",
    "added word": "fg:ansigreen reverse",
    "removed word": "fg:ansired reverse",
    "hunk": "fg:ansicyan",
}


def pick(
    review: Review, control: Control, terminal: Terminal | None = None, *, color: bool = True
) -> Choices | None:
    """What a person chose; None: they quit, and nothing is to be applied. The end of input quits, too.

    Raises Cancelled, within 0.2 s of a cancel; Ctrl-C cancels `control`.
    """
    screen = _Screen(terminal or Terminal(), color=color)
    screen.terminal.forget_early_keys()
    choices, path = Choices(review=review), ""
    while (hunk := choices.current) is not None:
        file = choices.review.file(hunk)
        screen.show(file, hunk, is_first=hunk.path != path)
        path = hunk.path
        decision = _decision(hunk, choices, control, screen)
        if decision is None:
            return None
        decided = choices.decided(decision)
        if decision == "split" and decided == choices:
            screen.write([Piece(localized("  it has no smaller parts\n"), "dim")])
        choices = decided
    return choices


class _Screen:
    def __init__(self, terminal: Terminal, *, color: bool) -> None:
        self.terminal = terminal
        self._styles = _STYLES if color else dict[Style, str]()

    def show(self, file: FileReview, hunk: Hunk, *, is_first: bool) -> None:
        width = self.terminal.output.get_size().columns
        pieces = [Piece("\n"), *(heading(file, width) if is_first else ())]
        self.write([*pieces, *hunk_pieces(file, hunk, width)])

    def write(self, pieces: list[Piece]) -> None:
        text = FormattedText([(self._styles.get(piece.style, ""), piece.text) for piece in pieces])
        print_formatted_text(text, output=self.terminal.output, end="")


def _decision(hunk: Hunk, choices: Choices, control: Control, screen: _Screen) -> Decision | None:
    left = sum(one.id not in choices.yes | choices.no for one in choices.review.hunks)
    question = f"  apply hunk {hunk.number} of {safe_line(hunk.path)}? ({left} left)"
    screen.write([Piece(f"{localized(question)}\n", "strong")])
    while True:
        key = answer(_CHOICES, "y, n, s, a, d, q, ?", control, screen.terminal)
        if key != _HELP:
            return _DECISIONS.get(key or _QUIT)
        screen.write([Piece(localized(_EXPLAINED))])
