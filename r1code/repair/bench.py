"""What the pipeline works with, what ends it, and what it knows."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from r1code.account import Account
from r1code.control import Control
from r1code.repair.pool import Change, Pool
from r1code.sandbox.base import Sandbox
from r1code.sandbox.runners.trace import Trace
from r1code.tools.toolset import Toolset
from r1code.tree.worktree import WorkTree
from r1code.types import TestReport


class Bench(Struct, frozen=True, kw_only=True):
    """What the pipeline works with: a tree, where its tests run, and how they are called."""

    tree: WorkTree
    sandbox: Sandbox
    toolset: Toolset
    command: str
    prompt: int
    """Tokens that a question may have, all in all."""


class Bounds(Struct, frozen=True):
    """What ends a turn."""

    account: Account
    control: Control


class Known(Struct, frozen=True, kw_only=True):
    """What the tests say of the tree as it is, and the states of the tree that need not be tested again."""

    report: TestReport
    trace: Trace
    tried: set[str]
    fills: set[tuple[str, str, str]]
    """Paths, names and texts of the definitions that were filled."""
    pool: Pool = msgspec.field(default_factory=Pool)
    pairs: list[tuple[Change, Change]] = msgspec.field(default_factory=list[tuple[Change, Change]])
    """What is to be tried before anything else is asked."""
