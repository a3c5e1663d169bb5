"""Who is told about a turn, and which one it is for a given stream."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal, Protocol, TextIO

from r1code.config import ThemeName
from r1code.events import Event
from r1code.ui.plain import JsonListener, PlainListener
from r1code.ui.themes import theme_of

Color = Literal["auto", "always", "never"]


class Listener(Protocol):
    def on(self, event: Event) -> None:
        """Tells the event at once. Raises only OSError, when the stream cannot be written.

        When the reader has gone, BrokenPipeError is raised once; from then on nothing is written and nothing
        raised, so that whoever drives the turn decides: stop it, or go on for the sake of the exit code.
        """
        ...

    def close(self) -> None:
        """Completes the last line. The stream stays open. Safe to call again; raises nothing."""
        ...


def listener_for(
    stream: TextIO,
    *,
    json: bool = False,
    color: Color = "auto",
    theme: ThemeName = "auto",
    ci: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> Listener:
    """The listener for `stream`: JSON lines, plain text for pipes and CI logs, or a terminal's.

    `auto` colours a terminal unless NO_COLOR is set or TERM is `dumb`. `always` also formats a pipe as if it
    were a terminal, but never a CI log: there every line must be checked for commands of the CI service.
    """
    if json:
        return JsonListener(stream)
    if ci or (color != "always" and not stream.isatty()):
        return PlainListener(stream, ci=ci)
    from r1code.ui.render import RichListener, console_for  # noqa: PLC0415 - pipes do not pay for rich

    return RichListener(console_for(stream, color=is_coloured(color, environ)), theme_of(theme, environ))


def is_coloured(color: Color, environ: Mapping[str, str]) -> bool:
    """Whether a terminal gets colours."""
    bare = bool(environ.get("NO_COLOR")) or environ.get("TERM") == "dumb"
    return color == "always" or (color == "auto" and not bare)
