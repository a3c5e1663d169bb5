"""Which hunks are wanted, asked one by one."""

from __future__ import annotations

from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.shortcuts import print_formatted_text

from r1code.control import Control
from r1code.tree.choices import Choices, Decision
from r1code.tree.hunks import FileReview, Hunk, Review
from r1code.ui.ask import Choice, Terminal, answer
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


def pick(review: Review, control: Control, terminal: Terminal | None = None) -> Choices | None:
    """What a person chose; None: they quit, and nothing is to be applied. The end of input quits, too.

    Raises Cancelled, within 0.2 s of a cancel; Ctrl-C cancels `control`.
    """
    terminal = terminal or Terminal()
    terminal.forget_early_keys()
    choices, path = Choices(review=review), ""
    while (hunk := choices.current) is not None:
        file = choices.review.file(hunk)
        _show(file, hunk, terminal, is_first=hunk.path != path)
        path = hunk.path
        decision = _decision(hunk, choices, control, terminal)
        if decision is None:
            return None
        decided = choices.decided(decision)
        if decision == "split" and decided == choices:
            _write([Piece("  it has no smaller parts\n", "dim")], terminal)
        choices = decided
    return choices


def _show(file: FileReview, hunk: Hunk, terminal: Terminal, *, is_first: bool) -> None:
    width = terminal.output.get_size().columns
    pieces = [Piece("\n"), *(heading(file, width) if is_first else ())]
    _write([*pieces, *hunk_pieces(file, hunk, width)], terminal)


def _decision(hunk: Hunk, choices: Choices, control: Control, terminal: Terminal) -> Decision | None:
    left = sum(one.id not in choices.yes | choices.no for one in choices.review.hunks)
    question = f"  apply hunk {hunk.number} of {safe_line(hunk.path)}? ({left} left)"
    _write([Piece(f"{question}\n", "strong")], terminal)
    while True:
        key = answer(_CHOICES, "y, n, s, a, d, q, ?", control, terminal)
        if key != _HELP:
            return _DECISIONS.get(key or _QUIT)
        _write([Piece(_EXPLAINED)], terminal)


def _write(pieces: list[Piece], terminal: Terminal) -> None:
    text = FormattedText([(_STYLES.get(piece.style, ""), piece.text) for piece in pieces])
    print_formatted_text(text, output=terminal.output, end="")
