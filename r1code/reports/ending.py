"""How a run ends: said in its log, and reported as it was asked for, also when it failed or was stopped."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from r1code import __version__
from r1code.app.automatic import AtEnd, Say
from r1code.errors import R1CodeError, StateError, UsageError
from r1code.events import Finished
from r1code.log import Exited
from r1code.repo.git import Git
from r1code.reports.card import Card, failed_card, problem_of
from r1code.reports.form import FORMS, GITHUB, STDOUT, Target, target_of
from r1code.reports.github import Step, check_github
from r1code.reports.outlet import Place, is_github, places_of, printable, put, uses_stdout
from r1code.reports.sheet import Sheet, sheet_of
from r1code.secrets.values import Hide
from r1code.session import Session
from r1code.types import ExitCode
from r1code.ui.outlet import Outlet

Command = Literal["fix", "prompt", "plan", "init", "chat", "verify"]


class Wanted(Struct, frozen=True, kw_only=True):
    targets: tuple[Target, ...] = ()
    places: tuple[Place, ...] = ()
    """Of those that are files."""


class Ending:
    """Of one run."""

    def __init__(
        self,
        command: Command,
        wanted: Wanted,
        state: Path,
        *,
        step: Step | None = None,
        logs: bool = True,
    ) -> None:
        """`logs`: the session's log says how it ended, too."""
        self._command: Command = command
        self._targets = wanted.targets
        self._places = {one.target: one for one in wanted.places}
        self._state = state
        self._step = step
        self._logs = logs
        self._session: Session | None = None
        self._hide: Hide | None = None
        self._commit = ""
        self._began = time.time()
        self._before: list[AtEnd] = []
        self._is_over = False

    @property
    def uses_stdout(self) -> bool:
        """Standard output gets a report, and nothing else."""
        return uses_stdout(self._targets)

    @contextmanager
    def around(self, say: Say) -> Generator[None, None, None]:
        """While the block runs, whatever ends it is reported, also before there is a session."""
        try:
            if self._step is not None:
                self._step.quiet()
            with self._watched(say):
                yield
        finally:
            if self._step is not None:
                self._step.loud()

    @contextmanager
    def within(self, session: Session, hide: Hide, git: Git, say: Say) -> Generator[None, None, None]:
        """The same, inside, with a session that is open: its log says how it ended."""
        self._session, self._hide = session, hide
        self._commit = (git.head() or "") if self._logs and git.is_repository else ""
        with self._watched(say):
            yield

    @contextmanager
    def _watched(self, say: Say) -> Generator[None, None, None]:
        try:
            yield
        except R1CodeError as error:
            if not self._is_over:
                self._failed(error, say)
            raise
        finally:
            # A person stopped it early, or there is a bug.
            if not self._is_over:
                self._report(say, self._interrupted)

    def after(self, end: AtEnd) -> Ending:
        """The same, after `end` has done its part."""
        self._before.append(end)
        return self

    @property
    def ends(self) -> list[AtEnd]:
        return [*self._before, self._end] if self._logs else self._before

    def _end(self, finished: Finished, say: Say) -> None:
        """The run came to its end."""
        self._log(
            Exited(
                outcome=finished.outcome,
                exit_code=finished.exit_code,
                reason=finished.reason,
                limit=finished.limit,
                applied=finished.applied,
                seconds=finished.seconds,
                commit=self._commit,
                version=__version__,
            )
        )
        self._report(say, self._interrupted)

    def _failed(self, error: R1CodeError, say: Say) -> None:
        self._log(
            Exited(
                outcome=None,
                exit_code=error.exit_code,
                error=problem_of(error),
                seconds=time.time() - self._began,
                commit=self._commit,
                version=__version__,
            )
        )
        self._report(say, lambda: failed_card(self._command, error, now=self._began))

    def _interrupted(self) -> Card:
        card = failed_card(self._command, _GONE, now=self._began)
        return replace(card, outcome="unfinished", exit_code=ExitCode.INTERRUPTED, reason="cancelled", error=None)

    def _log(self, item: Exited) -> None:
        if self._logs and self._session is not None:
            self._session.append(item)

    def _report(self, say: Say, without_session: Callable[[], Card]) -> None:
        """Whatever cannot be reported is said, and changes nothing else: the exit code has its meaning."""
        self._is_over = True
        if not self._targets:
            return
        try:
            sheet = self._sheet(without_session)
        except StateError as error:
            say(str(error))
            return
        written: list[str] = []
        for target in self._targets:
            try:
                self._one(target, sheet)
            except R1CodeError as error:
                say(str(error))
            else:
                written += [target.file] if target.file not in {"", STDOUT} else []
        if written:
            say(f"reports: {', '.join(written)}")

    def _sheet(self, without_session: Callable[[], Card]) -> Sheet:
        if self._session is None or self._hide is None:
            return Sheet(card=without_session())
        forms = {one.form for one in self._targets}
        return sheet_of(self._session.folder, self._state, self._hide, forms=forms)

    def _one(self, target: Target, sheet: Sheet) -> None:
        """Raises R1CodeError."""
        if target.form == GITHUB:
            if self._step is not None:
                self._step.tell(sheet.card, None if self._session is None else self._session.folder)
            return
        text = FORMS[target.form](sheet)
        if target.file == STDOUT:
            shown = printable(text, target.form, is_terminal=sys.stdout.isatty(), ci=bool(os.environ.get("CI")))
            Outlet(sys.stdout).write(shown)
            return
        place = self._places[target]
        if place.inside and any(one.path == place.inside for one in sheet.card.patch.files):
            raise UsageError(
                f"the report {target.file} was not written",
                why="the patch has a file of this name",
                hint="r1code report makes it from the session",
            )
        put(place, text)


def ending_of(
    command: Command, wanted: Sequence[str], git: Git, state: Path, *, json: bool, answers: bool = False
) -> Ending:
    """What `--report` asks for. Raises UsageError where it cannot be, before anything is started.

    `answers`: standard output is for the answer of the model.
    """
    targets = tuple(target_of(one) for one in wanted)
    places = places_of(targets, git)
    if uses_stdout(targets) and (json or answers):
        raise UsageError(
            "standard output cannot have a report, too",
            why="--json writes events there" if json else "--output-schema writes the answer there",
            hint="name a file: --report FORM:FILE",
        )
    step = None
    if is_github(targets):
        check_github(os.environ)
        step = Step(sys.stderr if json or answers or uses_stdout(targets) else sys.stdout)
    return Ending(command, Wanted(targets=targets, places=places), state, step=step)


_GONE = StateError("there is no session", why="it ended before there was one", hint="try again")
