"""The history that commands in a sandbox see: without secrets, in old versions and in messages neither.

Hashes hold a history together, so nothing in it can be changed. But git has references that say which object to
show in place of another (`git replace`): one with a secret stays here, and one with placeholders goes instead.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from r1code.errors import R1CodeError
from r1code.repo.history import History, Object
from r1code.sandbox.gitdir import LeftOutError, Member, members
from r1code.secrets.scan import version
from r1code.secrets.vault import Vault

MOST_BYTES = 400_000_000
"""Of contents that were not scanned before: more would take a minute."""
_HIDDEN = b"[not available here: the file may hold secrets]\n"
_SCANNED = frozenset({"blob", "commit", "tag"})
_SHA1_DIGITS = 40


class VeiledHistory:
    """Of the repository at `root`. `state`: where it is remembered what was scanned."""

    def __init__(self, root: Path, vault: Vault, is_hidden: Callable[[str], bool], state: Path) -> None:
        self._history = History(root)
        self._vault = vault
        self._is_hidden = is_hidden
        name = hashlib.sha256(str(root.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
        self._file = state / "history" / name

    def members(self, git_dir: Path) -> list[Member]:
        """What goes into the `.git` inside. Raises LeftOutError, which says why nothing does."""
        plain = members(git_dir)
        try:
            replaced, names = self._look()
            if not replaced:
                return plain
            pack = self._history.packed(name for name in names if name not in replaced)
        except R1CodeError as error:
            raise LeftOutError(f"it could not be searched for secrets: {error.what}: {error.why}") from error
        kept = [(name, data) for name, data in plain if not name.startswith("objects/")]
        fresh = [(f"objects/{name}", data) for name, data in pack]
        return [*kept, ("objects/", b""), *fresh, *_replacements(replaced)]

    def _look(self) -> tuple[dict[str, tuple[str, bytes]], list[str]]:
        """The objects with secrets, each with its kind and what is shown in its place; and all objects."""
        objects = self._history.objects()
        known = self._known()
        unknown = [one for one in objects if one.kind in _SCANNED and one.name not in known]
        if sum(one.size for one in unknown) > MOST_BYTES:
            raise LeftOutError(
                f"it holds more than {MOST_BYTES // 1_000_000} MB that were never searched for secrets"
            )
        hidden = (
            {name for name, path in self._history.paths() if self._is_hidden(path)} if unknown else set[str]()
        )
        replaced: dict[str, tuple[str, bytes]] = {}
        for one, data in self._history.contents(one.name for one in unknown):
            shown = _HIDDEN if one.kind == "blob" and one.name in hidden else self._hide(one, data)
            if shown != data:
                replaced[one.name] = (one.kind, shown)
        self._keep(known | {one.name for one in unknown} - replaced.keys())
        return replaced, [one.name for one in objects]

    def _hide(self, one: Object, data: bytes) -> bytes:
        if one.kind == "blob":
            return self._vault.hide_data(data)
        # What stands above the first empty line is hashes and people.
        head, gap, message = data.partition(b"\n\n")
        return head + gap + self._vault.hide_data(message)

    def _known(self) -> set[str]:
        try:
            head, *names = self._file.read_text().splitlines()
        except (OSError, ValueError):
            return set()
        return set(names) if head == version().hex() else set()

    def _keep(self, names: set[str]) -> None:
        """What cannot be kept is no loss."""
        fresh = self._file.with_suffix(".new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text("\n".join([version().hex(), *sorted(names)]))
            fresh.replace(self._file)
        except OSError:
            fresh.unlink(missing_ok=True)


def _replacements(replaced: dict[str, tuple[str, bytes]]) -> Iterator[Member]:
    for name, (kind, data) in replaced.items():
        whole = b"%s %d\0%s" % (kind.encode(), len(data), data)
        digest = (hashlib.sha1 if len(name) == _SHA1_DIGITS else hashlib.sha256)(whole, usedforsecurity=False)
        shown = digest.hexdigest()
        yield f"objects/{shown[:2]}/{shown[2:]}", zlib.compress(whole)
        yield f"refs/replace/{name}", f"{shown}\n".encode()
