"""Gives a file another path; what it holds and whether it can be executed stay."""

from __future__ import annotations

from msgspec import Struct

from r1code.errors import ToolError
from r1code.tools.base import Draft, Result, typed
from r1code.types import Arguments


class _Arguments(Struct, frozen=True, kw_only=True):
    path: str
    to: str


class Move:
    name = "move"
    arguments: type[Struct] = _Arguments

    @staticmethod
    def draft(arguments: Arguments, draft: Draft) -> Result:
        asked = typed(arguments, _Arguments)
        path, to = draft.resolve(asked.path), draft.resolve(asked.to)
        if draft.exists(to):
            raise ToolError(f"{to} exists, and would be lost. Delete it first, or choose another name.")
        draft.write(to, draft.read(path), mode=draft.mode(path), syntax="any")
        draft.delete(path)
        return Result(text=f"{path} moved to {to}")
