"""A git repository as r1code sees it: its work tree's files, what is ignored, and where it stands.

Nothing here runs what the repository's configuration, attributes or hooks name.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from r1code.errors import UsageError
from r1code.repo.plumbing import Ran, checked, run
from r1code.repo.unified import unified
from r1code.tree.entry import parents, wrong_with
from r1code.tree.patch import Patch
from r1code.tree.store import Store

_SUBMODULE = "160000"
_UNTRACKED = "?"
_FILTER_OFF = ("clean=", "smudge=", "process=", "required=false")
_HOOK_OFF = ("enabled=false", "event=")


class Git:
    """Methods raise only StateError, when git fails."""

    def __init__(self, root: Path, lone: Path | None = None) -> None:
        """`lone`: an empty repository of ours, for a `root` that is in none."""
        self.root = root
        self._env = {} if lone is None else {"GIT_DIR": str(lone), "GIT_WORK_TREE": str(root)}
        self.is_bare = False
        """It has no work tree: only what needs none can be asked."""

    @property
    def is_repository(self) -> bool:
        """False: a plain folder, whose files are listed as git would list them."""
        return self.is_bare or not self._env

    @staticmethod
    def bare(folder: Path) -> Git | None:
        """The bare repository that `folder` is; None: it is none."""
        if not (folder / "HEAD").is_file() or not (folder / "objects").is_dir():
            return None
        env = {"GIT_DIR": str(folder.resolve())}
        if run(folder, ["rev-parse", "--is-bare-repository"], env=env).output.strip() != b"true":
            return None
        found = Git(folder.resolve())
        found._env, found.is_bare = env, True
        return found

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

    @staticmethod
    def plain(folder: Path, state: Path) -> Git:
        """A folder as a work tree of its own, wherever it lies. Raises StateError and UsageError."""
        return _lone(folder.resolve(), state)

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
        return self.ask(["ls-files", "-z", "-t", "-s", *which], "list the files").names

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
        ran = self.run(
            ["check-ignore", "-z", "--stdin"],
            # A name that begins with `:` would be more than a name.
            stdin=b"".join(b"./%s\0" % os.fsencode(path) for path in asked),
        )
        if ran.code == 1:
            return inside
        named = checked(ran, "say which files are ignored").names
        return inside | {name.removeprefix("./") for name in named}

    def tracks(self, path: str) -> bool:
        """Whether git knows a file at a path in the work tree, or below it, which it would commit."""
        # A name that begins with `:` would be more than a name.
        asked = ["ls-files", "-c", "-z", "--error-unmatch", "--", f":(top,literal){path}"]
        return self.run(asked).code == 0

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
        ran = self.run(["rev-parse", "--verify", "--quiet", "HEAD"])
        return ran.output.decode().strip() if ran.code == 0 else None

    def branch(self) -> str | None:
        """The branch that is checked out, also before its first commit; None when HEAD is detached."""
        ran = self.run(["symbolic-ref", "--short", "--quiet", "HEAD"])
        return os.fsdecode(ran.output.removesuffix(b"\n")) if ran.code == 0 else None

    def tree(self, revision: str) -> str:
        """The tree of what a person calls `revision`. Raises UsageError where git knows no such thing."""
        asked = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{tree}}"]
        ran = self.run(asked)
        if ran.code or revision.startswith("-"):
            raise UsageError(
                f"there is no {revision!r} here",
                why="git knows no commit, branch or tag of that name",
                hint="`git log --oneline --all` shows what there is",
            )
        return ran.output.decode().split()[-1]

    def dirty(self) -> list[str]:
        """The paths where the work tree or the index differ from HEAD, untracked ones included, submodules not.

        A folder that is untracked as a whole is one path, with a slash. Filters do not run: a file that a filter
        changes on checkout counts as changed once it was touched.
        """
        return [line[3:] for line in self._status("normal")]

    def changes(self) -> dict[str, str]:
        """As `dirty`, but file by file, without repositories inside, and with git's two letters for each.

        The first tells how the index differs from HEAD, the second how the work tree differs from the index;
        `??` is not tracked.
        """
        found: dict[str, str] = {}
        for line in self._status("all"):
            # A file that was taken out of the index and is still there has two lines: what is staged counts.
            if not line.endswith("/"):
                found.setdefault(line[3:], line[:2])
        return found

    def _status(self, untracked: str) -> list[str]:
        arguments = ["status", "--porcelain", "-z", "--ignore-submodules=all", "--no-renames"]
        ran = self.run([*arguments, f"--untracked-files={untracked}"], config=self.disarmed())
        return checked(ran, "compare the work tree with HEAD").names

    def disarmed(self) -> list[str]:
        """Settings that switch off every filter and every hook that any configuration file names.

        Hooks by configuration came with git 2.54; `core.hooksPath` does not stop them.
        """
        filters, hooks = self.named("filter"), self.named("hook")
        strange = sorted(name for name in filters | hooks if "=" in name)
        if strange:
            raise UsageError(
                "git's configuration has a filter or a hook that cannot be switched off",
                why=f"its name {strange[0]!r} has a `=` in it",
                hint="remove that section from .git/config",
            )
        return [
            *(f"filter.{name}.{off}" for name in sorted(filters) for off in _FILTER_OFF),
            *(f"hook.{name}.{off}" for name in sorted(hooks) for off in _HOOK_OFF),
        ]

    def named(self, section: str) -> set[str]:
        """The names in the middle of all settings `section.NAME.key` of any configuration file."""
        keys = self.ask(["config", "--list", "--name-only", "-z"], "read its configuration").names
        inner = [key.removeprefix(f"{section}.") for key in keys if key.startswith(f"{section}.")]
        return {name for name, dot, _ in (key.rpartition(".") for key in inner) if dot}

    def unified(self, patch: Patch, store: Store) -> str:
        """The patch as text that `git apply` takes exactly; see `unified`."""
        return unified(patch, store)

    def run(
        self,
        arguments: Sequence[str],
        *,
        config: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> Ran:
        """Runs git in the work tree, as `plumbing.run` does. For the modules of this package."""
        return run(self.root, arguments, config=config, env={**self._env, **(env or {})}, stdin=stdin)

    def ask(self, arguments: Sequence[str], doing: str, *, config: Sequence[str] = ()) -> Ran:
        """As `run`. Raises StateError if git fails."""
        return checked(self.run(arguments, config=config), doing)

    def place(self, name: str) -> Path:
        """Where `name` of git's own folder is for this work tree: a linked one has its own index and HEAD."""
        ran = self.ask(["rev-parse", "--path-format=absolute", "--git-path", name], f"find its {name}")
        return Path(os.fsdecode(ran.output.removesuffix(b"\n")))

    def value(self, key: str) -> str | None:
        """The last value of a setting that r1code does not override itself; None: it is not set."""
        ran = self.run(["config", "-z", "--get", key])
        return None if ran.code else os.fsdecode(ran.output.removesuffix(b"\0"))

    def switch(self, key: str, *, default: bool) -> bool:
        """As `value`, for a setting that is on or off."""
        ran = self.run(["config", "--type=bool", "--get", key])
        return default if ran.code else ran.output.strip() == b"true"


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
            hint=f"clone it, and start r1code in the clone; or r1code fix --at HEAD -C {folder}",
        )
    if "not a git repository" in error:
        return UsageError(
            f"{folder} is not in a git repository",
            why="the files to work with are those that git lists",
            hint="run `git init` there, or name a folder of a repository",
        )
    return UsageError(f"git cannot use {folder}", why=reason, hint="`git status` there may say more")
