"""The map of a work tree for a task. What is the same for all tasks is made in the background, and kept."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from r1code import prompts
from r1code.app.kept import write_private
from r1code.control import POLL_SECONDS, Control
from r1code.errors import StateError, UsageError
from r1code.repair.places import text_of
from r1code.repo.clues import clues_of
from r1code.repo.git import Git
from r1code.repo.graph import FORMAT, Graph
from r1code.repo.index.index import Building, Index, keys_of
from r1code.repo.index.outline import Outline
from r1code.repo.index.targets import Targets
from r1code.repo.kinds import Kind, marked
from r1code.repo.past import Past, past_of
from r1code.repo.postings import EACH
from r1code.repo.rank import Ranker, Ranking, Reasons
from r1code.repo.renewal import Known, Source, renewed
from r1code.repo.repomap import MOST_FILES, Count, Map, draw
from r1code.secrets.values import Hide
from r1code.tree.snapshot import Snapshot
from r1code.tree.worktree import WorkTree

_GROUND = frozenset({"go.mod", "package.json", "Cargo.toml", ".gitattributes"})
"""What the imports of other files, and the kinds of other files, depend on."""


T = TypeVar("T")


class _Kept(Struct, Generic[T], frozen=True, array_like=True):
    stamp: str
    """Of what it was made from."""
    value: T


_GRAPH = msgspec.msgpack.Decoder(_Kept[Graph])
_KNOWN = msgspec.msgpack.Decoder(_Kept[Known])
_PAST = msgspec.msgpack.Decoder(Past)


class Drawn(Struct, frozen=True, kw_only=True):
    text: str
    """As the model is shown it; empty: there was no room."""
    map: Map
    ranking: Ranking
    missing: int
    """Files that are not indexed yet."""


class Maps:
    """Of one work tree as it is in `snapshot`. `close` it; the index is the caller's."""

    def __init__(self, tree: WorkTree, snapshot: Snapshot, index: Index, git: Git, *, part: str = "") -> None:
        """`part`: the folder that the task is about; empty: all."""
        self._tree = tree
        self._state = tree.state
        self._snapshot = snapshot
        self.index = index
        self._git = git
        self._paths = [
            path for path, entry in snapshot.entries.items() if entry.kind == "file" and _is_text(path)
        ]
        self._part = part
        self._graph: Graph | None = None
        self._building: Building | None = None

    def start(self) -> None:
        """Reads what is not known yet, in the background."""
        if self._building is None:
            self._building = self.index.start(self._snapshot)

    def wait(self, control: Control, seconds: float | None = None) -> bool:
        """Whether all is read by then. Raises Cancelled, and StateError where it cannot be read."""
        control.check()
        self.start()
        building, until = self._building, None if seconds is None else time.monotonic() + seconds
        while building is not None and not building.wait(POLL_SECONDS):
            control.check()
            if until is not None and time.monotonic() >= until:
                return False
        if building is not None and building.failure is not None:
            raise building.failure
        return True

    @property
    def progress(self) -> tuple[int, int]:
        return (0, 0) if self._building is None else self._building.progress

    def close(self) -> None:
        if self._building is not None:
            self._building.stop()

    @property
    def graph(self) -> Graph:
        """Of what is read by now."""
        if self._graph is None:
            past, ground, keys = self._past(), self._ground(), self._keys()
            stamp = _digest(ground, past.head, *keys.values())
            graph = self._kept("graph", _GRAPH)
            if graph is not None and graph.stamp == stamp:
                self._graph = graph.value
                return self._graph
            known = self._kept("known", _KNOWN)
            before: tuple[Known, Graph] | None = None
            if graph is not None and known is not None and graph.stamp == known.stamp:
                before = known.value, graph.value
            lacking = False

            def outlines(some: Sequence[str]) -> Mapping[str, Outline]:
                nonlocal lacking
                found = self.index.outlines(self._snapshot, some)
                lacking |= any(keys[path] and path not in found for path in some)
                return found

            source = Source(
                keys=keys,
                ground=ground,
                outlines=outlines,
                targets=lambda: Targets(self._paths, self._text),
                past=past,
                marks=self._marks(),
            )
            try:
                fresh, made = renewed(source, before)
            except (msgspec.MsgspecError, LookupError, ValueError):
                fresh, made = renewed(source)
            if lacking:
                return made
            self._keep("known", _Kept(stamp, fresh))
            self._keep("graph", _Kept(stamp, made))
            self._graph = made
        return self._graph

    def symbols(self) -> list[str]:
        """Names that one file alone defines, as far as all is read: a mention of one is clear."""
        if self._building is None or not self._building.is_done or self._building.failure is not None:
            return []
        return [name for name, files in self.graph.names.items() if len(files) == EACH]

    def ranker(self, task: str) -> Ranker:
        return Ranker(self.graph, clues_of(task, self._paths), self._changed())

    def draw(self, task: str, room: int, count: Count, hide: Hide) -> Drawn:
        """The map for `task`, all its words counted: never more than `room` tokens."""
        graph = self.graph
        # A graph is kept only if nothing was missing when it was made.
        missing = 0 if self._graph is not None else len(self.index.missing(self._snapshot))
        ranking = Ranker(graph, clues_of(task, self._paths), self._changed(), self._part).ranking()
        first = [one.path for one in ranking.files[:MOST_FILES]]
        outlines = self.index.outlines(self._snapshot, first)

        def whole(text: str, more: int) -> str:
            return prompts.load("map", text=text, more=more, missing=missing)

        frame = count(whole("", len(graph.paths))) + 1
        made = draw(
            ranking, outlines, graph.fame, room=max(0, room - frame), count=lambda text: count(hide(text))
        )
        text = whole(hide(made.text), len(graph.paths) - len(made.files)) if made.files else ""
        return Drawn(text=text if count(text) <= room else "", map=made, ranking=ranking, missing=missing)

    def _changed(self) -> Collection[str]:
        with suppress(StateError, UsageError):
            return self._git.dirty() if self._git.is_repository else ()
        return ()

    def _marks(self) -> Mapping[str, Kind]:
        with suppress(StateError):
            return marked(self._git, self._paths) if self._git.is_repository else {}
        return {}

    def _text(self, path: str) -> str:
        return text_of(self._tree, path) or ""

    def _past(self) -> Past:
        known = self._kept("past", _PAST) or Past()
        past = past_of(self._git, known)
        if past is not known:
            self._keep("past", past)
        return past

    def _kept(self, name: str, decoder: msgspec.msgpack.Decoder[T]) -> T | None:
        try:
            return decoder.decode((self._state / name).read_bytes())
        except (OSError, msgspec.MsgspecError):
            return None

    def _keep(self, name: str, what: Struct) -> None:
        # Without it the next one takes longer.
        with suppress(OSError):
            write_private(self._state / name, msgspec.msgpack.encode(what))

    def _keys(self) -> dict[str, str]:
        """Of each file that of its outline; empty: it has none."""
        outlined = keys_of(self._snapshot)
        return {path: outlined.get(path, "") for path in self._paths}

    def _ground(self) -> str:
        """What all files have in common: their paths, and what some of them say about others."""
        entries = self._snapshot.entries
        said = [entries[path].digest for path in self._paths if path.rpartition("/")[2] in _GROUND]
        return _digest(FORMAT, *self._paths, *said)


def why_of(maps: Maps, task: str, path: str) -> Reasons:
    """What raises a file for a task. Raises UsageError for what is not in the map, and StateError."""
    try:
        return maps.ranker(task).why(path)
    except KeyError:
        raise UsageError(
            f"{path} is not in the map",
            why="it is no file of this repository, or git ignores it, or it is a secret",
            hint="name a file that `git ls-files` lists",
        ) from None


def _digest(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()


def _is_text(path: str) -> bool:
    """Whether a path can be said in a text; names on disk are bytes, and what is no text is not printable."""
    return path.isprintable()
