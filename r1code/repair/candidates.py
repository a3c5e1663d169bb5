"""Several attempts at a repair, so many at a time: each in a thread, with a session of its own."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import cast

from msgspec import Struct
from msgspec.structs import replace

from r1code.budget import Meter, Share
from r1code.control import Control
from r1code.errors import BudgetExhausted, Cancelled, ProviderError, R1CodeError
from r1code.events import (
    CandidateChosen,
    CandidateEvent,
    Event,
    Inner,
    Notice,
    PatchReady,
    Standing,
    VerdictReached,
)
from r1code.log import Chosen, Judged, Tested
from r1code.log_file import CANDIDATES, LOG
from r1code.repair.approach import Approach
from r1code.repair.attempt import Attempt, Given, Tried, save
from r1code.repair.choice import Ranking, ranked
from r1code.repair.parts import Parts
from r1code.repair.stopped import Stopped
from r1code.repair.tie import Tie
from r1code.repair.variant import Variant
from r1code.repair.verdict import failing
from r1code.repo.compare import compare, review
from r1code.session import TREE, Session
from r1code.tree.patch import Patch
from r1code.tree.snapshot import Snapshot
from r1code.tree.stat import stat

_MOST_NAMED = 30
"""Failing tests in a question about patches."""


class _Over(Struct, frozen=True):
    """A candidate's thread came to its end."""

    variant: Variant
    future: Future[Tried]


