"""What a session's log holds: entries, and what each of them says."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct

from r1code.profiles.price import Price
from r1code.symptoms.symptom import Symptom
from r1code.types import (
    Cut,
    EndReason,
    Finish,
    Limit,
    Observation,
    Outcome,
    Part,
    Plan,
    Problem,
    RawCall,
    Reply,
    TestReport,
    ToolCall,
    Usage,
    Verdict,
)


class Item(Struct, frozen=True, kw_only=True, tag_field="kind", tag=True):
    """Base of what an entry says. In JSON the field `kind` carries the class name."""


class Conditions(Struct, frozen=True, kw_only=True):
    """What a task was given beside its words and the settings. Whoever goes on with it is bound by it, too."""

    only_tests: bool = False
    """Of a repair: the tests run, and nothing is repaired."""
    part: str = ""
    """The folder of the repository that it is about; empty: all of it."""
    found: bool = False
    """Nobody named the test command: the repository's files show it."""
    answer: str = ""
    """The JSON Schema of the final answer; empty: it is words."""
    hiding: str | None = None
    """What .r1codeignore was then, as its digest; empty: there was none. None: the log does not say."""
    plan: str = ""
    """The file that a person named for the plan, absolute; empty: r1code chooses one."""


class Opened(Item, frozen=True, kw_only=True):
    """The first entry of every log."""

    schema: int = 0
    session: str = ""
    root: str
    profile: str
    base: str
    """The name in the store of the packed snapshot that the session started from."""
    command: Literal["fix", "prompt", "plan", "init", "chat", "verify"] = "prompt"
    task: str = ""
    settings: dict[str, Any] = {}
    """The configuration, for a replay."""
    conditions: Conditions = Conditions()
    instructions: str = ""
    """What the first task's message begins with."""
    mentions: str = ""
    """What the first task's message ends with: what the task names with `@`."""
    folders: dict[str, str] = {}
    """By folder: what the model is told when it begins to work below."""
    replays: str = ""
    """The session that this one does again, without a model: what its replies used was used then."""
    branch: str = ""
    """What was checked out then; empty: no branch, or nobody knows."""
    forked: str = ""
    """The session whose first entries this one begins with."""
    symptoms: tuple[Symptom, ...] = ()
    """What a person gave a repair beside its tests."""
    copied: int = 0
    """How many of them: up to this entry it is the other's log, and what was used there is not counted here."""


class Said(Item, frozen=True, kw_only=True):
    """A user message. `origin` tells who wrote it: a person (task, steer), or r1code itself.

    mode: what the model may do from here on. handed: what one role, or step of the pipeline, leaves to the next.
    tests: what its changes broke. answer: what is wrong with its final answer. interrupted: how far it had come
    when it was stopped.
    """

    text: str
    origin: Literal[
        "task",
        "steer",
        "rejected",
        "nudge",
        "stuck",
        "mode",
        "handed",
        "instructions",
        "tests",
        "answer",
        "interrupted",
    ]


class Replied(Item, frozen=True, kw_only=True):
    text: str
    reasoning: str
    raw_calls: tuple[RawCall, ...] = ()
    finish: Finish
    usage: Usage
    cut: Cut | None = None

    @classmethod
    def of(cls, reply: Reply) -> Replied:
        return cls(
            text=reply.text,
            reasoning=reply.reasoning,
            raw_calls=reply.raw_calls,
            finish=reply.finish,
            usage=reply.usage,
            cut=reply.cut,
        )

    @property
    def reply(self) -> Reply:
        return Reply(
            text=self.text,
            reasoning=self.reasoning,
            raw_calls=self.raw_calls,
            finish=self.finish,
            usage=self.usage,
            cut=self.cut,
        )


class Called(Item, frozen=True, kw_only=True):
    call: ToolCall


class Observed(Item, frozen=True, kw_only=True):
    observation: Observation


class Ended(Item, frozen=True, kw_only=True):
    reason: EndReason
    text: str
    usage: Usage
    steps: int
    seconds: float
    limit: Limit | None = None
    """Which one was reached, where the reason is `budget`."""
    known: dict[str, str | None] = {}
    """The files that the model knows, and as what."""
    left: dict[str, str | None] = {}
    """The files that it has changed without knowing them, and as what it left them."""


RESUMABLE: frozenset[EndReason] = frozenset({"budget", "cancelled", "error"})
"""How a turn ends that did not come to its own end."""


class Resumed(Item, frozen=True, kw_only=True):
    """A person let the turn go on that was stopped before. The model is told nothing of it."""


class Continued(Item, frozen=True, kw_only=True):
    """A person gives the session another task. Fields are as in `Opened`; the model sees what was before."""

    command: Literal["prompt", "plan"] = "prompt"
    task: str
    profile: str
    base: str
    settings: dict[str, Any] = {}
    conditions: Conditions = Conditions()
    mentions: str = ""


class Renamed(Item, frozen=True, kw_only=True):
    """A person named the session. It is no part of the history."""

    title: str


