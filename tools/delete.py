"""Deletes a file."""

from __future__ import annotations

from msgspec import Struct

from r1code.tools.base import Draft, Result, typed
from r1code.types import Arguments


class _Arguments(Struct, frozen=True, kw_only=True):
    path: str


class Delete:
    name = "delete"
    arguments: type[Struct] = _Arguments

    @staticmethod
    def draft(arguments: Arguments, draft: Draft) -> Result:
        path = draft.resolve(typed(arguments, _Arguments).path, follow_last=False)
        draft.delete(path)
        return Result(text=f"{path} deleted")
