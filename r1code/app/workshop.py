"""Wires a session together: repository, work tree, sandbox, model and tools, as the configuration says."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack, closing, contextmanager
from copy import copy
from pathlib import Path

from msgspec.structs import replace

from r1code.agent import Agent
from r1code.app.backend import chosen_profile, key_names, provider_of
from r1code.app.beside import beside
from r1code.app.budgets import budget_of, check_budget, replayed_budget, told_bound
from r1code.app.cast import Cast, cast_of, varied
from r1code.app.consent import Consent
from r1code.app.demands import demands_of, guard_of
from r1code.app.environments import Image
from r1code.app.folders import user_instructions
from r1code.app.guard import Guard
from r1code.app.history import VeiledHistory
from r1code.app.keys import environment
from r1code.app.maps import Maps
from r1code.app.memory import Memory
from r1code.app.mentions import Looking, Mentions
from r1code.app.opening import carry_on, go_on, open_session, opening
from r1code.app.overview import Overview
from r1code.app.piped import with_task
from r1code.app.pipelines import pipeline_for
from r1code.app.plans import place_for, write_plan
from r1code.app.sandboxes import Outside, confined, host_sandbox, told_network
from r1code.app.speaker import Speaker, replayed
from r1code.app.speech import dialect_of, instructions_of
from r1code.app.stopped import Resumable
from r1code.app.task import Task
from r1code.app.told import Told, beside_too, own_instructions, tell
from r1code.app.toolbox import Sources, Toolbox
from r1code.app.training.spoken import keep_spoken
from r1code.app.tree import copied, held, tell_dirty
from r1code.app.vault import keep_scanned, open_vault
from r1code.approval import Approvals, Approver
from r1code.config import Config
from r1code.context import Model
from r1code.control import Control
from r1code.dialects.base import Dialect
from r1code.dialects.text import TextDialect
from r1code.naming import first_of
from r1code.profiles import Profile
from r1code.profiles.room import room_of
from r1code.profiles.tokenizers import tokenizer_of
from r1code.providers.base import Provider
from r1code.providers.hiding import HidingProvider
from r1code.providers.recorder import RecordingProvider
from r1code.repair.bench import Bench
from r1code.repair.pipeline import Pipeline
from r1code.repair.replay import RecordedApprover
from r1code.repair.variant import Variant
from r1code.repo.git import Git
from r1code.repo.index.index import FILE, Index
from r1code.repo.index.syntax import Syntax
from r1code.sandbox.base import Limits, Sandbox
from r1code.sandbox.veil import Veil, VeiledSandbox
from r1code.session import SCRATCH, Session
from r1code.tools.added import Added
from r1code.tree.entry import MAX_BYTES
from r1code.tree.patch import Patch
from r1code.tree.scan import Listing
from r1code.tree.snapshot import Snapshot, materialise
from r1code.tree.store import Store
from r1code.tree.timeline import Origin
from r1code.tree.worktree import WorkTree
from r1code.types import ApprovalMode, Budget, Part, Plan, TestReport

Say = Callable[[str], None]


class Workshop:
    """Everything of one session. Implements repair's Parts."""

    def __init__(
        self, git: Git, config: Config, task: Task, *, state: Path, say: Say, approver: Approver
    ) -> None:
        """Nothing is touched before `opened`."""
        self._config, self.demands = config, demands_of(config)
        self._state = state
        self._say = say
        self._approver: Approver = approver
        self._git = git
        self._task = task
        self._consent = Consent(config, git.root, state, is_replay=task.replayed is not None)
        self.profile_name, self._profile = chosen_profile(config)
        self.store = Store(state / "objects")
        self._index = Index(state / FILE, self.store)
        self._syntax = Syntax(self.store)
        self.vault = open_vault(git, state, environment(), key_names(), exempt=self._consent.is_exempt)
        self._veil = Veil(self.vault, self.store, say)
        self.provider: Provider
        if task.replayed is None:
            self.provider = self._provider(self._profile)
            self.tree = WorkTree(
                git.root,
                Listing(git.files, git.ignored),
                self.store,
                state=state,
                hidden=self._consent.why_hidden,
                origin=self._origin,
            )
        else:
            if config.sandbox != "none":
                self._approver = RecordedApprover(task.replayed.session.entries)
            self.provider = task.replayed.provider
            self._profile = replayed(self._profile)
            if task.resumed is None:
                materialise(task.replayed.base(self.store), self.store, task.replayed.root)
            self.tree = self.candidate(task.replayed.root)
        # Elsewhere, or later, they may be gone: the replay then says what is different.
        names = [name for name in config.add_dir if task.replayed is None or Path(name).is_dir()]
        self._beside = beside(names, git, state, self._consent)
        self._speakers = self._roles()
        if task.replayed is None:
            check_budget(config, {one.name: one.profile for one in self._speakers.values()})
        self._network = told_network(config, say)
        self.image = Image(name=config.image)
        """What its sandboxes start from."""
        self._told = self._instructions()
        text = "" if self._before else task.text
        Mentions(text, self.tree, git, self._consent, hide=self.vault.hide).check()
        # Whether CI is set where somebody goes on must not decide what counts as a fix.
        decided = replace(config, strict=self.demands.strict)
        self._opened = opening(task, decided, self._told, git=git, profile=self.profile_name)
        self.sights: Overview
        """What the first message shows of the project."""
        self.session: Session
        self._owner = ""
        self.scratch: Path

    def _provider(self, profile: Profile) -> Provider:
        provider = provider_of(profile, self._config, say=self._say, session=lambda: self.session.id)
        if self._config.record is not None:
            provider = RecordingProvider(provider, Path(self._config.record))
        return HidingProvider(provider, self.vault.hide)

    def _fall_silent(self) -> None:
        for speaker in self._speakers.values():
            # Safe to call again, for one that has both roles.
            speaker.provider.close()

    def speak_as(self, config: Config) -> None:
        """Agents that are made from now on speak with the model that `config` says.

        Raises R1CodeError, with the model of before as it was.
        """
        name, profile = chosen_profile(config)
        check_budget(config, {name: profile})
        provider = self._provider(profile)
        self._fall_silent()
        self._config, self.profile_name, self._profile, self.provider = config, name, profile, provider
        self._speakers = self._roles()

    def _roles(self) -> Cast:
        return cast_of(
            (self.profile_name, self._profile, self.provider),
            self._config,
            toolbox=self._toolbox,
            reach=self._provider,
            is_replay=self._task.replayed is not None,
        )

    def _toolbox(self, profile: Profile) -> Toolbox:
        added = Added(self._beside)
        sources = Sources(project=self.tree, added=added, index=self._index, syntax=self._syntax)
        return Toolbox(profile.edits, self._config, self._consent, self.vault, sources=sources)

    @contextmanager
    def attempt(self, variant: Variant, session: Session) -> Generator[Workshop, None, None]:
        other = copy(self)
        with closing(Syntax(self.store)) as syntax:
            other.take(variant, session, syntax)
            yield other

    def take(self, variant: Variant, session: Session, syntax: Syntax) -> None:
        """Becomes that of one candidate. What one thread at a time may use is its own."""
        self.session, self.scratch, self._syntax = session, session.folder / SCRATCH, syntax
        self._config = replace(self._config, strategy=variant.strategy)
        self._speakers = varied(self._speakers, variant, self._config, self._toolbox)
        self._profile = self._speakers["actor"].profile

    @contextmanager
    def opened(self, control: Control) -> Generator[None, None, None]:
        """Holds the work tree, and has a session, while the block runs. Raises R1CodeError."""
        with ExitStack() as stack:
            stack.callback(self._fall_silent)
            stack.callback(self._syntax.close)
            stack.callback(self._index.close)
            stack.callback(lambda: keep_scanned(self.vault, self._state))
            # Whoever holds the tree may mend it, and what it is then is what the session starts from.
            stack.enter_context(held(self.tree, control, self._say))
            if self._git.is_repository and self._task.replayed is None:
                tell_dirty(self._git, self._say)
            snapshot = self.tree.snapshot()
            base = self.store.put(snapshot.pack())
            if self.tree.too_large:
                left = f"larger than {MAX_BYTES // 1_000_000} MB"
                self._say(
                    f"not in the sandbox and not kept for an undo ({left}): {first_of(self.tree.too_large)}"
                )
            # What it needs is named before anybody sweeps.
            self.session = self._session(base, control)
            stack.callback(self.session.close)
            if self._told.notice:
                self._say(self._told.notice)
            self.scratch, self._owner = self.session.folder / SCRATCH, self.session.id
            maps = Maps(self.tree, snapshot, self._index, self._git, part=self._task.part)
            stack.callback(maps.close)
            profiles = [one.profile for one in self._speakers.values()]
            self.sights = Overview(self.session.folder, maps, profiles, self._config)
            if (before := self._before or self._task.continues) is not None:
                self.sights.carry_on(before.folder)
            self.sights.start()
            yield

    @property
    def _before(self) -> Resumable | Session | None:
        """The session whose turn goes on, or is done again."""
        return self._task.resumed if self._task.replayed is None else self._task.replayed.session

    def _instructions(self) -> Told:
        before = self._before or self._task.continues
        if before is not None:
            opened = before.opened
            return Told(first=opened.instructions, folders=opened.folders)
        own = own_instructions(user_instructions()) if self._config.instructions else None
        most = room_of(self._profile, self._config.working_context).observation
        measure = tokenizer_of(self._profile).count
        told = tell(own, self._task.instructions, most=most, measure=measure, hide=self.vault.hide)
        return beside_too(told, {name: len(tree.paths()) for name, tree in self._beside.items()})

    def mentioned(self, text: str, control: Control) -> str:
        mentions = Mentions(text, self.tree, self._git, self._consent, hide=self.vault.hide)
        looking = Looking(self.tree, self._index, control)
        room = room_of(self._profile, self._config.working_context)
        return mentions.read(looking, 2 * room.observation, tokenizer_of(self._profile).count, self._say)

    def _session(self, base: str, control: Control) -> Session:
        before = self._before
        if before is None:
            mentioned = self.mentioned(self._task.text, control)
            told = with_task(
                mentioned, self._task, self._profile, self._config, hide=self.vault.hide, say=self._say
            )
        else:
            told = before.task.mentions
        opened = replace(self._opened, base=base, mentions=told)
        sessions = self._state / "sessions"
        return open_session(self._task, opened, sessions, hide=self.vault.hide, say=self._say)

    def approve(self, mode: ApprovalMode) -> None:
        """Agents that are made from now on ask as `mode` says. Raises UsageError."""
        self._consent.approve(mode)

    def news(self, before: Snapshot, after: Snapshot, control: Control) -> str:
        return self.sights.news(before, after, control, hide=self.vault.hide)

    def given(self, text: str, mentions: str, base: Snapshot) -> None:
        name, profile = self.store.put(base.pack()), self.speaker("actor")
        go_on(self.session, replace(self._opened, base=name, task=text, mentions=mentions, profile=profile))

    def overview(self, task: str, control: Control) -> str:
        return self.sights.text(task, control, hide=self.vault.hide, say=self._say)

    def _origin(self) -> Origin:
        return self.session.origin()

    @property
    def guard(self) -> Guard:
        return Guard(self._git, self.vault, self._consent.is_exempt)

    @property
    def profile(self) -> Profile:
        """The one whose model acts."""
        return self._profile

    @property
    def budget(self) -> Budget:
        """The limits of a turn."""
        budget = budget_of(self._config, self._profile)
        return budget if self._task.replayed is None else replayed_budget(budget, self._task.replayed.session)

    @property
    def bound(self) -> str | None:
        """What the session can cost, before it costs anything. None: nothing that is known."""
        return told_bound(self.budget, {one.name: one.profile for one in self._speakers.values()}.values())

    @property
    def in_place(self) -> bool:
        """Whether commands run in the work trees themselves."""
        return self._config.sandbox == "none"

    def sandbox(self, root: Path) -> Sandbox:
        return VeiledSandbox(self._bare_sandbox(root), self._veil)

    def _bare_sandbox(self, root: Path) -> Sandbox:
        limits = Limits(seconds=self._config.test_seconds)
        if self._config.sandbox == "none":
            return host_sandbox(root, limits, self._tree_of(root).snapshot)
        outside = Outside(
            owner=self._owner,
            say=self._say,
            ignored=self._left_behind,
            network=self._network,
            git=self._git,
            git_dir=self._git.root / ".git" if self._git.is_repository else None,
            history=VeiledHistory(self._git.root, self.vault, self._consent.is_hidden, self._state).members,
        )
        return confined(self._config.sandbox, self.image, self.store, limits=limits, outside=outside)

    def candidate(self, root: Path, base: Snapshot | None = None) -> WorkTree:
        listing = copied(root, self._git, base)
        return WorkTree(root, listing, self.store, state=self._state, hidden=self._consent.why_hidden)

    def asked(self, instructions: str, *, seed: int | None) -> Model:
        return self._model(self._speakers["actor"], TextDialect(system=self._profile.system), instructions, seed)

    @property
    def planner(self) -> str | None:
        return self._config.planner

    def speaker(self, role: Part) -> str:
        return self._speakers[role].name

    def keep_plan(self, plan: Plan) -> str | None:
        place = place_for(self._git.root, plan.goal, None) if self._task.command == "chat" else self._task.keep
        return None if place is None else write_plan(place, plan)

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
        speaker = self._speakers[role]
        memory = self._memory(speaker)
        guard = guard_of(self.session, self.store) if protect else None
        toolset = speaker.tools.toolset(tree, sandbox, before, memory.outputs, guard=guard)
        if self._task.continues is not None:
            carry_on(toolset, self.session)
        if role == "planner":
            toolset.enter("plan")
        talks = self._task.command == "chat"
        instructions = instructions_of(speaker.profile, toolset, self._network, talks=talks)
        model = self._model(speaker, dialect_of(speaker.profile, toolset), instructions, seed)
        keep_spoken(self.session, speaker, model, role=role, git=self._git)
        approvals = Approvals(self._consent.policy(tree), self._approver, self._consent.remember)
        compaction = memory.compaction(model, tree)
        return Agent(self.session, model, toolset, approvals, compaction=compaction, headless=not talks)

    def pipeline(self, tree: WorkTree, sandbox: Sandbox, command: str, *, seed: int | None) -> Pipeline | None:
        if (self._config.strategy or self._profile.strategy) != "pipeline":
            return None
        speaker = self._speakers["actor"]
        memory = self._memory(speaker)
        kind, toolset, instructions = pipeline_for(speaker, tree, memory)
        bench = Bench(tree=tree, sandbox=sandbox, toolset=toolset, command=command, prompt=memory.room.prompt)
        # Its requests stand alone, and ask for one block of text.
        model = self.asked(instructions, seed=seed)
        keep_spoken(self.session, speaker, model, role="actor", git=self._git)
        return kind(self.session, model, bench)

    def _memory(self, speaker: Speaker) -> Memory:
        return Memory.of(self.session, speaker.profile, self._config, store=self.store, hide=self.vault.hide)

    def _model(self, speaker: Speaker, dialect: Dialect, instructions: str, seed: int | None) -> Model:
        model = Model(speaker.profile, speaker.provider, dialect, instructions=instructions, seed=seed)
        is_new = self._task.resumed is None and self._task.continues is None
        return model if is_new else model.after(self.session.answers)

    def unified(self, patch: Patch) -> str:
        return self._git.unified(patch, self.store)

    def _tree_of(self, root: Path) -> WorkTree:
        return self.tree if root == self.tree.root else self.candidate(root)

    def _left_behind(self, paths: list[str]) -> set[str]:
        """New files of commands that stay in the sandbox: ignored ones, and what looks like a secret."""
        return self._git.ignored(paths) | {path for path in paths if self._consent.is_hidden(path)}
