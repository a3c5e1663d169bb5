"""Which folders a person trusts enough to let what is set up there run: kept by r1code, never by the project."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from r1code.config import PROJECT_FILE
from r1code.errors import StateError, UsageError
from r1code.repo.git import Git
from r1code.tree.entry import open_file

GIT_HOOKS = ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit")
"""Those that a commit runs, in this order."""
NOTHING = "nothing"
"""The digest of a file that is not there."""
_MOST_FILES = 1_000
_MOST_BYTES = 64_000_000


class Given(Struct, frozen=True, kw_only=True):
    """The trust of one folder, and what it was given to."""

    root: str
    time: float
    """Seconds since the epoch."""
    digests: dict[str, str]
    """By name: SHA-256 of each file that trust is about."""


class Trust:
    """Of the work tree of a repository. Raises UsageError for a folder that is in none.

    Trust is about git's configuration, what lies in the folder of git's hooks, and r1code's project file. When
    one of them changes, it is gone.
    """

    def __init__(self, git: Git, state: Path) -> None:
        if not git.is_repository:
            raise UsageError(
                "there is nothing to trust here",
                why=f"{git.root} is in no git repository, and trust is about a repository's hooks",
                hint="run `git init` there first",
            )
        self._git = git
        # Resolved: one folder has one trust, however it is reached.
        self._root = git.root.resolve()
        self._file = state / "trust" / f"{hashlib.sha256(os.fsencode(self._root)).hexdigest()[:16]}.json"

    @property
    def hooks_folder(self) -> Path:
        """Where git would look for hooks."""
        # The last value is r1code's own, which switches hooks off; what is before it, somebody set.
        arguments = ["config", "-z", "--get-all", "--type=path", "core.hooksPath"]
        chosen = self._git.ask(arguments, "read its configuration").names[:-1]
        return self._root / chosen[-1] if chosen else self._common / "hooks"

    @property
    def hooks(self) -> tuple[str, ...]:
        """The hooks that a commit would run in a trusted folder."""
        folder = self.hooks_folder
        return tuple(
            name for name in GIT_HOOKS if (folder / name).is_file() and os.access(folder / name, os.X_OK)
        )

    def given(self) -> Given | None:
        """What was trusted, whether or not it is still so. Raises StateError for a file that cannot be used."""
        try:
            given = msgspec.json.decode(self._file.read_bytes(), type=Given)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            raise StateError(
                "whether this folder is trusted cannot be read",
                why=f"{self._file}: {error}",
                hint="r1code trust --remove takes it away",
            ) from error
        return given if given.root == _named(self._root) else None

    def missing(self) -> str | None:
        """Why the folder is not trusted, in words for a person; None: it is."""
        given = self.given()
        if given is None:
            return "this folder is not trusted; r1code trust --show says how"
        try:
            now = self.digests()
        except UsageError as error:
            return f"{error.what}: {error.why}"
        changed = sorted(
            name for name in given.digests.keys() | now.keys() if given.digests.get(name) != now.get(name)
        )
        if changed:
            return f"changed since the folder was trusted: {', '.join(changed)}; look at it, then r1code trust"
        return None

    def give(self) -> Given:
        """From now on the folder is trusted as it is."""
        given = Given(root=_named(self._root), time=time.time(), digests=self.digests())
        fresh = self._file.with_suffix(".new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh.write_bytes(msgspec.json.encode(given))
            fresh.replace(self._file)
        except OSError as error:
            raise StateError(
                "the trust cannot be kept",
                why=str(error),
                hint="free some space, or point R1CODE_STATE_DIR at a folder that you can write",
            ) from error
        return given

    def remove(self) -> bool:
        """Takes the trust away; whether there was any."""
        there = self._file.exists()
        self._file.unlink(missing_ok=True)
        return there

    def digests(self) -> dict[str, str]:
        """Each file that trust is about, by a name for a person. Raises UsageError when they cannot be read."""
        found = {"core.hooksPath": _digest(os.fsencode(self.hooks_folder))}
        try:
            for name, place in self._files():
                found[_named(name)] = _digest_of(place)
        except OSError as error:
            raise UsageError(
                "this folder cannot be trusted",
                why=f"what that is about cannot be read: {error}",
                hint="make it readable, or move it away",
            ) from error
        return found

    def _files(self) -> Iterator[tuple[Path, Path]]:
        yield Path(".git/config"), self._common / "config"
        yield Path(".git/config.worktree"), self._git.place("config.worktree")
        yield Path(PROJECT_FILE), self._root / PROJECT_FILE
        folder = self.hooks_folder
        count = size = 0
        for base, folders, names in os.walk(folder):
            # A link to a folder is no file, and nothing that can be watched.
            links = [name for name in folders if Path(base, name).is_symlink()]
            for name in sorted([*names, *links]):
                place = Path(base, name)
                count, size = count + 1, size + (place.stat().st_size if place.exists() else 0)
                if count > _MOST_FILES or size > _MOST_BYTES:
                    raise OSError(f"more than {_MOST_FILES} files or {_MOST_BYTES} bytes in {folder}")
                yield Path("hooks", place.relative_to(folder)), place

    @property
    def _common(self) -> Path:
        ran = self._git.ask(["rev-parse", "--path-format=absolute", "--git-common-dir"], "find its folder")
        return Path(os.fsdecode(ran.output.removesuffix(b"\n")))


def _digest_of(place: Path) -> str:
    """Of the content and the mode; what a link points to is what would run."""
    try:
        with os.fdopen(open_file(place.resolve()), "rb") as file:
            mode = os.fstat(file.fileno()).st_mode & 0o777
            return _digest(b"%o " % mode + file.read())
    except FileNotFoundError:
        return NOTHING


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _named(path: Path) -> str:
    """A path as text that JSON can carry."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
