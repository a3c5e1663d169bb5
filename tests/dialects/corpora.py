"""All replies of the corpus with what they must come to: written by hand, generated, and recorded."""

from __future__ import annotations

from pathlib import Path

import msgspec

from dialects.corpus import CASES, Case
from dialects.corpus_content import CONTENT
from dialects.corpus_foreign import FOREIGN, REASONING
from dialects.corpus_form import CUT, FORM

_REPLIES = Path(__file__).parent / "replies"


def _lines(name: str) -> list[bytes]:
    return (_REPLIES / name).read_bytes().splitlines()


def generated() -> list[Case]:
    return [msgspec.json.decode(line, type=Case) for line in _lines("generated.jsonl")]


def recorded() -> list[Case]:
    """What the embedded model said, which does not reason; and what a person who read it expects."""
    cases: list[Case] = []
    for line, expected in zip(_lines("recorded.jsonl"), _lines("recorded_expected.jsonl"), strict=True):
        said = msgspec.json.decode(line)
        meant = msgspec.json.decode(expected)
        case = {**said, **meant, "start": "none", "answer": said["raw"]}
        cases.append(msgspec.convert(case, type=Case))
    return cases


BY_HAND = [*CASES, *FORM, *CUT, *CONTENT, *FOREIGN, *REASONING]
ALL = [*BY_HAND, *generated(), *recorded()]
