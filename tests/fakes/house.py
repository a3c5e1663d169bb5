"""A whole agent in a temporary folder: everything real but the model and the sandbox."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from msgspec.structs import replace

from fakes.sandbox import Answer, FakeSandbox
from r1code.agent import Agent
from r1code.app.speech import dialect_of, instructions_of
from r1code.approval import Approvals, Approver, HeadlessApprover
from r1code.budget import Meter
from r1code.compaction import Compaction
from r1code.context import Model
from r1code.control import Control
from r1code.errors import ToolError
from r1code.events import Event, TurnEnded
from r1code.log import Opened, Said
from r1code.profiles import Profile, find_profile
from r1code.profiles.room import Room, room_of
from r1code.profiles.tokenizers import tokenizer_of
from r1code.providers.base import Provider
from r1code.providers.scripted import ScriptedProvider, ScriptedReply
from r1code.repo.files import is_secret
from r1code.rules.policy import Policy, Rules
from r1code.secrets.vault import Vault
from r1code.session import Session
from r1code.tools.background import Background
from r1code.tools.chmod import Chmod
from r1code.tools.delete import Delete
from r1code.tools.edit import Edit
from r1code.tools.hooks import Hook, Hooks
from r1code.tools.insert import Insert
from r1code.tools.list import List
from r1code.tools.logs import Logs
from r1code.tools.move import Move
from r1code.tools.outputs import Outputs
from r1code.tools.patch import Patch
from r1code.tools.read import Read
from r1code.tools.replace import Replace
from r1code.tools.run import Run
from r1code.tools.search import Search
from r1code.tools.stop import Stop
from r1code.tools.test import Test
from r1code.tools.toolset import Toolset
from r1code.tools.write import Write
from r1code.tree.scan import Listing
from r1code.tree.store import Store
from r1code.tree.worktree import WorkTree
from r1code.types import Budget

WRITES = (Edit(), Patch(), Replace(), Insert(), Write(), Delete(), Move(), Chmod())


def says(text: str, **more: object) -> ScriptedReply:
    return ScriptedReply(text=text, reasoning="hm", **more)


def walk(root: Path) -> list[str]:
    return [os.path.relpath(Path(folder) / name, root) for folder, _, names in os.walk(root) for name in names]


class House:
    """`files` are in the tree; `replies` are what the model says, in order, unless a `provider` does.

    `after`: another one in the same folder, whose session goes on.
    """

    opened: ClassVar[list[House]] = []
    """Closed after each test (tests/conftest.py)."""

    def __init__(
        self,
        folder: Path,
        replies: Sequence[str | ScriptedReply],
        *,
        files: dict[str, str] | None = None,
        sandbox: FakeSandbox | Mapping[str, Answer] | None = None,
        approver: Approver | None = None,
        protected: Callable[[str], bool] = lambda _: False,
        headless: bool = True,
        hooks: Sequence[Hook] = (),
        rules: Rules | None = None,
        vault: Vault | None = None,
        native: bool = False,
        provider: Provider | None = None,
        profile: Profile | None = None,
        room: Room | None = None,
        folders: dict[str, str] | None = None,
        after: House | None = None,
    ) -> None:
        self.vault = vault or Vault(bytes(32))
        self.root = folder / "repo"
        self.root.mkdir(parents=True, exist_ok=after is not None)
        self._files = files or {}
        for path, text in self._files.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(text)
        self.store = Store(folder / "objects")
        self.tree = WorkTree(
            self.root, Listing(lambda: walk(self.root)), self.store, state=folder / "state", hidden=is_secret
        )
        self.sandbox = sandbox if isinstance(sandbox, FakeSandbox) else FakeSandbox(sandbox, store=self.store)
        if after is None:
            opened = Opened(root=str(self.root), profile="scripted", base="", folders=folders or {})
            self.session = Session.create(folder / "sessions", opened, hide=self.vault.hide)
        else:
            after.session.close()
            self.session = Session.load(after.session.folder, hide=self.vault.hide)
        self.provider = ScriptedProvider([says(one) if isinstance(one, str) else one for one in replies])
        self.profile = profile or find_profile("scripted")
        room = room or room_of(self.profile)
        self.outputs = Outputs(
            self.session.folder / "outputs",
            most=room.observation,
            measure=tokenizer_of(self.profile).count,
            hide=self.vault.hide,
            logged=self.session.observation,
        )
        background = Background(self.tree, self.sandbox, protected)
        hide = self.vault.hide
        toolset = Toolset(
            self.tree,
            reads=[
                Read(self.tree, hide, self.outputs),
                List(self.tree),
                Search(self.tree, hide),
                Logs(background),
                Stop(background),
            ],
            writes=[tool for tool in WRITES if profile is None or tool.name in profile.edits],
            execs=[
                Run(self.tree, self.sandbox, protected, background),
                Test(self.tree, self.sandbox, "pytest -q"),
            ],
            protected=protected,
            hooks=Hooks(self.tree, self.sandbox, hooks, protected),
        )
        toolset.beside(background).restoring(self.vault.restore).keeping(self.outputs)
        self.toolset = toolset
        spoken = (
            replace(self.profile, dialect="native", replay="tool_turns", system=True) if native else self.profile
        )
        instructions, dialect = instructions_of(spoken, toolset), dialect_of(spoken, toolset)
        model = Model(
            self.profile,
            provider or self.provider,
            dialect,
            instructions=instructions,
            waits=(0, 0),
        )
        policy = Policy("auto-edit" if approver else "auto", rules or Rules(), self.resolve)
        approvals = Approvals(policy, approver or HeadlessApprover())
        self.model = model
        self.compaction = Compaction(self.session, model, room, self.outputs, changes=self.changes)
        self.agent = Agent(self.session, model, toolset, approvals, compaction=self.compaction, headless=headless)
        self.control = Control()
        House.opened.append(self)

    def resolve(self, path: str) -> str | None:
        try:
            return self.tree.resolve(path)
        except (ToolError, OSError):
            return None

    def changes(self) -> list[str]:
        """Which files differ from those that were there at first."""
        now = {path: (self.root / path).read_text() for path in walk(self.root)}
        return sorted(path for path in now.keys() | self._files.keys() if now.get(path) != self._files.get(path))

    def turn(self, text: str = "Do it.", budget: Budget | None = None, meter: Meter | None = None) -> list[Event]:
        said = Said(text=text, origin="task")
        return list(self.agent.turn(said, meter or Meter(budget or Budget()), self.control))

    def resume(self, budget: Budget | None = None) -> TurnEnded:
        *_, last = self.agent.turn(None, Meter(budget or Budget()), self.control)
        assert isinstance(last, TurnEnded)
        return last

    def end(self, text: str = "Do it.", budget: Budget | None = None) -> TurnEnded:
        last = self.turn(text, budget)[-1]
        assert isinstance(last, TurnEnded)
        return last

    def told(self) -> str:
        """The last thing that the model was told."""
        return self.provider.requests[-1].messages[-1].content

    def file(self, path: str) -> str:
        return (self.root / path).read_text()
