"""Short words for what tests ask of the matching of one block."""

from __future__ import annotations

import pytest

from r1code.errors import ToolError
from r1code.tools.matching import Block, replace_all


def applied(text: str, search: str, replacement: str) -> str:
    return replace_all(text, [Block(search, replacement)], path="a.py").text


def noted(text: str, search: str, replacement: str) -> str:
    (note,) = replace_all(text, [Block(search, replacement)], path="a.py").notes
    return note


def refused(text: str, search: str, replacement: str = "new\n") -> str:
    with pytest.raises(ToolError) as caught:
        replace_all(text, [Block(search, replacement)], path="a.py")
    return str(caught.value)
