"""A server for the bench that takes exactly the time that it is told to, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

import msgspec

from fakes.answers import DONE, chunk
from r1code.profiles import Profile
from r1code.serving.bench.metrics import Sample
from r1code.serving.bench.plan import Limits, Plan
from r1code.serving.bench.result import Goal, Result, Served
from r1code.serving.bench.run import AskError, Bench
from r1code.serving.bench.workload import Draw, Workload

PROFILE = Profile(label="fake", provider="chat", model="m", base_url="http://127.0.0.1:1/v1")
SERVED = Served(profile="fake", base_url="http://127.0.0.1:1/v1", model="m", exact=True)
WORK = Workload(
    turns=3, prefix=20, task=5, answer=3, observation=4, output=Draw(median=11, spread=0, most=11),
    pause=Draw(median=1, spread=0, most=1), rounds=2, least=4,
)  # fmt: skip


def plan(*concurrency: int, work: Workload = WORK, **limits: Any) -> Plan:
    return Plan(
        served=SERVED, profile=PROFILE, workload=work, concurrency=concurrency or (1,),
        goal=Goal(ttft=0.6, tpot=0.15), limits=Limits(**limits),
    )  # fmt: skip


class TimedBackend:
    """`first` seconds to the first token, `each` for later ones; with more than `room` at a time, these grow."""

    def __init__(self, *, first: float = 0.5, each: float = 0.1, room: int = 1_000) -> None:
        self.first, self.each, self.room = first, each, room
        self.connect = 0.0
        """Seconds until the request can go out: they are in no figure."""
        self.bodies: list[dict[str, Any]] = []
        self.failures: dict[int, AskError] = {}
        """What the n-th request comes to instead."""
        self.always: AskError | None = None
        self.samples: list[Sample] = []
        self._at_once = 0

    async def ask(self, body: bytes, session: str, sent: Callable[[], None]) -> AsyncGenerator[bytes, None]:
        asked = msgspec.json.decode(body)
        self.bodies.append(asked)
        await asyncio.sleep(self.connect)
        sent()
        failure = self.always or self.failures.get(len(self.bodies) - 1)
        if failure is not None:
            await asyncio.sleep(0.25)
            raise failure
        self._at_once += 1
        try:
            await asyncio.sleep(self.first)
            yield chunk({"role": "assistant", "content": ""})
            count = asked["max_tokens"]
            for at in range(count):
                if at:
                    await asyncio.sleep(self.each * max(1, self._at_once / self.room))
                yield chunk({"reasoning": "x"}, "length" if at == count - 1 else None)
            usage = {
                "prompt_tokens": 100,
                "completion_tokens": count,
                "prompt_tokens_details": {"cached_tokens": 80},
            }
            yield chunk(None, usage=usage)
            yield DONE
        finally:
            self._at_once -= 1

    async def metrics(self) -> Sample | None:
        return self.samples.pop(0) if len(self.samples) > 1 else next(iter(self.samples), None)


def result_of(done: Bench, made: Plan) -> Result:
    return Result(
        r1code="0", begun="2026-11-30T00:00:00+00:00", served=made.served, workload=made.workload, goal=made.goal,
        warm=done.warm, levels=tuple(done.levels), ended=done.ended,
    )  # fmt: skip
