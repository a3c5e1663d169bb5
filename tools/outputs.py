"""Observations that are too long for the model: what it sees of them, and where it reads the rest."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from r1code.errors import StateError, ToolError
from r1code.secrets.values import Hide, unchanged
from r1code.tools.truncation import Measure, clean, clip

MOST = 8_000
"""Characters of an observation, where nobody says how the model counts."""
_NAME = re.compile(r"output:c?(\d+)")


class Outputs:
    """`<read path="output:7"/>` shows what came of call c7, whole: from `folder`, where what was cut is kept.

    `logged` gives the observation of a call as the model saw it, for those that were not cut. `hide` goes over
    everything, so that nothing secret is kept.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        most: int = MOST,
        measure: Measure = len,
        hide: Hide = unchanged,
        logged: Callable[[str], str | None] = lambda _call_id: None,
    ) -> None:
        self._folder = folder
        self.most = most
        """Of one observation, as `measure` counts."""
        self.measure = measure
        self._hide = hide
        self._logged = logged

    def shown(self, call_id: str, text: str) -> str:
        """What the model sees of the text that came of a call. Raises StateError when it cannot be kept."""
        text = self._hide(clean(text))
        if self.measure(text) <= self.most:
            return text
        if self._folder is None:
            return clip(text, self.most, self.measure).text
        self._keep(call_id, text)
        return self.again(call_id, text, self.most)

    def again(self, call_id: str, text: str, most: int) -> str:
        """At most so much of the observation `text`, whose whole can be read."""
        name = name_of(call_id)
        return clip(text, most, self.measure, more=lambda first, last: reading(name, first, last)).text

    def whole(self, path: str) -> str | None:
        """The text that `path` names; None: it names no output. Raises ToolError for one that there is not."""
        match = _NAME.fullmatch(path.strip())
        if match is None:
            return None
        call_id = f"c{match[1]}"
        try:
            kept = None if self._folder is None else (self._folder / call_id).read_text(encoding="utf-8")
        except FileNotFoundError:
            kept = None
        text = self._logged(call_id) if kept is None else kept
        if text is None:
            raise ToolError(f"There is no {path}: nothing that was called has this number.")
        return text

    def _keep(self, call_id: str, text: str) -> None:
        folder = self._folder
        if folder is None:
            return
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (folder / call_id).write_text(text, encoding="utf-8", newline="")
        except OSError as error:
            raise StateError(
                "a long observation cannot be kept",
                why=f"{folder / call_id} cannot be written: {error}",
                hint="free some space, or point R1CODE_STATE_DIR at a folder that you can write",
            ) from error


def name_of(call_id: str) -> str:
    """How the model names the whole of what came of a call."""
    return f"output:{call_id.removeprefix('c')}"


def reading(path: str, first: int, last: int) -> str:
    """The action that shows these lines of a path."""
    return f'<read path="{path}" lines="{first}-{last}"/>'
