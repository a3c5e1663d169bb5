"""The commands that show a change, and that apply one as a file: hunk by hunk where a person wants that."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from r1code.ui.messages import localized

if TYPE_CHECKING:
    from r1code.app.review import Reviews
    from r1code.control import Control
    from r1code.tree.choices import Choices
    from r1code.tree.hunks import Review
    from r1code.tree.patch import Patch

_NO_TERMINAL = 80
"""Columns, where there is no terminal that has some."""


def show(options: argparse.Namespace) -> int:
    """What one checkpoint changed."""
    from r1code.app.checkpoints import Checkpoints
    from r1code.app.folders import state_folder
    from r1code.repo.git import Git

    git = Git.find(Path(options.folder), state_folder())
    patch = Checkpoints(git, state_folder(), _say).patch(options.number)
    reviews = _reviews(options)
    _view(reviews, patch, lambda: reviews.shown(patch), options)
    return 0


def apply(options: argparse.Namespace) -> int:
    """Applies a patch that waits as a file: all of it, or the hunks that are wanted."""
    from r1code.app.folders import state_folder
    from r1code.app.review import patch_text
    from r1code.app.signals import cancel_on_signals
    from r1code.control import Control
    from r1code.ui.safe import safe_line

    reviews, control = _reviews(options), Control()
    _refuse_to_pick_unseen(options)
    text = sys.stdin.buffer.read() if options.patch == "-" else patch_text(options.patch, state_folder())
    with cancel_on_signals(control):
        choices = _chosen(reviews.of_text(text), options, control)
        if choices is None:
            print(localized("nothing was applied"), file=sys.stderr)
            return 1
        patch = choices.patch(reviews.store)
        if options.dry_run:
            _view(reviews, patch, lambda: _of_choices(reviews, choices, patch), options)
            return 0
        reviews.apply(patch, "apply a patch" if options.patch == "-" else f"apply {options.patch}", control)
    for path in patch.paths:
        print(safe_line(path))
    files = "1 file" if len(patch.paths) == 1 else f"{len(patch.paths)} files"
    print(localized(f"{files} changed" + ("; `r1code undo` takes it back" if patch else "")), file=sys.stderr)
    return 0


def _of_choices(reviews: Reviews, choices: Choices, patch: Patch) -> Review:
    """With the numbers of the whole patch where all of it is shown."""
    return choices.review if patch == choices.review.patch else reviews.of(patch)


def _chosen(review: Review, options: argparse.Namespace, control: Control) -> Choices | None:
    """None: a person quit."""
    from r1code.tree.choices import everything, numbered

    if options.hunks is not None:
        return numbered(review, options.hunks)
    if options.pick:
        from r1code.ui.listener import is_coloured
        from r1code.ui.pick import pick

        return pick(review, control, color=is_coloured(options.color or "auto", os.environ))
    return everything(review)


def _refuse_to_pick_unseen(options: argparse.Namespace) -> None:
    if options.pick and (options.patch == "-" or not (sys.stdin.isatty() and sys.stdout.isatty())):
        from r1code.errors import UsageError

        raise UsageError(
            "hunks cannot be picked here",
            why="--pick asks about each of them, and there is no terminal to ask on",
            hint="name them with --hunks 1,3-5; --dry-run --json lists them with their numbers",
        )


def _reviews(options: argparse.Namespace) -> Reviews:
    from r1code.app.folders import state_folder
    from r1code.app.review import Reviews
    from r1code.repo.git import Git

    return Reviews(Git.find(Path(options.folder), state_folder()), state_folder(), _say)


def _say(text: str) -> None:
    from r1code.ui.safe import safe

    print(localized(f"note: {safe(text)}"), file=sys.stderr)


def _view(reviews: Reviews, patch: Patch, review: Callable[[], Review], options: argparse.Namespace) -> None:
    """Shows a patch in the form that was asked for; into a pipe, unasked, as `git apply` takes it."""
    from r1code.ui.columns import WIDE, side_by_side
    from r1code.ui.review import as_json, stat_pieces, unified
    from r1code.ui.surface import Surface

    if options.json:
        reviewed = review()
        print(as_json(reviewed, reviews.stat(reviewed), hunks=not options.stat))
        return
    surface = Surface(sys.stdout, color=options.color or "auto", ci=bool(os.environ.get("CI")))
    width, beside = surface.width, options.side_by_side
    if options.stat:
        surface.write(stat_pieces(reviews.stat(review()), width or _NO_TERMINAL))
    elif not options.words and (beside or (beside is None and (width or 0) >= WIDE)):
        surface.write(side_by_side(review(), width or WIDE))
    elif options.words or width is not None:
        surface.write(unified(review(), width, words=options.words))
    else:
        # Every byte as it is.
        sys.stdout.buffer.write(reviews.unified(patch).encode("utf-8", "surrogateescape"))
