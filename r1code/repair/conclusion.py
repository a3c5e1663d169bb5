"""How a repair ends that has not fixed everything: what is known, and whether it could be done at all."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from r1code.repair.asked import Asked
from r1code.repair.contradiction import READ, Contradiction, contradictions
from r1code.repair.protected import is_protected
from r1code.repair.verdict import wanted
from r1code.tools.truncation import clean
from r1code.tree.snapshot import Snapshot
from r1code.tree.store import Store
from r1code.types import Outcome, TestReport, Verdict

_GIVES_UP = re.compile(r"^cannot: +", re.IGNORECASE)
"""As prompts/fix.md asks for it."""
_MOST_SAID = 600
_MOST_SHOWN = 5
_MOST_BYTES = 300_000


class Fact(Struct, frozen=True):
    text: str


class Conclusion(Struct, frozen=True, kw_only=True):
    outcome: Outcome
    known: tuple[str, ...] = ()
    """For whoever takes it on: one line each."""


def conclusion(
    before: TestReport,
    verdict: Verdict,
    tests: Mapping[str, str],
    *,
    targets: tuple[str, ...] = (),
    said: str = "",
) -> Conclusion:
    """What the best patch came to. `tests`: texts of files that a repair leaves alone. `said`: by the model."""
    if verdict.outcome != "not_fixed":
        return Conclusion(outcome=verdict.outcome)
    found = _proven(before, verdict, tests, targets)
    if found is not None:
        return Conclusion(outcome="not_solvable", known=tuple(one.text for one in _evidence(found)))
    facts = [*_so_far(before, verdict), *_failures(before, verdict)]
    if words := " ".join(clean(said).split()):
        why = _GIVES_UP.sub("", words, count=1)
        cut = why if len(why) <= _MOST_SAID else f"{why[:_MOST_SAID]} [...]"
        claim = Fact(f"the model says, and nothing proves it: {cut}")
        gives_up = Fact(f"the model gives up, and nothing proves that it is right: {cut}")
        facts.append(claim if why == words else gives_up)
    return Conclusion(outcome="not_fixed", known=tuple(one.text for one in facts))


def texts_of(base: Snapshot, store: Store) -> dict[str, str]:
    """The tests that can be read, of files that a repair leaves alone. Raises StateError."""
    found: dict[str, str] = {}
    for path, entry in base.entries.items():
        if entry.kind == "file" and path.endswith(READ) and is_protected(path):
            data = store.get(entry.digest)
            found[path] = data.decode("utf-8", errors="replace") if len(data) <= _MOST_BYTES else ""
    return found


def _proven(
    before: TestReport, verdict: Verdict, tests: Mapping[str, str], targets: tuple[str, ...]
) -> Contradiction | None:
    """Two tests that contradict each other, and did not pass together in the last run either."""
    failed = {*verdict.still_failing, *verdict.broken}
    for found in contradictions(tests, wanted(before, targets), before.passed):
        both = [any(one.is_in(name) for name in failed) for one in (found.one, found.other)]
        if any(both) or not verdict.sandbox:
            return found
    return None


def _evidence(found: Contradiction) -> list[Fact]:
    return [
        Fact("two tests contradict each other: no code passes both, unless it answers differently each time"),
        *(Fact(f"{_place(one)}: {one.shown} is to be {one.value}") for one in (found.one, found.other)),
        Fact("next: decide which of them is right, and change or remove the other one"),
    ]


def _place(one: Asked) -> str:
    return f"{clean(one.path)}:{one.line} {'::'.join(one.names)}"


def _so_far(before: TestReport, verdict: Verdict) -> list[Fact]:
    facts: list[Fact] = []
    if not verdict.sandbox:
        return [Fact("nothing was changed")]
    done, whole = len(verdict.fixed), len(verdict.fixed) + len(verdict.still_failing)
    facts.append(Fact(f"the best patch makes {done} of {whole} tests pass that had to"))
    if verdict.broken:
        facts.append(Fact(f"it breaks {len(verdict.broken)}: {clean(verdict.broken[0])}"))
    # What the counts do not say.
    told = [one for one in verdict.checks if one.state == "failed" and one.name not in {"targets", "unbroken"}]
    facts += [Fact(f"{one.name.replace('_', ' ')}: {one.text.splitlines()[0]}") for one in told]
    passed = [name for name, (failed, runs) in before.failed_of.items() if failed < runs]
    together = [name for name in passed if name not in before.flaky]
    if together:
        facts.append(Fact(f"{len(together)} fail only together with other tests: {clean(together[0])}"))
    return facts


def _failures(before: TestReport, verdict: Verdict) -> list[Fact]:
    """What the tests said on the tree as it was that still fail."""
    texts = {one.id: one.text for one in before.failures}
    facts: list[Fact] = []
    for name in verdict.still_failing[:_MOST_SHOWN]:
        lines = [line.strip() for line in texts.get(name, "").splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("E ")] or lines[-1:]
        why = " ".join(errors[0].removeprefix("E ").split()) if errors else ""
        facts.append(
            Fact(f"still failing: {clean(name)}: {clean(why)}" if why else f"still failing: {clean(name)}")
        )
    return facts
