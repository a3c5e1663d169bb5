"""Makes a file executable, or not."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from r1code.errors import ToolError
from r1code.tools.base import Draft, Result, typed
from r1code.types import Arguments

_EXECUTE = 0o111
_READ = 0o444


class _Arguments(Struct, frozen=True, kw_only=True):
    path: str
    executable: Literal["yes", "no"]


class Chmod:
    name = "chmod"
    arguments: type[Struct] = _Arguments

    @staticmethod
    def draft(arguments: Arguments, draft: Draft) -> Result:
        asked = typed(arguments, _Arguments)
        path = draft.resolve(asked.path)
        mode = draft.mode(path)
        # Who may read it may execute it, as `chmod +x` does for most.
        wanted = mode | (mode & _READ) >> 2 if asked.executable == "yes" else mode & ~_EXECUTE
        if wanted == mode:
            raise ToolError(f"{path} is that already, so nothing would change.")
        draft.write(path, draft.read(path), mode=wanted, syntax="any")
        return Result(text=f"{path} is {'' if asked.executable == 'yes' else 'not '}executable now")
