"""`r1code init`: AGENTS.md for a repository that has none, or a better one."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Generator
    from typing import TypeVar

    from r1code.control import Control
    from r1code.events import Event
    from r1code.secrets.values import Hide
    from r1code.ui.listener import Listener

    T = TypeVar("T")


def init(options: argparse.Namespace) -> int:
    from contextlib import closing
    from pathlib import Path

    from r1code.app.backend import chosen_profile, key_names
    from r1code.app.budgets import budget_of, check_budget, told_bound
    from r1code.app.consent import Consent
    from r1code.app.diary import check_files
    from r1code.app.drafting import drafted
    from r1code.app.folders import state_folder, user_config
    from r1code.app.initial import NAME, Initial
    from r1code.app.keys import environment
    from r1code.app.signals import cancel_on_signals
    from r1code.app.vault import open_vault
    from r1code.cli.work import ready
    from r1code.config import load_config
    from r1code.control import Control
    from r1code.errors import BudgetExhausted, UsageError
    from r1code.events import Notice
    from r1code.profiles.room import room_of
    from r1code.profiles.tokenizers import tokenizer_of
    from r1code.repo.git import Git
    from r1code.types import ExitCode
    from r1code.ui.listener import listener_for

    state, control = state_folder(), Control()
    git = Git.find(Path(options.folder), state)
    config = load_config(flags=vars(options), environ=os.environ, user_file=user_config(), project=git.root)
    check_files(config, git)
    listener = listener_for(
        sys.stdout, json=options.json, color=config.color, theme=config.theme, ci=bool(os.environ.get("CI"))
    )

    def say(text: str) -> None:
        listener.on(Notice(text=text))

    name, profile = chosen_profile(config)
    check_budget(config, {name: profile})
    consent = Consent(config, git.root, state, is_replay=False)
    vault = open_vault(git, state, environment(), key_names(), exempt=consent.is_exempt)
    room, measure = room_of(profile, config.working_context), tokenizer_of(profile).count
    initial = Initial(git, state, hide=vault.hide, room=room, measure=measure)
    with cancel_on_signals(control), closing(listener):
        ready(config, [profile], say, control)
        if (bound := told_bound(budget_of(config, profile), [profile])) is not None:
            say(bound)
        try:
            patch = _told(drafted(initial, config, control, hide=vault.hide, say=say), listener, vault.hide)
        except BudgetExhausted as reached:
            say(f"{NAME} stays as it is: {reached}")
            return ExitCode.BUDGET
        if not patch:
            say(f"{NAME} stays as it is")
            return ExitCode.OK
        agreed = options.yes or _agrees(f"Write {', '.join(patch.paths)}?", control)
        if not agreed:
            raise UsageError(
                f"{NAME} was not written",
                why="you did not agree to it" if agreed is False else "there is no terminal to agree on",
                hint="--yes writes what is drafted; `r1code undo` takes that back",
            )
        _told(initial.write(patch, control), listener, vault.hide)
        say(f"written: {', '.join(patch.paths)}; `r1code undo` takes it back")
    return ExitCode.OK


def _told(events: Generator[Event, None, T], listener: Listener, hide: Hide) -> T:
    """What the events end with; all of them are shown, without secrets."""
    from r1code.secrets.values import hidden

    try:
        while True:
            listener.on(hidden(next(events), hide))
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        events.close()


def _agrees(title: str, control: Control) -> bool | None:
    """Whether a person agrees; None: nobody is there, or they did not say."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    from r1code.ui.ask import Choice, ask

    key = ask(title, "It was shown above.", (Choice("y", "yes"), Choice("n", "no")), control, deny="")
    return {"y": True, "n": False}.get(key)
