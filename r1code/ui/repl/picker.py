"""The sessions that can go on, on the alternate screen: filtered by typing, chosen with arrows and Enter."""

from __future__ import annotations

from collections.abc import Sequence

from prompt_toolkit.application import Application, in_terminal
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyBindingsBase, KeyPressEvent, merge_key_bindings
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import HSplit, Layout, Window
from prompt_toolkit.layout.controls import FormattedTextControl
from prompt_toolkit.output import Output

from r1code.app.sessions.info import SessionInfo
from r1code.ui.flow import cells, clip
from r1code.ui.messages import localized
from r1code.ui.safe import safe_line
from r1code.ui.sessions_table import age, how_ended, told_cost

_AGE, _STATE, _COST, _BRANCH = 7, 12, 14, 20
"""Columns of each."""
_LEAST_TITLE = 24
_AROUND = 2
"""Rows that are not for sessions: what is typed, and the foot."""


class Picker:
    """`now`: seconds since the epoch."""

    def __init__(
        self, infos: Sequence[SessionInfo], *, now: float, output: Output, source: Input | None = None
    ) -> None:
        self.typed = ""
        self._infos = infos
        self._now = now
        self._output = output
        self._at = 0
        self._top = 0
        self.app: Application[str | None] = Application(
            layout=Layout(
                HSplit(
                    [
                        Window(FormattedTextControl(self._head), height=1),
                        Window(FormattedTextControl(self._body), wrap_lines=False),
                        Window(FormattedTextControl(self._foot), height=1, style="reverse"),
                    ]
                )
            ),
            key_bindings=merge_key_bindings([self._typing(), self._choosing()]),
            full_screen=True,
            input=source,
            output=output,
        )

    async def run(self) -> str | None:
        """Where another screen is: the id that was chosen. None: none was."""
        async with in_terminal():
            return await self.app.run_async()

    def choose(self) -> str | None:
        """Where nothing else is on the terminal: the same."""
        return self.app.run()

    @property
    def shown(self) -> list[SessionInfo]:
        """Those in which all the words are that were typed."""
        words = self.typed.casefold().split()
        return [one for one in self._infos if all(word in _searched(one) for word in words)]

    def _size(self) -> tuple[int, int]:
        size = self._output.get_size()
        return max(8, size.columns), max(1, size.rows - _AROUND)

    def _head(self) -> StyleAndTextTuples:
        width, _ = self._size()
        hint = "" if self.typed else localized("type to filter")
        return [("bold", "resume> "), ("", clip(safe_line(self.typed), width - 9)), ("fg:ansibrightblack", hint)]

    def _body(self) -> StyleAndTextTuples:
        (width, rows), shown = self._size(), self.shown
        self._top = min(max(self._top, self._at - rows + 1), self._at)
        lines: StyleAndTextTuples = []
        for number, info in enumerate(shown[self._top : self._top + rows], start=self._top):
            style = "reverse" if number == self._at else ""
            lines += [(style, row(info, self._now, width)), ("", "\n")]
        return lines or [("", f"  {localized('none has these words')}")]

    def _foot(self) -> str:
        width, _ = self._size()
        shown = self.shown
        facts: list[str] = []
        if shown:
            one = shown[self._at]
            cost = told_cost(one)
            turns = localized(f"{one.turns} turns")
            facts = [how_ended(one), turns, "" if cost == "-" else cost, safe_line(one.branch)]
        leave = localized("Enter opens, Esc leaves" if shown else "Esc leaves")
        return clip(f" {' · '.join(filter(None, [*facts, leave]))}", width)

    def _move(self, by: int) -> None:
        self._at = min(max(0, self._at + by), max(0, len(self.shown) - 1))

    def _type(self, typed: str) -> None:
        self.typed, self._at, self._top = typed, 0, 0

    def _typing(self) -> KeyBindingsBase:
        keys = KeyBindings()

        @keys.add(Keys.Any)
        def _any(event: KeyPressEvent) -> None:
            if event.data.isprintable():
                self._type(self.typed + event.data)

        @keys.add(Keys.BracketedPaste)
        def _paste(event: KeyPressEvent) -> None:
            self._type(self.typed + " ".join(event.data.split()))

        @keys.add("backspace")
        def _back(_: KeyPressEvent) -> None:
            self._type(self.typed[:-1])

        @keys.add("c-u")
        def _clear(_: KeyPressEvent) -> None:
            self._type("")

        return keys

    def _choosing(self) -> KeyBindingsBase:
        keys = KeyBindings()

        @keys.add("enter")
        def _enter(event: KeyPressEvent) -> None:
            shown = self.shown
            if shown:
                event.app.exit(result=shown[self._at].id)

        @keys.add("escape", eager=True)
        @keys.add("c-c")
        @keys.add("c-d")
        def _leave(event: KeyPressEvent) -> None:
            event.app.exit(result=None)

        def moves(*names: str, rows: int, pages: int = 0) -> None:
            for name in names:

                @keys.add(name)
                def _(_: KeyPressEvent) -> None:
                    self._move(rows + pages * self._size()[1])

        moves("up", "c-p", rows=-1)
        moves("down", "c-n", rows=1)
        moves("pageup", rows=0, pages=-1)
        moves("pagedown", rows=0, pages=1)
        return keys


def row(info: SessionInfo, now: float, width: int) -> str:
    """One line of `width` columns: its age and title, and as much of the rest as leaves room for the title."""
    columns = [(how_ended(info), _STATE), (told_cost(info), _COST), (safe_line(info.branch) or "-", _BRANCH)]
    room, shown = width - _AGE - 1, ""
    for text, size in columns:
        if room - size < _LEAST_TITLE:
            break
        room -= size
        shown += f" {_padded(text, size - 1)}"
    used = age(now - info.used) if info.used else ""
    return f"{used:>{_AGE}} {_padded(safe_line(info.title or info.id), room)}{shown}"


def _padded(text: str, width: int) -> str:
    clipped = clip(text, width)
    return clipped + " " * (width - cells(clipped))


def _searched(info: SessionInfo) -> str:
    return f"{info.title} {info.branch} {info.id} {how_ended(info)}".casefold()
