"""A session as one document: what was said, thought, done and changed, and what it cost; without its secrets.

It is computed once, from the log, the timeline and the store. ui/ makes a page, a text or data of it.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from r1code.app.authors import OUTSIDE
from r1code.app.backend import key_names
from r1code.app.changes import Changes, changes_of
from r1code.app.cost import newest
from r1code.app.keys import environment
from r1code.app.record import Judgement, Ran, Record, Step, Turn, record_of
from r1code.app.review import Shown
from r1code.app.turns import named_task
from r1code.app.vault import bare_vault, open_vault
from r1code.errors import R1CodeError, UsageError
from r1code.ledger import charges_of, spent
from r1code.log_file import LOG
from r1code.repo.git import Git
from r1code.secrets.scan import PLACEHOLDER
from r1code.secrets.values import hidden
from r1code.secrets.vault import Vault
from r1code.tree.hunks import FileReview, Hunk, Kind, Line, Span
from r1code.tree.timeline import FILE, Timeline, state_of
from r1code.types import Outcome, Spent

SCHEMA = 1
Did = Literal["created", "deleted", "changed"]


class DiffLine(Struct, frozen=True):
    sign: Literal[" ", "-", "+"]
    text: str
    """Without its end. Bytes that are not UTF-8 are escapes."""
    old: int | None
    new: int | None
    step: str = ""
    """The step that wrote or removed it; empty: nobody knows, or nobody did."""


class ChangedHunk(Struct, frozen=True, kw_only=True):
    id: str
    """Path and place in the file, like `src/a.py#2`."""
    kind: Kind
    old: Span
    new: Span
    lines: tuple[DiffLine, ...] = ()
    """None of what is no text."""
    steps: tuple[str, ...] = ()
    """The steps that made it, by id, in order. None: nobody knows, or somebody else did."""


class ChangedFile(Struct, frozen=True, kw_only=True):
    path: str
    did: Did
    hunks: tuple[ChangedHunk, ...]
    old_mode: str = ""
    new_mode: str = ""
    """Of a file whose mode changed: both, like `644`."""


class Document(Struct, frozen=True, kw_only=True):
    """One session, or one step of it."""

    schema: int = SCHEMA
    session: str
    task: str
    """In a few words."""
    command: str
    profile: str
    began: float
    """In seconds since the epoch."""
    seconds: float
    """From its first entry to its last."""
    outcome: Outcome | None = None
    """Of the last verdict; None: there is none."""
    turns: tuple[Turn, ...] = ()
    files: tuple[ChangedFile, ...] = ()
    """What the session changed, whether that is still there or not."""
    tests: tuple[Ran, ...] = ()
    verdicts: tuple[Judgement, ...] = ()
    spent: Spent = Spent()
    lost: tuple[str, ...] = ()
    """What could not be told, and why."""
    secrets: int = 0
    """Different secrets that placeholders stand for."""
    fresh: int = 0
    """Of these, those that the log itself did not hide."""

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(step for turn in self.turns for step in turn.steps)


def session_folder(named: str | None, sessions: Path) -> Path:
    """Of a session by its id or its folder; None: the one that was begun last. Raises StateError."""
    if named is None:
        return newest(sessions)
    place = Path(named)
    return place if place.is_dir() else sessions / named


def document_of(folder: Path, state: Path, environ: Mapping[str, str] = os.environ) -> Document:
    """The session in `folder`, also while it runs. Raises StateError."""
    record = record_of(folder)
    root = Path(record.opened.root)
    vault = vault_of(root, state, environ)
    lost: list[str] = []
    changes = None
    try:
        file = state_of(root, state) / FILE
        timeline = Timeline(file) if file.is_file() else None
        changes = changes_of(record, timeline, Shown(state / "objects", vault))
    except R1CodeError as error:
        lost.append(f"what it changed: {error.what}: {error.why}")
    files = () if changes is None else _files(changes, record)
    verdicts = record.verdicts
    found = Document(
        session=record.session,
        task=named_task(record.opened, [one.verdict for one in verdicts]),
        command=record.opened.command,
        profile=record.opened.profile,
        began=record.time,
        seconds=record.entries[-1].time - record.time,
        outcome=verdicts[-1].verdict.outcome if verdicts else None,
        turns=tuple(_turns(record, files)),
        files=files,
        tests=record.tests,
        verdicts=verdicts,
        spent=spent(charges_of(record.entries, profile=record.opened.profile)),
        lost=tuple(lost),
    )
    return _without_secrets(found, vault, folder / LOG)


def only(document: Document, step: str) -> Document:
    """One step of it, and what that changed. Raises UsageError."""
    if all(one.id != step for one in document.steps):
        raise UsageError(
            f"there is no step {step}",
            why=f"the session {document.session} has {len(document.steps)} of them",
            hint="name it by its turn and its number, like 1.2",
        )
    turns = (replace(turn, parts=tuple(one for one in turn.steps if one.id == step)) for turn in document.turns)
    files = (
        replace(one, hunks=tuple(each for each in one.hunks if step in each.steps)) for one in document.files
    )
    return replace(
        document,
        turns=tuple(turn for turn in turns if turn.parts),
        files=tuple(file for file in files if file.hunks),
        tests=(),
        verdicts=(),
    )


def vault_of(root: Path | str, state: Path, environ: Mapping[str, str]) -> Vault:
    """What is known to be secret in the tree, as long as that is there. Raises StateError."""
    known = environment(environ)
    try:
        git = Git.find(Path(root), state)
    except R1CodeError:
        return bare_vault(state, known, key_names())
    return open_vault(git, state, known, key_names(), exempt=lambda _: False)


def _turns(record: Record, files: Sequence[ChangedFile]) -> Iterable[Turn]:
    charges = charges_of(record.entries, profile=record.opened.profile)
    hunks: defaultdict[str, list[str]] = defaultdict(list)
    for hunk in (hunk for file in files for hunk in file.hunks):
        for step in hunk.steps:
            hunks[step].append(hunk.id)
    for turn in record.turns:
        # What the second reply to a question cost is counted with the first.
        parts = [
            replace(
                part,
                spent=spent(one for one in charges if part.id == f"{one.turn}.{one.step}"),
                hunks=tuple(hunks[part.id]),
            )
            if isinstance(part, Step)
            else part
            for part in turn.parts
        ]
        total = spent(one for one in charges if one.turn == turn.number)
        yield replace(turn, parts=tuple(parts), spent=total)


def _files(changes: Changes, record: Record) -> tuple[ChangedFile, ...]:
    names = {step.entry: step.id for step in record.steps}
    return tuple(_file(file, changes, names) for file in changes.review.files)


def _file(file: FileReview, changes: Changes, names: Mapping[int, str]) -> ChangedFile:
    before, after = file.change.before, file.change.after
    did: Did = "created" if before is None else "deleted" if after is None else "changed"
    modes = ("", "")
    if before is not None and after is not None and before.mode != after.mode:
        modes = (f"{before.mode:03o}", f"{after.mode:03o}")

    def shown(hunk: Hunk) -> ChangedHunk:
        by = changes.authors.of(file.change.path, hunk.runs)
        return ChangedHunk(
            id=hunk.id,
            kind=hunk.kind,
            old=hunk.old,
            new=hunk.new,
            lines=() if file.is_binary else tuple(map(line, file.lines(hunk))),
            steps=tuple(names[one] for one in by if one in names),
        )

    def line(one: Line) -> DiffLine:
        text = one.data.removesuffix(b"\n").decode("utf-8", "backslashreplace")
        author = changes.authors.line(file.change.path, one)
        return DiffLine(one.sign, text, one.old, one.new, names.get(author or OUTSIDE, ""))

    return ChangedFile(
        path=file.change.path,
        did=did,
        hunks=tuple(map(shown, file.hunks)),
        old_mode=modes[0],
        new_mode=modes[1],
    )


def _without_secrets(document: Document, vault: Vault, log: Path) -> Document:
    """The log hid what it knew then; more may be known by now."""
    clean = hidden(document, vault.hide)
    found = frozenset(PLACEHOLDER.findall(json.dumps(msgspec.to_builtins(clean))))
    before = frozenset(PLACEHOLDER.findall(log.read_text(encoding="utf-8", errors="replace")))
    return replace(clean, secrets=len(found), fresh=len(found - before))
