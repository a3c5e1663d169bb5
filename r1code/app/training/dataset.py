"""Training data from many sessions: which are wanted, which are proven, and what of them may be passed on."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec
from msgspec import Struct

from r1code.app.export import vault_of
from r1code.app.training.duplicates import fingerprint, near
from r1code.app.training.forms import Form, line_of
from r1code.app.training.trajectory import Reason, Sample, Trajectory, Unfit, trajectory_of
from r1code.errors import StateError, UsageError
from r1code.log import Entry, Opened
from r1code.log_file import LOG
from r1code.secrets.scan import scan
from r1code.secrets.values import hidden
from r1code.secrets.vault import Vault
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store

SCHEMA = 1
PERMISSIVE = frozenset({"MIT", "Apache-2.0"})
"""Licences of models that let anybody train others on their answers."""
UNKNOWN = "unknown"
_CHILDREN = "candidates"
"""In a session's folder: the sessions of its candidates."""
_LICENCE = re.compile(r"(licen[cs]e|copying|unlicense)([.\-_][\w.\-]*)?", re.IGNORECASE)


Why = tuple[Reason, str]


class Wanted(Struct, frozen=True, kw_only=True):
    form: Form = "openai"
    root: str | None = None
    """Only sessions in this work tree. None: in all."""
    since: float = 0
    """Only those begun from then on, in seconds since the epoch."""
    max_tokens: int | None = None
    """Of a line."""
    eval_share: float = 0
    """Of the repositories."""
    allowed: frozenset[str] = frozenset()
    """Licences of models, besides PERMISSIVE."""
    wrong_turns: bool = False


class Dataset(Struct, frozen=True, kw_only=True):
    train: tuple[str, ...] = ()
    """Lines of JSON."""
    eval: tuple[str, ...] = ()
    sessions: int = 0
    """That are in it, at least with one line."""
    repositories: tuple[int, int] = (0, 0)
    """For training and for evaluation; none is in both."""
    tokens: int = 0
    models: dict[str, int] = {}
    """Lines by model of origin, and its licence."""
    unfit: tuple[tuple[Why, int], ...] = ()
    """Sessions that are not in it, by reason."""
    dropped: tuple[tuple[Why, int], ...] = ()
    """Lines that are not in it, by reason."""


class _Line(Struct, frozen=True, kw_only=True):
    text: str
    repository: str
    session: str
    origin: str
    tokens: int


def folders_of(place: Path) -> list[Path]:
    """The sessions below a folder, which may be one itself, and those of their candidates. Raises UsageError."""
    found = sorted(file.parent for file in place.rglob(LOG) if file.is_file() and not file.is_symlink())
    if not found:
        raise UsageError(
            f"there is no session in {place}",
            why=f"nothing below it is called {LOG}",
            hint="name a session, or a folder of sessions; r1code sessions --all lists them",
        )
    return found


def kept_folders(sessions: Path) -> list[Path]:
    """All sessions of r1code itself, and those of their candidates."""
    files = [*sessions.glob(f"*/{LOG}"), *sessions.glob(f"*/{_CHILDREN}/*/{LOG}")]
    return sorted(file.parent for file in files)


def dataset_of(
    folders: Iterable[Path], wanted: Wanted, state: Path, environ: Mapping[str, str] = os.environ
) -> Dataset:
    """The same for the same sessions, in whatever order they are given. Raises StateError."""
    unfit, dropped = Counter[Why](), Counter[Why]()
    found = _unlike(_proven(folders, wanted, unfit), unfit)
    maker = _Maker(wanted, state, environ, dropped)
    lines: list[_Line] = []
    for trajectory in found:
        made = list(maker.lines(trajectory))
        lines += made
        if not made:
            unfit["empty", ""] += 1
    train, evaluation = _split(lines, wanted.eval_share)
    return Dataset(
        train=tuple(one.text for one in train),
        eval=tuple(one.text for one in evaluation),
        sessions=len({one.session for one in lines}),
        repositories=(len({one.repository for one in train}), len({one.repository for one in evaluation})),
        tokens=sum(one.tokens for one in lines),
        models=dict(sorted(Counter(one.origin for one in lines).items())),
        unfit=tuple(sorted(unfit.items())),
        dropped=tuple(sorted(dropped.items())),
    )


def _proven(folders: Iterable[Path], wanted: Wanted, unfit: Counter[Why]) -> list[Trajectory]:
    found: list[Trajectory] = []
    for folder in folders:
        first = _first(folder)
        if first is not None and not _is_wanted(*first, wanted):
            continue
        try:
            found.append(trajectory_of(folder, wrong_turns=wanted.wrong_turns))
        except Unfit as error:
            unfit[error.why] += 1
    return sorted(found, key=lambda one: (one.began, one.session))


def _first(folder: Path) -> tuple[Opened, float] | None:
    """How the session was begun, and when. None: its log is damaged."""
    try:
        with (folder / LOG).open("rb") as file:
            entry = msgspec.json.decode(file.readline(), type=Entry)
    except (OSError, msgspec.MsgspecError):
        return None
    return (entry.item, entry.time) if isinstance(entry.item, Opened) else None


