"""The commits between a good and a bad one: what each changed, and the tree that each had."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from r1code.errors import UsageError
from r1code.repo.git import Git
from r1code.repo.history import History
from r1code.repo.revision import commit_of, shown
from r1code.tree.entry import MAX_BYTES, Entry, wrong_with
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store

MOST_COMMITS = 2_000
_LOG = (
    "log",
    "--first-parent",
    "--diff-merges=first-parent",
    "--no-renames",
    "--no-show-signature",
    "--no-ext-diff",
    "--no-textconv",
    "--ignore-submodules=all",
    "--name-only",
    "--format=%x01%H%n%s",
)
_LINK, _EXECUTABLE, _REGULAR = "120000", "100755", "100644"


class Step(Struct, frozen=True, kw_only=True):
    """A commit on the way from the good one to the bad one."""

    commit: str
    subject: str
    paths: tuple[str, ...]
    """What it changed, without what is hidden."""

    def __str__(self) -> str:
        return f"{self.commit[:10]} {self.subject}"


class Span(Struct, frozen=True, kw_only=True):
    name: str
    """As a person wrote it."""
    good: str
    steps: tuple[Step, ...]
    """The oldest first, along the first parents, as `git bisect --first-parent` goes; the last is the bad one."""

    @property
    def bad(self) -> str:
        return self.steps[-1].commit


class Ancestry:
    """Of one repository. Methods raise StateError, when git fails."""

    def __init__(self, git: Git, store: Store, is_hidden: Callable[[str], bool]) -> None:
        """`is_hidden`: of which paths nothing is said, and which are in no tree."""
        self._git = git
        self._store = store
        self._is_hidden = is_hidden
        self._stored: dict[str, str] = {}
        """By git's name of a content: the store's."""

    def span(self, name: str) -> Span:
        """Raises UsageError for what is no range that can be gone along."""
        good_name, dots, bad_name = name.partition("..")
        if not self._git.is_repository or not dots or not good_name or bad_name.startswith("."):
            raise UsageError(
                f"{name!r} is no range of commits",
                why="it is written GOOD..BAD, in a git repository: the tests passed at GOOD, and fail at BAD",
                hint="r1code fix --from-range v1.2..HEAD",
            )
        good, bad = self._commit(good_name), self._commit(bad_name or "HEAD")
        if self._git.run(["merge-base", "--is-ancestor", good, bad]).code:
            why = f"{good_name} is not among the commits that {bad_name or 'HEAD'} was made from"
            raise UsageError(f"{name!r} cannot be gone along", why=f"{why}{self._cut}", hint=self._hint)
        steps = tuple(self._steps(good, bad))
        if not steps:
            raise UsageError(
                f"there is no commit in {name!r}",
                why="both ends are the same commit",
                hint="name a commit at which the tests still passed: v1.2..HEAD",
            )
        return Span(name=name, good=good, steps=steps)

    def shown(self, commit: str) -> tuple[str, str]:
        """A line about a commit, and its diff, without what is hidden."""
        return shown(self._git, [commit], self._is_hidden)

    def snapshot(self, commit: str) -> Snapshot:
        """The tree of a commit, its contents in the store. Submodules and hidden files are not in it."""
        rows = self._git.ask(["ls-tree", "-r", "-z", "-l", "--full-tree", commit], "list a commit's files").names
        listed = [row for row in map(_listed, rows) if row is not None and not self._is_hidden(row[0])]
        lacking = dict.fromkeys(blob for _, _, blob in listed if blob not in self._stored)
        for found, data in History(self._git.root).contents(lacking):
            self._stored[found.name] = self._store.put(data)
        entries = {path: _entry(mode, self._stored[blob]) for path, mode, blob in listed}
        return Snapshot(dict(sorted(entries.items())))

    @property
    def is_shallow(self) -> bool:
        """Whether the history ends where somebody cut it."""
        ran = self._git.run(["rev-parse", "--is-shallow-repository"])
        return ran.output.strip() == b"true"

    @property
    def _cut(self) -> str:
        return ", as far as this shallow clone goes" if self.is_shallow else ""

    @property
    def _hint(self) -> str:
        fetch = "git fetch --unshallow, or git fetch --deepen=500; r1code fetches nothing by itself"
        return fetch if self.is_shallow else "`git log --oneline --first-parent` shows what there is"

    def _commit(self, name: str) -> str:
        found = commit_of(self._git, name)
        if found is None:
            why = f"git knows no commit of that name{self._cut}"
            raise UsageError(f"there is no {name!r} here", why=why, hint=self._hint)
        return found

    def _steps(self, good: str, bad: str) -> Iterator[Step]:
        asked = [*_LOG, f"--max-count={MOST_COMMITS + 1}", f"{good}..{bad}", "--"]
        output = self._git.ask(asked, "list its commits", config=["core.quotePath=false"]).output
        parts = output.split(b"\1")[1:]
        if len(parts) > MOST_COMMITS:
            raise UsageError(
                "the range has too many commits",
                why=f"there are more than {MOST_COMMITS}",
                hint="name a later commit at which the tests still passed",
            )
        for part in reversed(parts):
            commit, subject, *lines = part.decode(errors="replace").split("\n")
            # A name in quotes has something in it that no text can hold.
            paths = sorted(
                line for line in lines if line and not line.startswith('"') and not self._is_hidden(line)
            )
            yield Step(commit=commit, subject=subject, paths=tuple(paths))


def _listed(row: str) -> tuple[str, str, str] | None:
    """Path, mode and content of a file or link that can be in a work tree."""
    told, _, path = row.partition("\t")
    mode, kind, blob, size = told.split()
    fits = kind == "blob" and size.isdigit() and int(size) <= MAX_BYTES and wrong_with(path) is None
    return (path, mode, blob) if fits and mode in {_LINK, _EXECUTABLE, _REGULAR, "100664"} else None


def _entry(mode: str, digest: str) -> Entry:
    if mode == _LINK:
        return Entry(kind="link", mode=0o777, digest=digest)
    return Entry(kind="file", mode=0o755 if mode == _EXECUTABLE else 0o644, digest=digest)


def named(steps: Sequence[Step], most: int) -> str:
    """The commits, the newest first, a line each."""
    lines = [str(step) for step in reversed(steps)]
    more = [f"[{len(lines) - most} older ones]"] if len(lines) > most else []
    return "\n".join([*lines[:most], *more])
