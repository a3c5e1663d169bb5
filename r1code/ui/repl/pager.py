"""A long text on the alternate screen: scrolled, searched, and left with q."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from prompt_toolkit.application import Application, in_terminal
from prompt_toolkit.formatted_text import ANSI
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout import HSplit, Layout, Window
from prompt_toolkit.layout.controls import FormattedTextControl
from prompt_toolkit.output import Output

from r1code.ui.messages import localized


class Pager:
    def __init__(self, text: str, output: Output) -> None:
        """`text` has escape sequences of ours, and is safe."""
        self._lines = text.split("\n")
        self._top = max(0, len(self._lines) - self._rows(output))
        self._output = output

    async def run(self) -> None:
        """Ends when it is left."""
        async with in_terminal():
            body = Window(FormattedTextControl(self._shown), wrap_lines=False)
            foot = Window(FormattedTextControl(self._foot), height=1, style="reverse")
            app: Application[None] = Application(
                layout=Layout(HSplit([body, foot])),
                key_bindings=self._keys(),
                full_screen=True,
                output=self._output,
            )
            await app.run_async()

    @staticmethod
    def _rows(output: Output) -> int:
        return max(1, output.get_size().rows - 1)

    def _shown(self) -> ANSI:
        return ANSI("\n".join(self._lines[self._top : self._top + self._rows(self._output)]))

    def _foot(self) -> str:
        last = min(len(self._lines), self._top + self._rows(self._output))
        return localized(
            f" lines {self._top + 1}-{last} of {len(self._lines)} · arrows, PgUp, PgDn, g, G · q leaves "
        )

    def _move(self, by: int) -> None:
        self._top = min(max(0, self._top + by), max(0, len(self._lines) - self._rows(self._output)))

    def _page(self, sign: int) -> int:
        return sign * (self._rows(self._output) - 1)

    def _moving(self, by: Callable[[], int]) -> Callable[[KeyPressEvent], None]:
        def moved(_: KeyPressEvent) -> None:
            self._move(by())

        return moved

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()
        whole = len(self._lines)
        steps = {"up": -1, "k": -1, "down": 1, "j": 1, "enter": 1, "g": -whole, "home": -whole, "G": whole}
        for key, step in {**steps, "end": whole}.items():
            keys.add(key)(self._moving(partial(int, step)))
        for key, sign in {"pageup": -1, "b": -1, "pagedown": 1, "space": 1}.items():
            keys.add(key)(self._moving(partial(self._page, sign)))

        @keys.add("q")
        @keys.add("escape", eager=True)
        @keys.add("c-c")
        @keys.add("c-o")
        def _leave(event: KeyPressEvent) -> None:
            event.app.exit()

        return keys
