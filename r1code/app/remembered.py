"""What a person allowed in a folder for good: kept in the state folder, never in the project."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from r1code.app.kept import named, place_of, write_private
from r1code.errors import StateError, UsageError
from r1code.rules.rule import Rule, parse


class _Kept(Struct, frozen=True, kw_only=True):
    root: str
    allow: tuple[str, ...] = ()


class Remembered:
    """Of the folder `root`, by its real path: a copy or a link elsewhere has none. Methods raise StateError."""

    def __init__(self, root: Path, state: Path) -> None:
        self._root = named(root.resolve())
        self._file = place_of(state / "approvals", root)

    @property
    def rules(self) -> tuple[Rule, ...]:
        try:
            kept = msgspec.json.decode(self._file.read_bytes(), type=_Kept)
            return tuple(map(parse, kept.allow)) if kept.root == self._root else ()
        except FileNotFoundError:
            return ()
        except (OSError, msgspec.MsgspecError, UsageError) as error:
            raise StateError(
                "what you allowed in this folder cannot be read",
                why=f"{self._file}: {error}",
                hint="delete that file; you will be asked again",
            ) from error

    def add(self, rules: Sequence[Rule]) -> None:
        self._write(tuple(dict.fromkeys([*self.rules, *rules])))

    def remove(self, number: int) -> Rule:
        """Forgets the rule with this number, counted from 1. Raises UsageError when there is none."""
        rules = list(self.rules)
        if not 0 < number <= len(rules):
            raise UsageError(
                f"there is no approval {number} here",
                why=f"{len(rules)} are remembered for {self._root}",
                hint="r1code approvals list shows them",
            )
        removed = rules.pop(number - 1)
        self._write(tuple(rules))
        return removed

    def _write(self, rules: tuple[Rule, ...]) -> None:
        kept = _Kept(root=self._root, allow=tuple(map(str, rules)))
        try:
            write_private(self._file, msgspec.json.encode(kept))
        except OSError as error:
            raise StateError(
                "an approval cannot be kept",
                why=str(error),
                hint="free some space, or point R1CODE_STATE_DIR at a folder that you can write",
            ) from error
