"""An index of our own: what a commit or a diff is made of, while the person's index stays as it is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from r1code.repo.git import Git
from r1code.repo.plumbing import Ran, checked
from r1code.tree.entry import blocked_by

_GONE = "000000"


class Staged(Struct, frozen=True, kw_only=True):
    """What a tree has at a path."""

    path: str
    mode: str
    """In octal digits; six zeros: nothing is there."""
    name: str
    """Of the content."""

    @property
    def line(self) -> bytes:
        """For `git update-index --index-info`."""
        return b"%s %s\t%s\0" % (self.mode.encode(), self.name.encode(), os.fsencode(self.path))


class Draft:
    """Lies in `folder`, an empty one. Methods raise StateError when git fails.

    Contents go into the repository, or with `lean` into the folder: then nothing of the repository changes.
    What filters would do is not done.
    """

    def __init__(self, git: Git, folder: Path, *, lean: bool = False) -> None:
        self._git = git
        self._file = folder / "index"
        self._config = [*git.disarmed(), "core.splitIndex=false", "core.untrackedCache=false"]
        self.env: Mapping[str, str] = {"GIT_INDEX_FILE": str(self._file)}
        """Makes git use this index."""
        if lean:
            (folder / "objects").mkdir()
            known = str(git.place("objects")).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            self.env = {
                **self.env,
                "GIT_OBJECT_DIRECTORY": str(folder / "objects"),
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": f'"{known}"',
            }

    def read(self, commit: str | None) -> None:
        """Becomes what the commit has; None: empty."""
        index = self._git.place("index")
        if commit is None:
            self._do(["read-tree", "--empty"], "make an empty index")
        elif index.exists():
            # It knows how files looked when they were last compared, so that most need not be read again; what
            # changed at about the time when it was written git tells by that time.
            shutil.copy2(index, self._file)
            self._do(["read-tree", "-i", "-m", commit], "read the last commit")
        else:
            self._do(["read-tree", commit], "read the last commit")

    def add(self, paths: Iterable[str]) -> None:
        """Takes the paths over from the work tree, also that one is not there any more."""
        there: list[str] = []
        gone: list[Staged] = []
        for path in paths:
            if self._is_file(path):
                there.append(path)
            else:
                gone.append(Staged(path=path, mode=_GONE, name=self.nothing))
        self.put(gone)
        names = b"".join(b"%s\0" % os.fsencode(path) for path in there)
        self._do(["update-index", "-z", "--add", "--replace", "--stdin"], "read the changed files", names)

    def put(self, staged: Iterable[Staged]) -> None:
        """Takes these over, whatever the work tree has."""
        lines = b"".join(one.line for one in staged)
        if lines:
            self._do(["update-index", "-z", "--index-info"], "change an index", lines)

    def refresh(self) -> None:
        """Notes which files did not change, so that nobody has to read them again to see it."""
        # It fails where some did.
        arguments = ["update-index", "-q", "--refresh", "--ignore-submodules"]
        self._git.run(arguments, config=self._config, env=self.env)

    def tree(self) -> str:
        """Writes what it holds as a tree, and names it."""
        return self._do(["write-tree"], "write a tree").output.decode().strip()

    def changes(self, before: str, after: str) -> list[Staged]:
        """What the second tree has at the paths where it differs from the first."""
        arguments = ["diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", before, after]
        rows = self._do(arguments, "compare two trees").names
        found: list[Staged] = []
        for told, path in zip(rows[::2], rows[1::2], strict=True):
            _, mode, _, name, _ = told.split(" ")
            found.append(Staged(path=path, mode=mode, name=name))
        return found

    def empty_tree(self) -> str:
        return self._do(["mktree"], "write a tree").output.decode().strip()

    @property
    def nothing(self) -> str:
        """The name that means no content, and no commit."""
        wide = self._do(["rev-parse", "--show-object-format"], "say how it names contents").output == b"sha256\n"
        return "0" * (64 if wide else 40)

    def diff(self, before: str, after: str, how: Sequence[str]) -> bytes:
        safe = ["--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=all", "--submodule=short"]
        safe += ["--src-prefix=a/", "--dst-prefix=b/"]
        return self._do(["diff-tree", "-r", *safe, *how, before, after], "compare two trees").output

    def _is_file(self, path: str) -> bool:
        place = self._git.root / path
        if blocked_by(self._git.root, path) is not None or not os.path.lexists(place):
            return False
        return place.is_symlink() or not place.is_dir()

    def _do(self, arguments: Sequence[str], doing: str, stdin: bytes = b"") -> Ran:
        return checked(self._git.run(arguments, config=self._config, env=self.env, stdin=stdin), doing)
