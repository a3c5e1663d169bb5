"""How the REPL looks and behaves for the person at it: from their own settings, never from a project's."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from r1code.config import Config, Keys, Notify, Reasoning


class Looks(Struct, frozen=True, kw_only=True):
    reasoning: Reasoning = "tail"
    """What is shown of it."""
    keys: Keys = "emacs"
    animated: bool = True
    """Whether lines at the bottom change while something goes on."""
    spoken: bool = False
    """For a screen reader: words instead of signs, no frames, and nothing that is drawn again."""
    title: bool = True
    """Whether the terminal's title says what goes on."""
    notify: Notify = "auto"
    notify_seconds: float = 20
    """From how long a turn on its end is notified."""


USUAL = Looks()


def looks_of(config: Config, environ: Mapping[str, str]) -> Looks:
    is_dumb = environ.get("TERM") == "dumb"
    return Looks(
        reasoning="hidden" if config.screen_reader and config.reasoning == "tail" else config.reasoning,
        keys=config.keys,
        animated=config.animation and not config.screen_reader and not is_dumb,
        spoken=config.screen_reader,
        title=config.title and not is_dumb,
        notify=config.notify,
        notify_seconds=config.notify_seconds,
    )
