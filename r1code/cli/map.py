"""The command about the map: what of this repository a task is about, and why."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

from r1code.ui.messages import localized

if TYPE_CHECKING:
    import argparse

    from r1code.app.maps import Drawn, Maps
    from r1code.config import Config
    from r1code.control import Control
    from r1code.profiles import Profile
    from r1code.repo.git import Git
    from r1code.secrets.values import Hide

USUAL_TOKENS = 1_000


def show(options: argparse.Namespace) -> int:
    from contextlib import closing
    from pathlib import Path

    from r1code.app.folders import state_folder, user_config
    from r1code.app.maps import Maps
    from r1code.app.signals import cancel_on_signals
    from r1code.app.tree import open_tree
    from r1code.cli.git import guard_of
    from r1code.config import load_config
    from r1code.control import Control
    from r1code.repo.git import Git
    from r1code.repo.index.index import FILE, Index
    from r1code.tree.store import Store

    git, state, control = Git.find(Path(options.folder), state_folder()), state_folder(), Control()
    config = load_config(flags=vars(options), environ=os.environ, user_file=user_config(), project=git.root)
    tree = open_tree(git, state)
    with (
        cancel_on_signals(control),
        closing(Index(state / FILE, Store(state / "objects"))) as index,
        closing(Maps(tree, tree.snapshot(), index, git)) as maps,
    ):
        _read(maps, control)
        task = " ".join(options.task)
        if options.why is not None:
            return _why(maps, task, _path(git, options.folder, options.why), json_=options.json)
        return _show(maps, task, config, guard_of(git, config).hide, json_=options.json)


def _read(maps: Maps, control: Control) -> None:
    """Waits for the index, and shows a person how far it is."""
    shown = ""
    while not maps.wait(control, 0.2):
        if sys.stderr.isatty():
            done, of = maps.progress
            shown = f"\rindexing: {done} of {of} files"
            print(shown, end="", file=sys.stderr, flush=True)
    if shown:
        print(f"\r{' ' * len(shown)}\r", end="", file=sys.stderr, flush=True)


def _path(git: Git, folder: str, why: str) -> str:
    """What was named, relative to the root of the work tree."""
    named = os.path.normpath(f"{os.path.realpath(folder)}/{why}")
    return os.path.relpath(named, git.root.resolve())


def _show(maps: Maps, task: str, config: Config, hide: Hide, *, json_: bool) -> int:
    from r1code.profiles.tokenizers import tokenizer_named, tokenizer_of
    from r1code.ui.safe import safe

    profile = None if config.profile is None and config.base_url is None else _profile(config)
    count = (tokenizer_named("deepseek-r1") if profile is None else tokenizer_of(profile)).count
    room = config.map_tokens or (0 if profile is None else profile.map_tokens) or USUAL_TOKENS
    drawn = maps.draw(task, room, count, hide)
    if json_:
        print(json.dumps(_as_json(drawn, count(drawn.text)), indent=2))
    elif drawn.text:
        print(safe(drawn.text))
        print(localized(f"{count(drawn.text)} of {room} tokens"), file=sys.stderr)
    else:
        print(localized(f"there is no room for a map in {room} tokens"), file=sys.stderr)
    return 0


def _profile(config: Config) -> Profile:
    from r1code.app.backend import chosen_profile

    return chosen_profile(config)[1]


def _as_json(drawn: Drawn, tokens: int) -> dict[str, object]:
    return {
        "text": drawn.text,
        "tokens": tokens,
        "missing": drawn.missing,
        "files": [
            {"path": one.path, "score": round(one.score, 4), "signatures": at < drawn.map.outlined}
            for at, one in enumerate(drawn.ranking.files[: len(drawn.map.files)])
        ],
    }


def _why(maps: Maps, task: str, path: str, *, json_: bool) -> int:
    from r1code.app.maps import why_of

    reasons = why_of(maps, task, path)
    if json_:
        import msgspec

        print(json.dumps({"path": path, **msgspec.to_builtins(reasons)}, indent=2))
        return 0
    from r1code.ui.map_reasons import told_reasons
    from r1code.ui.safe import safe

    print(localized(safe("\n".join(told_reasons(path, reasons)))))
    return 0
