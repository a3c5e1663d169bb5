"""A session: an append-only log of all that the model saw and did, and what is computed from it.

One JSON object a line. An entry names its parent, so the history is the path to the head, and a rewind or a
fork appends an entry that names another parent. What is visible to the model is in the log, and only that.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Self

import msgspec
from filelock import FileLock
from msgspec import Struct

from r1code.errors import StateError
from r1code.lock import acquire, unkept
from r1code.log import (
    AnyItem,
    Called,
    Compacted,
    Continued,
    Ended,
    Entry,
    Observed,
    Opened,
    Replied,
    Said,
    Switched,
)
from r1code.log_file import LOG, SCHEMA, head_of, id_of, is_history, opened_of, path_of, read
from r1code.secrets.values import Hide, hidden, unchanged
from r1code.tree.append import append
from r1code.tree.timeline import Origin
from r1code.types import Message, Observation, Part, ToolCall

PATCH = "patch.diff"
"""What the session did, in its folder."""
TREE = "tree"
"""In its folder: the name in the store of the packed snapshot of the copy that it worked in, which is gone."""
SCRATCH = "scratch"
"""In its folder: the copies that it works in, while it works."""


_WHOLE = Compacted(how="pruned", tokens_before=0, tokens_after=0)


class Resumption(Struct, frozen=True, kw_only=True):
    """Where a turn stands, besides its history."""

    malformed: int = 0
    """Replies in a row that could not be read, the last ones."""
    nudged: bool = False
    warned: bool = False
    """That it goes in circles."""
    known: dict[str, str | None] = {}
    left: dict[str, str | None] = {}

    def after(self, said: Said) -> Resumption:
        if said.origin in {"task", "handed", "tests", "answer"}:
            return Resumption(known=self.known, left=self.left)
        malformed = 0 if said.origin == "nudge" else self.malformed + (said.origin == "rejected")
        return Resumption(
            malformed=malformed,
            nudged=self.nudged or said.origin == "nudge",
            warned=self.warned or said.origin == "stuck",
            known=self.known,
            left=self.left,
        )


class Session:
    """One writer at a time: the constructor holds the folder's lock until `close`."""

    def __init__(
        self, folder: Path, lock: FileLock, entries: list[Entry], notices: list[str], *, hide: Hide = unchanged
    ) -> None:
        self.folder = folder
        self.hide = hide
        self.notices = notices
        """What loading had to mend, in words for a person."""
        self._lock = lock
        self._entries = entries
        self._head = head_of(entries)
        self._file = (folder / LOG).open("ab", buffering=0)

    @classmethod
    def create(cls, sessions: Path, opened: Opened, *, hide: Hide = unchanged, name: str | None = None) -> Self:
        """A new session in a folder of its own below `sessions`, called `name`, else as sessions are called.

        `hide` goes over every text that is logged, and with that over all that the model sees of the session.
        """
        folder = sessions / (name or _new_name())
        try:
            folder.mkdir(parents=True, exist_ok=name is not None, mode=0o700)
            session = cls(folder, acquire(folder), [], [], hide=hide)
        except OSError as error:
            raise unkept(folder, error) from error
        session.append(msgspec.structs.replace(opened, schema=SCHEMA, session=session.id))
        return session

    @classmethod
    def fork(cls, sessions: Path, entries: Sequence[Entry], at: int) -> Self:
        """A new session that begins with the `entries` of another one up to its entry `at`.

        Entries keep their numbers, so whatever names one still means the same. Raises StateError.
        """
        opened, folder = opened_of(entries), sessions / _new_name()
        first = msgspec.structs.replace(
            opened, schema=SCHEMA, session=folder.name, replays="", forked=opened.session, copied=at
        )
        copied = [msgspec.structs.replace(entries[0], time=time.time(), item=first), *entries[1:at]]
        try:
            folder.mkdir(parents=True, mode=0o700)
            with (folder / LOG).open("xb", buffering=0) as file:
                append(file, b"".join(msgspec.json.encode(entry) + b"\n" for entry in copied))
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise unkept(folder, error) from error
        return cls.load(folder)

    @classmethod
    def load(cls, folder: Path, *, hide: Hide = unchanged) -> Self:
        """An earlier session. Raises StateError when the log cannot be used. `hide`: see `create`.

        A torn last line is dropped, with a notice. Calls that were under way when the process died stay
        dangling until `close_dangling`.
        """
        lock = acquire(folder)
        notices: list[str] = []
        try:
            entries, torn = read(folder / LOG)
            if torn is not None:
                notices.append(f"the last line of {LOG} was cut off by a crash and was dropped")
                os.truncate(folder / LOG, torn)
        except StateError:
            lock.release()
            raise
        return cls(folder, lock, entries, notices, hide=hide)

    @property
    def id(self) -> str:
        return id_of(self.folder)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All of them, on the path or not, in the order of the log."""
        return tuple(self._entries)

    @property
    def opened(self) -> Opened:
        return opened_of(self._entries)

    @property
    def begun(self) -> Entry:
        """Where the task of now was given: the first entry, or the last one with which a person went on."""
        return next(one for one in reversed(self.path()) if isinstance(one.item, Opened | Continued))

    @property
    def task(self) -> Opened | Continued:
        """What was asked for last, and how."""
        return [one.item for one in self.path() if isinstance(one.item, Opened | Continued)][-1]

    @property
    def profile(self) -> str:
        """The name of the profile whose model answers now."""
        return self.speaking().profile

    @property
    def role(self) -> Part:
        """Who of two roles speaks now."""
        return self.speaking().role

    def speaking(self, at: int | None = None) -> Switched:
        """Who speaks after the head, or after the entry `at`."""
        switches = [entry.item for entry in self.path(at) if isinstance(entry.item, Switched)]
        return switches[-1] if switches else Switched(profile=self.opened.profile)

    @property
    def head(self) -> int | None:
        """The last entry of the history."""
        return self._head

    def append(self, item: AnyItem, *, parent: int | None = None) -> Entry:
        """Adds an entry after the head, or after `parent`; it is on disk when this returns.

        Raises StateError, with the log as it was, when the disk refuses.
        """
        entry = Entry(
            id=len(self._entries) + 1,
            parent=self.head if parent is None else parent,
            time=time.time(),
            item=hidden(item, self.hide),
        )
        try:
            append(self._file, msgspec.json.encode(entry) + b"\n")
        except OSError as error:
            raise unkept(self.folder, error) from error
        self._entries.append(entry)
        if is_history(entry.item):
            self._head = entry.id
        return entry

    def path(self, at: int | None = None) -> list[Entry]:
        """From the first entry to the head, or to the entry `at`."""
        return path_of(self._entries, self.head if at is None else at)

    @property
    def compacted(self) -> Compacted | None:
        """The last compaction on the path."""
        return _compacted(self.path())

    def history(self, compacted: Compacted | None = None) -> tuple[Message, ...]:
        """What the model sees of this session, without the instructions; after `compacted`, if that came now."""
        return history_of(self._entries, self.head, compacted)

    def observation(self, call_id: str) -> str | None:
        """What came of a call, as the model saw it first. None: nothing yet."""
        return next(
            (
                one.item.observation.text
                for one in self._entries
                if isinstance(one.item, Observed) and one.item.observation.call_id == call_id
            ),
            None,
        )

    def resumed(self) -> Resumption:
        """What a turn has to know that goes on; of a turn that begins: nothing."""
        return _resumption(self.path())

    @property
    def before(self) -> Resumption:
        """What the model knew when the task of now was given."""
        return _resumption(self.path(self.begun.id))

    @property
    def answers(self) -> int:
        """How often the model has answered, on the path."""
        items = [entry.item for entry in self.path()]
        return sum(
            isinstance(one, Replied) or (isinstance(one, Compacted) and bool(one.question)) for one in items
        )

    def dangling(self) -> list[ToolCall]:
        """The calls on the path that have no observation, in order."""
        calls: dict[str, ToolCall] = {}
        for entry in self.path():
            if isinstance(entry.item, Called):
                calls[entry.item.call.id] = entry.item.call
            elif isinstance(entry.item, Observed):
                calls.pop(entry.item.observation.call_id, None)
        return list(calls.values())

    def close_dangling(self, explain: Callable[[ToolCall], str]) -> list[Observation]:
        """Gives every dangling call an `interrupted` observation; `explain` says what is known of it."""
        observations = [
            Observation(call_id=call.id, status="interrupted", text=explain(call)) for call in self.dangling()
        ]
        for observation in observations:
            self.append(Observed(observation=observation))
        return observations

    def next_call(self) -> int:
        """The number of the next call: they count through the whole log, so an id never means two calls."""
        return 1 + sum(isinstance(entry.item, Called) for entry in self._entries)

    def origin(self) -> Origin:
        """What a change of the work tree that is made now belongs to."""
        turn = step = 0
        for entry in self.path():
            if isinstance(entry.item, Said) and entry.item.origin == "task":
                turn, step = entry.id, 0
            elif isinstance(entry.item, Replied):
                step = entry.id
        return Origin(session=self.id, turn=turn, step=step)

    def close(self) -> None:
        """Safe to call again."""
        self._file.close()
        self._lock.release()


def history_of(
    entries: Sequence[Entry], at: int | None, compacted: Compacted | None = None
) -> tuple[Message, ...]:
    """What a model sees of the log after its entry `at`, without the instructions; see Session.history."""
    path = path_of(entries, at)
    last = compacted or _compacted(path) or _WHOLE
    told = [item.text for item in (entries[at - 1].item for at in last.tasks) if isinstance(item, Said)]
    messages = [Message(role="user", text=text) for text in (*told, last.summary) if text]
    reply = 0
    for entry in path:
        if entry.id < last.kept:
            continue
        item = entry.item
        if isinstance(item, Said):
            messages.append(Message(role="user", text=item.text))
        elif isinstance(item, Replied):
            reply = len(messages)
            messages.append(
                Message(role="assistant", text=item.text, reasoning=item.reasoning, raw_calls=item.raw_calls)
            )
        elif isinstance(item, Called):
            calls = (*messages[reply].calls, item.call)
            messages[reply] = msgspec.structs.replace(messages[reply], calls=calls)
        elif isinstance(item, Observed):
            seen = item.observation
            text = last.shortened.get(seen.call_id, seen.text)
            messages.append(Message(role="observation", text=text, call_id=seen.call_id))
    return tuple(messages)


def _compacted(path: Sequence[Entry]) -> Compacted | None:
    return next((one.item for one in reversed(path) if isinstance(one.item, Compacted)), None)


def _new_name() -> str:
    """In the order in which sessions begin, also within a second: the newest one is the last by name."""
    now = time.time()
    part = int(now % 1 * 0x1000)
    return f"{time.strftime('%Y%m%d-%H%M%S', time.localtime(now))}-{part:03x}{secrets.token_hex(1)}"


def _resumption(path: Iterable[Entry]) -> Resumption:
    found = Resumption()
    for item in (entry.item for entry in path):
        if isinstance(item, Said):
            found = found.after(item)
        elif isinstance(item, Called):
            found = msgspec.structs.replace(found, malformed=0, nudged=False)
        elif isinstance(item, Ended):
            found = msgspec.structs.replace(found, known=item.known, left=item.left)
    return found
