"""Sends the sessions of a plan, level by level, and keeps what came of each turn."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from r1code.serving.bench.metrics import Sample, Watch
from r1code.serving.bench.plan import Plan, body_of, session_name
from r1code.serving.bench.result import Ending, Failure, Level, Turn
from r1code.serving.bench.stream import Answer, Gaps
from r1code.serving.bench.workload import PlannedTurn, Session, prefix_of, sessions_of

_LOOK_SECONDS = 1.0
_TICK_SECONDS = 0.05
_HOPELESS = 5
"""Failures in a row, with no answer in between, after which a server is left alone; or twice the concurrency."""


class AskError(Exception):
    """A request that came to nothing, before or in its answer."""

    def __init__(self, failure: Failure, why: str) -> None:
        super().__init__(why)
        self.failure: Failure = failure
        self.why = why


class Backend(Protocol):
    def ask(self, body: bytes, session: str, sent: Callable[[], None]) -> AsyncGenerator[bytes, None]:
        """Sends it as soon as it is iterated, and gives the bytes of the answer as they come.

        `sent` is called when it goes out, with a connection that is there. Raises AskError.
        """
        ...

    async def metrics(self) -> Sample | None:
        """Raises nothing: None where there are none."""
        ...


class Warmed(Struct, frozen=True, kw_only=True):
    turn: Turn


class LevelBegan(Struct, frozen=True, kw_only=True):
    concurrency: int
    sessions: int
    turns: int


class TurnEnded(Struct, frozen=True, kw_only=True):
    concurrency: int
    done: int
    turn: Turn


class LevelEnded(Struct, frozen=True, kw_only=True):
    level: Level


BenchEvent = Warmed | LevelBegan | TurnEnded | LevelEnded


class Bench:
    """`run` once. What was measured by then is in `levels` at any time, also where it was cancelled."""

    def __init__(
        self,
        plan: Plan,
        backend: Backend,
        *,
        clock: Callable[[], float],
        tell: Callable[[BenchEvent], None] = lambda _event: None,
    ) -> None:
        """`clock` and the event loop's own have to run alike."""
        self._plan = plan
        self._backend = backend
        self._clock = clock
        self._tell = tell
        self._prefix = prefix_of(plan.workload)
        self._sent = 0
        self._failed_in_a_row = 0
        self.warm: Turn | None = None
        self.levels: list[Level] = []
        self.ended: Ending = "whole"

    async def run(self) -> None:
        """Raises CancelledError where it is cancelled."""
        try:
            async with asyncio.timeout(self._plan.limits.seconds):
                await self._warm()
                for concurrency in self._plan.concurrency:
                    if self.ended != "whole":
                        break
                    await _Level(self, concurrency).run()
                    self._judge(self.levels[-1])
        except TimeoutError:
            self.ended = "time"
            if self.levels and self.levels[-1].ended == "interrupted":
                self.levels[-1] = replace(self.levels[-1], ended="time")
        except asyncio.CancelledError:
            self.ended = "interrupted"
            raise

    def _judge(self, level: Level) -> None:
        """After a level without one answer there is nothing to learn from the next."""
        if self.ended == "whole" and all(turn.failure is not None for turn in level.turns):
            self.ended = "failing"

    async def _warm(self) -> None:
        """The prefix once, with one token: in a team it is in the cache long before."""
        opening = PlannedTurn(pause=0.0, output=1, said="Say ok.", kept="ok")
        turn, _ = await self.turn(Session(id="warm", turns=(opening,)), 0, self._clock())
        self.warm = turn
        self._tell(Warmed(turn=turn))
        if turn.failure in {"refused", "connection"}:
            self.ended = "failing"

    async def turn(self, session: Session, at: int, level_begun: float) -> tuple[Turn, Gaps]:
        self._sent += 1
        planned, body = session.turns[at], body_of(self._plan, self._prefix, session, at)
        failure: AskError | None = None
        answer = Answer(self._clock())

        def sent() -> None:
            answer.sent = self._clock()

        try:
            async with asyncio.timeout(self._plan.limits.turn_seconds):
                name = session_name(self._plan, session)
                async with aclosing(self._backend.ask(body, name, sent)) as stream:
                    async for data in stream:
                        answer.feed(data, self._clock())
        except AskError as error:
            failure = error
        except TimeoutError:
            failure = AskError("timeout", f"no end within {self._plan.limits.turn_seconds:g} s")
        except ValueError as error:
            failure = AskError("stream", str(error))
        ended = self._clock()
        failure = failure or _wrong(answer)
        self._failed_in_a_row = self._failed_in_a_row + 1 if failure else 0
        return Turn(
            session=session.id,
            number=at,
            begun=answer.sent - level_begun,
            pause=planned.pause,
            seconds=ended - answer.sent,
            ttft=answer.ttft,
            tpot=answer.tpot,
            prompt=answer.prompt,
            cached=answer.cached,
            completion=answer.completion,
            pieces=answer.pieces,
            wanted=planned.output,
            failure=failure.failure if failure else None,
            why=failure.why if failure else "",
        ), answer.gaps

    def may_go_on(self, concurrency: int) -> bool:
        if self._failed_in_a_row >= max(_HOPELESS, 2 * concurrency):
            self.ended = "failing"
        elif self._sent >= self._plan.limits.requests + 1:
            self.ended = "requests"
        return self.ended == "whole"

    @property
    def plan(self) -> Plan:
        return self._plan

    @property
    def backend(self) -> Backend:
        return self._backend

    def now(self) -> float:
        return self._clock()

    def tell(self, event: BenchEvent) -> None:
        self._tell(event)


