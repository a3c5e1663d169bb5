"""What a session is for."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Protocol

from msgspec import Struct

from r1code.app.guided import hiding
from r1code.app.plans import place_for
from r1code.app.stopped import Resumable
from r1code.config import DETECTED, Config
from r1code.log import Conditions
from r1code.providers.base import Provider
from r1code.repair.approach import Wanted
from r1code.repo.instructions import Instructions
from r1code.session import Session
from r1code.symptoms.symptom import Symptom
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store
from r1code.types import Plan


class Replayed(Struct, frozen=True, kw_only=True):
    """A session that is done again: its replies, and a folder for the tree that it started from."""

    session: Session
    provider: Provider
    root: Path

    def base(self, store: Store) -> Snapshot:
        return Snapshot.unpack(store.get(self.session.opened.base))


class Answer(Wanted, Protocol):
    """The same for a program, which reads it."""

    def told(self, text: str) -> str:
        """The answer for the program: on one line."""
        ...


class Task(Struct, frozen=True, kw_only=True):
    """What the session is for."""

    command: Literal["fix", "prompt", "plan", "init", "chat", "verify"]
    text: str = ""
    patch: bytes = b""
    """What is to be verified."""
    plan: Plan | None = None
    """What a person wants carried out."""
    keep: Path | None = None
    """Where a plan that is made is written; None: nowhere."""
    instructions: Instructions = {}
    """What the project tells the model: none where nobody trusts it."""
    replayed: Replayed | None = None
    piped: str = ""
    """Data that was piped in with it."""
    symptoms: tuple[Symptom, ...] = ()
    """What shows the failure that is to be repaired, beside the tests."""
    part: str = ""
    """The folder of the repository that it is about; empty: all of it."""
    answer: Answer | None = None
    """What the final answer has to be; None: words."""
    resumed: Resumable | None = None
    """The session whose turn goes on; None: none does."""
    continues: Resumable | None = None
    """The session that gets this task as another one; None: it gets one of its own."""
    only_tests: bool = False
    """With `fix`: the tests run, and nothing is repaired."""

    def conditions(self, config: Config, root: Path) -> Conditions:
        """For the log: what a resumed session must be bound by, too."""
        keep = self.keep
        plan = "" if keep is None or keep == place_for(root, self.text, None) else str(keep.absolute())
        return Conditions(
            only_tests=self.only_tests,
            part=self.part,
            found=config.origins.get("test") == DETECTED,
            answer="" if self.answer is None else self.answer.schema,
            hiding=hiding(root),
            plan=plan,
        )
