"""A change as people look at it before or after it is made: a checkpoint, or a patch that waits as a file."""

from __future__ import annotations

from pathlib import Path

from r1code.app.backend import key_names
from r1code.app.checkpoints import Say
from r1code.app.keys import environment
from r1code.app.tree import held, open_tree
from r1code.app.vault import open_vault
from r1code.control import Control
from r1code.errors import UsageError
from r1code.repo.compare import compare, review
from r1code.repo.git import Git
from r1code.repo.incoming import incoming
from r1code.secrets.vault import Vault
from r1code.session import PATCH
from r1code.tree.hunks import Review
from r1code.tree.patch import Patch
from r1code.tree.stat import Stat, stat
from r1code.tree.store import Store


class Reviews:
    """Of the work tree that a folder is in. Methods raise StateError and UsageError."""

    def __init__(self, git: Git, state: Path, say: Say) -> None:
        self._git = git
        self._state = state
        self._say = say
        self.store = Store(state / "objects")
        self._tree = open_tree(git, state)

    def of(self, patch: Patch) -> Review:
        return review(patch, self.store)

    def shown(self, patch: Patch) -> Review:
        """The same to look at only: with placeholders for secrets. Its hunks have the same numbers."""
        vault = open_vault(self._git, self._state, environment(), key_names(), exempt=lambda _: False)
        return review(patch, Shown(self.store.folder, vault))

    def of_text(self, text: bytes) -> Review:
        """What a patch in git's or the plain unified format would do to the tree as it is now."""
        return self.of(incoming(text, self._tree.root, self.store))

    def stat(self, reviewed: Review) -> Stat:
        return stat(reviewed, self.store, compare)

    def unified(self, patch: Patch) -> str:
        return self._git.unified(patch, self.store)

    def apply(self, patch: Patch, what: str, control: Control) -> None:
        """Makes the change, whole or not at all, so that it can be undone; `what` it is called there."""
        with held(self._tree, control, self._say):
            self._tree.apply(patch, what)


class Shown(Store):
    """Contents with placeholders for secrets."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        super().__init__(folder)
        self._vault = vault
        self.more: dict[str, bytes] = {}
        """Contents that are not in the folder, by their digest."""

    def get(self, digest: str) -> bytes:
        return self._vault.hide_data(self.more[digest] if digest in self.more else super().get(digest))


def patch_text(named: str, state: Path) -> bytes:
    """The patch in a file, or the one that a session kept; a session goes by its id or its folder.

    Raises UsageError.
    """
    place = Path(named)
    kept = [place / PATCH, state / "sessions" / named / PATCH] if "/" not in named else [place / PATCH]
    file = next((one for one in [place, *kept] if one.is_file()), None)
    if file is None:
        session = any((one / "log.jsonl").is_file() for one in (place, state / "sessions" / named))
        raise UsageError(
            f"there is no patch {named!r}",
            why="that session changed nothing" if session else "it is neither a file nor the id of a session",
            hint="a session with --dry-run tells at its end where its patch is",
        )
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(
            f"the patch {named!r} cannot be read", why=str(error), hint="make it readable"
        ) from error
