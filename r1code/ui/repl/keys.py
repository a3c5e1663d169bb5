"""What keys do."""

from __future__ import annotations

import time
from collections.abc import Callable

from msgspec import Struct
from prompt_toolkit.filters import Condition, emacs_mode, has_completions, has_focus, vi_insert_mode
from prompt_toolkit.key_binding import KeyBindings, KeyBindingsBase, KeyPressEvent, merge_key_bindings
from prompt_toolkit.key_binding.bindings.open_in_editor import load_open_in_editor_bindings
from prompt_toolkit.keys import Keys

from r1code.ui.repl.chips import Chips
from r1code.ui.repl.images import image_in
from r1code.ui.repl.screen import Screen

EARLY_SECONDS = 0.4
"""After a question appeared, or after a key that answers nothing: one that comes sooner belongs to a text."""

Act = Callable[[], None]


class Acts(Struct, frozen=True, kw_only=True):
    """What the keys are for that mean the same everywhere."""

    enter: Act
    interrupt: Act
    end: Act
    queue: Act
    mode: Act
    look: Act


def _pressed(act: Act) -> Callable[[KeyPressEvent], None]:
    def pressed(_: KeyPressEvent) -> None:
        act()

    return pressed


def keys_of(screen: Screen, chips: Chips, acts: Acts) -> KeyBindingsBase:
    bindings = [
        load_open_in_editor_bindings(),
        _line(screen, chips, acts),
        _work(screen, acts),
        _questions(screen),
    ]
    return merge_key_bindings(bindings)


def _questions(screen: Screen) -> KeyBindings:
    """One key answers; Enter does not, for a stray one must not let something happen."""
    keys, edits = KeyBindings(), has_focus(screen.buffer)
    by_key = Condition(lambda: screen.question is not None and bool(screen.question.choices))

    @keys.add(Keys.Any, filter=edits & by_key)
    def _key(event: KeyPressEvent) -> None:
        question = screen.question
        if question is None:
            return
        key, now = event.data.casefold(), time.monotonic()
        is_early = now - question.shown_at < EARLY_SECONDS
        if is_early or screen.considered or key not in {choice.key for choice in question.choices}:
            # Somebody is typing a text: no letter of it is an answer.
            screen.keep(screen.considered + event.data)
            screen.considered, question.shown_at = "", now
            return
        screen.consider(question, key)

    @keys.add("enter", filter=edits & by_key)
    @keys.add(Keys.BracketedPaste, filter=edits & by_key)
    def _nothing(_: KeyPressEvent) -> None:
        pass

    @keys.add("escape", filter=edits & by_key)
    def _deny(_: KeyPressEvent) -> None:
        if screen.question is not None:
            screen.answer(screen.question.deny)

    return keys


def _line(screen: Screen, chips: Chips, acts: Acts) -> KeyBindings:
    keys, edits = KeyBindings(), has_focus(screen.buffer)

    @keys.add("enter", filter=edits)
    def _enter(_: KeyPressEvent) -> None:
        state = screen.buffer.complete_state
        if state is not None and state.current_completion is not None:
            screen.buffer.complete_state = None
        elif screen.question is not None:
            screen.answer(screen.buffer.text)
        else:
            acts.enter()

    @keys.add("escape", "enter", filter=edits & emacs_mode)
    @keys.add("c-j", filter=edits)
    def _newline(_: KeyPressEvent) -> None:
        screen.buffer.insert_text("\n")

    @keys.add("c-l", filter=edits)
    def _clear(event: KeyPressEvent) -> None:
        event.app.renderer.clear()

    @keys.add(Keys.BracketedPaste, filter=edits)
    def _paste(event: KeyPressEvent) -> None:
        image = image_in(event.data)
        if image is not None:
            screen.note(image.told)
        if image is None or image.kept:
            screen.buffer.insert_text(chips.folded(event.data))

    return keys


def _work(screen: Screen, acts: Acts) -> KeyBindings:
    keys, edits = KeyBindings(), has_focus(screen.buffer)
    asks = Condition(lambda: screen.question is not None)
    busy = Condition(lambda: screen.is_busy)
    is_empty = Condition(lambda: not screen.buffer.text)
    free = edits & ~has_completions & ~asks
    keys.add("c-c")(_pressed(acts.interrupt))
    # In vi's insert mode it leaves that mode, first.
    keys.add("escape", filter=busy & free & ~vi_insert_mode)(_pressed(acts.interrupt))
    keys.add("c-d", filter=free & is_empty)(_pressed(acts.end))
    keys.add("tab", filter=free & busy & ~is_empty)(_pressed(acts.queue))
    keys.add("s-tab", filter=free)(_pressed(acts.mode))
    keys.add("c-o")(_pressed(acts.look))

    @keys.add("c-z")
    def _suspend(event: KeyPressEvent) -> None:
        event.app.suspend_to_background()

    return keys
