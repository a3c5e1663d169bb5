"""Which folders a person trusts: what a folder's own files may do, and the one place where that is decided.

The record is kept by r1code, never by the project, and is about the content of the files.
"""

from __future__ import annotations

import difflib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import msgspec
from msgspec import Struct

from r1code.app.custom import project_files
from r1code.app.kept import named, place_of, write_private
from r1code.app.tree import open_tree
from r1code.config import PROJECT_FILE, Config, on_host, without
from r1code.errors import StateError, UsageError
from r1code.repo.git import Git
from r1code.repo.instructions import Instructions, described, instructions_of
from r1code.secrets.vault import Vault, machine_key
from r1code.tree.entry import open_file
from r1code.tree.store import digest_of

GIT_HOOKS = ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit")
"""Those that a commit runs, in this order."""
TRUSTED_FILES = (PROJECT_FILE,)
"""Files of the work tree that trust is about, beside what git reads."""
NOTHING = "nothing"
"""The digest of a file that is not there."""
_MOST_FILES = 1_000
_MOST_BYTES = 64_000_000
_MOST_SHOWN = 64_000
"""A longer file is compared, but not shown."""


class Given(Struct, frozen=True, kw_only=True):
    """What a person said about one folder, and the files that it was about."""

    root: str
    time: float
    """Seconds since the epoch."""
    digests: dict[str, str]
    """By name: SHA-256 of each file that trust is about."""
    trusted: bool = True
    texts: dict[str, str] = {}
    """What stood in those that are short, with placeholders for secrets: to show what changed."""


