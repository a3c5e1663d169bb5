"""A git repository as r1code sees it: its work tree's files, what is ignored, and where it stands.

Nothing here runs what the repository's configuration, attributes or hooks name.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from r1code.errors import UsageError
from r1code.repo.plumbing import Ran, checked, run
from r1code.repo.unified import unified
from r1code.tree.entry import parents, wrong_with
from r1code.tree.patch import Patch
from r1code.tree.store import Store

_SUBMODULE = "160000"
_UNTRACKED = "?"
_DRIVER_KEYS = ("clean", "smudge", "process", "required")


class Git:
    """Methods raise only StateError, when git fails."""

    def __init__(self, root: Path, lone: Path | None = None) -> None:
        """`lone`: an empty repository of ours, for a `root` that is in none."""
        self.root = root
        self._env = {} if lone is None else {"GIT_DIR": str(lone), "GIT_WORK_TREE": str(root)}

    @property
    def is_repository(self) -> bool:
        """False: a plain folder, whose files are listed as git would list them."""
        return not self._env

    @staticmethod
    def find(folder: Path, state: Path | None = None) -> Git:
        """The repository whose work tree `folder` is in. Raises UsageError that says what to do.

        With a `state` folder, one that is in no repository is a work tree of its own.
        """
        if not folder.is_dir():
            raise UsageError(
                f"{folder} is not a folder",
                why="r1code works in the folder of a git repository",
                hint="name an existing folder",
            )
        ran = run(folder, ["rev-parse", "--show-toplevel"])
        inside = any(os.path.lexists(place / ".git") for place in (folder.resolve(), *folder.resolve().parents))
        if ran.code and "not a git repository" in ran.error and state is not None and not inside:
            return _lone(folder.resolve(), state)
        if ran.code:
            raise _unusable(folder, ran.error)
        root = Path(os.fsdecode(ran.output.removesuffix(b"\n")))
        if not os.path.lexists(root / ".git") or not folder.resolve().is_relative_to(root):
            raise UsageError(
                f"the repository of {folder} keeps its work tree elsewhere",
                why=f"its configuration sets core.worktree to {root}",
                hint="remove that setting, or use another clone",
            )
        return Git(root)

    def files(self) -> list[str]:
        """Tracked files, also deleted ones, and untracked ones that are not ignored; sorted.

        Those of submodules and other repositories inside as well, as far as git can use these.
        """
        found: set[str] = set()
        for line in self._listed(["-c", "-o", "--exclude-standard"]):
            tag, rest = line[0], line[2:]
            mode, _, path = ("", "", rest) if tag == _UNTRACKED else _staged(rest)
            if mode != _SUBMODULE and not path.endswith("/"):
                found.add(path)
            elif (inner := self._inner(path.rstrip("/"))) is not None:
                found.update(f"{path.rstrip('/')}/{inside}" for inside in inner.files())
        return sorted(found)

    def _inner(self, path: str) -> Git | None:
        """The repository whose root is at a path inside, if one is there that git can use."""
        place = self.root / path
        if wrong_with(path) is not None or not os.path.lexists(place / ".git"):
            return None
        try:
            inner = Git.find(place)
        except UsageError:
            return None
        # Never one that a link leads to, nor the one that this belongs to.
        return inner if inner.root == self.root.resolve() / path else None

    def _submodules(self) -> set[str]:
        staged = (_staged(line[2:]) for line in self._listed(["-c"]))
        return {path for mode, _, path in staged if mode == _SUBMODULE}

    def _listed(self, which: Sequence[str]) -> list[str]:
        """Each with a tag, and with mode, name of the content and stage where it is tracked."""
        return self._run(["ls-files", "-z", "-t", "-s", *which], "list the files").names

    def ignored(self, paths: Iterable[str]) -> set[str]:
        """Those of `paths` that git would not add: ignored ones, and what lies in a submodule that is not there.

        A folder ends with a slash: some rules are about folders only.
        """
        owners: dict[str, set[str]] = {}
        for path in set(paths):
            owners.setdefault(self._owner(path), set()).add(path)
        unsure = owners.pop("", set[str]())
        inside = set[str]()
        for owner, theirs in owners.items():
            inner = self._inner(owner)
            known = {path.removeprefix(f"{owner}/") for path in theirs}
            dropped = known if inner is None else inner.ignored(known)
            inside.update(f"{owner}/{path}" for path in dropped)
        submodules = self._submodules() if unsure else set[str]()
        inside |= {path for path in unsure if not submodules.isdisjoint(parents(path))}
        asked = [path for path in sorted(unsure - inside) if self._can_be_asked(path)]
        if not asked:
            return inside
        ran = run(
            self.root,
            ["check-ignore", "-z", "--stdin"],
            env=self._env,
            # A name that begins with `:` would be more than a name.
            stdin=b"".join(b"./%s\0" % os.fsencode(path) for path in asked),
        )
        if ran.code == 1:
            return inside
        named = checked(ran, "say which files are ignored").names
        return inside | {name.removeprefix("./") for name in named}

    def _owner(self, path: str) -> str:
        """The outermost folder above `path` that is a repository of its own; empty: none."""
        if wrong_with(path.removesuffix("/")) is not None:
            return ""
        return next((one for one in parents(path) if os.path.lexists(self.root / one / ".git")), "")

    def _can_be_asked(self, path: str) -> bool:
        """Git refuses the whole question for one path that is behind a link or not inside."""
        return wrong_with(path.removesuffix("/")) is None and not any(
            (self.root / parent).is_symlink() for parent in parents(path)
        )

    def head(self) -> str | None:
        """The commit that is checked out; None before the first one."""
        ran = run(self.root, ["rev-parse", "--verify", "--quiet", "HEAD"], env=self._env)
        return ran.output.decode().strip() if ran.code == 0 else None

    def branch(self) -> str | None:
        """The branch that is checked out, also before its first commit; None when HEAD is detached."""
        ran = run(self.root, ["symbolic-ref", "--short", "--quiet", "HEAD"], env=self._env)
        return os.fsdecode(ran.output.removesuffix(b"\n")) if ran.code == 0 else None

    def dirty(self) -> list[str]:
        """The paths where the work tree or the index differ from HEAD, untracked ones included, submodules not.

        A folder that is untracked as a whole is one path, with a slash. Filters do not run: a file that a filter
        changes on checkout counts as changed once it was touched.
        """
        arguments = ["status", "--porcelain", "-z", "--ignore-submodules=all", "--no-renames"]
        ran = run(self.root, [*arguments, "--untracked-files=normal"], config=self._no_filters(), env=self._env)
        return [line[3:] for line in checked(ran, "compare the work tree with HEAD").names]

    def _no_filters(self) -> list[str]:
        """Settings that disarm every filter that any configuration file names."""
        keys = self._run(["config", "--list", "--name-only", "-z"], "read its configuration").names
        names = {
            key.removeprefix("filter.").rpartition(".")[0]
            for key in keys
            if key.startswith("filter.") and key.rpartition(".")[2] in _DRIVER_KEYS
        }
        strange = [name for name in names if "=" in name]
        if strange:
            raise UsageError(
                "git's configuration has a filter that cannot be switched off",
                why=f"the filter's name {strange[0]!r} has a `=` in it",
                hint="remove that section from .git/config",
            )
        off = {"required": "false"}
        return [f"filter.{name}.{key}={off.get(key, '')}" for name in sorted(names) for key in _DRIVER_KEYS]

    def unified(self, patch: Patch, store: Store) -> str:
        """The patch as text that `git apply` takes exactly; see `unified`."""
        return unified(patch, store)

    def _run(self, arguments: Sequence[str], doing: str) -> Ran:
        return checked(run(self.root, arguments, env=self._env), doing)


def _staged(line: str) -> tuple[str, str, str]:
    """Mode, the rest of what git says, and the path."""
    told, _, path = line.partition("\t")
    mode, _, more = told.partition(" ")
    return mode, more, path


def _lone(folder: Path, state: Path) -> Git:
    home = Path.home().resolve()
    if folder in {home, Path(folder.anchor)} or folder in home.parents:
        raise UsageError(
            f"{folder} is too much to work in",
            why="it is in no git repository, so all files below it would be the project's",
            hint="name the project's own folder",
        )
    lone = state / "lone.git"
    if not (lone / "HEAD").exists():
        state.mkdir(parents=True, exist_ok=True)
        # Not bare, for a bare one has no work tree, whatever is said.
        arguments = ["-c", "core.bare=false", "init", "-q", "--template="]
        checked(run(state, arguments, env={"GIT_DIR": str(lone)}), "make an empty repository of r1code's own")
    return Git(folder, lone)


def _unusable(folder: Path, error: str) -> UsageError:
    reason = error.strip().removeprefix("fatal: ").partition("\n")[0]
    if "dubious ownership" in error or "unsafe repository" in error:
        return UsageError(
            f"git does not trust the repository of {folder}",
            why="it belongs to another user",
            hint=f"if you trust it: git config --global --add safe.directory {folder.resolve()}",
        )
    if "bare repository" in error or "work tree" in error:
        return UsageError(
            f"{folder} has no work tree",
            why="it is a bare repository, or git's own folder",
            hint="clone it, and start r1code in the clone",
        )
    if "not a git repository" in error:
        return UsageError(
            f"{folder} is not in a git repository",
            why="the files to work with are those that git lists",
            hint="run `git init` there, or name a folder of a repository",
        )
    return UsageError(f"git cannot use {folder}", why=reason, hint="`git status` there may say more")
