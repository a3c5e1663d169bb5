"""Where the cause of a failing test may be: the definitions that it reaches, nearest first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from r1code.errors import ToolError
from r1code.repair.protected import is_protected
from r1code.repo.files import decode, is_binary
from r1code.repo.symbols import Definition, Kind, can_outline, imported_modules, names_in, outline
from r1code.tools.match_lines import split
from r1code.tree.worktree import WorkTree
from r1code.types import TestReport

_DEPTH = 3
_LONG_CLASS = 20
_INIT = "/__init__.py"


class Suspect(Struct, frozen=True, kw_only=True):
    """A definition that a failing test reaches."""

    path: str
    name: str
    kind: Kind
    text: str
    """Its lines, with a newline at the end, without the indentation of its place."""
    first: int
    """Its first line in the file."""
    indent: int

    @property
    def numbers(self) -> range:
        """Its lines in the file."""
        return range(self.first, self.first + self.text.count("\n"))


class Passage(Struct, frozen=True, kw_only=True):
    """Several definitions of one file, in its order."""

    path: str
    text: str


def failure_of(report: TestReport, test: str) -> str:
    """What the report says about one failing test."""
    found = next((one.text for one in report.failures if one.id == test), "")
    return found.strip() or report.digest.strip()


def source_of_test(tree: WorkTree, test: str) -> str:
    """The text of a test function, with a newline at its end; of its whole file where it is not found."""
    path, *names = test.split("::")
    text = text_of(tree, path)
    if text is None or not names:
        return text or ""
    name = ".".join(names).partition("[")[0]
    for one in outline(text).definitions:
        if one.name == name:
            return definition_text(text, one)
    return text


def suspects(tree: WorkTree, test: str, failure: str) -> list[Suspect]:
    """The definitions of code files that `test` reaches, most likely first.

    First those that the test or its traceback names, then those that these name, and so on. Protected files
    are left out.
    """
    found: dict[tuple[str, str], Suspect] = {}
    reached = list(_reached(tree, test, failure))
    known = [(path, text) for path, text in reached if not is_protected(path)]
    helpers = [text for path, text in reached if is_protected(path)]
    frontier = _named_by(source_of_test(tree, test), helpers) | frozenset(re.findall(r"\w+", failure))
    for _ in range(_DEPTH):
        level = [
            Suspect(
                path=path,
                name=one.name,
                kind=one.kind,
                text=definition_text(text, one),
                first=one.first,
                indent=one.indent,
            )
            for path, text in known
            for one in outline(text).definitions
            if one.name.rpartition(".")[2] in frontier and not _is_long_class(one)
        ]
        fresh = {(one.path, one.name): one for one in level if (one.path, one.name) not in found}
        found |= fresh
        frontier = frozenset[str]().union(*(names_in(one.text) for one in fresh.values()))
    return list(found.values())


def passages(chosen: Sequence[Suspect], limit: int) -> list[Passage]:
    """The texts of suspects by file, the likeliest first, in at most `limit` characters together."""
    texts: dict[str, list[str]] = {}
    for one in chosen:
        limit -= len(one.text) + 1
        if limit < 0:
            break
        texts.setdefault(one.path, []).append(one.text)
    return [Passage(path=path, text="\n".join(parts)) for path, parts in texts.items()]


def twins(tree: WorkTree, path: str, content: str) -> list[str]:
    """Other code files that hold the same text of everything which `content` defines anew for `path`.

    What is copied is often wrong in both places.
    """
    text = text_of(tree, path)
    wanted = {one.name for one in outline(content).definitions if "." not in one.name}
    old = {} if text is None else _texts(text, wanted)
    if not wanted or old.keys() != wanted:
        return []
    others = (other for other in tree.paths() if other != path and can_outline(other) and not is_protected(other))
    return [other for other in others if _texts(text_of(tree, other) or "", wanted) == old]


def _texts(text: str, names: set[str]) -> dict[str, str]:
    """The definitions of those names that stand in `text`."""
    if not all(name in text for name in names):
        return {}
    return {one.name: definition_text(text, one) for one in outline(text).definitions if one.name in names}


def _named_by(source: str, helpers: Sequence[str]) -> frozenset[str]:
    """The names in the text of a test, and in the helpers of tests that it uses."""
    names = names_in(source)
    while True:
        bodies = [
            definition_text(text, one)
            for text in helpers
            for one in outline(text).definitions
            if one.name.rpartition(".")[2] in names
        ]
        more = names.union(*map(names_in, bodies))
        if more == names:
            return names
        names = more


def _is_long_class(one: Definition) -> bool:
    return one.kind == "class" and one.last - one.first >= _LONG_CLASS


def definition_text(text: str, one: Definition) -> str:
    """A definition of `text`, without the indentation of its place, with a newline at its end."""
    lines = split(text)[one.first - 1 : one.last]
    return "".join(line[one.indent :] if line.strip() else "\n" for line in lines).rstrip("\n") + "\n"


def _reached(tree: WorkTree, test: str, failure: str) -> Iterable[tuple[str, str]]:
    """Files and their texts: those of the traceback, the test's own, and what they import, level by level."""
    paths = set(tree.paths())
    traced = [path for path in re.findall(r"^([^\s:]+):\d+: ", failure, re.MULTILINE) if path in paths]
    level = [path for path in dict.fromkeys([*reversed(traced), test.partition("::")[0]]) if can_outline(path)]
    found: dict[str, str] = {}
    for _ in range(_DEPTH):
        texts = {path: text for path in level if (text := text_of(tree, path)) is not None}
        found |= texts
        reached = [path for at, text in texts.items() for path in _imported(text, at, paths)]
        level = [path for path in dict.fromkeys(reached) if path not in found]
    return found.items()


def _imported(text: str, at: str, paths: set[str]) -> list[str]:
    """The project's files among the modules that `text`, the file `at`, imports."""
    found: list[str] = []
    for module in imported_modules(text):
        dots = len(module) - len(module.lstrip("."))
        stem = module.strip(".").replace(".", "/")
        if dots:
            folder = at.split("/")[:-dots]
            stem = "/".join([*folder, stem] if stem else folder)
        found += _files(stem, paths)
    return found


def _files(stem: str, paths: set[str]) -> Sequence[str]:
    """The file of a module: at the root, else the only one below any folder (`src/`, a package of many)."""
    if not stem:
        return ()
    direct = [path for path in (f"{stem}.py", f"{stem}{_INIT}") if path in paths]
    if direct:
        return direct
    below = [path for path in paths if path.endswith((f"/{stem}.py", f"/{stem}{_INIT}"))]
    return below if len(below) == 1 else ()


def text_of(tree: WorkTree, path: str) -> str | None:
    """The text of a file; None: there is none, or it is binary."""
    try:
        data = tree.read(path)
    except ToolError:
        return None
    return None if is_binary(data) else decode(data).text