class Seen(Struct, frozen=True, kw_only=True):
    """The files that trust is about, at a moment: digests and texts as in Given."""

    digests: dict[str, str]
    texts: dict[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """Those that are there and mean something."""
        return tuple(
            name
            for name in sorted(self.digests)
            if self.digests[name] != NOTHING and not name.endswith(".sample")
        )

    @property
    def text(self) -> str:
        """All of them, for a person to read."""
        unknown = "(not shown: it is long, or no text)"
        return "\n".join(f"== {name}\n{self.texts.get(name, unknown)}" for name in self.names)


class Question(Struct, frozen=True, kw_only=True):
    """What a person is asked, all of it foreign text."""

    root: Path
    wishes: tuple[str, ...]
    """What the folder's files would make run, and tell the model."""
    seen: Seen
    changes: str
    """What changed since the person trusted it, as a diff; empty: they never did."""
    whole: bool = False
    """What the files say is shown at once, unless the changes are."""


Person = Callable[[Question], bool | None]
"""Asks somebody whether they trust a folder. None: they did not say."""


class Trust:
    """Of one folder, by its real path.

    Trust is about r1code's project file, what the project tells the model, its commands and, in a repository,
    git's configuration and what lies in the folder of git's hooks. When one of them changes, it is gone.
    """

    def __init__(self, git: Git, state: Path) -> None:
        self._git = git
        self._state = state
        # Resolved: one folder has one trust, however it is reached.
        self.root = git.root.resolve()
        self._file = place_of(state / "trust", self.root)
        self._for_now: Given | None = None

    @cached_property
    def instructions(self) -> Instructions:
        """What the project tells the model, read once: what is asked about is what counts.

        Raises StateError, and UsageError where .r1codeignore cannot be used.
        """
        return instructions_of(open_tree(self._git, self._state, for_model=True))

    @cached_property
    def commands(self) -> dict[str, bytes]:
        """The project's command files, by path, read once as well."""
        return project_files(self._git.root)

    @property
    def hooks_folder(self) -> Path:
        """Where git would look for hooks."""
        # The last value is r1code's own, which switches hooks off; what is before it, somebody set.
        arguments = ["config", "-z", "--get-all", "--type=path", "core.hooksPath"]
        chosen = self._git.ask(arguments, "read its configuration").names[:-1]
        return self.root / chosen[-1] if chosen else self._common / "hooks"

    @property
    def hooks(self) -> tuple[str, ...]:
        """The hooks that a commit would run in a trusted folder."""
        if not self._git.is_repository:
            return ()
        folder = self.hooks_folder
        return tuple(
            name for name in GIT_HOOKS if (folder / name).is_file() and os.access(folder / name, os.X_OK)
        )

    def given(self) -> Given | None:
        """What was said, whether or not it still holds. Raises StateError for a file that cannot be used."""
        if self._for_now is not None:
            return self._for_now
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
        return given if given.root == named(self.root) else None

    def missing(self) -> str | None:
        """Why the folder is not trusted, in words for a person; None: it is."""
        given = self.given()
        if given is None:
            return "this folder is not trusted; r1code trust --show says how"
        if not given.trusted:
            return "you said that you do not trust this folder; r1code trust changes that"
        try:
            now = self._digests()
        except UsageError as error:
            return f"{error.what}: {error.why}"
        names = changed(given.digests, now)
        if names:
            return (
                f"changed since the folder was trusted: {', '.join(sorted(names))}; look at it, then r1code trust"
            )
        return None

    def changes(self, seen: Seen) -> str:
        """What is different from when the folder was trusted, as a diff; empty: nothing is, or it never was."""
        given = self.given()
        if given is None or not given.trusted:
            return ""
        return "".join(_differences(given, seen))

    def look(self) -> Seen:
        """The files as they are now. Raises UsageError when they cannot be read."""
        vault = Vault(machine_key(self._state))
        seen = Seen(digests={}, texts={})
        for name, digest, data in self._read():
            seen.digests[name] = digest
            if data is not None and len(data) <= _MOST_SHOWN and b"\0" not in data:
                seen.texts[name] = vault.hide_data(data).decode("utf-8", "backslashreplace")
        return seen

    def give(self, seen: Seen | None = None) -> Given:
        """From now on the folder is trusted, as it was `seen`. Raises StateError and UsageError."""
        found = self.look() if seen is None else seen
        self.refuse_nothing(found)
        return self._keep(self._said(found, trusted=True))

    def refuse_nothing(self, seen: Seen) -> None:
        """Raises UsageError where there is nothing that trust could be about."""
        if not self._git.is_repository and seen.digests == dict.fromkeys(TRUSTED_FILES, NOTHING):
            raise UsageError(
                "there is nothing to trust here",
                why=f"{self._git.root} is in no git repository, and has no {PROJECT_FILE} and no instructions",
                hint="nothing there makes r1code run anything; `git init` would make it a repository",
            )

    def refuse(self, seen: Seen) -> None:
        """From now on nobody is asked again, and the folder is not trusted. Raises StateError."""
        self._keep(self._said(seen, trusted=False))

    def give_for_now(self) -> None:
        """As long as this object lives the folder is trusted as it is, and nothing is kept. Raises UsageError."""
        self._for_now = self._said(Seen(digests=self._digests(), texts={}), trusted=True)

    def remove(self) -> bool:
        """Takes away what was said; whether there was anything."""
        there = self._file.exists()
        self._file.unlink(missing_ok=True)
        return there

    def _said(self, seen: Seen, *, trusted: bool) -> Given:
        return Given(
            root=named(self.root), time=time.time(), digests=seen.digests, texts=seen.texts, trusted=trusted
        )

    def _keep(self, given: Given) -> Given:
        try:
            write_private(self._file, msgspec.json.encode(given))
        except OSError as error:
            raise StateError(
                "the trust cannot be kept",
                why=str(error),
                hint="free some space, or point R1CODE_STATE_DIR at a folder that you can write",
            ) from error
        return given

    def _digests(self) -> dict[str, str]:
        return {name: digest for name, digest, _ in self._read()}

    def _read(self) -> Iterator[tuple[str, str, bytes | None]]:
        """Name, digest and content of each file. Raises UsageError."""
        try:
            if self._git.is_repository:
                folder = os.fsencode(self.hooks_folder)
                yield "core.hooksPath", digest_of(folder), folder + b"\n"
            for name, place in self._files():
                yield named(name), *_content(place)
            for source in (one for sources in self.instructions.values() for one in sources):
                # The hooks of git are named like a folder that a project can have, too.
                is_hook = source.path.startswith("hooks/")
                yield (
                    named(Path("instructions" if is_hook else "", source.path)),
                    digest_of(source.data),
                    source.data,
                )
            for path, data in self.commands.items():
                yield named(Path(path)), digest_of(data), data
        except OSError as error:
            raise UsageError(
                "this folder cannot be trusted",
                why=f"what that is about cannot be read: {error}",
                hint="make it readable, or move it away",
            ) from error

    def _files(self) -> Iterator[tuple[Path, Path]]:
        for file in TRUSTED_FILES:
            yield Path(file), self.root / file
        if not self._git.is_repository:
            return
        yield Path(".git/config"), self._common / "config"
        yield Path(".git/config.worktree"), self._git.place("config.worktree")
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


def is_trusted(trust: Trust, wishes: Sequence[str], person: Person | None, *, for_now: bool = False) -> bool:
    """Whether what a folder's own files wish, in words for a person, may be.

    `for_now` (`--trust`) says yes for the life of `trust`. Else what was said before holds: a yes until a file
    changes, a no until somebody says otherwise. Else `person` is asked, if there is a wish, and the answer is
    kept, for the files as they were shown. Where nobody is there to ask, or they do not say, it is not trusted.
    Raises StateError, and UsageError where `for_now` is about files that cannot be read.
    """
    if for_now:
        trust.give_for_now()
        return True
    if trust.missing() is None:
        return True
    given = trust.given()
    if not wishes or person is None or (given is not None and not given.trusted):
        return False
    try:
        seen = trust.look()
    except UsageError:
        return False
    answer = person(Question(root=trust.root, wishes=tuple(wishes), seen=seen, changes=trust.changes(seen)))
    if answer is None:
        return False
    if answer:
        trust.give(seen)
    else:
        trust.refuse(seen)
    return answer


def hook_wishes(trust: Trust) -> list[str]:
    """What a commit by hand would run."""
    return [f"git hooks run on your machine at `r1code commit`: {', '.join(trust.hooks)}"] if trust.hooks else []


class Allowed(Struct, frozen=True, kw_only=True):
    """What a folder's own files may, and what to say of the rest."""

    config: Config
    instructions: Instructions
    told: str
    offered: Mapping[str, bytes] = {}
    """Its command files, by path."""


def under_trust(
    config: Config, trust: Trust, person: Person | None, *, for_now: bool, offers: bool = False
) -> Allowed:
    """What of the folder's wishes is granted. `offers`: its commands are among them. Raises like is_trusted."""
    commands = {key: str(getattr(config, key)) for key in on_host(config)}
    instructions = trust.instructions if config.instructions else {}
    files = described(one for sources in instructions.values() for one in sources)
    offered = trust.commands if offers else {}
    if not commands and not instructions and not offered:
        return Allowed(config=config, instructions={}, told="")
    wishes = [f"{PROJECT_FILE} runs this on your machine, as {key}: {text}" for key, text in commands.items()]
    if instructions:
        wishes.append(f"the model is told what these say: {files}")
    if offered:
        wishes.append(f"these are commands, which say their text to the model: {', '.join(offered)}")
    if is_trusted(trust, wishes, person, for_now=for_now):
        return Allowed(config=config, instructions=instructions, told="", offered=offered)
    why = f"({trust.missing() or ''}, or --trust)"
    told: list[str] = []
    if commands:
        ignored = ", ".join(f"{key} = `{text}`" for key, text in commands.items())
        told.append(f"not run on this machine: {ignored} of {PROJECT_FILE} {why}")
    if instructions:
        told.append(f"not told to the model: {files} {why}")
    if offered:
        told.append(f"no commands: {', '.join(offered)} {why}")
    return Allowed(config=without(config, commands), instructions={}, told="\n".join(told))


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """The names of files that are not the same, by their digests."""
    return {
        name for name in before.keys() | after.keys() if before.get(name, NOTHING) != after.get(name, NOTHING)
    }


def _differences(given: Given, seen: Seen) -> Iterator[str]:
    for name in sorted(changed(given.digests, seen.digests)):
        before, after = given.texts.get(name, ""), seen.texts.get(name, "")
        lines = difflib.unified_diff(
            _lines(before), _lines(after), f"{name} as you trusted it", f"{name} now", n=1
        )
        found = list(lines)
        yield from found or [f"{name} changed: its mode, or content that is not shown\n"]


def _lines(text: str) -> list[str]:
    return [f"{line}\n" for line in text.split("\n")] if text else []


def _content(place: Path) -> tuple[str, bytes | None]:
    """The digest of content and mode, and the content; what a link points to is what would run."""
    try:
        with os.fdopen(open_file(place.resolve()), "rb") as file:
            mode = os.fstat(file.fileno()).st_mode & 0o777
            data = file.read()
    except FileNotFoundError:
        return NOTHING, None
    return digest_of(b"%o " % mode + data), data
