"""AGENTS.md is drafted in a session of its own: what that costs is in its log."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing

from r1code import prompts
from r1code.app.backend import chosen_profile, provider_of
from r1code.app.budgets import budget_of
from r1code.app.folders import state_folder
from r1code.app.initial import NAME, Initial
from r1code.budget import Meter
from r1code.config import Config
from r1code.context import Model
from r1code.control import Control
from r1code.dialects.text import TextDialect
from r1code.events import Event
from r1code.log import Opened
from r1code.providers.hiding import HidingProvider
from r1code.secrets.values import Hide
from r1code.session import Session
from r1code.tree.patch import Patch


def drafted(
    initial: Initial, config: Config, control: Control, *, hide: Hide, say: Callable[[str], None]
) -> Generator[Event, None, Patch]:
    """What the model proposes. Raises as `Initial.draft`, and StateError."""
    name, profile = chosen_profile(config)
    opened = Opened(
        root=str(initial.root), profile=name, base="", command="init", task=NAME, settings=config.values
    )
    with closing(Session.create(state_folder() / "sessions", opened, hide=hide)) as session:
        bare = provider_of(profile, config, say=say, session=lambda: session.id)
        with closing(HidingProvider(bare, hide)) as provider:
            dialect = TextDialect(system=profile.system)
            model = Model(profile, provider, dialect, instructions=prompts.load("init"), seed=config.seed)
            return (yield from initial.draft(model, session, Meter(budget_of(config, profile)), control))
