"""What a bench found, turn by turn, as a file holds it. All figures are made of this (`figures.py`)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from r1code.errors import StateError
from r1code.serving.bench.stream import Gaps
from r1code.serving.bench.workload import Workload

FORM = "r1code-serve-bench"
SCHEMA = 1

Failure = Literal["refused", "server", "connection", "timeout", "stream", "empty"]
"""The server said no (4xx) | it failed (5xx) | no connection, or it broke | no end in time | what came is no chat
completion, an error in the stream, or had no end | not a single character came."""
Ending = Literal["whole", "interrupted", "time", "requests", "failing"]
"""All was done | a person stopped it | --max-seconds | --max-requests | nothing but failures came."""


class Turn(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request. Times in seconds; `begun` counts from the beginning of its level."""

    session: str
    number: int
    begun: float
    pause: float
    """How long before it the tools ran."""
    seconds: float
    """From the request to the end of the answer, or to its failure."""
    ttft: float | None = None
    tpot: float | None = None
    prompt: int | None = None
    cached: int | None = None
    completion: int | None = None
    pieces: int = 0
    wanted: int = 0
    """Tokens that it should have had."""
    tail: bool = False
    """It began when fewer sessions were left than the level has at a time: it is not in the figures."""
    failure: Failure | None = None
    why: str = ""


class Counters(Struct, frozen=True, kw_only=True):
    """By the server's own metrics, what a level added. None: it does not say."""

    hits: float | None = None
    """Tokens of prompts that were in the prefix cache."""
    queries: float | None = None
    """Tokens of prompts that were looked up in it."""
    preemptions: float | None = None
    prompt: float | None = None
    generation: float | None = None
    ttft: float | None = None
    """The mean, as the server measures it."""
    queue: float | None = None
    """The mean time that a request waited to be begun."""
    drafted: float | None = None
    accepted: float | None = None
    """Tokens of speculative decoding."""
    most_running: float | None = None
    most_waiting: float | None = None
    most_kv: float | None = None
    """Of the cache's room, 0 to 1. These three are the largest that was seen, looking once a second."""


class Level(Struct, frozen=True, kw_only=True):
    concurrency: int
    """Sessions at a time."""
    seconds: float
    turns: tuple[Turn, ...]
    gaps: Gaps
    """Between pieces, of all turns that are not in the tail."""
    counters: Counters
    lag: float | None = None
    """How late this process came to what was due: 95 % of looks were less late. What it adds to times."""
    ended: Ending = "whole"


class Goal(Struct, frozen=True, kw_only=True):
    """What a turn has to reach to count as good."""

    ttft: float = 2.0
    tpot: float = 0.05


class Served(Struct, frozen=True, kw_only=True):
    """Who was asked."""

    profile: str
    base_url: str
    model: str
    root: str = ""
    """What the model was loaded from, where the server says so."""
    vllm: str = ""
    """Its version; empty: it does not say, or is none."""
    exact: bool = False
    """Lengths of answers were enforced (min_tokens, ignore_eos), and not only limited."""
    window: int | None = None


class Result(Struct, frozen=True, kw_only=True):
    form: str = FORM
    schema: int = SCHEMA
    r1code: str
    begun: str
    """When, in UTC."""
    label: str = ""
    """What a person calls this configuration."""
    served: Served
    workload: Workload
    goal: Goal
    warm: Turn | None = None
    """The prefix alone, sent once before the first level: in no figure."""
    levels: tuple[Level, ...]
    ended: Ending = "whole"


def read_result(file: Path) -> Result:
    """Raises StateError."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise StateError(
            f"{file} cannot be read",
            why=error.strerror or str(error),
            hint="name a file of `serve bench -o FILE`",
        ) from error
    try:
        found = msgspec.json.decode(data, type=Result)
    except msgspec.MsgspecError as error:
        raise StateError(
            f"{file} is no result of a bench", why=str(error), hint="name a file of `serve bench -o FILE`"
        ) from error
    if found.form != FORM or found.schema != SCHEMA:
        raise StateError(
            f"{file} cannot be used",
            why=f"it says {found.form} {found.schema}, and this r1code reads {FORM} {SCHEMA}",
            hint="make it again with this r1code",
        )
    return found
