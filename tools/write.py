"""Creates a file, or replaces all of it."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from r1code.errors import ToolError
from r1code.repo.files import encode
from r1code.tools.base import Draft, Result, Syntax, typed
from r1code.types import Arguments


class _Arguments(Struct, frozen=True, kw_only=True):
    path: str
    syntax: Syntax = "checked"
    content: str


class Write:
    name = "write"
    arguments: type[Struct] = _Arguments

    @staticmethod
    def draft(arguments: Arguments, draft: Draft) -> Result:
        asked = typed(arguments, _Arguments)
        path = draft.resolve(asked.path)
        lines = asked.content.count("\n")
        if not draft.exists(path):
            draft.write(path, asked.content.encode(), syntax=asked.syntax)
            return Result(text=f"{path} created ({lines} lines)")
        # The encoding and the line ends of the file stay as they are.
        replaced = encode(msgspec.structs.replace(draft.text(path), text=asked.content))
        if replaced == draft.read(path):
            raise ToolError(f"{path} already has exactly this content, so nothing would change.")
        draft.write(path, replaced, syntax=asked.syntax)
        return Result(text=f"{path} replaced ({lines} lines)")
