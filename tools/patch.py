"""Applies a unified diff: changes, creations, deletions and moves of files."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from r1code.errors import ToolError
from r1code.repo.files import encode
from r1code.tools.base import Draft, Result, Syntax, typed
from r1code.tools.diff_text import FileDiff, parse
from r1code.tools.edit import told
from r1code.tools.matching import replace_all
from r1code.types import Arguments


class _Arguments(Struct, frozen=True, kw_only=True):
    syntax: Syntax = "checked"
    content: str


class Patch:
    """For models that were trained on diffs more than on search/replace blocks."""

    name = "patch"
    arguments: type[Struct] = _Arguments

    @staticmethod
    def draft(arguments: Arguments, draft: Draft) -> Result:
        asked = typed(arguments, _Arguments)
        done: list[str] = []
        for one in parse(asked.content):
            done += _file(one, draft, asked.syntax)
        return Result(text="\n".join(done))


def _file(one: FileDiff, draft: Draft, syntax: Syntax) -> list[str]:
    if one.path is None:
        return [_create(one, draft, syntax)]
    if one.to is None:
        path = draft.resolve(one.path, follow_last=False)
        draft.delete(path)
        return [f"{path} deleted"]
    path, to = draft.resolve(one.path), draft.resolve(one.to)
    if path == to and not one.blocks:
        raise ToolError(f"The diff of {path} has no hunks. Each begins with a line @@.")
    data = draft.read(path)
    notes: tuple[str, ...] = ()
    if one.blocks:
        before = draft.text(path)
        _refuse_bare(one, path)
        # Where only the end of the last line changes, its text does not.
        blocks = [block for block in one.blocks if one.ends is None or block.search != block.replace]
        after = replace_all(before.text, blocks, path=path)
        text, notes = _ended(after.text, ends=one.ends), after.notes
        data = encode(msgspec.structs.replace(before, text=text))
    if path == to:
        draft.write(path, data, syntax=syntax)
    else:
        if draft.exists(to):
            raise ToolError(f"{to} exists, and would be lost. Delete it first, or choose another name.")
        draft.write(to, data, mode=draft.mode(path), syntax=syntax)
        draft.delete(path)
    many = "1 hunk" if len(one.blocks) == 1 else f"{len(one.blocks)} hunks"
    moved = "" if path == to else f" moved to {to}"
    return [f"{path}{moved} changed ({many})" if one.blocks else f"{path}{moved}", *told(notes)]


def _create(one: FileDiff, draft: Draft, syntax: Syntax) -> str:
    if one.to is None:
        raise ToolError("A diff from /dev/null to /dev/null names no file.")
    path = draft.resolve(one.to)
    if draft.exists(path):
        raise ToolError(f"{path} exists, so it cannot be created. Give the diff of its lines.")
    if any(block.search for block in one.blocks):
        raise ToolError(f"{path} is new according to the diff, so all its lines must begin with `+`.")
    text = "".join(block.replace for block in one.blocks)
    draft.write(path, _ended(text, ends=one.ends).encode(), syntax=syntax)
    return f"{path} created ({text.count(chr(10))} lines)"


def _refuse_bare(one: FileDiff, path: str) -> None:
    for number, block in enumerate(one.blocks, start=1):
        if not block.search:
            raise ToolError(
                f"Hunk {number} of {path} only adds lines, so it does not say where. Keep a line or two before "
                "or after them, beginning with a space."
            )


def _ended(text: str, *, ends: bool | None) -> str:
    if ends is None or not text:
        return text
    return text.removesuffix("\n") + ("\n" if ends else "")
