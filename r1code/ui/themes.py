"""What colours mean, for one kind of background each. A theme is data; the terminal's palette does the rest."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from r1code.config import ThemeName
from r1code.ui.piece import Style

_LIGHTEST_DARK = 6
"""Of the 16 colours of a palette: from 7 on they are light, but for 8."""
_GREY = 8


class Theme(Struct, frozen=True, kw_only=True):
    """Colours by their ANSI names, and the attributes `bold`, `dim`, `reverse` and `underline`."""

    text: Mapping[Style, str]
    prompt: str
    mode: str
    status: str
    code: str
    """The theme of highlighted code, by its name in Pygments."""


DARK = Theme(
    text={
        "plain": "",
        "dim": "dim",
        "strong": "bold",
        "good": "green",
        "bad": "red",
        "warn": "yellow",
        "added": "green",
        "removed": "red",
        "added word": "green reverse",
        "removed word": "red reverse",
        "hunk": "cyan",
    },
    prompt="cyan bold",
    mode="magenta",
    status="dim",
    code="ansi_dark",
)
_LIGHT = Theme(
    text={
        **DARK.text,
        # Yellow and cyan cannot be read on white.
        "warn": "magenta",
        "hunk": "blue",
    },
    prompt="blue bold",
    mode="magenta",
    status="dim",
    code="ansi_light",
)
_CONTRAST = Theme(
    text={
        # Nothing is faint, and nothing is said by colour alone: what is removed is underlined, too.
        "plain": "",
        "dim": "",
        "strong": "bold",
        "good": "bold",
        "bad": "bold underline",
        "warn": "bold reverse",
        "added": "bold",
        "removed": "underline",
        "added word": "bold reverse",
        "removed word": "underline reverse",
        "hunk": "bold",
    },
    prompt="bold",
    mode="bold underline",
    status="reverse",
    code="bw",
)
_THEMES: Mapping[ThemeName, Theme] = {"dark": DARK, "light": _LIGHT, "contrast": _CONTRAST}


def theme_of(name: ThemeName, environ: Mapping[str, str]) -> Theme:
    """`auto`: as the terminal says what its background is, and dark where it says nothing."""
    if name != "auto":
        return _THEMES[name]
    background = environ.get("COLORFGBG", "").rpartition(";")[2]
    is_light = background.isdecimal() and int(background) > _LIGHTEST_DARK and int(background) != _GREY
    return _LIGHT if is_light else DARK
