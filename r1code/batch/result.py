"""What came of a task of a batch."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal, get_args

from msgspec import Struct

from r1code.batch.task import BatchTask
from r1code.types import Bill, ExitCode, Spent, Tokens, Verdict

ItsOutcome = Literal[
    "fixed",
    "unbroken",
    "done",
    "not_fixed",
    "nothing_to_fix",
    "cannot_reproduce",
    "budget",
    "tampered",
    "no_answer",
    "flaky",
    "not_solvable",
    "timeout",
    "usage",
    "backend",
    "sandbox",
    "internal",
    "killed",
    "unprepared",
    "unfetched",
]
"""As the exit code says, and besides: timeout, the batch ended it; killed, somebody else did, or interrupted it;
unprepared, the task does not fit its repository; unfetched, git or the disk failed."""

AGAIN: frozenset[str] = frozenset({"backend", "sandbox", "internal", "killed", "unfetched"})
"""Nothing was found out about the task: another attempt may be luckier."""
FAULTS: frozenset[str] = AGAIN | {"usage", "unprepared"}
"""They say nothing about the model: a later run with --retry takes their tasks again."""
_OK: frozenset[str] = frozenset({"fixed", "unbroken", "done"})
_KNOWN: frozenset[str] = frozenset(get_args(ItsOutcome))
_NEED_AN_END = frozenset({0, 1, 3, 4, 5, 8, 9, 10, 11})
"""Exit codes that r1code only has after it told its end: without that it is Python that ended with them."""


class Try(Struct, frozen=True, kw_only=True):
    """One run of `r1code fix`."""

    outcome: ItsOutcome
    exit_code: int
    seconds: float = 0.0
    verdict: Verdict | None = None
    """On the patch that it came to."""
    spent: Spent = Spent()
    why: str = ""
    """What it said where it could not work; the verdict's words else."""


class Result(Struct, frozen=True, kw_only=True):
    id: str
    outcome: ItsOutcome
    """Of the last try."""
    solved: bool
    why: str = ""
    attempts: int = 1
    """Times that it was begun; more than one where something failed that had nothing to do with it."""
    failures: tuple[str, ...] = ()
    """What ended the attempts before."""
    tries: tuple[Try, ...] = ()
    spent: Spent = Spent()
    """By all tries, and by all attempts as far as they told."""
    seconds: float = 0.0
    """From its first attempt on, without waiting between them."""
    base: str = ""
    """The commit that it began from."""
    has_patch: bool = False

    @property
    def verdict(self) -> Verdict | None:
        return self.tries[-1].verdict if self.tries else None

    @property
    def is_fault(self) -> bool:
        return self.outcome in FAULTS


def outcome_of(code: int, ended: str | None) -> ItsOutcome:
    """What an exit code means. `ended`: the outcome that the last event told; None: there was none."""
    if code < 0 or code == ExitCode.INTERRUPTED:
        return "killed"
    if ended is None and code in _NEED_AN_END:
        return "internal"
    if code == ExitCode.OK:
        return _named(ended or "", _OK)
    names = {int(one): one.name.lower() for one in ExitCode}
    return _named(names.get(code, ""), _KNOWN)


def _named(name: str, among: frozenset[str]) -> ItsOutcome:
    found: dict[str, ItsOutcome] = {one: one for one in get_args(ItsOutcome) if one in among}
    return found.get(name, "internal")


def is_solved(task: BatchTask, outcome: str, verdict: Verdict | None) -> bool:
    """Whether a verdict is what the task asks for.

    Without targets it has to be `fixed`. With targets these have to pass, whatever else fails as it did before;
    a target that the runner does not know is not solved.
    """
    if verdict is None or verdict.tampered:
        return False
    if not (task.fail_to_pass or task.pass_to_pass):
        return outcome == verdict.outcome == "fixed"
    if verdict.outcome not in {"fixed", "unbroken"} and not (verdict.still_failing or verdict.broken):
        # The command, or its report, did not end as it should.
        return False
    fixed = set(task.fail_to_pass) <= set(verdict.fixed) if task.fail_to_pass else not verdict.still_failing
    broken = set(verdict.broken) & set(task.pass_to_pass) if task.pass_to_pass else verdict.broken
    return fixed and not broken


def total(many: Iterable[Spent]) -> Spent:
    """The sum; what is not known stays so."""
    sum_of = Spent()
    for one in many:
        sum_of = Spent(
            requests=sum_of.requests + one.requests,
            prompt=_tokens(sum_of.prompt, one.prompt),
            hit=_tokens(sum_of.hit, one.hit),
            miss=_tokens(sum_of.miss, one.miss),
            completion=_tokens(sum_of.completion, one.completion),
            answer=_tokens(sum_of.answer, one.answer),
            reasoning=_tokens(sum_of.reasoning, one.reasoning),
            bills=_bills((*sum_of.bills, *one.bills)),
            unpriced=sum_of.unpriced + one.unpriced,
        )
    return sum_of


def _tokens(left: Tokens, right: Tokens) -> Tokens:
    return Tokens(known=left.known + right.known, unknown=left.unknown + right.unknown)


def _bills(bills: Iterable[Bill]) -> tuple[Bill, ...]:
    found: dict[str, Bill] = {}
    for bill in bills:
        one = found.get(bill.currency, Bill(currency=bill.currency))
        bound = None if one.at_most is None or bill.at_most is None else one.at_most + bill.at_most
        found[bill.currency] = Bill(
            currency=bill.currency,
            total=one.total + bill.total,
            unknown=one.unknown + bill.unknown,
            at_most=bound,
            hit=one.hit + bill.hit,
            miss=one.miss + bill.miss,
            answer=one.answer + bill.answer,
            reasoning=one.reasoning + bill.reasoning,
            uncached=one.uncached + bill.uncached,
        )
    return tuple(found.values())


def tokens_of(spent: Spent) -> int:
    """Prompts and completions together, as far as they are known."""
    return spent.prompt.known + spent.completion.known


def cost_of(spent: Spent) -> Decimal | None:
    """In the one currency that there is. None: several, none, or the price of a part is not known."""
    if len(spent.bills) != 1 or spent.unpriced or spent.bills[0].unknown:
        return None
    return spent.bills[0].total
