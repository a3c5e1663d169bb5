"""Shows what a background command printed."""

from __future__ import annotations

from msgspec import Struct

from r1code.control import Control
from r1code.tools.background import Background
from r1code.tools.base import Result, typed
from r1code.types import Arguments


class _Arguments(Struct, frozen=True, kw_only=True):
    name: str


class Logs:
    name = "logs"
    arguments: type[Struct] = _Arguments

    def __init__(self, background: Background) -> None:
        self._background = background

    def read(self, arguments: Arguments, control: Control) -> Result:
        control.check()
        return self._background.logs(typed(arguments, _Arguments).name, control)
