"""Replaces lines of one file."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from r1code.errors import ToolError
from r1code.repo.files import decode, encode, is_binary
from r1code.tools.base import Draft, Result, Syntax, typed
from r1code.tools.matching import replace_once
from r1code.types import Arguments


class _Edit(Struct, frozen=True, kw_only=True):
    search: str
    replace: str


class _Arguments(Struct, frozen=True, kw_only=True):
    path: str
    syntax: Syntax = "checked"
    edits: list[_Edit]


class Edit:
    name = "edit"

    @staticmethod
    def draft(arguments: Arguments, draft: Draft) -> Result:
        asked = typed(arguments, _Arguments)
        path = draft.resolve(asked.path)
        data = draft.read(path)
        if is_binary(data):
            raise ToolError(f"{path} is a binary file. Only text can be edited.")
        before = decode(data)
        text = before.text
        for number, edit in enumerate(asked.edits, start=1):
            text = replace_once(text, edit.search, edit.replace, path=path, number=number)
        draft.write(path, encode(msgspec.structs.replace(before, text=text)), syntax=asked.syntax)
        many = "1 block" if len(asked.edits) == 1 else f"{len(asked.edits)} blocks"
        return Result(text=f"{path} changed ({many} replaced)")
