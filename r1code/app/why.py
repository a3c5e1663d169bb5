"""Why a line is as it is: the change that wrote it last, and what the model thought, said and had seen then."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal, cast

from msgspec import Struct
from msgspec.structs import replace

from r1code.app.authors import OUTSIDE, Made, compared, renamed
from r1code.app.backend import key_names
from r1code.app.changes import candidate, is_whole, last_author, wrote
from r1code.app.keys import environment
from r1code.app.passages import Seen, passage, seen_before, words_of
from r1code.app.record import Call, Record, Step, record_of
from r1code.app.review import Shown
from r1code.app.tree import open_tree
from r1code.app.vault import open_vault
from r1code.errors import StateError, ToolError, UsageError
from r1code.repo.blame import Commit, blamed
from r1code.repo.git import Git
from r1code.secrets.values import hidden
from r1code.tree.hunks import Run, lines_of
from r1code.tree.patch import Patch
from r1code.tree.timeline import Move
from r1code.tree.worktree import FOREIGN, WorkTree

Kind = Literal["changed", "outside", "older"]
_AT_ONCE = 32
_PLACE = re.compile(r"(.+):(\d+)")


class Why(Struct, frozen=True, kw_only=True):
    """What is known of one line of the tree as it is now.

    `kind`: a step of r1code wrote it; somebody else did, since r1code changed the file first; or it is older
    than all that r1code did to the file and that it still knows of.
    """

    file: str
    line: int
    text: str
    kind: Kind
    was: tuple[str, ...] = ()
    """Other paths that the file had since then, the last one first."""
    replaced: tuple[str, ...] = ()
    """The lines that stood in its place before."""
    checkpoint: int | None = None
    """The change that wrote it; of `outside` the last one of r1code's before, if there is one."""
    time: float | None = None
    what: str = ""
    session: str = ""
    step: str = ""
    """Turn and number, like `1.2`."""
    call: Call | None = None
    """The tool call that wrote it; of a command, the one that changed the file."""
    reasoning: str = ""
    """What the model thought in that step, as far as it is about the line."""
    is_part: bool = False
    """It thought more than that."""
    said: str = ""
    """What it said with the call."""
    seen: tuple[Seen, ...] = ()
    """What it had seen before of the file and of failing tests, the last first."""
    commit: Commit | None = None
    """Of a line that is older: the commit that it came with."""
    lost: str = ""
    """Why no more is known, where it should be."""


class _Link(Struct, frozen=True, kw_only=True):
    """From one state of a file to the next."""

    move: Move | None = None
    """The change of the timeline; None: somebody changed the file between two of them."""
    author: int = OUTSIDE
    """The step, by the entry of its reply, where that is known."""
    path: str
    source: str
    """Its path before."""
    before: bytes
    after: bytes
    is_gap: bool = False
    """It happened before the change that was looked at, by nobody who is known."""


class _Found(Struct, frozen=True, kw_only=True):
    """Where a line was when it was written, counted from 0, and how; no link: it was there before all of them."""

    at: int
    link: _Link | None = None
    replaced: tuple[str, ...] = ()
    was: tuple[str, ...] = ()


