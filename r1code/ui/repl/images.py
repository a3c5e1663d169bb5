"""Images that somebody pastes: R1 reads text only, and they are told so."""

from __future__ import annotations

import shlex

from msgspec import Struct

_ENDS = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".avif", ".ico")
_STARTS = ("\x89PNG", "\ufffdPNG", "GIF87a", "GIF89a", "\xff\xd8\xff", "\x1b_G", "\x1b]1337;File=")
"""Of image files, and of what draws one in a terminal."""
_LONGEST_PATH = 4_096
_HINT = "R1 reads text only; say what is to be seen in it, or paste its text"


class Refused(Struct, frozen=True):
    told: str
    kept: bool
    """It is text that a person may go on with, such as a path."""


def image_in(pasted: str) -> Refused | None:
    """What to say of a paste that is an image, or names one and nothing else. None: it is neither."""
    text = pasted.strip()
    if not text:
        return Refused(f"the paste holds no text: if it is an image, {_HINT}", kept=False)
    if text.lower().startswith("data:image/") or text.startswith(_STARTS):
        return Refused(f"an image cannot be sent: {_HINT}", kept=False)
    if (
        len(text) <= _LONGEST_PATH
        and "\n" not in text
        and text.strip("'\"").lower().endswith(_ENDS)
        and _is_one(text)
    ):
        return Refused(f"only the name is sent, not the image: {_HINT}", kept=True)
    return None


def _is_one(text: str) -> bool:
    """Whether it is one path, as terminals write one that is dropped on them: quoted, or with escaped blanks."""
    try:
        return len(shlex.split(text)) == 1
    except ValueError:
        return False
