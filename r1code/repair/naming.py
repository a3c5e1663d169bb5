"""The pipeline for models that reason: they name the places in one call and edit them in another.

r1code gathers what the failing tests say and what they reach; the model names the places, sees exactly those, and
edits them; the tests decide. What they do not like is taken back, and the next round begins anew.
"""

from __future__ import annotations

from r1code import prompts
from r1code.events import Notice
from r1code.log import Called, Said
from r1code.repair.bench import Bounds, Known
from r1code.repair.pipeline import MOST_SUSPECTS, Attempt, Pipeline
from r1code.repair.places import failure_of, suspects
from r1code.repair.verdict import failing
from r1code.sandbox.runners import summary
from r1code.tools.list import listing
from r1code.tools.truncation import clean, clip
from r1code.turn import Steps
from r1code.types import TestReport

ROUNDS = 2
"""That bring nothing; what makes things better begins their count anew."""
MOST_PLACES = 12
MOST_IDS = 30
MOST_FILES = 200
MOST_DIGEST = 8_000


class Naming(Pipeline):
    def _attempts(self, report: TestReport, bounds: Bounds) -> Steps:
        if not failing(report):
            return "gave_up", "no test fails yet"
        good, rounds = self._tree.snapshot(), 0
        tried = {self._toolset.state()}
        while rounds < ROUNDS:
            known = Known(report=report, trace={}, tried=tried, fills=set())
            better = yield from self._taken_back(self._round(known, bounds), good)
            if better is None:
                rounds += 1
                continue
            good, report, rounds = self._tree.snapshot(), better, 0
            yield Notice(text=f"kept: {summary(better)}")
            if not failing(report):
                return "done", "no test fails any more"
        return "gave_up", f"{ROUNDS} rounds of naming places and editing them brought nothing"

    def _round(self, known: Known, bounds: Bounds) -> Attempt:
        yield from self._begin(self._places(known.report))
        calls = yield from self._calls_asked(bounds)
        if calls is not None and calls and all(self._toolset.effect(call) == "read" for call in calls):
            for place in calls[:MOST_PLACES]:
                yield from self._change([place], bounds.control)
                if not self._has_room():
                    break
            self._track.append(Said(text=prompts.load("places_edit"), origin="handed"))
            calls = yield from self._calls_asked(bounds)
        # Who sends edits at once has seen enough.
        edits = [call for call in calls or () if self._toolset.effect(call) == "write"]
        tried = yield from self._try(edits, known, bounds)
        return None if tried is None else tried.report

    def _has_room(self) -> bool:
        """Whether another place may be shown; of what is followed, whether one was."""
        ahead = self._track.ahead
        within = self._model.is_within
        return within(self._session.history(), self._prompt) if ahead is None else isinstance(ahead, Called)

    def _places(self, report: TestReport) -> str:
        names, paths = failing(report), self._tree.paths()
        target = names[0]
        found = suspects(self._tree, target, f"{failure_of(report, target)}\n{self._hints}")
        text = prompts.load(
            "places_task",
            command=self._command,
            ids=names[:MOST_IDS],
            digest=clip(report.digest, MOST_DIGEST).text,
            count=len(paths),
            files=listing(paths, MOST_FILES),
            suspects=found[:MOST_SUSPECTS],
            most=MOST_PLACES,
        )
        return clean(text)
