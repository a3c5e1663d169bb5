"""A task from its start to a verdict: `fix` repairs failing tests, `prompt` does what a person asks.

Both are generators of events, and the last event is Finished. A verdict comes from a clean re-run: the base
snapshot with the patch, in a fresh sandbox.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path
from typing import Literal, TypeVar

from r1code import prompts
from r1code.budget import Meter
from r1code.control import Control
from r1code.errors import Cancelled, StateError
from r1code.events import (
    BaselineReached,
    Event,
    Finished,
    Notice,
    PatchReady,
    PlanReady,
)
from r1code.ledger import charges_of, spent
from r1code.log import Concluded, Continued, Said, Tested
from r1code.log_file import candidates_of, entries_of
from r1code.repair.approach import Approach
from r1code.repair.attempt import Attempt, Given, Tried, copied, started
from r1code.repair.candidates import Candidates
from r1code.repair.conclusion import conclusion, texts_of
from r1code.repair.first_message import first_message
from r1code.repair.grounds import Grounds
from r1code.repair.heard import Heard
from r1code.repair.next_message import next_message
from r1code.repair.parts import Parts
from r1code.repair.proof import Claim, Proof
from r1code.repair.roles import Roles, Work
from r1code.repair.stopped import Stopped, keep
from r1code.repair.verdict import problem
from r1code.session import PATCH, Session
from r1code.tools.truncation import clean
from r1code.tree.patch import Patch
from r1code.tree.snapshot import Snapshot
from r1code.tree.swap import discarded
from r1code.tree.worktree import WorkTree
from r1code.turn import Events
from r1code.types import EndReason, ExitCode, Outcome, Spent, TestReport, Verdict

_COPY = "copy"
"""Where a dry run works."""
_MOST_ASKED = 2
"""Times that an answer is asked for again."""
_EXITS: dict[str, ExitCode] = {
    "fixed": ExitCode.OK,
    "unbroken": ExitCode.OK,
    "done": ExitCode.OK,
    "not_fixed": ExitCode.NOT_FIXED,
    "ended": ExitCode.NOT_FIXED,
    "nothing_to_fix": ExitCode.NOTHING_TO_FIX,
    "cannot_reproduce": ExitCode.CANNOT_REPRODUCE,
    "tampered": ExitCode.TAMPERED,
    "flaky": ExitCode.FLAKY,
    "not_solvable": ExitCode.NOT_SOLVABLE,
}
Result = TypeVar("Result")
_WELL_ENDED: frozenset[EndReason | None] = frozenset({"done", "answered", "plan", "question"})


class Repair:
    """One run."""

    def __init__(self, parts: Parts, session: Session, meter: Meter, approach: Approach) -> None:
        self._parts = parts
        self._session = session
        self._meter = meter
        self._approach = approach
        self._command = approach.command
        self._began = time.monotonic()
        self._heard = Heard()
        self._saved: Path | None = None
        self._applied = False
        self._known: tuple[str, ...] = ()
        self._proof = Proof(parts, session)
        self._grounds = Grounds(parts, session, self._proof, approach)

    def fix(self, command: str, control: Control) -> Generator[Event, None, None]:
        """Makes the failing tests of `command` pass. The person's tree changes only by a patch that did.

        Raises R1CodeError; a patch made until then is saved in the session's folder.
        """
        try:
            outcome = yield from self._fix(command, control)
        except Cancelled:
            self._heard.reason, outcome = "cancelled", "not_fixed"
        if (kept := self._session.folder / PATCH).exists():
            self._saved = kept
        finished = self._finished(outcome)
        if finished.exit_code not in {ExitCode.INTERRUPTED, ExitCode.BUDGET}:
            self._session.append(
                Concluded(exit_code=finished.exit_code, outcome=finished.outcome, applied=finished.applied)
            )
        yield finished

    def prompt(self, text: str, control: Control) -> Generator[Event, None, None]:
        """Does a task in the person's own tree. With a test command its patch gets a verdict, too."""
        try:
            outcome = yield from self._prompt(text, control)
        except Cancelled:
            self._heard.reason, outcome = "cancelled", "ended"
        yield self._finished(outcome)

    def plan(self, text: str, control: Control) -> Generator[Event, None, None]:
        """Makes a plan for a task, which is saved for a person; nothing is changed and no command runs."""
        outcome: Literal["done", "ended"] = "ended"
        tree = self._parts.tree
        sandbox = self._parts.sandbox(tree.root)
        try:
            seed, task = self._approach.seed, self._task(text, control)
            work = Work(task=task, tree=tree, sandbox=sandbox, seed=seed, protect=False)
            roles = Roles(self._parts, self._session, self._meter, work)
            planning = roles.plan(control) if self._approach.stopped is None else roles.replan(control)
            plan = yield from self._heard.pass_on(planning)
            if plan is not None:
                outcome = "done"
                yield PlanReady(plan=plan, file=self._parts.keep_plan(plan))
            elif self._heard.reason in _WELL_ENDED:
                yield Notice(text="there is no plan: the model ended its turn without one", level="warning")
        except Cancelled:
            self._heard.reason = "cancelled"
        finally:
            sandbox.close()
        yield self._finished(outcome)

    def _fix(self, command: str, control: Control) -> Generator[Event, None, Outcome | Literal["ended"]]:
        left = self._approach.stopped
        base, before = (self._parts.tree.snapshot(), None) if left is None else (left.base, left.before)
        if before is None:
            yield Notice(text=f"running the tests on the tree as it is: {command}")
            before = yield from self._proof.baseline(base, command, control, steady=True)
            self._session.append(Tested(command=command, report=before))
        yield BaselineReached(command=command, report=before)
        ending = yield from self._grounds.settle(base, before, command, control)
        if ending is not None:
            self._known = self._grounds.known
            return ending
        tried = yield from self._best(base, before, command, control)
        yield from self._grounds.outside(self._approach.part, tried.patch)
        if tried.verdict.outcome == "fixed" and not self._approach.dry_run:
            try:
                self._apply(tried.patch, f"fix: {command}")
            except StateError as error:
                yield Notice(text=f"the patch was not applied: {error}", level="warning")
                return "ended"
        said = self._heard.answer
        end = conclusion(before, tried.verdict, texts_of(base, self._parts.store), said=said)
        self._known = end.known
        return end.outcome

    def _apply(self, patch: Patch, title: str) -> None:
        """Raises StateError. What was killed right after it had applied it has nothing more to do."""
        now = self._parts.tree.snapshot().entries
        if any(now.get(change.path) != change.after for change in patch.changes):
            self._parts.tree.apply(patch, title)
        self._applied = True

    def _prompt(self, text: str, control: Control) -> Generator[Event, None, Outcome | Literal["done", "ended"]]:
        left = self._approach.stopped
        base, since = (self._parts.tree.snapshot(), time.time()) if left is None else (left.base, left.since)
        tree = self._parts.tree
        if self._approach.dry_run:
            tree = copied(self._parts, started(self._parts, base, left, _COPY), _COPY)
        sandbox = self._parts.sandbox(tree.root)
        try:
            work = Work(
                task=self._task(text, control),
                tree=tree,
                sandbox=sandbox,
                seed=self._approach.seed,
                protect=False,
                plan=self._approach.plan,
            )
            yield from self._heard.pass_on(self._working(work, left, control))
            yield from self._asked_again(work, control)
        finally:
            sandbox.close()
            patch = tree.changed(base, since)
            self._session_patch(patch)
            self._applied = bool(patch) and not self._approach.dry_run
            if self._approach.dry_run:
                self._give_up(tree)
        if patch:
            yield PatchReady(diff=self._parts.unified(patch), files=patch.files)
        if not patch or self._command is None or self._heard.reason == "cancelled":
            return "done" if self._heard.reason in _WELL_ENDED else "ended"
        yield Notice(text=f"running the tests on the tree as it was: {self._command}")
        steady = not self._approach.found
        before = yield from self._proof.baseline(base, self._command, control, steady=steady)
        self._session.append(Tested(command=self._command, report=before))
        yield BaselineReached(command=self._command, report=before)
        if (
            self._approach.found
            and (trouble := problem(before, base.entries)) is not None
            and trouble[0] == "cannot_reproduce"
        ):
            text = f"no verdict: {trouble[1]}; --test names another command, and --test off none"
            yield Notice(text=text, level="warning")
            return "done" if self._heard.reason in _WELL_ENDED else "ended"
        verdict = yield from self._verdict(base, patch, before, control)
        return verdict.outcome

    def _asked_again(self, work: Work, control: Control) -> Events:
        """Until the answer is what was asked for, twice at most."""
        wanted = self._approach.answer
        if wanted is None:
            return
        for number in range(1, _MOST_ASKED + 1):
            why = wanted.wrong(self._heard.answer)
            if not why or self._heard.reason not in _WELL_ENDED:
                return
            yield Notice(text=f"the answer is asked for again ({number} of {_MOST_ASKED}): {why}")
            said = Said(text=prompts.load("answer", why=clean(why), schema=wanted.schema), origin="answer")
            agent = self._parts.agent(work.tree, work.sandbox, None, protect=False, seed=work.seed)
            yield from self._heard.pass_on(agent.turn(said, self._meter, control))

    def _best(
        self, base: Snapshot, before: TestReport, command: str, control: Control
    ) -> Generator[Event, None, Tried]:
        """What came of the only attempt, or of the best one."""
        given = Given(
            base=base,
            before=before,
            command=command,
            claim=lambda patch: self._claim(base, patch, before, protect=True),
            task=lambda asked: self._fix_task(command, before, asked),
        )
        variants = self._approach.variants
        if len(variants) != 1:
            tried = yield from Candidates(
                self._parts, self._session, self._meter, approach=self._approach, given=given
            ).run(control)
        else:
            left = self._approach.stopped
            attempt = Attempt(
                self._parts,
                self._session,
                self._meter,
                given,
                seed=variants[0].seed,
                left=left if left is not None and left.has_begun else None,
            )
            tried = yield from self._heard.pass_on(attempt.run(control))
        self._heard.reason, self._heard.limit, self._heard.answer = tried.reason, tried.limit, tried.answer
        return tried

    def _working(self, work: Work, left: Stopped | None, control: Control) -> Events:
        """A new turn, or the one that was stopped."""
        roles = Roles(self._parts, self._session, self._meter, work)
        return roles.work(control) if left is None else roles.resume(control)

    def _give_up(self, tree: WorkTree) -> None:
        """Removes a copy, of which what is needed is kept."""
        keep(self._session, self._parts.store, tree)
        discarded(tree.root)

    def _verdict(
        self, base: Snapshot, patch: Patch, before: TestReport, control: Control
    ) -> Generator[Event, None, Verdict]:
        claim = self._claim(base, patch, before, protect=False)
        return (yield from self._proof.verdict(claim, self._command or "", control))[0]

    def _claim(self, base: Snapshot, patch: Patch, before: TestReport, *, protect: bool) -> Claim:
        # A task with tests that nobody named is not about those that failed before.
        repairs = protect or not self._approach.found
        return Claim(
            base=base,
            patch=patch,
            before=before,
            protect=protect,
            repairs=repairs,
            targets=self._grounds.targets,
            reproduces=self._grounds.reproduces,
        )

    def _task(self, text: str, control: Control) -> str:
        if isinstance(self._session.task, Continued):
            return next_message(self._parts.tree, self._session, text)
        return first_message(self._parts, self._session.opened, text, control)

    def _fix_task(self, command: str, report: TestReport, control: Control) -> str:
        return self._task(self._grounds.task(command, report), control)

    def _session_patch(self, patch: Patch) -> None:
        """Keeps the patch where nothing that follows can lose it."""
        if patch:
            self._saved = self._session.folder / PATCH
            self._saved.write_text(self._parts.unified(patch), encoding="utf-8", errors="surrogateescape")

    def _finished(self, outcome: Outcome | Literal["done", "ended"]) -> Finished:
        code = _EXITS[outcome]
        if self._heard.reason == "cancelled":
            code = ExitCode.INTERRUPTED
        elif self._heard.reason == "budget" and (code is ExitCode.NOT_FIXED or outcome == "unbroken"):
            # What broke nothing is not what was asked for.
            code = ExitCode.BUDGET
        elif (
            code is ExitCode.OK
            and self._approach.answer is not None
            and self._approach.answer.wrong(self._heard.answer)
        ):
            code = ExitCode.NO_ANSWER
        return Finished(
            outcome=outcome,
            reason=self._heard.reason,
            exit_code=code,
            applied=self._applied,
            patch_file=None if self._saved is None else str(self._saved),
            session=self._session.id,
            usage=self._meter.usage,
            seconds=time.monotonic() - self._began,
            limit=self._heard.limit,
            spent=self._spent(),
            known=self._known,
        )

    def _spent(self) -> Spent:
        logs = [self._session.entries, *map(entries_of, candidates_of(self._session.folder))]
        return spent(charge for log in logs for charge in charges_of(log))
