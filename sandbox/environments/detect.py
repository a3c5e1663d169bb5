"""Which projects a repository holds. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Mapping

from msgspec import Struct

from r1code.sandbox.environments import (
    devcontainer,
    dotnet,
    go,
    java,
    native,
    node,
    php,
    python,
    ruby,
    rust,
)
from r1code.sandbox.environments.devcontainer import Devcontainer
from r1code.sandbox.environments.environment import Environment, Folder, Language

MOST = 12
"""Environments of one repository."""
_DEEPEST = 3
MAX_MANIFEST_BYTES = 5_000_000
_DETECTORS: tuple[Callable[[Folder], Environment | None], ...] = (
    python.detect,
    node.detect,
    go.detect,
    rust.detect,
    java.detect,
    ruby.detect,
    php.detect,
    dotnet.detect,
    native.detect,
)
_ONE_FOR_ALL_BELOW: frozenset[Language] = frozenset({"rust", "java", "ruby", "dotnet", "native"})
"""Languages whose outermost project says what those inside it are."""
_NAMES = frozenset(
    {
        *python.MANIFESTS,
        *go.MANIFESTS,
        *rust.MANIFESTS,
        *java.MANIFESTS,
        *ruby.MANIFESTS,
        *php.MANIFESTS,
        *devcontainer.PLACES,
        node.MANIFEST,
        ".node-version",
        ".nvmrc",
        ".pnpmfile.cjs",
        ".python-version",
        ".ruby-version",
        ".yarnrc.yml",
        "CMakeLists.txt",
        "Cargo.lock",
        "GNUmakefile",
        "Gemfile.lock",
        "Makefile",
        "Pipfile.lock",
        "composer.lock",
        "gems.locked",
        "go.sum",
        "go.work.sum",
        "gradle-wrapper.jar",
        "gradle-wrapper.properties",
        "gradle.lockfile",
        "gradle.properties",
        "gradlew",
        "libs.versions.toml",
        "makefile",
        "meson.build",
        "noxfile.py",
        "npm-shrinkwrap.json",
        "package-lock.json",
        "pdm.lock",
        "pnpm-lock.yaml",
        "pnpm-workspace.yaml",
        "poetry.lock",
        "runtime.txt",
        "rust-toolchain",
        "rust-toolchain.toml",
        "tox.ini",
        "uv.lock",
        "yarn.lock",
    }
)
_REQUIREMENTS = re.compile(r"(.*/)?([^/]*(requirement|constraint|deps)[^/]*|requirements/[^/]*)\.txt")
_NOT_PROJECTS = frozenset(
    {
        "benchmark",
        "benchmarks",
        "doc",
        "docs",
        "example",
        "examples",
        "extern",
        "external",
        "fixtures",
        "node_modules",
        "samples",
        "spec",
        "template",
        "templates",
        "test",
        "testdata",
        "testing",
        "tests",
        "third_party",
        "thirdparty",
        "vendor",
    }
)


class Detected(Struct, frozen=True, kw_only=True):
    """All that a repository needs."""

    environments: tuple[Environment, ...] = ()
    devcontainer: Devcontainer = Devcontainer()
    left_out: tuple[str, ...] = ()
    """Project folders that are too many."""

    @property
    def is_plain(self) -> bool:
        """r1code's own base image is enough, as far as its versions are."""
        has_own = self.devcontainer.image or self.devcontainer.versions or self.devcontainer.variables
        return all(one.is_plain for one in self.environments) and not has_own

    @property
    def notes(self) -> tuple[str, ...]:
        more = (f"not looked at, for {MOST} are enough: {', '.join(self.left_out)}",) if self.left_out else ()
        return (*(note for one in self.environments for note in one.notes), *self.devcontainer.notes, *more)


def is_manifest(path: str) -> bool:
    """Whether `detect` wants to see what is in the file."""
    name = posixpath.basename(path)
    return (
        path in devcontainer.PLACES
        or name in _NAMES
        or name.endswith(".gemspec")
        or _REQUIREMENTS.fullmatch(path) is not None
        or dotnet.is_manifest(name)
    )


def detect(files: Mapping[str, bytes], paths: Collection[str]) -> Detected:
    """`files`: what is in the manifests. `paths`: all files of the repository."""
    folders = sorted(
        {posixpath.dirname(path) for path in files if _may_be_project(posixpath.dirname(path))},
        key=lambda path: (path.count("/") if path else -1, path),
    )
    found: list[Environment] = []
    covered: set[tuple[Language, str]] = set()
    for path in folders:
        folder = Folder(path, files, paths)
        for look in _DETECTORS:
            one = look(folder)
            if one is not None and not _is_covered(one, found, covered):
                found.append(one)
                covered |= {("node", inside) for inside in _members(one)}
    first = next((files[place] for place in devcontainer.PLACES if place in files), None)
    return Detected(
        environments=tuple(found[:MOST]),
        devcontainer=Devcontainer() if first is None else devcontainer.read(first),
        left_out=tuple(one.folder for one in found[MOST:]),
    )


def _may_be_project(path: str) -> bool:
    parts = path.split("/") if path else []
    return len(parts) <= _DEEPEST and not any(part in _NOT_PROJECTS or part.startswith(".") for part in parts)


def _is_covered(one: Environment, found: list[Environment], covered: set[tuple[Language, str]]) -> bool:
    """It belongs to a project that was found, or builds a part of one."""
    if (one.language, one.folder) in covered:
        return True
    around = [other for other in found if not other.folder or f"{one.folder}/".startswith(f"{other.folder}/")]
    if one.language == "native":
        # A Makefile beside another language's manifest only calls that language's tools.
        return any(other.language == "native" or one.manager == "make" for other in around)
    return one.language in _ONE_FOR_ALL_BELOW and any(other.language == one.language for other in around)


def _members(one: Environment) -> set[str]:
    """The folders of the packages that a Node project installs together with itself."""
    if one.language != "node":
        return set()
    return {posixpath.dirname(path) for path in one.files if posixpath.basename(path) == node.MANIFEST} - {
        one.folder
    }