def why(place: str, git: Git, state: Path, *, folder: Path, session: str = "") -> Why:
    """Of `FILE:LINE`, relative to `folder`, in the tree as it is now.

    With a `session`: what that one wrote last where the line is by now. Raises UsageError and StateError.
    """
    path, number = _place(place, git.root, folder)
    tree = open_tree(git, state)
    vault = open_vault(git, state, environment(), key_names(), exempt=lambda _: False)
    shown = Shown(state / "objects", vault)
    now = _content(tree, path, vault.hide_data)
    lines = lines_of(now)
    if not 1 <= number <= len(lines):
        raise UsageError(
            f"{path} has no line {number}",
            why=f"it has {len(lines)}" if lines else "it is empty",
            hint=f"name one of them, like {path}:1" if lines else "name another file",
        )
    links = list(_links(tree, path, now, shown))
    found = _followed(links, number - 1, session)
    if session and found.link is None:
        raise UsageError(
            f"{session} wrote nothing that is at {path}:{number} by now",
            why="none of its changes is in the history of that line, or it is pruned",
            hint=f"r1code why {path}:{number} tells who wrote it",
        )
    base = Why(
        file=path,
        line=number,
        text=_text(lines[number - 1] if found.link is None else lines_of(found.link.after)[found.at]),
        kind="older",
        was=found.was,
        replaced=found.replaced,
    )
    if found.link is None:
        content, name = (links[-1].before, links[-1].source) if links else (now, path)
        return replace(base, commit=blamed(git, name, content, found.at + 1))
    if found.link.move is None:
        ours = (link.move.id for link in links if link.move is not None and link.move.what != FOREIGN)
        return replace(base, kind="outside", checkpoint=next(ours, None))
    # The reasoning is that of the log, which hid what was known to be secret then.
    return hidden(_by(base, found, state, shown), vault.hide)


def _place(place: str, root: Path, folder: Path) -> tuple[str, int]:
    match = _PLACE.fullmatch(place)
    if match is None:
        raise UsageError(
            f"{place!r} names no line",
            why="a file and the number of a line in it are needed",
            hint="r1code why src/cart.py:12",
        )
    named = os.path.normpath(f"{os.path.realpath(folder)}/{match[1]}")
    return os.path.relpath(named, root.resolve()), int(match[2])


def _content(tree: WorkTree, path: str, hide: Callable[[bytes], bytes]) -> bytes:
    try:
        data = tree.read(path)
    except ToolError as error:
        raise UsageError(
            f"{path} cannot be looked at", why=str(error), hint="name a file of this work tree"
        ) from error
    if b"\0" in data:
        raise UsageError(f"{path} has no lines", why="it is not text", hint="name a text file")
    return hide(data)


def _links(tree: WorkTree, path: str, now: bytes, shown: Shown) -> Iterator[_Link]:
    """The states of a file, the last first, as far back as they are known."""
    # An undone change does not lead to the tree as it is.
    moves = tree.timeline.path(tree.timeline.at)
    after = now
    for move in reversed(moves):
        for link in _through(move.patch, path, after, shown):
            yield link if link.is_gap else replace(link, move=move)
            path, after = link.source, link.before


def _through(patch: Patch, path: str, after: bytes, shown: Shown) -> Iterator[_Link]:
    """What a patch did to a file that is `after` by now, and before that what else happened to it since."""
    change = next((one for one in patch.changes if one.path == path), None)
    if change is None:
        return
    known = b"" if change.after is None else shown.get(change.after.digest)
    if known != after:
        yield _Link(path=path, source=path, before=known, after=after, is_gap=True)
    source, before = path, change.before
    if before is None and (old := renamed(patch, shown).get(path)) is not None:
        source = old
        before = next(one.before for one in patch.changes if one.path == old)
    content = b"" if before is None else shown.get(before.digest)
    yield _Link(path=path, source=source, before=content, after=known)


def _followed(links: Iterable[_Link], at: int, session: str = "") -> _Found:
    """With a `session`, what others wrote is followed to what they replaced."""
    was: list[str] = []
    for link, runs in _compared(links):
        shift = 0
        for run in runs:
            is_here = run.new <= at < run.new_end
            if is_here and session and (link.move is None or link.move.origin.session != session):
                if not run.old_count:
                    return _Found(at=at, was=tuple(was))
                # What it replaced is where to go on.
                shift = run.old + min(at - run.new, run.old_count - 1) - at
            elif is_here:
                gone = lines_of(link.before)[run.old : run.old_end]
                return _Found(at=at, link=link, replaced=tuple(map(_text, gone)), was=tuple(was))
            elif run.new_end <= at:
                shift = run.old_end - run.new_end
        at += shift
        if link.source != link.path:
            was.append(link.source)
    return _Found(at=at, was=tuple(was))


