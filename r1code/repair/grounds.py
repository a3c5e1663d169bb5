"""What a repair goes by: the tests that are meant, what shows the failure, and which commit may be at fault."""

from __future__ import annotations

from collections.abc import Generator

from r1code import prompts
from r1code.control import Control
from r1code.events import Event, Notice
from r1code.log import Searched
from r1code.naming import first_of
from r1code.repair.approach import Approach
from r1code.repair.bisect import Bisection
from r1code.repair.parts import Parts
from r1code.repair.proof import Proof
from r1code.repair.reproduce import Again, Reproduced, reproduce
from r1code.repair.verdict import failing
from r1code.repo.ancestry import Ancestry, Span, Step, named
from r1code.sandbox.runners.digest import digest
from r1code.session import Session
from r1code.symptoms.places import Files, all_spots, spots_in
from r1code.symptoms.symptom import Spot, Symptom
from r1code.tools.truncation import LEAST, clean, clip
from r1code.tree.patch import Patch
from r1code.tree.snapshot import Snapshot
from r1code.types import Outcome, TestReport

_END, _NO_END = "</observation", "< /observation"
_MOST_IDS = 30
_MOST_DIGEST = 8_000
_MOST_SHOWN = 18_000
"""Characters of all that is shown beside the tests."""
_MOST_OF_ONE = {"issue": 12_000, "log": 4_000, "junit": 4_000, "range": 8_000}
_MOST_COMMITS = 40
_MOST_DIFFS = 2
_MOST_DIFF = 4_000
_MOST_PLACES = 15


