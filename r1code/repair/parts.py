"""What a repair is made of, as a contract: whoever wires r1code together provides it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from r1code.agent import Agent
from r1code.context import Model
from r1code.control import Control
from r1code.repair.demands import Demands
from r1code.repair.pipeline import Pipeline
from r1code.repair.variant import Variant
from r1code.sandbox.base import Sandbox
from r1code.session import Session
from r1code.tree.patch import Patch
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store
from r1code.tree.worktree import WorkTree
from r1code.types import Part, Plan, TestReport


class Parts(Protocol):
    store: Store
    tree: WorkTree
    """The person's work tree."""
    scratch: Path
    """A folder of the session's own, on the disk of the store."""

    @property
    def in_place(self) -> bool:
        """Whether commands run in the work trees themselves, and so may write to any file of them."""
        ...

    @property
    def demands(self) -> Demands:
        """What a fix has to stand up to."""
        ...

    def sandbox(self, root: Path) -> Sandbox:
        """A new one that was not started. `root` holds the tree for sandboxes that run in place."""
        ...

    def candidate(self, root: Path, base: Snapshot | None = None) -> WorkTree:
        """The work tree of a candidate in `root`, where `base` was materialised; None: all that is there now.

        What comes in addition, and git would ignore, is no part of it.
        """
        ...

    def attempt(self, variant: Variant, session: Session) -> AbstractContextManager[Parts]:
        """The same parts for one of several candidates, which works in `session` in a thread of its own."""
        ...

    def agent(
        self,
        tree: WorkTree,
        sandbox: Sandbox,
        before: TestReport | None,
        *,
        protect: bool,
        seed: int | None,
        role: Part = "actor",
    ) -> Agent:
        """An agent that works in `tree`, whose tests gave `before`.

        `protect`: it may not change what decides about its success. The planner is in plan mode; where it has no
        profile of its own, the actor's model makes the plan.
        """
        ...

    def speaker(self, role: Part) -> str:
        """The name of the profile whose model has this role."""
        ...

    @property
    def planner(self) -> str | None:
        """The profile that makes plans by itself; None: nobody does, unless a plan is what was asked for."""
        ...

    def keep_plan(self, plan: Plan) -> str | None:
        """Saves a plan that a person asked for; the name of its file. None: it is not to be kept."""
        ...

    def pipeline(self, tree: WorkTree, sandbox: Sandbox, command: str, *, seed: int | None) -> Pipeline | None:
        """The pipeline, where the profile says that the model does better in one; None: it gets the loop."""
        ...

    def asked(self, instructions: str, *, seed: int | None) -> Model:
        """The actor's model, for questions that stand alone."""
        ...

    def overview(self, task: str, control: Control) -> str:
        """The map for a task, once and the same for each session; empty: the list of files is shown instead.

        Raises Cancelled.
        """
        ...

    def mentioned(self, text: str, control: Control) -> str:
        """What a message mentions with `@`, for the model; empty: nothing.

        Raises UsageError for what is wrong, StateError and Cancelled.
        """
        ...

    def news(self, before: Snapshot, after: Snapshot, control: Control) -> str:
        """What changed between turns that matters to the map, for the next message; empty: nothing.

        Raises Cancelled.
        """
        ...

    def given(self, text: str, mentions: str, base: Snapshot) -> None:
        """Logs that a person gave the task `text`, on the tree `base`. Raises StateError."""
        ...

    def unified(self, patch: Patch) -> str:
        """The patch as text that `git apply` takes."""
        ...
