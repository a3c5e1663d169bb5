"""What a project tells those who work on it: which of its files say that, and what is in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from posixpath import normpath

from msgspec import Struct

from r1code.errors import ToolError
from r1code.repo.files import decode, is_binary
from r1code.repo.kinds import kind_of
from r1code.tree.worktree import WorkTree

EVERYWHERE = ("AGENTS.md", "AGENT.md", "CLAUDE.md", "GEMINI.md", "QWEN.md")
"""In any folder, the first that is there counts: the same is often said once for each program."""
AT_ROOT = (
    *EVERYWHERE,
    ".claude/CLAUDE.md",
    ".github/copilot-instructions.md",
    ".cursorrules",
    ".windsurfrules",
    ".clinerules",
    ".rules",
)
MOST_BYTES = 256_000
"""Of one file; nobody writes as much, and a prompt has no room for it."""
_MOST_IMPORTS = 20
_IMPORT = re.compile(r"(?<![\w@`./])@([\w.][\w./-]*\w)")
_FENCE = re.compile(r"\s*(```|~~~)")
_CODE = re.compile(r"`[^`\n]*`")


class Source(Struct, frozen=True, kw_only=True):
    """A file with instructions."""

    path: str
    data: bytes

    @property
    def text(self) -> str:
        return decode(self.data).text.rstrip()

    @property
    def lines(self) -> int:
        return self.text.count("\n") + 1


Instructions = dict[str, tuple[Source, ...]]
"""By folder, `` for the root: the file that counts there, and then those that it imports."""


def described(sources: Iterable[Source]) -> str:
    """The files, in words for a person."""
    return ", ".join(f"{one.path} ({one.lines} line{'s' * (one.lines > 1)})" for one in sources)


def instructions_of(tree: WorkTree) -> Instructions:
    """What the files of a work tree say, each said once: not again under another name, as a link or as a copy.

    Nothing outside of the tree is read, and nothing that is hidden, no text or empty. Raises StateError.
    """
    candidates: dict[str, list[str]] = {"": list(AT_ROOT)}
    for path in tree.paths():
        folder, _, name = path.rpartition("/")
        # What others wrote for their own project is not about this one.
        if folder and name in EVERYWHERE and path not in AT_ROOT and kind_of(path, b"") != "vendored":
            candidates.setdefault(folder, []).append(path)
    found: Instructions = {}
    known: set[bytes] = set()
    for folder in sorted(candidates):
        if folder:
            candidates[folder].sort(key=lambda path: EVERYWHERE.index(path.rpartition("/")[2]))
        first = next(_sources(tree, candidates[folder]), None)
        if first is None or first.data in known:
            continue
        sources = (first, *_imported(tree, first, known | {first.data}))
        found[folder] = sources
        known.update(source.data for source in sources)
    return found


def _sources(tree: WorkTree, paths: Iterable[str]) -> Iterator[Source]:
    """Those of `paths` that can be told."""
    for path in paths:
        try:
            if tree.entry(path) is None:
                continue
            data = tree.read(path)[:MOST_BYTES]
        except ToolError:
            continue
        if data.strip() and not is_binary(data):
            yield Source(path=path, data=data)


def _imported(tree: WorkTree, source: Source, known: set[bytes]) -> list[Source]:
    """What `source` names as `@path`, relative to its folder. What these name themselves does not count."""
    folder = PurePosixPath(source.path).parent
    named = [normpath(folder / name) for name in _named(source.text)]
    found: dict[bytes, Source] = {}
    for one in _sources(tree, dict.fromkeys(named)):
        if one.data not in known and len(found) < _MOST_IMPORTS:
            found.setdefault(one.data, one)
    return list(found.values())


def _named(text: str) -> Iterator[str]:
    """The imports of a text; what stands in code means something else."""
    fence = ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1] == fence):
            fence = "" if fence else mark[1]
        elif not fence:
            yield from _IMPORT.findall(_CODE.sub("", line))
