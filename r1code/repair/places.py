"""Where the cause of a failing test may be: the files that it reaches, nearest first."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from r1code.errors import ToolError
from r1code.repair.protected import is_protected
from r1code.repo.files import decode, is_binary
from r1code.repo.symbols import can_outline, imported_modules, names_in, outline
from r1code.tree.worktree import WorkTree
from r1code.types import TestReport

_DEPTH = 3
_INIT = "/__init__.py"


class Source(Struct, frozen=True, kw_only=True):
    path: str
    text: str
    """With a newline at its end."""


def failure_of(report: TestReport, test: str) -> str:
    """What the report says about one failing test."""
    for part in re.split(r"\n\n(?=FAILED )", report.digest):
        head, _, rest = part.partition("\n")
        if head == f"FAILED {test}":
            return rest.strip()
    return report.digest.strip()


def test_source(tree: WorkTree, test: str) -> str:
    """The text of a test function, with a newline at its end; of its whole file where it is not found."""
    path, *names = test.split("::")
    text = _text(tree, path)
    if text is None or not names:
        return text or ""
    name = ".".join(names).partition("[")[0]
    for one in outline(text).definitions:
        if one.name == name:
            return "".join(text.splitlines(keepends=True)[one.first - 1 : one.last])
    return text


test_source.__test__ = False  # type: ignore[attr-defined] # pytest would take it for a test


def places(tree: WorkTree, test: str, failure: str, limit: int) -> list[Source]:
    """Code files that `test` reaches, most likely first, in at most `limit` characters together.

    Files of the traceback come first, then those that the test imports, then what these import; within a
    level those whose definitions the test or the failure names. Protected files are left out.
    """
    paths = set(tree.paths())
    start = test.partition("::")[0]
    traced = [path for path in re.findall(r"^([^\s:]+):\d+: ", failure, re.MULTILINE) if path in paths]
    level = [path for path in dict.fromkeys([*reversed(traced), start]) if can_outline(path)]
    words = names_in(test_source(tree, test)) | set(re.findall(r"\w+", failure))
    found: dict[str, str] = {}
    for _ in range(_DEPTH):
        texts = {path: text for path in level if (text := _text(tree, path)) is not None}
        found |= {path: text for path, text in texts.items() if path not in found}
        reached = [path for at, text in texts.items() for path in _imported(text, at, paths)]
        level = [path for path in dict.fromkeys(reached) if path not in found]
        level.sort(key=lambda path: -_named(tree, path, words))
    sources: list[Source] = []
    for path, text in found.items():
        whole = text if text.endswith("\n") else f"{text}\n"
        if not is_protected(path) and text.strip() and len(whole) <= limit:
            sources.append(Source(path=path, text=whole))
            limit -= len(whole)
    return sources


def _named(tree: WorkTree, path: str, words: frozenset[str] | set[str]) -> int:
    """How many definitions of `path` are named in `words`."""
    text = _text(tree, path)
    return 0 if text is None else sum(one.name.rpartition(".")[2] in words for one in outline(text).definitions)


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


def _text(tree: WorkTree, path: str) -> str | None:
    try:
        data = tree.read(path)
    except ToolError:
        return None
    return None if is_binary(data) else decode(data).text
