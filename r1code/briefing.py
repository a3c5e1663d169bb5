"""Tells the model what a folder's own instructions say, when it begins to work below that folder."""

from __future__ import annotations

from collections.abc import Generator, Iterable

from r1code.events import Event, Notice
from r1code.log import Said
from r1code.session import Session
from r1code.tree.entry import parents


def brief(session: Session, paths: Iterable[str]) -> Generator[Event, None, None]:
    """Appends the instructions above `paths` that the model does not see by now; the outermost first.

    A message of its own changes nothing that was sent before, and no compaction shortens it. Raises StateError.
    """
    folders = session.opened.folders
    above = sorted({folder for path in paths for folder in parents(path)} & folders.keys())
    if not above:
        return
    seen = {_heading(message.text) for message in session.history() if message.role == "user"}
    for folder in above:
        # By its first line: in the rest there may be a secret that was not known before.
        if _heading(folders[folder]) not in seen:
            session.append(Said(text=folders[folder], origin="instructions"))
            yield Notice(text=f"told to the model: the instructions of {folder}/")


def _heading(text: str) -> str:
    return text.partition("\n")[0]
