"""`--watch`: comments that end with `AI!` or `AI?` start a turn, when a person writes them.

A repository's own text starts nothing: a comment counts only in a file that was changed while nobody worked, and
only where the file had no such comment before, neither when it was looked at last nor in what git holds of it.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from msgspec import Struct
from watchfiles import watch

from r1code import prompts
from r1code.control import Control
from r1code.errors import UsageError
from r1code.repo.commits import refuse_under_way
from r1code.repo.files import decode, is_binary
from r1code.repo.git import Git
from r1code.repo.revision import held
from r1code.repo.search import search
from r1code.tree.entry import look
from r1code.tree.worktree import WorkTree

_COMMENT = re.compile(
    r"(?:#+|//+|--|;+|%|/\*+|<!--|^\s*\*)\s*(?P<said>ai[!?](?:\s.*)?|(?:.*\s)?ai[!?])\s*(?:\*/|-->)?\s*$",
    re.IGNORECASE,
)
_SEARCHED = r"(?i)\bai[!?]"
_MOST_LINE = 400
"""Characters of a line that is looked at."""
_MOST_BYTES = 2_000_000
_MOST_HITS = 10_000
_MOST_AT_ONCE = 3
"""Files in one moment that a person writes: more are written by a program, such as git."""
_DEBOUNCE_MS = 300


class Comment(Struct, frozen=True, kw_only=True):
    path: str
    line: int
    """Counted from 1."""
    text: str
    kind: Literal["do", "ask"]


def comments_of(path: str, text: str) -> list[Comment]:
    """Those of a file, in order."""
    found: list[Comment] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) <= _MOST_LINE and (match := _COMMENT.search(line)):
            said = match["said"].strip()
            marks = said.lower()
            kind: Literal["do", "ask"] = "do" if marks.startswith("ai!") or marks.endswith("ai!") else "ask"
            found.append(Comment(path=path, line=number, text=said.replace("`", "'"), kind=kind))
    return found


class Watching:
    """Of one work tree. Make it, `begin` it, `start` it, and `close` it."""

    def __init__(self, git: Git, tree: WorkTree, say: Callable[[str], None]) -> None:
        """`say`: told why nothing is watched any more."""
        self._git = git
        self._tree = tree
        self._say = say
        self._seen: dict[str, Counter[str]] = {}
        self._stop = threading.Event()
        self._busy = False
        self._since = time.time()
        self._thread: threading.Thread | None = None

    def begin(self, control: Control) -> None:
        """What is there by now starts nothing. Raises UsageError and Cancelled."""
        hits = search(self._tree.root, _SEARCHED, self._tree.paths(), control, limit=_MOST_HITS)
        if hits.truncated:
            raise UsageError(
                "this folder cannot be watched",
                why=f"more than {_MOST_HITS:,} lines in it hold AI! or AI?",
                hint="leave --watch out, or put generated files into .gitignore",
            )
        for match in hits.matches:
            self._seen.setdefault(match.path, Counter()).update(
                one.text for one in comments_of(match.path, match.text)
            )

    def start(self, found: Callable[[list[Comment]], None]) -> None:
        """`found` is told of what was written, in a thread of its own, and only while nobody works."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, args=(found,), name="r1code-watch", daemon=True)
            self._thread.start()

    def works(self) -> None:
        """From now on files are changed by who works here."""
        self._busy = True

    def rests(self) -> None:
        self._since, self._busy = time.time(), False

    def close(self) -> None:
        """Safe to call again."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def wanted(self, comments: Sequence[Comment]) -> list[Comment]:
        """Those that are a person's own: of files that the model may see, and not of what git brought there."""
        try:
            # A merge that stopped at a conflict has written what no commit here has.
            if self._git.is_repository:
                refuse_under_way(self._git, "watching")
        except UsageError:
            return []
        paths = set(self._tree.paths())
        return [one for one in comments if one.path in paths and one.text not in self._held(one.path)]

    def _held(self, path: str) -> set[str]:
        """What git holds of the file's comments."""
        contents = held(self._git, path) if self._git.is_repository else []
        return {one.text for data in contents for one in comments_of(path, decode(data).text)}

    def _watch(self, found: Callable[[list[Comment]], None]) -> None:
        root = self._tree.root
        try:
            for changes in watch(
                root,
                stop_event=self._stop,
                debounce=_DEBOUNCE_MS,
                raise_interrupt=False,
                ignore_permission_denied=True,
            ):
                fresh: list[Comment] = []
                for _, name in sorted(changes):
                    with suppress(ValueError, OSError):
                        fresh += self._fresh(Path(name).relative_to(root).as_posix())
                if fresh and len({one.path for one in fresh}) <= _MOST_AT_ONCE:
                    found(fresh)
        except (OSError, RuntimeError) as error:
            # What the kernel's watcher raises, for one where there are more folders than it takes.
            self._say(f"files are not watched any more: {error}")

    def _fresh(self, path: str) -> list[Comment]:
        """What is new in a file, if a person wrote it. Raises OSError."""
        there = look(self._tree.root, path)
        if there is None or there[0].kind != "file" or len(there[1]) > _MOST_BYTES or is_binary(there[1]):
            return []
        comments = comments_of(path, decode(there[1]).text)
        left = self._seen.get(path, Counter[str]()).copy()
        self._seen[path] = Counter(one.text for one in comments)
        # Who writes a file can say when that was, but not when the file was given that time.
        status = (self._tree.root / path).lstat()
        if self._busy or min(status.st_mtime, status.st_ctime) <= self._since:
            return []
        fresh: list[Comment] = []
        for one in comments:
            if left[one.text]:
                left[one.text] -= 1
            else:
                fresh.append(one)
        return fresh


def task_of(comments: Sequence[Comment]) -> str:
    """What the model is told to do about them."""
    return prompts.load("watched", comments=comments).strip()
