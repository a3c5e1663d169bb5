"""Pinned files: what is in them goes with the next message, and again when it is something else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Literal

from msgspec import Struct
from pathspec import GitIgnoreSpec

from r1code import prompts
from r1code.errors import ToolError, UsageError
from r1code.repo.files import decode, is_binary
from r1code.secrets.values import Hide
from r1code.tools.outputs import reading
from r1code.tools.truncation import Measure, clean, clip
from r1code.tree.worktree import WorkTree
from r1code.types import Message

MOST = 20
_OPENS = '<observation of="pinned {path} ('


class Pin(Struct, frozen=True, kw_only=True):
    path: str
    state: Literal["told", "fresh", "gone"]
    """What the model knows of it: all, less than there is, or nothing, for it cannot be read."""


class Pins:
    """Of one session. `history`: what the model sees of it; `hide` goes over whatever is read."""

    def __init__(self, tree: WorkTree, *, hide: Hide, history: Callable[[], Sequence[Message]]) -> None:
        self._tree = tree
        self._hide = hide
        self._history = history
        self._paths: list[str] = []

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(self._paths)

    def add(self, names: Sequence[str]) -> list[str]:
        """Pins files, named by path, folder or as `src/*.py`; those that were not pinned yet.

        Raises UsageError, with nothing pinned, for what is no text file that the model may see.
        """
        # A name in several lines could pass for more than a name.
        known = [path for path in self._tree.paths() if path.isprintable()]
        found = list(dict.fromkeys(path for name in names for path in self._named(name, known)))
        fresh = [path for path in found if path not in self._paths]
        if len(self._paths) + len(fresh) > MOST:
            raise UsageError(
                f"{len(self._paths) + len(fresh)} files would be pinned",
                why=f"{MOST} are the most that messages have room for",
                hint="name fewer, or let some go with /drop",
            )
        for path in fresh:
            self._text(path)
        self._paths += fresh
        return fresh

    def drop(self, names: Sequence[str]) -> list[str]:
        """Lets them go; those that were pinned. Raises UsageError for what is not."""
        gone: list[str] = []
        for name in names:
            some = [name] if name in self._paths else _matching(name, self._paths)
            if not some:
                raise UsageError(
                    f"{name} is not pinned", why="/drop lets pinned files go", hint="/drop lists them"
                )
            gone += some
        self._paths = [path for path in self._paths if path not in gone]
        return list(dict.fromkeys(gone))

    def states(self, measure: Measure, most: int) -> list[Pin]:
        """Each with what the model knows of it."""
        parts = self._parts(measure, most)
        fresh = self._fresh(parts)
        return [
            Pin(
                path=path,
                state="gone" if parts[path] is None else "fresh" if path in fresh else "told",
            )
            for path in self._paths
        ]

    def told(self, measure: Measure, most: int) -> list[str]:
        """For the next message: the files that the model has not seen as they are, each in at most `most`."""
        parts = self._parts(measure, most)
        fresh = [text for path in self._fresh(parts) if (text := parts[path]) is not None]
        return [prompts.load("pinned", parts=fresh)] if fresh else []

    def _named(self, name: str, known: Sequence[str]) -> list[str]:
        path = name.removeprefix("@").removeprefix("./")
        found = [path] if path in known else _matching(path, known)
        if found:
            return found
        try:
            self._tree.read(path)
        except ToolError as error:
            near = get_close_matches(path, known, 1)
            hint = f"/add {near[0]}" if near else "/add src/app.py, or /add src/*.py"
            raise UsageError(f"{name} cannot be pinned", why=str(error), hint=hint) from error
        raise UsageError(f"{name} cannot be pinned", why="git ignores it", hint="/run cat shows it to you")

    def _text(self, path: str) -> str:
        """Raises UsageError for a file that is gone, or no text."""
        try:
            data = self._tree.read(path)
        except ToolError as error:
            raise UsageError(f"{path} cannot be pinned", why=str(error), hint="name another file") from error
        if is_binary(data):
            raise UsageError(f"{path} cannot be pinned", why="it is a binary file", hint="name another file")
        # Before it is cut: half a secret is not recognised.
        return clean(self._hide(decode(data).text)).removesuffix("\n")

    def _parts(self, measure: Measure, most: int) -> dict[str, str | None]:
        """What a message says of each; None: it cannot be read."""
        found: dict[str, str | None] = {}
        for path in self._paths:
            try:
                text = self._text(path)
            except UsageError:
                found[path] = None
                continue
            shown = clip(text, most, measure, tail=0.0, more=partial(reading, path))
            head = _OPENS.format(path=clean(path))
            found[path] = f'{head}{text.count(chr(10)) + 1} lines)">\n{shown.text}\n</observation>'
        return found

    def _fresh(self, parts: dict[str, str | None]) -> list[str]:
        """Those of which the model was told something else last, or nothing that it still knows."""
        said = [message.text for message in self._history() if message.role == "user"]
        return [
            path
            for path, text in parts.items()
            if text is not None and not _last(said, _OPENS.format(path=clean(path))).startswith(text)
        ]


def _matching(pattern: str, paths: Sequence[str]) -> list[str]:
    """Those that a pattern means, as in .gitignore: a folder's name means all that is in it."""
    try:
        return list(GitIgnoreSpec.from_lines([f"/{pattern}"]).match_files(paths))
    except ValueError:
        return []


def _last(said: Sequence[str], opens: str) -> str:
    """What follows the last place where a message says `opens`; empty: none does."""
    return next((text[text.rindex(opens) :] for text in reversed(said) if opens in text), "")
