"""Images that are pasted."""

from __future__ import annotations

import pytest

from r1code.ui.repl.images import image_in


@pytest.mark.parametrize(
    "pasted", ["", "  \n", "data:image/png;base64,iVBORw0KGgo=", "DATA:IMAGE/jpeg;x", "\x89PNG\r\n"]
)
def test_an_image_is_refused_and_said(pasted: str):
    told = image_in(pasted)
    assert told is not None
    assert not told.kept
    assert "R1 reads text only" in told.told


@pytest.mark.parametrize(
    "pasted", ["/tmp/shot.PNG", "file:///tmp/a.jpg", "'/tmp/my shot.png'", "/tmp/my\\ shot.webp ", '"C/x.gif"']
)
def test_the_name_of_one_stays_as_text(pasted: str):
    told = image_in(pasted)
    assert told is not None
    assert told.kept


@pytest.mark.parametrize(
    "pasted",
    ["see /tmp/shot.png", "a.svg", "it's.png", "x = 'data:image/png'", "a.png\nb.png", "png", "import x"],
)
def test_any_other_text_is_text(pasted: str):
    assert image_in(pasted) is None