class Once:
    """The first message, which is made once: the server knows it then, too. Thread-safe."""

    def __init__(self, make: Callable[[Control], str]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: str | None = None

    def __call__(self, control: Control) -> str:
        with self._lock:
            if self._made is None:
                self._made = self._make(control)
            return self._made


class Candidates:
    """Of one session, which gets the patch and the verdict of the one that is chosen.

    What was proven before a stop is not tried again. They share the budget: each gets an equal part of the
    steps that are left when it begins.
    """

    def __init__(self, parts: Parts, session: Session, meter: Meter, *, approach: Approach, given: Given) -> None:
        self._parts = parts
        self._session = session
        self._meter = meter
        self._approach = approach
        self._given = replace(given, task=Once(given.task))
        self._variants = {one.number: one for one in approach.variants}
        self._told: queue.SimpleQueue[tuple[int, Event] | _Over] = queue.SimpleQueue()
        self._shares: dict[int, Share] = {}
        self._running: set[int] = set()

    def run(self, control: Control) -> Generator[Event, None, Tried]:
        """The one that is taken. Raises Cancelled, and R1CodeError where one failed and none is proven."""
        tried, errors = yield from self._tried(control)
        control.check()
        if not tried:
            raise errors[0]
        ranking = ranked(tried, self._variants, self._lines)
        best = ranking.candidates[0].candidate
        why = _why(ranking)
        proven = tried[best].verdict.outcome == "fixed"
        if len(ranking.tied) > 1 and proven:
            best, why = yield from self._chosen(tried, ranking, control)
        taken = tried[best]
        save(self._parts, self._session, taken.patch)
        if errors and not proven:
            raise errors[0]
        self._session.append(Chosen(candidate=best, why=why))
        self._session.append(Judged(verdict=taken.verdict))
        yield CandidateChosen(candidate=best, why=why, candidates=ranking.candidates)
        if taken.patch:
            yield PatchReady(diff=self._parts.unified(taken.patch), files=taken.patch.files)
        yield VerdictReached(verdict=taken.verdict)
        return taken

    def _tried(self, control: Control) -> Generator[Event, None, tuple[dict[int, Tried], list[R1CodeError]]]:
        waiting = deque(self._approach.variants)
        tried: dict[int, Tried] = {}
        errors: list[R1CodeError] = []
        inner = Control()
        pool = ThreadPoolExecutor(self._approach.parallel, thread_name_prefix="r1code-candidate")
        with control.on_cancel(inner.cancel):
            try:
                while waiting or self._running:
                    while waiting and len(self._running) < self._approach.parallel:
                        if inner.cancelled or errors or (tried and self._meter.exhausted):
                            waiting.clear()
                            break
                        self._begin(pool, waiting.popleft(), len(waiting), inner)
                    if not self._running:
                        break
                    told = self._told.get()
                    if not isinstance(told, _Over):
                        yield CandidateEvent(candidate=told[0], inner=cast("Inner", told[1]))
                        continue
                    self._running.discard(told.variant.number)
                    try:
                        tried[told.variant.number] = one = told.future.result()
                    except Cancelled:
                        continue
                    except R1CodeError as error:
                        errors.append(error)
                        yield Notice(text=f"candidate {told.variant.number} ended: {error.what}", level="warning")
                        continue
                    if one.verdict.outcome == "fixed" and self._approach.pick == "first":
                        inner.cancel()
            finally:
                inner.cancel()
                pool.shutdown(wait=True)
        return tried, errors

    def _begin(self, pool: ThreadPoolExecutor, variant: Variant, later: int, control: Control) -> None:
        number, steps = variant.number, self._meter.budget.steps
        if steps is not None:
            gone = sum(
                share.budget.steps or 0 if one in self._running else share.steps
                for one, share in self._shares.items()
            )
            steps = max(-(-(steps - gone) // (later + 1)), 0)
        share = self._shares[number] = Share(self._meter, steps)
        self._running.add(number)
        future = pool.submit(self._work, variant, share, control)
        future.add_done_callback(lambda done: self._told.put(_Over(variant, done)))

    def _work(self, variant: Variant, meter: Meter, control: Control) -> Tried:
        """In a thread of its own. Raises what an attempt raises."""
        control.check()
        with closing(self._opened(variant)) as session:
            known = self._known(session)
            if known is not None:
                return known
            stopped = Stopped.of(session, self._parts.store)
            with self._parts.attempt(variant, session) as parts:
                left = stopped if stopped.has_begun else None
                attempt = Attempt(parts, session, meter, self._given, seed=variant.seed, left=left)
                with closing(attempt.run(control)) as events:
                    while True:
                        try:
                            event = next(events)
                        except StopIteration as stop:
                            tried: Tried = stop.value
                            return tried
                        self._told.put((variant.number, event))

    def _opened(self, variant: Variant) -> Session:
        """The session of a candidate: a new one, or what there is of it."""
        folder = self._session.folder / CANDIDATES / str(variant.number)
        if (folder / LOG).exists():
            return Session.load(folder, hide=self._session.hide)
        opened = self._session.opened
        own = {"candidates": 1, "seed": variant.seed, "strategy": variant.strategy}
        session = Session.create(
            folder.parent,
            replace(opened, base=self._session.task.base, settings={**opened.settings, **own}),
            hide=self._session.hide,
            name=folder.name,
        )
        # So it stands for itself: it can be replayed alone.
        session.append(Tested(command=self._given.command, report=self._given.before))
        return session

    def _known(self, session: Session) -> Tried | None:
        """What came of a candidate that was proven before the session was stopped."""
        last = session.entries[-1].item
        if not isinstance(last, Judged):
            return None
        name = (session.folder / TREE).read_text()
        tree = Snapshot.unpack(self._parts.store.get(name))
        patch = self._given.base.diff(tree).without_new_folders()
        return Tried(patch=patch, verdict=last.verdict, reason="done")

    def _chosen(
        self, tried: Mapping[int, Tried], ranking: Ranking, control: Control
    ) -> Generator[Event, None, tuple[int, str]]:
        """One of those that are tied."""
        first = ranking.candidates[0].candidate
        patches = {one: self._parts.unified(tried[one].patch) for one in ranking.tied}
        task = "\n".join(failing(self._given.before)[:_MOST_NAMED])
        try:
            found = yield from Tie(self._parts, self._session, self._meter).broken(task, patches, control)
        except (BudgetExhausted, ProviderError) as error:
            yield Notice(text=f"the tie is not broken by the model: {error}", level="warning")
            return first, f"proven, as {len(patches)} are; nobody could be asked, and it is the first of them"
        if found is None:
            return first, f"proven, as {len(patches)} are; the model prefers none, and it is the first of them"
        return found, f"proven, as {len(patches)} are; the model prefers it in both orders"

    def _lines(self, patch: Patch) -> int:
        store = self._parts.store
        found = stat(review(patch, store), store, compare)
        return found.added + found.removed


def _why(ranking: Ranking) -> str:
    """Why the first one is."""
    first, *others = ranking.candidates
    if not others:
        return "it is the only one that got a verdict"
    second = others[0]
    reasons = (
        (first.outcome != second.outcome, f"{_words(first)}, and the next one is {_words(second)}"),
        (first.broken != second.broken, f"it breaks fewer tests: {first.broken}, the next one {second.broken}"),
        (
            first.still_failing != second.still_failing,
            f"fewer tests still fail: {first.still_failing}, of the next one {second.still_failing}",
        ),
        (first.same != second.same, f"{first.same} candidates made this very patch"),
        (
            first.lines.bit_length() != second.lines.bit_length(),
            f"its patch is smaller: {first.lines} lines, the next one {second.lines}",
        ),
    )
    alike = "nothing tells them apart, and it is the first of them"
    return next((why for differs, why in reasons if differs), alike)


def _words(row: Standing) -> str:
    return row.outcome.replace("_", " ")
