"""What a session's model is told by instructions: the user's own, and the project's if the folder is trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from r1code import prompts
from r1code.errors import UsageError
from r1code.repo.instructions import MOST_BYTES, Instructions, Source, described
from r1code.secrets.values import Hide
from r1code.tools.outputs import reading
from r1code.tools.truncation import LEAST, Measure, clean, clip

_FOLDER_PART = 4
"""What one folder's own may have, as a part of what the first message may have."""


class Told(Struct, frozen=True, kw_only=True):
    first: str = ""
    """For the first task's message."""
    folders: dict[str, str] = {}
    """By folder: the message that the model gets when it works below."""
    notice: str = ""
    """For the person: what the model is told from the beginning."""


class _Part(Struct, frozen=True, kw_only=True):
    path: str
    text: str


def own_instructions(file: Path) -> Source | None:
    """What the user tells every model. Raises UsageError for a file that cannot be read."""
    try:
        data = file.read_bytes()[:MOST_BYTES]
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(
            "your own instructions cannot be read", why=str(error), hint="fix that file, or use --no-instructions"
        ) from error
    return Source(path=str(file), data=data) if data.strip() else None


def tell(own: Source | None, project: Instructions, *, most: int, measure: Measure, hide: Hide) -> Told:
    """The messages: the first with at most `most` of them, as `measure` counts; those of folders with less.

    What is left out can be read by the model, but for the user's own file, which is outside of the project.
    """
    root = project.get("", ())
    mine = list(_parts([own] if own else [], most, measure, hide, more=None))
    used = sum(measure(part.text) for part in mine)
    parts = list(_parts(root, most - used, measure, hide, more=reading))
    first = prompts.load("told", own=mine[0].text if mine else "", parts=parts) if mine or parts else ""
    folders: dict[str, str] = {}
    for folder, sources in project.items():
        if folder:
            inner = list(_parts(sources, most // _FOLDER_PART, measure, hide, more=reading))
            folders[folder] = prompts.load("told_folder", folder=clean(folder), parts=inner)
    names = described([*([own] if own else []), *root])
    cut = "; too long to be told whole" if any("bytes left out" in one.text for one in (*mine, *parts)) else ""
    return Told(first=first, folders=folders, notice=f"told to the model: {names}{cut}" if names else "")


def beside_too(told: Told, folders: Mapping[str, int]) -> Told:
    """With the `folders` that may be read besides, by name: how many files they have."""
    if not folders:
        return told
    named = prompts.load("beside", folders=[(clean(name), count) for name, count in folders.items()])
    return replace(told, first="\n".join(filter(None, (told.first, named))))


def _parts(
    sources: Sequence[Source],
    most: int,
    measure: Measure,
    hide: Hide,
    *,
    more: Callable[[str, int, int], str] | None,
) -> Iterator[_Part]:
    left = most
    for source in sources:
        # Before it is cut: half a secret is not recognised.
        text = clean(hide(source.text))
        see = None if more is None else partial(more, source.path)
        if left >= LEAST:
            text = clip(text, left, measure, tail=0.0, more=see).text
        else:
            shows = "" if see is None else f"; {see(1, source.lines)} shows them"
            text = f"[... {source.lines} lines, {len(source.data)} bytes left out{shows} ...]"
        left -= measure(text)
        yield _Part(path=clean(source.path), text=text)