class _Level:
    def __init__(self, bench: Bench, concurrency: int) -> None:
        self._bench = bench
        self._concurrency = concurrency
        self._waiting: deque[Session] = deque(sessions_of(bench.plan.workload, concurrency))
        self._turns: list[Turn] = []
        self._gaps = Gaps(counts={})
        self._tail = False
        self._begun = 0.0
        self._watch = Watch()
        self._late = Gaps(counts={})

    async def run(self) -> None:
        """The level is kept in whatever way it ends."""
        bench = self._bench
        turns = sum(len(session.turns) for session in self._waiting)
        bench.tell(LevelBegan(concurrency=self._concurrency, sessions=len(self._waiting), turns=turns))
        self._watch.see(await bench.backend.metrics())
        self._begun = bench.now()
        ended: float | None = None
        looking, ticking = asyncio.create_task(self._look()), asyncio.create_task(self._tick())
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._concurrency):
                    group.create_task(self._slot())
            ended = bench.now()
            self._watch.see(await bench.backend.metrics())
        finally:
            for task in (looking, ticking):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            level = Level(
                concurrency=self._concurrency,
                seconds=(bench.now() if ended is None else ended) - self._begun,
                turns=tuple(self._turns),
                gaps=self._gaps,
                counters=self._watch.counters(),
                lag=self._late.quantile(0.95),
                ended="interrupted" if ended is None else bench.ended,
            )
            bench.levels.append(level)
            bench.tell(LevelEnded(level=level))

    async def _slot(self) -> None:
        while self._waiting and self._bench.may_go_on(self._concurrency):
            await self._session(self._waiting.popleft())
        # From now on fewer are at it than the level says.
        self._tail = True

    async def _session(self, session: Session) -> None:
        for at, planned in enumerate(session.turns):
            if not self._bench.may_go_on(self._concurrency):
                return
            await asyncio.sleep(planned.pause)
            tail = self._tail
            turn, gaps = await self._bench.turn(session, at, self._begun)
            turn = replace(turn, tail=tail)
            self._turns.append(turn)
            if not tail:
                self._gaps.join(gaps)
            self._bench.tell(TurnEnded(concurrency=self._concurrency, done=len(self._turns), turn=turn))
            if turn.failure is not None:
                # An agent would not go on with an answer that it has not got.
                return

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            self._watch.see(await self._bench.backend.metrics())

    async def _tick(self) -> None:
        """Who reads many streams on a busy machine sees pieces late; so late, about, as this is."""
        while True:
            due = self._bench.now() + _TICK_SECONDS
            await asyncio.sleep(_TICK_SECONDS)
            self._late.add(self._bench.now() - due)


def _wrong(answer: Answer) -> AskError | None:
    """Why an answer that came is none."""
    if answer.error is not None:
        return AskError("stream", answer.error)
    if answer.finish is None:
        return AskError("stream", "the stream ended in the middle of the answer")
    if not answer.pieces:
        return AskError("empty", "the answer has not a single character")
    return None
