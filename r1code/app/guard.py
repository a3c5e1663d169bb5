"""What must not get into a commit: secrets, in its words and in its files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from r1code.repo.git import Git
from r1code.tree.entry import look


class Hiding(Protocol):
    """What a vault does, as far as it is needed here."""

    def hide(self, text: str) -> str: ...
    def secrets_in(self, data: bytes) -> frozenset[str]: ...


class Guard:
    """Of one work tree. `is_exempt`: whether a person says that a file holds no secret."""

    def __init__(self, git: Git, vault: Hiding, is_exempt: Callable[[str], bool]) -> None:
        self.git = git
        self._vault = vault
        self._is_exempt = is_exempt

    def hide(self, text: str) -> str:
        """The words with a placeholder for each secret."""
        return self._vault.hide(text)

    def fresh(self, paths: Iterable[str]) -> dict[str, list[str]]:
        """Which of the paths hold a secret that they do not hold in the last commit; its placeholders."""
        found: dict[str, list[str]] = {}
        for path in paths:
            now = frozenset[str]() if self._is_exempt(path) else self._vault.secrets_in(self._content(path))
            new = now - self._vault.secrets_in(self._committed(path)) if now else now
            if new:
                found[path] = sorted(new)
        return found

    def _content(self, path: str) -> bytes:
        try:
            found = look(self.git.root, path)
        except OSError:
            # Git says what is wrong with it.
            return b""
        return b"" if found is None else found[1]

    def _committed(self, path: str) -> bytes:
        # It fails where there is no such file, or no commit yet.
        ran = self.git.run(["cat-file", "blob", f"HEAD:{path}"])
        return ran.output if ran.code == 0 else b""
