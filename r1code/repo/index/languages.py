"""Which language a file is in, and what is known of the languages (languages.toml, queries/*.scm)."""

from __future__ import annotations

import hashlib
import tomllib
from functools import cache, lru_cache
from importlib import metadata, resources
from importlib.util import find_spec

import msgspec
from msgspec import Struct

EXTRA = "languages"
"""The extra of the package that brings the grammars that are not always there."""
_DATA = resources.files("r1code.repo.index")
_MODULES = (
    "extract.py",
    "grammar.py",
    "imported.py",
    "lines.py",
    "notebook.py",
    "outline.py",
    "read.py",
    "sweep.py",
)
"""What an outline depends on, beside the queries."""


class Language(Struct, frozen=True, kw_only=True, eq=False):
    name: str
    grammar: str = ""
    """Package and function. Empty: it is read without one."""
    queries: tuple[str, ...] = ()
    among: tuple[str, ...] = ()
    """What it is, or has pieces of, as the content says; then it has no grammar of its own."""
    suffixes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """Of whole files, lower case."""
    interpreters: tuple[str, ...] = ()
    """Programs that a `#!` line may name."""
    skip: tuple[str, ...] = ()
    is_data: bool = False
    """Its names refer to nothing."""

    @property
    def is_installed(self) -> bool:
        """For one that is among several: one of them at least."""
        if self.among:
            return any(languages()[name].is_installed for name in self.among)
        return not self.grammar or find_spec(self.grammar.partition(":")[0]) is not None

    @property
    def source(self) -> str:
        """Its query."""
        return "\n".join((_DATA / "queries" / f"{name}.scm").read_text("utf-8") for name in self.queries)


@cache
def languages() -> dict[str, Language]:
    rows = tomllib.loads((_DATA / "languages.toml").read_text("utf-8"))
    return {name: msgspec.convert({"name": name, **row}, Language) for name, row in rows.items()}


@cache
def _by_suffix() -> dict[str, Language]:
    return {suffix: one for one in languages().values() for suffix in one.suffixes}


@cache
def _by_name() -> dict[str, Language]:
    return {name: one for one in languages().values() for name in one.names}


@lru_cache(maxsize=1 << 17)
def language_of(path: str, *, is_program: bool = False) -> Language | None:
    """By the file's name, and whether it may be run. None: none that is known."""
    name = path.rpartition("/")[2].lower()
    stem, dot, suffix = name.rpartition(".")
    if not dot:
        return _by_name().get(name) or (languages()["script"] if is_program else None)
    found = _by_name().get(name)
    if found is None and stem:
        found = _by_suffix().get(dot + suffix) or _by_name().get(stem)
    return found


@cache
def interpreted(program: str) -> Language | None:
    """The language that a program of this name reads; `python3.12` is one of them, too."""
    name = program.rstrip("0123456789.")
    return next((one for one in languages().values() if {program, name} & set(one.interpreters)), None)


@cache
def version_of(language: Language) -> str:
    """A word that changes with whatever an outline in this language depends on; empty: no grammar is there."""
    if not language.is_installed:
        return ""
    whole = hashlib.sha256(f"{language} {metadata.version('tree-sitter')}".encode())
    for name in language.among:
        whole.update(version_of(languages()[name]).encode())
    if language.grammar:
        whole.update(metadata.version(language.grammar.partition(":")[0]).encode())
        whole.update(language.source.encode())
    for name in _MODULES:
        whole.update((_DATA / name).read_bytes())
    return whole.hexdigest()[:8]
