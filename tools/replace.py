"""Replaces whole definitions of one file: functions, classes, methods, constants. The rest of it stays."""

from __future__ import annotations

import textwrap

import msgspec
from msgspec import Struct

from r1code.errors import ToolError
from r1code.repo.files import encode
from r1code.repo.symbols import Definition, Outline, can_outline, outline
from r1code.tools.base import Draft, Result, typed
from r1code.tools.match_lines import split
from r1code.types import Arguments


class _Arguments(Struct, frozen=True, kw_only=True):
    path: str
    content: str


class Replace:
    """For models that write a function better than they copy the lines around it."""

    name = "replace"
    arguments: type[Struct] = _Arguments

    @staticmethod
    def draft(arguments: Arguments, draft: Draft) -> Result:
        asked = typed(arguments, _Arguments)
        path = draft.resolve(asked.path)
        if not can_outline(path):
            raise ToolError(f"<replace> knows Python files only; {path} is none.")
        before = draft.text(path)
        text, names = replace_definitions(before.text, asked.content, path)
        if text == before.text:
            raise ToolError(f"{path} already has exactly this text, so nothing would change.")
        draft.write(path, encode(msgspec.structs.replace(before, text=text)))
        return Result(text=f"{path} changed ({', '.join(names)} replaced)")


def replace_definitions(text: str, content: str, path: str) -> tuple[str, list[str]]:
    """`text` with each definition of `content` in place of the one of the same name, and those names.

    Imports in `content` that the file lacks are added to its imports. Raises ToolError, and nothing is done,
    when a definition has no place or more than one, or when something else stands in `content`.
    """
    content = textwrap.dedent(content).strip("\n") + "\n"
    new, old = outline(content), outline(text)
    _refuse_unfit(new, content)
    lines, fresh = split(text), split(content)
    places: dict[int, tuple[Definition, list[str]]] = {}
    for one in new.definitions:
        if "." in one.name:
            continue
        there = place_of(one.name, old, path)
        _refuse_dropped(there, old, one, new)
        body = textwrap.indent("".join(fresh[one.first - 1 : one.last]), " " * there.indent)
        places[there.first] = (there, split(body))
    added = _imports(fresh, new, lines, old)
    for there, fresh_lines in sorted(places.values(), key=lambda place: -place[0].first):
        lines[there.first - 1 : there.last] = fresh_lines
    if added:
        last = old.imports[-1][1] if old.imports else _after_docstring(text)
        lines[last:last] = added
    names = [there.name for there, _ in places.values()]
    return "".join(lines), names


def _refuse_unfit(new: Outline, content: str) -> None:
    if new.error is not None:
        line = content.split("\n")[new.error - 1].strip() if new.error <= content.count("\n") else ""
        raise ToolError(f"Your text is not valid Python: line {new.error}: {line!r}. Send it again, whole.")
    if new.other:
        line = content.split("\n")[new.other[0] - 1].strip()
        raise ToolError(f"{line!r} is neither a definition nor an import. Send whole definitions only.")
    if not new.definitions:
        raise ToolError("Your text defines nothing. Send the whole new text of a function, class or constant.")


def place_of(name: str, old: Outline, path: str) -> Definition:
    """The definition of that name: at the top level, else the only such method.

    Raises ToolError for none or several.
    """
    same = [there for there in old.definitions if there.name == name]
    if not same:
        same = [there for there in old.definitions if there.name.rpartition(".")[2] == name]
    if not same:
        known = ", ".join(there.name for there in old.definitions) or "none"
        raise ToolError(f"{path} has no definition of {name}. It defines: {known}.")
    if len(same) > 1:
        found = ", ".join(f"{there.name} (line {there.first})" for there in same)
        raise ToolError(f"{name} stands more than once in {path}: {found}. Change it with another action.")
    return same[0]


def _refuse_dropped(there: Definition, old: Outline, one: Definition, new: Outline) -> None:
    prefix = f"{there.name}."
    had = {inner.name.removeprefix(prefix) for inner in old.definitions if inner.name.startswith(prefix)}
    has = {inner.name.removeprefix(f"{one.name}.") for inner in new.definitions}
    dropped = sorted(had - has) if there.kind == "class" else []
    if dropped:
        raise ToolError(
            f"Your {one.name} lacks {', '.join(dropped)}, which would be lost. Send only the methods that "
            "change, or the whole class."
        )


def _imports(fresh: list[str], new: Outline, lines: list[str], old: Outline) -> list[str]:
    """The imports of the new text that the file does not have."""
    known = {"".join(lines[first - 1 : last]).strip() for first, last in old.imports}
    wanted = ["".join(fresh[first - 1 : last]) for first, last in new.imports]
    return [text for text in wanted if text.strip() not in known]


def _after_docstring(text: str) -> int:
    """How many lines of `text` belong to what must stay on top."""
    found = outline(text)
    starts = [one.first for one in found.definitions] + list(found.other)
    first = min(starts, default=text.count("\n") + 1)
    head = text.split("\n")[: first - 1]
    while head and not head[-1].strip():
        head.pop()
    return len(head)