def _is_wanted(opened: Opened, began: float, wanted: Wanted) -> bool:
    return (wanted.root is None or opened.root == wanted.root) and began >= wanted.since


def _unlike(found: Sequence[Trajectory], unfit: Counter[Why]) -> Iterator[Trajectory]:
    """Without those that are like an earlier one: all that was said, or task and patch."""
    seen: set[str] = set()
    for one, like in zip(found, near([f"{one.task}\n{one.patch or _said(one)}" for one in found]), strict=True):
        print_of_it = fingerprint([_said(one)])
        if print_of_it in seen:
            unfit["same", ""] += 1
        elif like is not None:
            unfit["near", ""] += 1
        else:
            yield one
        seen.add(print_of_it)


def _said(trajectory: Trajectory) -> str:
    return "\n".join(text for sample in trajectory.samples for text in _texts(sample))


def _texts(sample: Sample) -> Iterator[str]:
    for message in (*sample.prompt, sample.reply):
        yield message.content
        yield message.reasoning_content or ""
        yield from (call.function.arguments for call in message.tool_calls)


class _Maker:
    def __init__(self, wanted: Wanted, state: Path, environ: Mapping[str, str], dropped: Counter[Why]) -> None:
        self._wanted = wanted
        self._state = state
        self._environ = environ
        self._dropped = dropped
        self._vaults: dict[str, Vault] = {}
        self._store = Store(state / "objects")

    def lines(self, trajectory: Trajectory) -> Iterator[_Line]:
        metadata = self._metadata(trajectory)
        for number, sample in enumerate(trajectory.samples, start=1):
            try:
                text = self._line(sample, trajectory, {**metadata, "step": number, **_origin(sample)})
            except Unfit as error:
                self._dropped[error.why] += 1
                continue
            yield _Line(
                text=text,
                repository=metadata["repository"],
                session=metadata["session"],
                origin=f"{sample.spoken.model or sample.spoken.profile} ({sample.spoken.license or UNKNOWN})",
                tokens=sample.tokens,
            )

    def _line(self, sample: Sample, trajectory: Trajectory, metadata: dict[str, Any]) -> str:
        """Raises Unfit."""
        licence = sample.spoken.license or UNKNOWN
        if licence not in PERMISSIVE | self._wanted.allowed:
            raise Unfit("license", licence)
        most = self._wanted.max_tokens
        if most is not None and sample.tokens > most:
            raise Unfit("long", str(most))
        clean = hidden(sample, self._vault(trajectory.root).hide)
        line = line_of(clean, self._wanted.form, metadata)
        if any(scan(text) for text in _strings(line)):
            raise Unfit("secret")
        return json.dumps(line, ensure_ascii=False)

    def _vault(self, root: str) -> Vault:
        if root not in self._vaults:
            self._vaults[root] = vault_of(Path(root), self._state, self._environ)
        return self._vaults[root]

    def _metadata(self, trajectory: Trajectory) -> dict[str, Any]:
        verdict = trajectory.verdict
        return {
            "schema": SCHEMA,
            "session": _hash(trajectory.session),
            "steps": len(trajectory.samples),
            "verdict": verdict.outcome,
            "sandbox": verdict.sandbox,
            "tests": {"fixed": len(verdict.fixed), "passing": verdict.passing},
            "commit": trajectory.commit,
            "repository": trajectory.repository or _hash(trajectory.root),
            "repository_license": self._licence_file(trajectory.base),
        }

    def _licence_file(self, base: str) -> str:
        """The name of one at the top of the tree; empty: there is none, or the tree is not kept here."""
        try:
            paths = Snapshot.unpack(self._store.get(base)).entries
        except (StateError, msgspec.MsgspecError):
            return ""
        return next((path for path in paths if _LICENCE.fullmatch(path)), "")


def _origin(sample: Sample) -> dict[str, Any]:
    spoken = sample.spoken
    return {
        "part": sample.part,
        "strategy": sample.strategy,
        "dialect": "native" if spoken.native else "text",
        "profile": spoken.profile,
        "model": spoken.model,
        "license": spoken.license or UNKNOWN,
        "r1code": spoken.version,
        "tokens": sample.tokens,
    }


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in cast("dict[str, object]", value).items():
            yield from (key, *_strings(inner))
    elif isinstance(value, list | tuple):
        for inner in cast("Sequence[object]", value):
            yield from _strings(inner)


def _split(lines: Sequence[_Line], share: float) -> tuple[list[_Line], list[_Line]]:
    """By repository alone, so that more sessions never move one from one side to the other."""
    evaluation = {one.repository for one in lines if int(_hash(one.repository), 16) < share * 16**16}
    return (
        [one for one in lines if one.repository not in evaluation],
        [one for one in lines if one.repository in evaluation],
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
