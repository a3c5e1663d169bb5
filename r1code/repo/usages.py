"""Where a name is defined, and where it is used, as outlines say it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from r1code.repo.graph import is_test
from r1code.repo.index.outline import Definition, Outline

_MINOR = frozenset({"constant", "key", "heading", "element", "prototype", "cell"})


class Found(Struct, frozen=True, kw_only=True):
    path: str
    definition: Definition


class Use(Struct, frozen=True, kw_only=True):
    path: str
    line: int
    is_call: bool
    inside: Definition | None
    """The innermost definition around it that can call something; None: it is at the top level."""


def last_part(name: str) -> str:
    """Of `Class.method`, `pkg::function` or `Type#method` what it is itself called."""
    return name.replace("::", ".").replace("#", ".").rpartition(".")[2].removesuffix("()").strip()


def definitions(outlines: Mapping[str, Outline], name: str) -> list[Found]:
    """Of `name`, which may have what it belongs to before it; code before tests, functions before constants."""
    wanted, last = f".{name.replace('::', '.').replace('#', '.').removesuffix('()').strip()}", last_part(name)
    found = [
        Found(path=path, definition=one)
        for path, outline in outlines.items()
        for one in outline.definitions
        if one.name == last and f".{one.path.replace('::', '.')}".endswith(wanted)
    ]
    return sorted(
        found, key=lambda one: (is_test(one.path), one.definition.kind in _MINOR, one.path, one.definition.first)
    )


def uses(outlines: Mapping[str, Outline], name: str, *, only_calls: bool) -> list[Use]:
    """By path, files of code before tests, and line."""
    last = last_part(name)
    found = [
        use for path, outline in outlines.items() for use in _of_file(path, outline, last, only_calls=only_calls)
    ]
    return sorted(found, key=lambda use: (is_test(use.path), use.path, use.line))


def _of_file(path: str, outline: Outline, name: str, *, only_calls: bool) -> Iterator[Use]:
    called = outline.calls.get(name, ())
    lines = dict.fromkeys(called, True)
    if not only_calls:
        lines = dict.fromkeys(outline.uses.get(name, ()), False) | lines
    for line, is_call in lines.items():
        yield Use(path=path, line=line, is_call=is_call, inside=_around(outline, line))


def _around(outline: Outline, line: int) -> Definition | None:
    inside = [one for one in outline.definitions if one.first <= line <= one.last and one.kind not in _MINOR]
    return max(inside, key=lambda one: one.first, default=None)