class Grounds:
    """Of one repair. `settle` comes first."""

    def __init__(self, parts: Parts, session: Session, proof: Proof, approach: Approach) -> None:
        self._parts = parts
        self._session = session
        self._proof = proof
        self._symptoms = approach.symptoms
        self._ancestry = approach.ancestry
        self._found = Reproduced()
        self._searched: Searched | None = None

    @property
    def targets(self) -> tuple[str, ...]:
        """The failing tests that have to be repaired; empty: all of them."""
        return self._found.targets

    @property
    def known(self) -> tuple[str, ...]:
        """Where there is nothing to repair: what is known of why, beside what was told."""
        return self._found.known

    @property
    def reproduces(self) -> bool:
        """No test fails yet: one that does is to be added."""
        return self._found.reproduces

    def settle(
        self, base: Snapshot, before: TestReport, command: str, control: Control
    ) -> Generator[Event, None, Outcome | None]:
        """Whether there is something to repair; None: there is. Raises SandboxError, StateError and Cancelled."""
        again = Again(self._proof, command, control)
        self._found = yield from reproduce(self._symptoms, base, before, again)
        if self._found.ending is None and not self.reproduces:
            for symptom in self._symptoms:
                if symptom.bisect and self._ancestry is not None:
                    bisection = Bisection(self._ancestry, self._proof, command, control)
                    yield from self._bisected(symptom, base, before, bisection)
        return self._found.ending

    def _bisected(
        self, symptom: Symptom, base: Snapshot, before: TestReport, bisection: Bisection
    ) -> Generator[Event, None, None]:
        known = [entry.item for entry in self._session.entries if isinstance(entry.item, Searched)]
        if known:
            self._searched = known[-1]
            return
        found = yield from bisection.search(span_of(symptom, bisection.ancestry), base, before, self.targets)
        yield found.notice
        self._searched = Searched(
            good=symptom.traits.get("good", ""),
            bad=symptom.commit,
            suspects=tuple(step.commit for step in found.suspects),
            told=found.notice.text,
        )
        self._session.append(self._searched)

    def outside(self, part: str, patch: Patch) -> Generator[Event, None, None]:
        """Says what of a patch is not in the folder that it is about: that may be where the cause is."""
        elsewhere = [path for path in patch.paths if part and not path.startswith(f"{part}/")]
        if elsewhere:
            yield Notice(text=f"changed outside of {part}: {first_of(elsewhere)}", level="warning")

    def task(self, command: str, before: TestReport) -> str:
        """What is to be done, for the model, with all that was shown."""
        if self.reproduces:
            text = prompts.load("fix_issue", command=command)
        else:
            names = self.targets or failing(before)
            more = f" (the first {_MOST_IDS} are named)" if len(names) > _MOST_IDS else ""
            text = prompts.load(
                "fix",
                command=command,
                failing=f"{len(names)}{more}",
                ids=names[:_MOST_IDS],
                digest=clip(self._digest(before), _MOST_DIGEST).text,
            )
        shown = self._shown(before)
        return f"{text}\n\n{shown}" if shown else text

    def _digest(self, before: TestReport) -> str:
        if not self.targets:
            return before.digest
        meant = [one for one in before.failures if one.id in self.targets]
        return digest(meant, limit=_MOST_DIGEST) or before.digest

    def _shown(self, before: TestReport) -> str:
        if not self._symptoms:
            return ""
        left = _MOST_SHOWN
        parts: list[tuple[str, str]] = []
        for symptom in self._symptoms:
            heading, text = self._part(symptom, before)
            most = min(left, _MOST_OF_ONE[symptom.kind])
            if most < LEAST or not text.strip():
                continue
            # What a stranger wrote does not end where it says.
            text = clip(clean(text).replace(_END, _NO_END), most).text
            left -= len(text)
            parts.append((clean(heading), text))
        spots = Files(self._parts.tree.paths()).resolved(all_spots(self._symptoms))
        places = [clean(told(spot)) for spot in spots[-_MOST_PLACES:]]
        return prompts.load("symptoms", parts=parts, places=places) if parts or places else ""

    def _part(self, symptom: Symptom, before: TestReport) -> tuple[str, str]:
        if symptom.kind == "range":
            history = "" if self._ancestry is None else self._history(symptom, self._ancestry, before)
            return f"the commits {symptom.origin}", history
        if symptom.kind == "issue":
            return f"the issue, {symptom.origin}", symptom.text
        if symptom.kind == "log":
            head = [f"{one.id}: {one.text}" for one in symptom.tests[:_MOST_IDS]]
            return f"the CI log, {symptom.origin}", "\n".join([*head, *symptom.errors, symptom.text])
        return f"the JUnit report, {symptom.origin}", "\n\n".join(
            f"{one.id}\n{one.text}".strip() for one in symptom.tests[:_MOST_IDS]
        )

    def _history(self, symptom: Symptom, ancestry: Ancestry, before: TestReport) -> str:
        """Its commits, and what those did that may have brought the failure."""
        span = span_of(symptom, ancestry)
        found = self._suspects(span, before)
        lines = [self._searched.told] if self._searched is not None else []
        lines.append(f"The commits since {span.good[:10]}, the newest first:\n{named(span.steps, _MOST_COMMITS)}")
        for step in found[:_MOST_DIFFS]:
            heading, diff = ancestry.shown(step.commit)
            lines.append(f"{heading}\n{clip(diff, _MOST_DIFF).text}")
        return "\n\n".join(lines)

    def _suspects(self, span: Span, before: TestReport) -> list[Step]:
        """Those that were found, else those that touched what the failures name, the newest first."""
        if self._searched is not None and self._searched.suspects:
            return [step for step in reversed(span.steps) if step.commit in self._searched.suspects]
        texts = [line for one in before.failures for line in one.text.splitlines()]
        spots = [*spots_in(texts), *all_spots(self._symptoms)]
        near = {spot.path for spot in Files(self._parts.tree.paths()).resolved(spots)}
        touched = [(len(near.intersection(step.paths)), at, step) for at, step in enumerate(span.steps)]
        ordered = sorted((one for one in touched if one[0]), key=lambda one: (-one[0], -one[1]))
        return [step for _, _, step in ordered]


def span_of(symptom: Symptom, ancestry: Ancestry) -> Span:
    return ancestry.span(f"{symptom.traits.get('good', '')}..{symptom.commit}")


def told(spot: Spot) -> str:
    return f"{spot.path}:{spot.line}" if spot.line else spot.path
