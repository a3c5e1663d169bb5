"""What a task mentions with `@`: resolved in the project, and read as data for the task's message."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from msgspec import Struct

from r1code import prompts
from r1code.app.consent import Consent
from r1code.control import Control
from r1code.errors import ToolError, UsageError
from r1code.repo.files import decode, is_binary
from r1code.repo.git import Git
from r1code.repo.index.index import Index
from r1code.repo.mentions import File, Folder, Resolved, Revision, Symbol, Target, Wrong, resolve
from r1code.repo.revision import commit_of, shown
from r1code.repo.search import search
from r1code.secrets.values import Hide
from r1code.tools.list import is_below, listing
from r1code.tools.outputs import reading
from r1code.tools.truncation import LEAST, Measure, clean, clip
from r1code.tree.snapshot import Snapshot
from r1code.tree.worktree import WorkTree

MOST = 20
"""Mentions in one task."""
_MOST_FILES = 300
"""Of a folder."""
_MOST_HITS = 20_000
_HINT = "correct it; in backticks (`@name`) it is left alone"


class _Part(Struct, frozen=True, kw_only=True):
    heading: str
    text: str
    more: Callable[[int, int], str] | None = None
    """How the model can see lines of it; None: it cannot."""


class Mentions:
    """Of one task, in one work tree. `hide` goes over whatever is read."""

    def __init__(self, task: str, tree: WorkTree, git: Git, consent: Consent, *, hide: Hide) -> None:
        self._task = task
        self._tree = tree
        self._git = git
        self._consent = consent
        self._hide = hide
        self.files: Sequence[str] = tree.paths() if "@" in task else ()
        self._symbols: Callable[[str], Sequence[Symbol]] | None = None

    def check(self) -> None:
        """Raises UsageError for what is wrong already without looking into files."""
        if self.files:
            self._resolved()

    def read(self, looking: Looking, most: int, measure: Measure, say: Callable[[str], None]) -> str:
        """All of them, for the task's message, in at most `most` as `measure` counts. Empty: there are none.

        Raises UsageError for what is wrong, StateError, and Cancelled.
        """
        if not self.files:
            return ""
        self._symbols = looking.symbols
        resolved = self._resolved()
        parts = [self._part(target) for _, target in resolved.targets]
        if parts:
            say(f"told to the model: {', '.join(clean(part.heading) for part in parts)}")
        if resolved.plain:
            say(f"nothing here is called {', '.join(resolved.plain)}: that stays as it is written")
        return _joined(parts, most, measure)

    def why_not(self, path: str) -> str:
        if why := self._consent.why_hidden(path) or self._consent.why_hidden(f"{path}/"):
            return f"it {why}"
        place = self._tree.root / path
        if any(part.casefold() == ".git" for part in path.split("/")):
            return "it belongs to git"
        if not os.path.lexists(place):
            return ""
        return "git ignores it, or it is empty" if place.is_dir() else "git ignores it"

    def symbols(self, name: str) -> Sequence[Symbol] | None:
        return None if self._symbols is None else self._symbols(name)

    def commit(self, revision: str) -> str | None:
        return commit_of(self._git, revision) if self._git.is_repository else None

    def _resolved(self) -> Resolved:
        resolved = resolve(self._task, self)
        wrong = list(resolved.wrong)
        if len(resolved.targets) > MOST:
            raise UsageError(
                f"the task mentions {len(resolved.targets)} things",
                why=f"{MOST} are the most that a message has room for",
                hint="mention a folder instead of its files",
            )
        if wrong:
            raise _unusable(wrong)
        return resolved

    def _part(self, target: Target) -> _Part:
        if isinstance(target, Folder):
            paths = [path for path in self.files if is_below(path, target.path)]
            return _Part(heading=f"{target.path}/ ({len(paths)} files)", text=listing(paths, _MOST_FILES))
        if isinstance(target, Revision):
            heading, text = shown(self._git, target.commits, self._consent.is_hidden)
            return _Part(heading=f"{target.name}: {heading}", text=self._hide(text))
        return self._lines(target)

    def _lines(self, target: File | Symbol) -> _Part:
        path = target.path
        try:
            data = self._tree.read(path)
        except ToolError as error:
            raise _unusable([Wrong(text=f"@{path}", how="refused", why=str(error))]) from error
        if is_binary(data):
            raise _unusable([Wrong(text=f"@{path}", how="refused", why="it is a binary file")])
        # Before it is cut: half a secret is not recognised.
        lines = self._hide(decode(data).text).removesuffix("\n").split("\n")
        first, last = target.first or 1, min(target.last or len(lines), len(lines))
        if isinstance(target, File) and target.first is not None and target.last is None:
            last = len(lines)
        if not 1 <= first <= last:
            why = f"it has {len(lines)} lines"
            raise _unusable([Wrong(text=f"@{path}:{first}", how="missing", why=why)])
        whole = (first, last) == (1, len(lines))
        where = f"{len(lines)} lines" if whole else f"lines {first}-{last} of {len(lines)}"
        name = f"{target.name} in " if isinstance(target, Symbol) else ""
        return _Part(
            heading=f"{name}{path} ({where})",
            text="\n".join(lines[first - 1 : last]),
            more=lambda start, end: reading(path, first + start - 1, first + end - 1),
        )


class Looking:
    """Asks the index, which learns of the files that a name stands in, and of no others."""

    def __init__(self, tree: WorkTree, index: Index, control: Control) -> None:
        self._tree = tree
        self._index = index
        self._control = control
        self._snapshot: Snapshot | None = None

    def symbols(self, name: str) -> list[Symbol]:
        self._snapshot = self._snapshot or self._tree.snapshot()
        leaf = name.rpartition(".")[2]
        entries = self._snapshot.entries
        hits = search(self._tree.root, rf"\b{leaf}\b", entries, self._control, limit=_MOST_HITS)
        paths = entries if hits.truncated else {match.path for match in hits.matches}
        some = Snapshot({path: entry for path, entry in entries.items() if path in paths})
        self._index.build(some, self._control)
        return [
            Symbol(name=one.path, path=path, first=one.first, last=one.last)
            for path, outline in self._index.holding(some, leaf).items()
            for one in outline.definitions
            if one.kind not in _NO_SYMBOLS and (one.path == name or one.path.endswith(f".{name}"))
        ]


_NO_SYMBOLS = frozenset({"cell", "heading", "key", "element", "rule"})
"""Parts of documents, which nobody means by a bare name."""


def _joined(parts: Sequence[_Part], most: int, measure: Measure) -> str:
    """Each gets its share; what short ones leave is for the long ones."""
    if not parts:
        return ""
    texts = [clean(part.text) for part in parts]
    rooms: dict[int, int] = {}
    left = most
    for done, number in enumerate(sorted(range(len(parts)), key=lambda at: measure(texts[at]))):
        rooms[number] = max(left // (len(parts) - done), LEAST)
        left -= min(measure(texts[number]), rooms[number])
    cut = [
        clip(text, rooms[number], measure, tail=0.0, more=parts[number].more).text
        for number, text in enumerate(texts)
    ]
    pairs = [(clean(part.heading), text) for part, text in zip(parts, cut, strict=True)]
    return prompts.load("mentioned", parts=pairs)


def _unusable(wrong: Sequence[Wrong]) -> UsageError:
    listed = "; ".join(f"{one.text}: {one.why}" for one in wrong)
    names = ", ".join(one.text for one in wrong)
    return UsageError(f"the task mentions {names}, which cannot be used", why=listed, hint=_HINT)
