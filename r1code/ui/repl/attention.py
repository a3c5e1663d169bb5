"""What a person sees of r1code who looks elsewhere: the terminal's title, and a call when they are needed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from prompt_toolkit.output import Output

from r1code.config import Notify
from r1code.ui.lines import seconds
from r1code.ui.repl.looks import Looks
from r1code.ui.safe import safe_line

_PUSH_TITLE, _POP_TITLE = "\x1b[22;2t", "\x1b[23;2t"
_OSC_9 = frozenset({"iTerm.app", "WezTerm", "ghostty", "kitty"})
"""Terminals, by TERM_PROGRAM, that show the text of OSC 9 as a notification of the desktop."""


class Attention:
    """`name`: of the project, made safe here."""

    def __init__(
        self,
        output: Output,
        looks: Looks,
        name: str,
        *,
        environ: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._output = output
        self._looks = looks
        self._name = safe_line(name)
        self._how = way_of(looks.notify, environ)
        self._clock = clock
        self._since = clock()

    def open(self) -> None:
        """When the prompt is there."""
        if self._looks.title:
            self._output.write_raw(_PUSH_TITLE)
        self._titled("")

    def close(self) -> None:
        """The title of before is back, where the terminal keeps it."""
        if self._looks.title:
            self._output.clear_title()
            self._output.write_raw(_POP_TITLE)
            self._output.flush()

    def works(self) -> None:
        self._since = self._clock()
        self._titled("works")

    def rests(self) -> None:
        took = self._clock() - self._since
        self._titled("")
        if took >= self._looks.notify_seconds:
            self._call(f"ready after {seconds(took)}")

    def asks(self) -> None:
        self._titled("asks")
        self._call("asks something")

    def answered(self) -> None:
        self._titled("works")

    def _titled(self, what: str) -> None:
        if self._looks.title:
            self._output.set_title(" · ".join(filter(None, ("r1code", self._name, what))))

    def _call(self, what: str) -> None:
        """In words of ours alone: what a model says is no notification."""
        text = f"r1code {what} ({self._name})"
        match self._how:
            case "osc9":
                self._output.write_raw(f"\x1b]9;{text}\x07")
            case "osc777":
                self._output.write_raw(f"\x1b]777;notify;r1code;{text.replace(';', ',')}\x07")
            case "off":
                return
            case _:
                self._output.bell()
        self._output.flush()


def way_of(wanted: Notify, environ: Mapping[str, str]) -> Notify:
    """`auto`: what the terminal is known to show, else a bell. tmux and screen let nothing else through."""
    if wanted != "auto":
        return wanted
    if environ.get("TMUX") or environ.get("STY"):
        return "bell"
    if environ.get("TERM_PROGRAM", "") in _OSC_9 or environ.get("KITTY_WINDOW_ID"):
        return "osc9"
    return "osc777" if environ.get("TERM", "").startswith(("rxvt", "foot")) else "bell"
