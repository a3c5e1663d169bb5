"""The map that a session's first message has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from r1code.app.maps import Maps, why_of
from r1code.app.news import changed, told
from r1code.config import Config
from r1code.control import Control
from r1code.errors import StateError
from r1code.profiles.profile import Profile
from r1code.profiles.room import room_of
from r1code.profiles.tokenizers import tokenizer_of
from r1code.repo.rank import Reasons
from r1code.secrets.values import Hide
from r1code.tree.snapshot import Snapshot

WAIT_SECONDS = 5.0
"""How long a session's first message waits for the index; what is not read by then is not in its map."""
GLANCE_SECONDS = 0.5
"""How long a completion waits for it."""
LEAST_TOKENS = 150
"""With less there is no room for a map."""
MAP = "map.txt"
"""In the folder of a session. A replay shows the same map, and so does a session that goes on."""


class Overview:
    """The first task's map, of the tree as it was when the session was opened; no other later on."""

    def __init__(self, folder: Path, maps: Maps, profiles: Iterable[Profile], config: Config) -> None:
        """`folder`: the session's. All of the `profiles` are shown the map, which fits each of them."""
        self._file = folder / MAP
        self._maps = maps
        self._profiles = tuple(profiles)
        rooms = (
            room_of(profile, config.working_context, map_tokens=config.map_tokens) for profile in self._profiles
        )
        self._tokens = min(room.map for room in rooms)

    def start(self) -> None:
        """Reads in the background what the map needs, where there will be one."""
        if self._is_wanted and not self._file.exists():
            self._maps.start()

    def carry_on(self, before: Path) -> None:
        """Whatever the session in that folder has shown is shown in this one; also when it was no map."""
        shown = before / MAP
        self._write(shown.read_text(encoding="utf-8") if shown.exists() else "")

    def text(self, task: str, control: Control, *, hide: Hide, say: Callable[[str], None]) -> str:
        """Empty: there is none. Raises Cancelled."""
        if not self._file.exists():
            self._write(self._drawn(task, control, hide, say) if self._is_wanted else "")
        return self._file.read_text(encoding="utf-8")

    @property
    def shown(self) -> str:
        """What the first message showed; empty: it was not sent yet, or has no map."""
        return self._file.read_text(encoding="utf-8") if self._file.exists() else ""

    def news(self, before: Snapshot, after: Snapshot, control: Control, *, hide: Hide) -> str:
        """What somebody else changed meanwhile, for the next message: the map stays as it is. Raises Cancelled.

        `before`: the tree as the model left it. Empty: nothing that matters to a map, or there is no map.
        """
        if not self._is_wanted:
            return ""
        old, now = changed(self._maps.index, before, after, control)
        return told(old, now, room=self._tokens, count=self._count, hide=hide)

    def symbols(self, control: Control | None = None) -> list[str]:
        """What a message may mention, as far as it is known; with `control` it is waited for, a moment long."""
        if not self._is_wanted:
            return []
        if control is not None:
            with suppress(StateError):
                self._maps.wait(control, GLANCE_SECONDS)
        return self._maps.symbols()

    def why(self, task: str, path: str) -> Reasons:
        """What raises a file for that task. Raises UsageError for what is none, and StateError."""
        return why_of(self._maps, task, path)

    def _count(self, text: str) -> int:
        return max(tokenizer_of(profile).count(text) for profile in self._profiles)

    @property
    def _is_wanted(self) -> bool:
        return self._tokens >= LEAST_TOKENS

    def _drawn(self, task: str, control: Control, hide: Hide, say: Callable[[str], None]) -> str:
        try:
            self._maps.wait(control, WAIT_SECONDS)
        except StateError as error:
            say(f"there is no map: {error.what}")
            return ""
        return self._maps.draw(task, self._tokens, self._count, hide).text

    def _write(self, text: str) -> None:
        self._file.write_text(text, encoding="utf-8", newline="")
