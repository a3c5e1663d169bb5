"""What a fix has to stand up to, and what it must leave alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from r1code.config import OFF, Config
from r1code.repair.additions import guarding
from r1code.repair.demands import Demands, Gate, Strict
from r1code.session import Session
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store


def demands_of(config: Config, environ: Mapping[str, str] = os.environ) -> Demands:
    """As the settings say."""
    # Where nobody reads along, nothing doubtful counts as a fix.
    strict: Strict = config.strict or ("runner" if environ.get("CI") else "off")
    commands = {"build": config.build, "lint": config.lint_gate}
    gates = (Gate(name=name, command=command) for name, command in commands.items() if command and command != OFF)
    return Demands(runs=config.verdict_runs, gates=tuple(gates), strict=strict)


def guard_of(session: Session, store: Store) -> Callable[[str], bool]:
    """Which paths a repair must leave as they are, in the tree that the session's task started from."""
    return guarding(Snapshot.unpack(store.get(session.task.base)).entries.keys())