class Adopted(Item, frozen=True, kw_only=True):
    """From here on failing tests are repaired in this way. Tasks are questions, where it is the pipeline."""

    strategy: Literal["loop", "pipeline"]


class Tried(Item, frozen=True, kw_only=True):
    """What came of a change that the pipeline made: what the tests said, after their observation."""

    came: Literal["better", "same", "other"]
    """better: something is repaired, and nothing broke. same: no test ends otherwise than before."""
    report: TestReport | None = None
    """Where things are better: what is known from then on."""


class Tested(Item, frozen=True, kw_only=True):
    """The baseline: the tests on the tree as it was."""

    command: str
    report: TestReport


class Searched(Item, frozen=True, kw_only=True):
    """The first bad commit of a range was looked for, by running the tests."""

    good: str
    bad: str
    suspects: tuple[str, ...]
    """The commits of which it is one; none: it was not found."""
    told: str


class Judged(Item, frozen=True, kw_only=True):
    verdict: Verdict
    report: TestReport | None = None
    """What the tests said with the patch. None: they did not run again."""


class Exited(Item, frozen=True, kw_only=True):
    """How a run of r1code ended, in order or not: what its exit code says. It is no part of the history.

    Without one after the last task the process died, or still works, or it is a conversation.
    """

    outcome: Outcome | Literal["done", "ended"] | None
    """None: an error ended it."""
    exit_code: int
    reason: EndReason | None = None
    limit: Limit | None = None
    applied: bool = False
    """The work tree holds the patch."""
    error: Problem | None = None
    seconds: float
    commit: str = ""
    """What was checked out when it began; empty: nothing, or nobody knows."""
    version: str
    """Of r1code."""


class Chosen(Item, frozen=True, kw_only=True):
    """Of several candidates this one is taken. Each has a log of its own: r1code/session.py says where."""

    candidate: int
    why: str


class Concluded(Item, frozen=True, kw_only=True):
    """The task came to its own end: there is nothing to resume."""

    exit_code: int
    outcome: str
    applied: bool
    """The work tree has the patch."""


class Rewound(Item, frozen=True, kw_only=True):
    """A person undid or did again what was done: the history goes on from the entry's parent."""

    position: int
    """Of the work tree's timeline."""


class Switched(Item, frozen=True, kw_only=True):
    """From here on the model of another profile answers; of two roles, the `role`."""

    profile: str
    role: Part = "actor"


class Compacted(Item, frozen=True, kw_only=True):
    """From here on the model sees a shorter history. What was before stays in the log."""

    tasks: tuple[int, ...] = ()
    """The entries before `kept` that stay, word for word: what a person asked for."""
    summary: str = ""
    """Stands for all others before `kept`. Empty: nothing is left out."""
    kept: int = 1
    """The first entry that stays."""
    shortened: dict[str, str] = {}
    """By call: what stands for its observation."""
    how: Literal["pruned", "model", "log"]
    """Only observations were shortened | the model summed up | what the log says was put together."""
    tokens_before: int
    tokens_after: int
    """Of the prompt."""
    question: str = ""
    """What the model was told, after all that was before; empty: it was not asked."""
    reply: Reply | None = None
    """What it said, used or not."""


class Overflowed(Item, frozen=True, kw_only=True):
    """The server refused a prompt as too long. It is no part of the history: what it takes, no undo changes."""

    profile: str
    """Whose server."""
    size: int
    """The prompt's tokens, as they are counted here."""
    window: int | None = None
    """Tokens that it takes, prompt and answer together; None: it did not say."""
    asked: int | None = None
    """Of these, what it counted for the answer."""


class Planned(Item, frozen=True, kw_only=True):
    """A plan that was made, or that a person gave."""

    plan: Plan
    by: Literal["model", "person"]


class Asked(Item, frozen=True, kw_only=True):
    """A request is about to be sent. It is no part of the history, and an entry `Used` says what came of it.

    Without one the process died: what the request used is not known.
    """

    profile: str
    step: int
    price: Price | None = None
    """That of the profile, so that a cost never changes later. None: not known."""
    at_most: Decimal | None = None
    """What it can cost at most. None: nothing bounds it."""


class Used(Item, frozen=True, kw_only=True):
    """What a request used, whether it brought a reply or not. It is no part of the history."""

    asked: int
    """The entry that the request is."""
    usage: Usage | None
    """None: it was refused, and used nothing."""


class Aside(Item, frozen=True, kw_only=True):
    """A question on the side, and what the model said. It is no part of the history: no model sees it again."""

    question: str
    reply: Reply


AnyItem = (
    Opened
    | Said
    | Replied
    | Called
    | Observed
    | Ended
    | Adopted
    | Tried
    | Tested
    | Searched
    | Judged
    | Chosen
    | Concluded
    | Exited
    | Rewound
    | Resumed
    | Continued
    | Renamed
    | Switched
    | Planned
    | Compacted
    | Overflowed
    | Asked
    | Used
    | Aside
)


class Entry(Struct, frozen=True, kw_only=True):
    id: int
    parent: int | None
    time: float
    """Seconds since the epoch."""
    item: AnyItem
