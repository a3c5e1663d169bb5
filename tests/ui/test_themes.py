from __future__ import annotations

from typing import get_args

import pytest

from r1code.config import ThemeName
from r1code.ui.piece import Style
from r1code.ui.repl.painting import Paint
from r1code.ui.themes import DARK, theme_of

COLORS = {"red", "green", "yellow", "blue", "magenta", "cyan", "black", "white"}


@pytest.mark.parametrize("name", get_args(ThemeName))
def test_every_theme_has_every_style_for_both_halves_of_the_screen(name: ThemeName) -> None:
    theme = theme_of(name, {})
    assert theme.text.keys() == set(get_args(Style))
    for colors in ("truecolor", None):
        assert Paint(colors=colors, theme=theme).style.style_rules


def test_contrast_says_nothing_by_colour_or_faintness() -> None:
    theme = theme_of("contrast", {})
    words = {word for style in (*theme.text.values(), theme.prompt, theme.mode) for word in style.split()}
    assert not words & {*COLORS, "dim"}
    told = [theme.text[style] for style in ("plain", "added", "removed", "added word", "removed word")]
    assert len(set(told)) == len(told)


def test_the_background_is_what_the_terminal_says() -> None:
    light = theme_of("light", {})
    for said, theme in (("0;15", light), ("0;default;7", light), ("15;0", DARK), ("15;8", DARK), ("x", DARK)):
        assert theme_of("auto", {"COLORFGBG": said}) == theme
    assert not {"yellow", "cyan"} & {word for style in light.text.values() for word in style.split()}


def test_without_colours_the_bottom_has_attributes_only() -> None:
    bare = Paint(colors=None).style
    assert not any(color in style for _, style in bare.style_rules for color in COLORS)
    assert ("strong", "bold") in bare.style_rules
