"""The message that a conversation with the model begins with."""

from __future__ import annotations

from r1code import prompts
from r1code.control import Control
from r1code.log import Opened
from r1code.repair.parts import Parts
from r1code.tools.list import listing
from r1code.tools.truncation import clean

MOST_FILES = 200
"""Named where there is no map."""


def first_message(parts: Parts, opened: Opened, text: str, control: Control) -> str:
    """The task `text` with what the model is told of the project. Raises Cancelled."""
    paths = parts.tree.paths()
    files = clean(parts.overview(text, control) or listing(paths, MOST_FILES))
    task = prompts.load("task", task=text, count=len(paths), files=files, instructions=opened.instructions)
    return f"{task}\n\n{opened.mentions}" if opened.mentions else task
