"""`r1code why` and `r1code export`: what is on record of a line, and of a session."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from r1code.ui.messages import localized

if TYPE_CHECKING:
    import argparse

    from r1code.app.training.dataset import Wanted


def why(options: argparse.Namespace) -> int:
    import json

    import msgspec

    from r1code.app.folders import state_folder
    from r1code.app.why import why as asked
    from r1code.repo.git import Git
    from r1code.ui.surface import Surface
    from r1code.ui.why import told

    folder = Path(options.folder)
    git = Git.find(folder, state_folder())
    found = asked(options.place, git, state_folder(), folder=folder, session=options.session or "")
    if options.json:
        # The standard module writes what is not ASCII as escapes.
        print(json.dumps(msgspec.to_builtins(found), indent=2))
    else:
        surface = Surface(sys.stdout, color=options.color or "auto", ci=bool(os.environ.get("CI")))
        surface.write(told(found, surface.width))
    return 0


def export(options: argparse.Namespace) -> int:
    if options.verified:
        return _verified(options)
    _refuse_without_verified(options)
    from r1code.app.export import document_of, only, session_folder
    from r1code.app.folders import state_folder
    from r1code.ui.export import Format, format_of, rendered, write
    from r1code.ui.safe import safe_ci

    state = state_folder()
    document = document_of(session_folder(options.session, state / "sessions"), state)
    if options.step is not None:
        document = only(document, options.step)
    form: Format = options.format or format_of(options.output)
    text = rendered(document, form)
    if options.output is None:
        sys.stdout.write(safe_ci(text) if form != "json" and os.environ.get("CI") else text)
    else:
        write(text, Path(options.output), force=options.force)
    for lost in document.lost:
        _say(f"not in it: {lost}")
    if document.secrets:
        _say(f"{document.secrets} secrets are hidden, {document.fresh} of them not yet in the log")
    return 0


def _verified(options: argparse.Namespace) -> int:
    from r1code.app.folders import state_folder
    from r1code.app.training.dataset import dataset_of, kept_folders
    from r1code.errors import UsageError
    from r1code.ui.export import write
    from r1code.ui.safe import safe_ci
    from r1code.ui.training import evaluation_file, told

    if options.step is not None or options.format is not None:
        raise UsageError(
            "--verified has a form of its own",
            why="--step and --format are about one session as a page, a text or data",
            hint="--form openai or --form sharegpt",
        )
    state = state_folder()
    wanted = _wanted(options)
    folders = kept_folders(state / "sessions") if options.session is None else _named(options.session)
    dataset = dataset_of(folders, wanted, state)
    if options.output is None:
        text = "".join(f"{line}\n" for line in dataset.train)
        sys.stdout.write(safe_ci(text) if os.environ.get("CI") else text)
    else:
        file = Path(options.output)
        write("".join(f"{line}\n" for line in dataset.train), file, force=options.force)
        if wanted.eval_share:
            evaluation = "".join(f"{line}\n" for line in dataset.eval)
            write(evaluation, evaluation_file(file), force=options.force)
    for line in told(dataset):
        print(line, file=sys.stderr)
    return 0


def _wanted(options: argparse.Namespace) -> Wanted:
    """Raises UsageError."""
    from datetime import date, datetime, time

    from r1code.app.folders import state_folder
    from r1code.app.training.dataset import Wanted
    from r1code.errors import UsageError
    from r1code.repo.git import Git

    root = None
    if options.session is None and not options.all:
        root = str(Git.find(Path(options.repo or "."), state_folder()).root)
    try:
        since = 0.0
        if options.since is not None:
            since = datetime.combine(date.fromisoformat(options.since), time()).astimezone().timestamp()
    except ValueError as error:
        raise UsageError(
            f"--since {options.since!r} is no date", why=str(error), hint="like 2026-11-30"
        ) from error
    share = options.eval_share or 0.0
    if not 0 <= share < 1 or (share and options.output is None):
        raise UsageError(
            "--eval-share cannot be used so",
            why="it is a part of the repositories, from 0 to 1, whose lines go into a second file",
            hint="--eval-share 0.05 -o train.jsonl",
        )
    return Wanted(
        form=options.form or "openai",
        root=root,
        since=since,
        max_tokens=options.max_tokens,
        eval_share=share,
        allowed=frozenset(options.allow_license or ()),
        wrong_turns=options.wrong_turns,
    )


def _named(session: str) -> list[Path]:
    """Of a session, or of a folder of them. Raises R1CodeError."""
    from r1code.app.folders import state_folder
    from r1code.app.sessions.listing import find
    from r1code.app.training.dataset import folders_of

    place = Path(session)
    return folders_of(place if place.is_dir() else find(state_folder() / "sessions", session))


def _refuse_without_verified(options: argparse.Namespace) -> None:
    from r1code.errors import UsageError
    from r1code.options.record import VERIFIED

    given = [f"--{name.replace('_', '-')}" for name in VERIFIED if getattr(options, name) not in {None, False}]
    if given:
        raise UsageError(
            f"{', '.join(given)} means nothing here",
            why="it is about training data",
            hint="r1code export --verified; without it one session is exported",
        )


def _say(text: str) -> None:
    from r1code.ui.safe import safe

    print(localized(f"note: {safe(text)}"), file=sys.stderr)
