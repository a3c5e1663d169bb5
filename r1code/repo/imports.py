"""Which files of a project a file may reach by what it imports. Pure: names and texts in, names out.

Read from the text, so what a program puts together at run time is not seen. Where a name may mean several files
it means all of them: asked is which tests a change can reach, and one too few costs more than one too many.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from r1code.repo.symbols import imported_modules
from r1code.tree.entry import parents

_PY = ".py"
_INIT = "__init__.py"
_CONFTEST = "conftest.py"
_STATEMENT = re.compile(
    r"^[ \t]*((?:from[ \t]+[.\w]+[ \t]+import[ \t]*(?:\([^)]*\)|[^\n#;]+(?:(?<=\\)\n[^\n]*)*)"
    r"|import[ \t]+[^\n#;]+(?:(?<=\\)\n[^\n]*)*))",
    re.MULTILINE,
)
_QUOTED = re.compile(r"[\"']([A-Za-z_]\w*(?:\.\w+)+)(?::[\w.]+)?[\"']")
_GO_IMPORT = re.compile(r"^\s*(?:import\s+)?(?:[\w.]+\s+)?\"([^\"\s]+)\"\s*(?://.*)?$", re.MULTILINE)
_GO_MODULE = re.compile(r"^module\s+(\S+)", re.MULTILINE)

Text = Callable[[str], str]
"""The text of a file; empty where it has none."""


def reaching(changed: Iterable[str], edges: Mapping[str, Collection[str]]) -> set[str]:
    """The files from which one of `changed` is reached, over any number of edges; these themselves, too."""
    sources: dict[str, list[str]] = {}
    for source, targets in edges.items():
        for target in targets:
            sources.setdefault(target, []).append(source)
    found = set(changed)
    pending = list(found)
    while pending:
        fresh = [source for source in sources.get(pending.pop(), ()) if source not in found]
        found.update(fresh)
        pending += fresh
    return found


def python_names(text: str) -> frozenset[str]:
    """The modules that Python source imports, relative ones with their dots, and what it names in strings."""
    # Only these lines are parsed: a whole project would take many times as long.
    statements = "\n".join(re.sub(r"\\\n", " ", found) for found in _STATEMENT.findall(text))
    return frozenset(imported_modules(statements)) | frozenset(_QUOTED.findall(text))


class PythonFiles:
    """The modules that Python files are, whichever folders are on the path: any that is no package may be."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = frozenset(path for path in paths if path.endswith(_PY))
        self._packages = frozenset(path.rpartition("/")[0] for path in self._paths if _name(path) == _INIT)
        self._named: dict[str, list[str]] = {}
        for path in self._paths:
            for name in self._names(path):
                self._named.setdefault(name, []).append(path)

    def edges(self, names: Mapping[str, Collection[str]]) -> dict[str, frozenset[str]]:
        """File -> the files that it may reach, one step; `names`: what each imports."""
        return {path: frozenset(self._targets(path, names.get(path, ()))) - {path} for path in self._paths}

    def meant(self, path: str, name: str) -> Iterator[str]:
        """The module that the file `path` means by `name`, or the last package on the way to it."""
        found = list(self._relative(path, name) if name.startswith(".") else self._absolute(name))
        if found:
            depth = max(map(_depth, found))
            yield from (one for one in found if _depth(one) == depth)

    def _names(self, path: str) -> Iterator[str]:
        folders = path.split("/")[:-1]
        last = [] if _name(path) == _INIT else [_name(path).removesuffix(_PY)]
        for depth in range(len(folders) + 1):
            name = ".".join([*folders[depth:], *last])
            if name and "/".join(folders[:depth]) not in self._packages:
                yield name

    def _targets(self, path: str, names: Collection[str]) -> Iterator[str]:
        # To import a module runs the packages around it; to collect a test, the conftest files above it.
        for folder in ["", *parents(path)[:-1]]:
            for name in (_INIT, _CONFTEST):
                beside = f"{folder}/{name}" if folder else name
                if beside in self._paths and (name == _CONFTEST or folder in self._packages):
                    yield beside
        for name in names:
            yield from self._relative(path, name) if name.startswith(".") else self._absolute(name)

    def _absolute(self, name: str) -> Iterator[str]:
        parts = name.split(".")
        for depth in range(1, len(parts) + 1):
            found = self._named.get(".".join(parts[:depth]), ())
            if depth > 1 and not found and parts[0] in self._named:
                # A build may put folders from elsewhere into the project's package (`package-dir`).
                found = self._named.get(".".join(parts[1:depth]), ())
            yield from found

    def _relative(self, path: str, name: str) -> Iterator[str]:
        rest = name.lstrip(".")
        folders = path.split("/")[: -(len(name) - len(rest))]
        for part in ["", *filter(None, rest.split("."))]:
            folders += [part] if part else []
            stem = "/".join(folders)
            for target in (f"{stem}{_PY}", f"{stem}/{_INIT}".removeprefix("/")):
                if target in self._paths:
                    yield target


class GoFolders:
    """The folders of the project's packages, by what its modules are called."""

    def __init__(self, paths: Iterable[str], text: Text) -> None:
        modules = {
            path.rpartition("/")[0]: _GO_MODULE.search(text(path)) for path in paths if _name(path) == "go.mod"
        }
        self._roots = {found[1].strip('"'): folder for folder, found in modules.items() if found is not None}

    def meant(self, name: str) -> set[str]:
        """The folders that an import of `name` means."""
        return {
            f"{folder}/{name[len(root) + 1 :]}".strip("/")
            for root, folder in self._roots.items()
            if name == root or name.startswith(f"{root}/")
        }


def go_edges(paths: Collection[str], text: Text) -> dict[str, frozenset[str]]:
    """Folder of a Go package -> those of the project's packages that its files import, tests included."""
    folders = GoFolders(paths, text)
    edges: dict[str, set[str]] = {}
    for path in paths:
        if path.endswith(".go"):
            targets = edges.setdefault(path.rpartition("/")[0], set())
            targets.update(folder for name in _GO_IMPORT.findall(text(path)) for folder in folders.meant(name))
    return {folder: frozenset(targets) for folder, targets in edges.items()}


def _depth(path: str) -> int:
    """How many names a module has."""
    return path.removesuffix(f"/{_INIT}").count("/")


def _name(path: str) -> str:
    return path.rpartition("/")[2]
