"""The outcomes of tasks, in words."""

from __future__ import annotations

from collections.abc import Mapping

from r1code.batch.result import ItsOutcome
from r1code.ui.messages import localized

_WORDS: Mapping[ItsOutcome, str] = {
    "fixed": "fixed",
    "unbroken": "unbroken",
    "done": "done",
    "not_fixed": "not fixed",
    "nothing_to_fix": "nothing to fix",
    "cannot_reproduce": "cannot reproduce",
    "budget": "a limit was reached",
    "tampered": "tampered",
    "no_answer": "no answer by the schema",
    "flaky": "flaky",
    "not_solvable": "not solvable as stated",
    "timeout": "took too long",
    "usage": "could not begin",
    "backend": "the backend failed",
    "sandbox": "the sandbox failed",
    "internal": "r1code failed",
    "killed": "killed",
    "unprepared": "does not fit its repository",
    "unfetched": "the repository could not be fetched",
}


def in_words(outcome: ItsOutcome) -> str:
    return localized(_WORDS[outcome])
