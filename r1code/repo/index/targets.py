"""Which files of a project the imports of its files mean: the names of outlines in, paths out. Pure.

What is no file of the project has no target, and so has what a build puts together. Where a name may mean several
files it means all of them.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec
from msgspec import Struct

from r1code.repo.imports import GoFolders, PythonFiles, Text
from r1code.repo.index.outline import Outline

_SCRIPTS = (".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte", ".json")
_OF_COMPILED = {".js": (".ts", ".tsx"), ".jsx": (".tsx",), ".mjs": (".mts",), ".cjs": (".cts",)}
_NAMED_BY_PATH = {"java": (".java", ".kt"), "kotlin": (".kt", ".java"), "scala": (".scala", ".java")}
_CRATE = re.compile(r'^\s*name\s*=\s*"([^"]+)"', re.MULTILINE)
_ROOTS = ("lib.rs", "main.rs")
_MOST = 50
"""Files that one name means."""


class _Package(Struct, frozen=True):
    name: str = ""


class Targets:
    """Of a project with these files. `text` gives what a manifest says; empty where it cannot be read."""

    def __init__(self, paths: Iterable[str], text: Text) -> None:
        self._paths = frozenset(paths)
        self._python = PythonFiles(path for path in self._paths if path.endswith(".py"))
        self._go = GoFolders(self._paths, text)
        self._beside: dict[str, list[str]] = {}
        """Folder -> its files."""
        self._named: dict[str, list[str]] = {}
        """Name of a file -> where that is."""
        self._folders: dict[str, list[str]] = {}
        """The same for folders."""
        self._packages: dict[str, str] = {}
        """Name of a package of scripts -> its folder."""
        self._crates: dict[str, str] = {}
        """Folder of a crate -> its name."""
        for path in sorted(self._paths):
            folder, _, name = path.rpartition("/")
            if folder not in self._beside:
                self._beside[folder] = []
                self._folders.setdefault(folder.rpartition("/")[2], []).append(folder)
            self._beside[folder].append(path)
            self._named.setdefault(name, []).append(path)
            if name == "package.json":
                self._packages.setdefault(_package(text(path)), folder)
            elif name == "Cargo.toml" and (found := _CRATE.search(text(path))) is not None:
                self._crates[folder] = found[1].replace("-", "_")

    def edges(self, outlines: Mapping[str, Outline]) -> dict[str, tuple[str, ...]]:
        """File -> the other files that it imports, sorted; only files that import any."""
        found: dict[str, tuple[str, ...]] = {}
        for path, outline in outlines.items():
            targets = self.imported(path, outline.language, (one.name for one in outline.imports))
            if targets:
                found[path] = tuple(sorted(targets))
        return found

    def imported(self, path: str, language: str, names: Iterable[str]) -> set[str]:
        """The other files that `names` mean where the file `path` imports them."""
        return {target for name in names for target in self.of(path, language, name)} - {path}

    def of(self, path: str, language: str, name: str) -> tuple[str, ...]:
        """The files that `name` means where the file `path` imports it."""
        return tuple(dict.fromkeys(self._of(path, language, name)))[:_MOST]

    def _of(self, path: str, language: str, name: str) -> Iterable[str]:
        match language:
            case "python" | "notebook":
                found: Iterable[str] = self._python.meant(path, name)
            case "javascript" | "typescript" | "tsx":
                found = self._script(path, name)
            case "go":
                found = self._files(sorted(self._go.meant(name)), ".go", but="_test.go")
            case "rust":
                found = self._rust(path, name)
            case "java" | "kotlin" | "scala":
                found = self._by_path(name, _NAMED_BY_PATH[language])
            case "c" | "cpp" | "css" | "html" | "bash" | "ruby" | "php" | "make" | "lua":
                found = self._included(path, name)
            case _:
                found = ()
        return found

    def _files(self, folders: Iterable[str], suffix: str, *, but: str = "\0") -> Iterator[str]:
        for folder in folders:
            for path in self._beside.get(folder, ()):
                if path.endswith(suffix) and not path.endswith(but):
                    yield path

    def _script(self, path: str, name: str) -> Iterator[str]:
        name = name.partition("?")[0]
        if name.startswith("."):
            yield from self._module(_joined(path, name))
            return
        parts = name.split("/")
        for depth in range(len(parts), 0, -1):
            folder = self._packages.get("/".join(parts[:depth]))
            if folder is not None:
                inner = "/".join(parts[depth:])
                for start in (folder, f"{folder}/src".lstrip("/")):
                    yield from self._module(f"{start}/{inner}".strip("/"))
                return

    def _module(self, stem: str) -> Iterator[str]:
        """The first file that a bundler would take for a path without, or with another, suffix."""
        root, dot = posixpath.splitext(stem)
        tried = [
            stem,
            *(f"{stem}{suffix}" for suffix in _SCRIPTS),
            *(f"{root}{suffix}" for suffix in _OF_COMPILED.get(dot, ())),
            *(f"{stem}/index{suffix}".lstrip("/") for suffix in _SCRIPTS),
        ]
        yield from [one for one in tried if one in self._paths][:1]

    def _rust(self, path: str, name: str) -> Iterator[str]:
        first, *rest = name.split("::")
        own = next((one for one in _above(path) if one in self._crates), None)
        module = _module_folder(path)
        if first == "crate" and own is not None:
            yield from self._in_crate(own, path, rest)
        elif first == "self":
            yield from self._deepest(module, rest)
        elif first == "super":
            while rest and first == "super":
                module = module.rpartition("/")[0]
                first = rest[0]
                rest = rest[1:] if first == "super" else rest
            yield from self._deepest(module, rest)
        else:
            found = [folder for folder, crate in self._crates.items() if crate == first]
            for folder in found:
                yield from self._in_crate(folder, "", rest)
            if not found:
                yield from self._deepest(module, [first, *rest])

    def _in_crate(self, folder: str, path: str, parts: list[str]) -> Iterator[str]:
        source = f"{folder}/src".lstrip("/")
        deepest = list(self._deepest(source, parts))
        yield from deepest or [
            root for name in _ROOTS if (root := f"{source}/{name}") in self._paths and root != path
        ]

    def _deepest(self, folder: str, parts: list[str]) -> Iterator[str]:
        """The file of the module that has as many of these names as there are modules."""
        for depth in range(len(parts), 0, -1):
            stem = "/".join([folder, *parts[:depth]]).lstrip("/")
            found = [one for one in (f"{stem}.rs", f"{stem}/mod.rs") if one in self._paths]
            if found:
                yield from found
                return

    def _by_path(self, name: str, suffixes: tuple[str, ...]) -> Iterator[str]:
        """A class is a file at the end of a path of the same names, wherever the sources begin."""
        parts = name.split(".")
        if parts[-1] in {"*", "_"}:
            end = "/".join(parts[:-1])
            folders = [one for one in self._folders.get(parts[-2], ()) if _ends(one, end)] if end else []
            for suffix in suffixes:
                yield from self._files(folders, suffix)
        # The last names may be those of what is in the class.
        for depth in range(len(parts), max(0, len(parts) - 3), -1):
            for suffix in suffixes:
                end = f"{'/'.join(parts[:depth])}{suffix}"
                found = [one for one in self._named.get(f"{parts[depth - 1]}{suffix}", ()) if _ends(one, end)]
                yield from found
                if found:
                    return

    def _included(self, path: str, name: str) -> Iterator[str]:
        """Beside the file, else wherever a path ends so."""
        for end in (name, f"{name}.rb", f"{name}.lua", f"{name.replace('.', '/')}.lua"):
            beside = _joined(path, end)
            if beside in self._paths:
                yield beside
                return
        end = posixpath.normpath(name).lstrip("./")
        yield from (one for one in self._named.get(end.rpartition("/")[2], ()) if _ends(one, end))


def _package(text: str) -> str:
    try:
        return msgspec.json.decode(text, type=_Package).name
    except msgspec.MsgspecError:
        return ""


def _joined(path: str, name: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), name))


def _above(path: str) -> Iterator[str]:
    folder = path
    while folder:
        folder = folder.rpartition("/")[0]
        yield folder


def _module_folder(path: str) -> str:
    """Where the modules inside of the one that is this file are."""
    folder, _, name = path.rpartition("/")
    if name in {*_ROOTS, "mod.rs"}:
        return folder
    return f"{folder}/{name.removesuffix('.rs')}".lstrip("/")


def _ends(path: str, end: str) -> bool:
    return path == end or path.endswith(f"/{end}")
