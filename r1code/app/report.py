"""What a report of a fault needs, as Markdown, without what is private; it is written, and sent nowhere."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from r1code import __version__
from r1code.app.kept import write_private
from r1code.config import KEYS, Config
from r1code.errors import R1CodeError, StateError
from r1code.log import Ended, Entry
from r1code.profiles import Profile
from r1code.secrets.values import Hide
from r1code.tools.truncation import clean

_ENDS = frozenset({"error", "format", "gave_up", "stuck"})
_MOST = 5


def report(
    config: Config,
    profile: tuple[str, Profile],
    entries: Sequence[Entry],
    errors: Iterable[R1CodeError],
    *,
    hide: Hide,
) -> str:
    """Version, machine, model, settings and what went wrong last; nothing of the conversation or the files.

    `profile`: its name, and what it is. Of a setting that is a text only that it is set is told.
    """
    name, one = profile
    text = "\n".join(
        [
            "# A fault in r1code",
            "",
            "What did you do, what did you expect, and what happened instead?",
            "",
            "## Where",
            "",
            *_listed(_where(config, name, one)),
            "",
            "## Settings",
            "",
            *(_listed(_settings(config)) or ["None."]),
            "",
            "## Errors",
            "",
            *([*_errors(errors), *_endings(entries)] or ["None in this session."]),
            "",
        ]
    )
    return hide(clean(text.replace(str(Path.home()), "~")))


def keep_report(text: str, state: Path) -> Path:
    """Writes it into the state folder; where. Raises StateError."""
    file = state / "reports" / f"{time.strftime('%Y%m%d-%H%M%S')}.md"
    try:
        write_private(file, text.encode())
    except OSError as error:
        raise StateError("the report cannot be written", why=str(error), hint="free some space") from error
    return file


def _where(config: Config, name: str, profile: Profile) -> Iterator[tuple[str, str]]:
    yield "r1code", __version__
    yield "Python", platform.python_version()
    yield "system", f"{platform.system()} {platform.release()} {platform.machine()}"
    yield "terminal", os.environ.get("TERM", "-")
    yield "profile", f"{name} ({profile.provider}, {profile.dialect}, {'R1' if profile.is_r1 else 'not R1'})"
    yield "sandbox", f"{config.sandbox}, network {'none' if config.network == 'none' else 'not none'}"


def _settings(config: Config) -> Iterator[tuple[str, str]]:
    for key in KEYS:
        if key in config.origins:
            value = getattr(config, key)
            origin = Path(config.origins[key].partition(", ")[0]).name
            yield key, f"{value if isinstance(value, bool | int | float) else '(set)'}, from {origin}"


def _listed(rows: Iterable[tuple[str, str]]) -> list[str]:
    return [f"- {name}: {value}" for name, value in rows]


def _errors(errors: Iterable[R1CodeError]) -> list[str]:
    return [f"- {error.what}: {error.why}" for error in errors]


def _endings(entries: Sequence[Entry]) -> list[str]:
    items = [entry.item for entry in entries if isinstance(entry.item, Ended)]
    return [f"- a turn ended: {item.reason}" for item in items if item.reason in _ENDS][-_MOST:]
