"""What a person may ask of an open session, besides talking with it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from r1code.app.around import Around
from r1code.app.backend import planner_profile
from r1code.app.checkpoints import Checkpoint, Checkpoints, Part
from r1code.app.committing import Committing
from r1code.app.cost import SessionCost, cost_of
from r1code.app.custom import Custom
from r1code.app.diary import Diary
from r1code.app.diffs import difference
from r1code.app.export import Document, document_of
from r1code.app.pins import Pin, Pins
from r1code.app.plans import read_plan
from r1code.app.ran import Runs
from r1code.app.reviewing import Reviewing
from r1code.app.sessions.change import fork, titled
from r1code.app.sessions.info import SessionInfo, is_used
from r1code.app.sessions.listing import find, resumable, sessions_in
from r1code.app.stopped import continued_session
from r1code.app.why import Why, why
from r1code.app.workshop import Workshop
from r1code.config import Config
from r1code.control import Control
from r1code.errors import R1CodeError, UsageError
from r1code.ledger import charges_of, spent
from r1code.log import Entry, Rewound, Said
from r1code.profiles.room import Room, room_of
from r1code.profiles.tokenizers import tokenizer_of
from r1code.repair.conversation import Conversation
from r1code.repo.rank import Reasons
from r1code.secrets.values import hidden
from r1code.tools.truncation import Measure
from r1code.tree.patch import Patch
from r1code.types import ApprovalMode, Plan, Spent

if TYPE_CHECKING:
    from r1code.app.watching import Watching

_KEPT_ERRORS = 5
S = TypeVar("S", bound=Struct)


class Desk:
    """Of one session, for one thread. Methods raise R1CodeError and Cancelled."""

    runs: Runs
    """Set by whoever opens it, who knows the person."""

    def __init__(
        self,
        workshop: Workshop,
        conversation: Conversation,
        around: Around,
        *,
        config: Config,
    ) -> None:
        self.conversation = conversation
        self.customs: Mapping[str, Custom] = {}
        """Commands of people's own, by name."""
        self.diary: Diary | None = None
        """Where what happens is kept as well; None: nowhere."""
        self.watching: Watching | None = None
        """What starts turns by comments in files; None: nothing does."""
        self.config = config
        self.around = around
        self.errors: deque[R1CodeError] = deque(maxlen=_KEPT_ERRORS)
        """What a person was told last, to be reported."""
        self.commits = Committing(workshop, around, attribution=config.attribution)
        self.review = Reviewing(workshop, conversation, around)
        self.pins = Pins(workshop.tree, hide=workshop.vault.hide, history=workshop.session.history)
        conversation.enclosed += [
            lambda: self.review.notes(self.measure, self.room.observation),
            lambda: self.pins.told(self.measure, self.room.observation),
        ]
        self._workshop = workshop
        self._git = around.git
        self._state = around.state
        self._checkpoints = Checkpoints(
            around.git, around.state, around.say, tree=workshop.tree, session=workshop.session
        )

    def veiled(self, told: S) -> S:
        """The same without secrets."""
        return hidden(told, self._workshop.vault.hide)

    def why(self, place: str) -> Why:
        """What is on record of a line, named as FILE:LINE, whichever session wrote it."""
        return why(place, self._git, self._state, folder=self._git.root)

    def export(self) -> Document:
        """The session so far, for a person or a program."""
        return document_of(self._workshop.session.folder, self._state)

    def sessions(self) -> list[SessionInfo]:
        """Those that can go on here, the last used first."""
        return resumable(sessions_in(self._sessions), self._git.root)

    def other(self, named: str) -> str:
        """The id of the session that is meant, which can be opened here. Raises UsageError and StateError."""
        folder = find(self._sessions, named)
        if folder.name != self.session:
            continued_session(folder, self._git.root)
            if is_used(folder):
                raise UsageError(
                    f"the session {folder.name} is in use",
                    why="another r1code works in it",
                    hint="leave that one first, or /fork",
                )
        return folder.name

    def fork(self, at: int | None) -> str:
        """The id of a new session with this one's history, up to step `at`. Raises UsageError and StateError."""
        return fork(self._workshop.session.folder, at).name

    @property
    def _sessions(self) -> Path:
        return self._state / "sessions"

    def rename(self, title: str) -> None:
        self._workshop.session.append(titled(title))

    @property
    def entries(self) -> Sequence[Entry]:
        """Of the history, up to now."""
        return self._workshop.session.path()

    @property
    def workshop(self) -> Workshop:
        return self._workshop

    @property
    def session(self) -> str:
        return self._workshop.session.id

    @property
    def model(self) -> tuple[str, str, int | None]:
        """The profile's name, what the server calls its model, and its context window in tokens."""
        name, profile = self._workshop.profile_name, self._workshop.profile
        if self.conversation.role == "planner":
            name, profile = planner_profile(self.config) or (name, profile)
        return name, profile.model, profile.context_window

    def think(self, text: str) -> None:
        """Tokens of reasoning that each step may have from now on: `4k`, `off`."""
        self._change(replace(self.config, think=text))

    def switch(self, profile: str) -> None:
        """Another profile's model goes on; what it read and did is told to it in its own dialect."""
        # What was said about the server and the model was said about the one of before.
        self._change(replace(self.config, profile=profile, base_url=None, model_name=None, effort=None))

    def rename_model(self, name: str) -> None:
        """The same profile goes on with what its server calls `name`."""
        self._change(replace(self.config, profile=self._workshop.profile_name, model_name=name))

    def _change(self, config: Config) -> None:
        self.conversation.refuse_going_on()
        self._workshop.speak_as(config)
        self.conversation.renew()
        self.config = config

    def context(self) -> list[tuple[str, int]]:
        """What fills the model's window: each part's name, and its tokens, about."""
        count = self.measure
        parts: dict[str, int] = {
            "instructions": count(self.conversation.instructions),
            "tasks and the map": 0,
            "replies": 0,
            "observations": 0,
        }
        names = {"user": "tasks and the map", "assistant": "replies", "observation": "observations"}
        for message in self._workshop.session.history():
            parts[names[message.role]] += count(message.text)
        return list(parts.items())

    @property
    def pinned(self) -> list[Pin]:
        return self.pins.states(self.measure, self.room.observation)

    @property
    def measure(self) -> Measure:
        """Counts tokens as the model does, about."""
        return tokenizer_of(self._workshop.profile).count

    @property
    def room(self) -> Room:
        return room_of(self._workshop.profile, self.config.working_context)

    @property
    def branch(self) -> str:
        """Empty: there is none."""
        return (self._git.branch() or "") if self._git.is_repository else ""

    @property
    def spent(self) -> Spent:
        """By the session so far."""
        return spent(charges_of(self._workshop.session.entries))

    def paths(self) -> list[str]:
        """The files of the tree, for a completion."""
        return self._workshop.tree.paths()

    def symbols(self, control: Control | None = None) -> list[str]:
        """Names of its code that a message can mention; with `control` they are waited for, a moment long."""
        return self._workshop.sights.symbols(control)

    def undo(self, control: Control, *, by: Literal["turn", "step"] = "turn", force: bool = False) -> Patch:
        return self._went(self._checkpoints.undo(control, by=by, part="both", force=force))

    def redo(self, control: Control, *, force: bool = False) -> Patch:
        return self._went(self._checkpoints.redo(control, part="both", force=force))

    def rewind(self, number: int, control: Control, *, part: Part = "both", force: bool = False) -> Patch:
        return self._went(self._checkpoints.rewind(number, control, part=part, force=force))

    def _went(self, patch: Patch) -> Patch:
        self.conversation.went()
        return patch

    def checkpoints(self) -> list[Checkpoint]:
        return self._checkpoints.list()

    def difference(self, revision: str | None) -> str:
        """What is different from `revision`, or from the last commit."""
        if not self._git.is_repository:
            raise UsageError(
                "there is no diff", why="this folder is no git repository", hint="/undo and /checkpoints work"
            )
        return difference(self._git, revision).decode(errors="replace")

    def cost(self) -> SessionCost:
        return cost_of(self._workshop.session.folder)

    def map(self) -> str:
        """The map that the model was shown; empty: none yet."""
        return self._workshop.sights.shown

    def why_of_file(self, path: str) -> Reasons:
        """What raises a file for the last task. Raises UsageError for what is none, and StateError."""
        said = [entry.item for entry in self.entries if isinstance(entry.item, Said)]
        task = next((item.text for item in reversed(said) if item.origin == "task"), "")
        return self._workshop.sights.why(task, path)

    def approve(self, mode: ApprovalMode) -> None:
        """What goes on unasked from now on, where no rule says anything."""
        self.conversation.refuse_going_on()
        self._workshop.approve(mode)
        self.conversation.renew()
        self.config = replace(self.config, approve=mode)

    @property
    def unasked(self) -> bool:
        """Whether commands run unasked where nobody said how: a sandbox is the consent to that."""
        return self.config.sandbox != "none" or self.config.allow_host_exec

    def clear(self) -> None:
        """The model's history begins anew; the log keeps all of it."""
        session = self._workshop.session
        session.append(Rewound(position=self._workshop.tree.timeline.at), parent=session.path()[0].id)
        self.conversation.progress.drop()

    def plan(self, file: str | None) -> Plan:
        """The one in `file`, or the last one that was made, as it is on disk now."""
        named = file or self.conversation.plan_file
        if named is not None:
            # What was made here may have become a link since: to what nobody wants to show the model.
            return read_plan(Path(named), within=None if file else self._git.root)
        raise UsageError(
            "there is no plan", why="none was made here", hint="/plan TASK makes one; /act FILE takes one"
        )