def _compared(links: Iterable[_Link]) -> Iterator[tuple[_Link, tuple[Run, ...]]]:
    """Each with its runs; many at once, for each comparison is a process."""
    left = iter(links)
    while some := list(islice(left, _AT_ONCE)):
        yield from zip(some, compared([(link.before, link.after) for link in some]), strict=True)


def _by(base: Why, found: _Found, state: Path, shown: Shown) -> Why:
    """With what is known of the change that wrote the line."""
    if found.link is None or found.link.move is None:
        raise TypeError("nobody is known to have written it")
    move = found.link.move
    session, applied = move.origin.session, move.what.removeprefix("apply ")
    told = replace(base, checkpoint=move.id, time=move.time, what=move.what, kind="changed")
    if not session and (applied == move.what or not (state / "sessions" / applied).is_dir()):
        return replace(told, kind="outside", checkpoint=None if move.what == FOREIGN else move.id)
    told = replace(told, session=session or applied)
    try:
        record = record_of(state / "sessions" / told.session)
        if not session or is_whole(move):
            steps = candidate(record, move.origin.step) if session else record.steps
            found = _within(found, found.link, wrote(move.patch, steps, shown), shown)
            if found.link is not None and found.link.author == OUTSIDE:
                found = replace(found, link=replace(found.link, author=last_author(found.link.path, steps)))
    except StateError as error:
        return replace(told, lost=f"{error.what}: {error.why}")
    return _of_step(replace(told, replaced=found.replaced), found, record, move.origin.step)


def _within(found: _Found, whole: _Link, made: Sequence[Made], shown: Shown) -> _Found:
    """Which of the changes that came into the tree together it was; OUTSIDE wrote what none of them did."""

    def links() -> Iterator[_Link]:
        path, after = whole.path, whole.after
        for one in reversed(made):
            for link in _through(one.patch, path, after, shown):
                yield replace(link, author=OUTSIDE if link.is_gap else one.author)
                path, after = link.source, link.before
        if after != whole.before:
            yield _Link(path=path, source=path, before=whole.before, after=after)

    inner = _followed(links(), found.at)
    return found if inner.link is None else inner


def _of_step(told: Why, found: _Found, record: Record, last: int) -> Why:
    """`last`: the step that counts where no other is known."""
    author, path = (last, told.file) if found.link is None else (found.link.author or last, found.link.path)
    step = record.step(author)
    if step is None:
        return replace(told, lost="the log does not say which step it was")
    thought = passage(step.reasoning, words_of(told.text, *told.replaced), path)
    return replace(
        told,
        step=step.id,
        call=_call(step, told, path),
        reasoning=thought,
        is_part=len(thought) < len(step.reasoning.strip()),
        said=step.said or step.ending.text,
        seen=tuple(seen_before(record, step, path, told.replaced or (told.text,))),
    )


def _call(step: Step, told: Why, path: str) -> Call | None:
    """Which call of the step wrote the line: the last that has it in what it wrote, or that names the file."""
    ran = [call for call in step.calls if told.what == f"{call.name} {call.arguments.get('command', '')}"]
    writes = [call for call in step.calls if call.writes]
    text = told.text.strip()
    having = [call for call in writes if text and _has(call.arguments, text)]
    naming = [call for call in writes if path in {call.arguments.get("path"), call.arguments.get("to")}]
    both = [call for call in having if call in naming]
    # A command says at the end what it changed.
    saying = [call for call in step.calls if any(path in line for line in call.text.splitlines()[-2:])]
    return next(iter((ran or both or having or naming or saying or writes)[-1:]), None)


def _has(value: object, text: str) -> bool:
    if isinstance(value, str):
        return text in value
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        return any(_has(inner, text) for key, inner in fields.items() if key != "search")
    return isinstance(value, list) and any(_has(inner, text) for inner in cast("list[object]", value))


def _text(line: bytes) -> str:
    return line.rstrip(b"\r\n").decode("utf-8", "backslashreplace")
