"""A repository with a state folder, in which r1code changes files and commits, without a model."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from fakes.repository import Repository
from r1code.app.commits import Attribution, Commits
from r1code.app.githooks import GitHooks
from r1code.app.guard import Guard
from r1code.app.trust import Trust
from r1code.app.turns import Made
from r1code.control import Control
from r1code.log import Opened
from r1code.repo.files import is_secret
from r1code.repo.git import Git
from r1code.secrets.vault import Vault
from r1code.session import Session
from r1code.tree.scan import Listing
from r1code.tree.store import Store
from r1code.tree.timeline import Origin
from r1code.tree.worktree import WorkTree


class Desk:
    def __init__(self, repository: Repository, state: Path, *, attribution: Attribution = "trailer") -> None:
        self.repository = repository
        self.root = repository.root
        self.state = state
        self.notes: list[str] = []
        self.shown: list[str] = []
        self.git = Git.find(self.root)
        self._turn = 0
        self._session = ""
        self.tree = WorkTree(
            self.git.root,
            Listing(self.git.files, self.git.ignored),
            Store(state / "objects"),
            state=state,
            hidden=is_secret,
            origin=lambda: Origin(session=self._session, turn=self._turn, step=self._turn),
        )
        self.attribution = attribution
        self.vault = Vault(bytes(32))
        self.exempt: set[str] = set()
        repository.git("config", "user.name", "Ann")
        repository.git("config", "user.email", "ann@example.org")

    @contextmanager
    def turn(self, task: str = "Do it", command: Literal["fix", "prompt"] = "prompt") -> Iterator[Session]:
        """What is written meanwhile, r1code did for this task."""
        opened = Opened(root=str(self.root), profile="scripted", base="", task=task, command=command)
        session = Session.create(self.state / "sessions", opened)
        self._session, self._turn = session.id, self._turn + 1
        try:
            yield session
        finally:
            session.close()

    def change(self, task: str = "Do it", **files: str | None) -> None:
        """A turn that writes these files."""
        self.write(task, files)

    def write(self, task: str, files: dict[str, str | None]) -> Session:
        with self.turn(task) as session:
            self.tree.write({path: None if text is None else text.encode() for path, text in files.items()})
        return session

    @property
    def commits(self) -> Commits:
        return Commits(
            Guard(self.git, self.vault, self.exempt.__contains__),
            self.tree,
            self.state,
            attribution=self.attribution,
            say=self.notes.append,
            environ={},
        )

    @property
    def hooks(self) -> GitHooks:
        trust = Trust(self.git, self.state)
        return GitHooks(self.git, trust, Control(), say=self.notes.append, show=self.shown.append)

    def commit(self, *paths: str, text: str | None = None, everything: bool = False) -> Made:
        places = [self.root / path for path in paths]
        return self.commits.commit(places, text, self.hooks, everything=everything)

    def hook(self, name: str, script: str, folder: str = ".git/hooks") -> Path:
        place = self.root / folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"#!/bin/sh\n{script}\n")
        place.chmod(0o755)
        return place

    def trust(self) -> None:
        Trust(self.git, self.state).give()

    def of(self, commit: str = "HEAD") -> list[str]:
        """The paths that a commit changed, as plain git says."""
        told = self.repository.git("show", "-z", "--format=", "--name-only", "--no-renames", commit)
        return sorted(filter(None, told.split("\0")))

    def message(self, commit: str = "HEAD") -> str:
        return self.repository.git("log", "-1", "--format=%B", commit).strip()

    def status(self) -> str:
        return self.repository.git("status", "--porcelain")

    def is_sound(self) -> bool:
        ran = subprocess.run(
            ["git", "fsck", "--strict", "--no-dangling"],
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
        )
        return (
            ran.returncode,
            ran.stdout,
            ran.stderr.replace("notice: HEAD points to an unborn branch", ""),
        ) == (
            0,
            "",
            "",
        )

    def everything(self) -> dict[str, bytes]:
        """All files of the folder, git's own included."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file()
        }
