"""Replaces lines of one file."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from r1code.repo.files import encode
from r1code.tools.base import Draft, Result, Syntax, typed
from r1code.tools.matching import Block, replace_all
from r1code.types import Arguments

_MOST_NOTES = 5


class _Arguments(Struct, frozen=True, kw_only=True):
    path: str
    syntax: Syntax = "checked"
    edits: list[Block]


class Edit:
    name = "edit"
    arguments: type[Struct] = _Arguments

    @staticmethod
    def draft(arguments: Arguments, draft: Draft) -> Result:
        asked = typed(arguments, _Arguments)
        path = draft.resolve(asked.path)
        before = draft.text(path)
        after = replace_all(before.text, asked.edits, path=path)
        draft.write(path, encode(msgspec.structs.replace(before, text=after.text)), syntax=asked.syntax)
        many = "1 block" if len(asked.edits) == 1 else f"{len(asked.edits)} blocks"
        return Result(text="\n".join([f"{path} changed ({many} replaced)", *told(after.notes)]))


def told(notes: Sequence[str]) -> list[str]:
    """Remarks on blocks, not too many."""
    rest = len(notes) - _MOST_NOTES
    return [*notes[:_MOST_NOTES], *([f"[and {rest} blocks more]"] if rest > 0 else [])]
