"""AGENTS.md, drafted by a model from what a repository shows, and written when a person agrees."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import nullcontext
from pathlib import Path

from msgspec import Struct

from r1code import prompts
from r1code.account import Account
from r1code.app.tests import found_tests
from r1code.app.tree import held, open_tree
from r1code.app.trust import Trust, changed
from r1code.budget import Meter
from r1code.context import Model
from r1code.control import Control
from r1code.errors import Cancelled, ProviderError, StateError, ToolError
from r1code.events import Event, Notice, PatchReady, ReplyReceived
from r1code.log import Replied, Said
from r1code.profiles.room import Room
from r1code.repo.files import decode, is_binary
from r1code.repo.git import Git
from r1code.repo.instructions import AT_ROOT
from r1code.secrets.values import Hide
from r1code.session import Session
from r1code.tools.list import listing
from r1code.tools.truncation import LEAST, Measure, clean, clip
from r1code.tree.entry import Entry
from r1code.tree.patch import FileChange, Patch
from r1code.tree.store import Store
from r1code.tree.timeline import Origin
from r1code.tree.worktree import NEW_FILE_MODE, WorkTree

NAME = "AGENTS.md"
_MANIFESTS = (
    *("README.md", "README.rst", "README.txt", "README", "CONTRIBUTING.md"),
    *("Makefile", "justfile", "pyproject.toml", "setup.cfg", "tox.ini", "package.json", "Cargo.toml", "go.mod"),
    *("pom.xml", "build.gradle", "build.gradle.kts", "Gemfile", "composer.json", "CMakeLists.txt"),
    *(".pre-commit-config.yaml", ".editorconfig", ".gitlab-ci.yml"),
)
_MOST_FILES = 150
_MOST_TESTS = 3
_FENCED = re.compile(r"(`{3,})(?:markdown|md)?\n(.*)\n\1", re.DOTALL)


class _Shown(Struct, frozen=True, kw_only=True):
    path: str
    text: str


class Initial:
    """Of the work tree of a repository. Methods raise StateError."""

    def __init__(
        self,
        git: Git,
        state: Path,
        *,
        hide: Hide,
        room: Room,
        measure: Measure,
        tree: WorkTree | None = None,
    ) -> None:
        """`room` and `measure`: of the model that is asked. `tree`: one that the caller holds already."""
        self._git = git
        self._state = state
        self._hide = hide
        self._room = room
        self._measure = measure
        self._is_held = tree is not None
        self._tree = tree or open_tree(git, state, for_model=True)
        self._store = Store(state / "objects")

    @property
    def root(self) -> Path:
        return self._git.root

    def question(self) -> str:
        """What the model is asked, with all that the repository shows, as far as a prompt has room for it."""
        paths = self._tree.paths()
        existing = self._text(NAME, self._room.prompt // 3) or ""
        return prompts.load(
            "init_task",
            count=len(paths),
            files=clean(listing(paths, _MOST_FILES)),
            tests=[clean(found.line) for found in found_tests(self._git)[:_MOST_TESTS]],
            texts=list(self._texts(self._room.prompt // 4)),
            existing=existing,
        )

    def _texts(self, most: int) -> Iterator[_Shown]:
        """What tells most about a project, each in at most half of what is left."""
        for path in (*AT_ROOT, *_MANIFESTS):
            text = None if path == NAME or most < 2 * LEAST else self._text(path, most // 2)
            if text:
                most -= self._measure(text)
                yield _Shown(path=path, text=text)

    def _text(self, path: str, most: int) -> str | None:
        try:
            data = None if self._tree.entry(path) is None else self._tree.read(path)
        except ToolError:
            return None
        if data is None or is_binary(data):
            return None
        text = clean(self._hide(decode(data).text)).strip()
        return clip(text, max(most, LEAST), self._measure, tail=0.0).text

    def draft(
        self, model: Model, session: Session, meter: Meter, control: Control
    ) -> Generator[Event, None, Patch]:
        """The change that the model proposes; empty: none.

        Raises ProviderError for no usable answer, and BudgetExhausted.
        """
        yield Notice(text=f"the model drafts {NAME} from what the repository shows")
        account = Account(session, meter)
        account.begin_step()
        session.append(Said(text=self.question(), origin="task"))
        with control.limited(meter.seconds_left) as limited:
            try:
                reply = yield from model.ask(session.history(), account, limited)
            except Cancelled as late:
                control.check()
                raise meter.late() from late
        session.append(Replied.of(reply))
        yield ReplyReceived(step=1, usage=reply.usage, seconds=account.seconds, spent=account.spent)
        fenced = _FENCED.fullmatch(reply.text.strip())
        text = clean(fenced[2] if fenced else reply.text).strip()
        if not text or reply.finish in {"length", "filter"} or reply.cut is not None:
            raise ProviderError(
                f"the model drafted no {NAME}",
                why="its answer was cut off" if text else "its answer was empty",
                hint=f"try again, choose another model with --profile, or write {NAME} by hand",
            )
        patch = self._patch(f"{text}\n".encode())
        if patch:
            yield PatchReady(diff=self._git.unified(patch, self._store), files=patch.files)
        return patch

    def _patch(self, data: bytes) -> Patch:
        try:
            path = self._tree.resolve(NAME)
            before = self._tree.entry(path)
        except ToolError as error:
            raise StateError(
                f"{NAME} cannot be written", why=str(error), hint=f"move away what is there as {NAME}"
            ) from error
        mode = NEW_FILE_MODE if before is None else before.mode
        if before is not None:
            self._store.put(self._tree.read(path))
        after = Entry(kind="file", mode=mode, digest=self._store.put(data))
        return Patch.of([FileChange(path=path, before=before, after=after)])

    def write(self, patch: Patch, control: Control) -> Generator[Event, None, None]:
        """Makes the change, so that it can be undone; a folder that was trusted stays so.

        Raises StateError, with nothing written, if the file is not what the draft was compared with.
        """
        notices: list[str] = []
        trust = Trust(self._git, self._state)
        was_trusted = trust.missing() is None
        with nullcontext() if self._is_held else held(self._tree, control, notices.append):
            self._tree.apply(patch, f"init: {NAME}", origin=Origin())
        yield from (Notice(text=text) for text in notices)
        if was_trusted:
            # What a new line imports, nobody has seen.
            seen = Trust(self._git, self._state).look()
            if changed(trust.look().digests, seen.digests) & set(seen.names) <= {*patch.paths, NAME}:
                trust.give(seen)
