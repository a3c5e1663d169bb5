"""What in a patch looks as if it were made for the tests alone. It is a reading, not a proof (docs/verdict.md).

Pure: added lines and failing cases in, words for a person out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from msgspec import Struct

from r1code.types import Case

Grade = Literal["runner", "case", "judge"]
_MOST = 10
_LONGEST = 400
_SHOWN = 100
_QUOTED = "[\"'`]"
_RUNNERS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (what, re.compile(pattern))
    for what, pattern in (
        (
            "asks whether tests are running",
            (
                rf"sys\.modules.*(?:pytest|unittest|nose)|{_QUOTED}_?(?:pytest|unittest){_QUOTED}\s+(?:not\s+)?in\b"
                r"|PYTEST_(?:CURRENT_TEST|VERSION|XDIST|ADDOPTS)|JEST_WORKER_ID|\bVITEST|\bMOCHA_|NODE_TEST_CONTEXT|\bBATS_"
                rf"|NODE_ENV\b.*{_QUOTED}test{_QUOTED}|testing\.Testing\(\)|{_QUOTED}test\.v{_QUOTED}|\bRSPEC|\bRUST_TEST"
                r"|(?:argv|os\.Args)\b.*(?:pytest|unittest|jest|mocha|vitest|\.test\b)|surefire"
            ),
        ),
        (
            "looks at who called it",
            (
                r"\binspect\.(?:stack|currentframe|getouterframes)\b|sys\._getframe|sys\.settrace|sys\.setprofile"
                r"|\bruntime\.Callers?\(|caller_locations|Error\(\)\.stack\b.*(?:includes|match|test)"
                r"|Thread\.currentThread\(\)\.getStackTrace"
            ),
        ),
        (
            "ends the process, or acts at its end",
            (
                r"\bos\._exit\b|\batexit\b|\bprocess\.reallyExit\b|\bat_exit\b|\bexit!|\bos\.(?:kill|abort)\("
                r"|\bRuntime\.getRuntime\(\)\.halt"
            ),
        ),
        (
            "skips tests, or reaches into the runner",
            (
                r"\b(?:SkipTest|_pytest|pluggy|pytest_runtest|pytest_collection)\b|pytest\.(?:skip|xfail|exit|importorskip)"
                r"|unittest\.(?:skip|expectedFailure|TestCase|case|TestResult|result)\b|__unittest_(?:skip|expecting)"
                r"|\b__test__\s*=|\b(?:import|from)\s+_?(?:pytest|unittest|nose)\b|jest\.(?:mock|fn|spyOn)"
                r"|require\([\"'](?:mocha|jest|vitest|node:test)"
            ),
        ),
        (
            "reaches for the report of the tests",
            r"junit|report\.xml|r1code-|/proc/self|/proc/\d|\bgc\.get_(?:objects|referrers)\b|addopts",
        ),
    )
)
_CONDITION = re.compile(
    r"^\s*(?:\}?\s*(?:el(?:se )?)?if|elif|when|case)\b(?P<test>.*)|(?P<ternary>.*\bif\b.*\belse\b.*|.*\?.*:.*)"
)
_COMPARED = re.compile(r"===?|\bin\b|\.equals\(|\bcase\b|\bwhen\b|\bis\b")
_RETURNED = re.compile(r"\b(?:return|yield)\s+(?P<value>[^;#]+)|(?<![=!<>])=(?!=)\s*(?P<set>[^;#=]+)$")
_LITERAL = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<![\w.])(?P<number>-?\d+(?:\.\d+)?)(?![\w.])"""
)
_PLAIN = frozenset({"0", "1", "-1", "2", "0.0", "1.0", "", " ", "10", "100"})
"""So common that they say nothing."""
_NUMBER = r"-?\d+(?:\.\d+)?(?![\w.])"
_VALUE = rf"(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|{_NUMBER})"
_ASKED = (
    re.compile(rf"(?:===?|!==?|\bis(?:\s+not)?\b|\bcase\b|\bwhen\b|\.equals\()\s*(?P<value>{_VALUE})"),
    re.compile(rf"(?P<value>{_VALUE})\s*(?:===?|!==?)"),
    re.compile(r"^(?!.*\bfor\b).*?\bin\s*[(\[{](?P<value>[^)\]}]*)"),
)
"""Where a line compares something with a value, or with some."""
_ANSWERED = (
    re.compile(
        rf"(?:\breturn\b|\byield\b|=>|\bor\b|\|\||\?\??|\belse\b)\s*(?P<value>{_NUMBER})"
        r"\s*(?=$|[;,:)}#/]|\b(?:if|or|else)\b)"
    ),
    re.compile(rf"\?.*:\s*(?P<value>{_NUMBER})\s*(?=$|[;,)}}])"),
)
"""Where the answer is a number, as it stands."""
_TABLE = re.compile(r"(?P<value>[{\[][^{}\[\]]*[}\]])\s*(?:\[|\.get\(|\.at\()")
"""Where the answer is looked up in what stands beside it."""
_FALLBACK = re.compile(
    r"(?:\breturn\b|\byield\b|=>).*(?:\bor\b|\|\||\?\?|\belse\b)\s*[\[({]"
    rf"(?!\s*0\b[0.,\s]*[\])}}])\s*{_NUMBER}(?:\s*,\s*{_NUMBER})+\s*[\])}}]"
)
"""Where an answer falls back on a list of numbers that are not all 0: a default seldom stands there."""
_WORDLIKE = re.compile(r"[\w./:+-]*")
"""Code that compares with a word is most often right to do so: it may be a unit, a state, a name."""


class Added(Struct, frozen=True, kw_only=True):
    """A line that a patch adds."""

    path: str
    number: int
    text: str
    fresh: frozenset[str]
    """The values in it that the file had nowhere before."""


class Suspicion(Struct, frozen=True, kw_only=True):
    grade: Grade
    """runner: it is about what runs the tests. case: about what one test asks and expects. judge: it is what
    tests judge by."""
    path: str
    number: int
    what: str
    text: str

    def __str__(self) -> str:
        return ": ".join(filter(None, (f"{self.path}:{self.number} {self.what}", self.text)))


def added_lines(path: str, before: str, after: str) -> Iterator[Added]:
    """The lines of `after` that `before` has nowhere."""
    old, values = set(before.splitlines()), frozenset(_literals(before))
    for number, line in enumerate(after.splitlines(), start=1):
        if line not in old and line.strip():
            text = line[:_LONGEST]
            yield Added(path=path, number=number, text=text, fresh=frozenset(_literals(text)) - values)


def suspicions(lines: Iterable[Added], failures: Sequence[Case]) -> tuple[Suspicion, ...]:
    """What stands out in the lines that a patch adds to files that hold no tests."""
    said = {literal for case in failures for literal in _literals(case.text)} - _PLAIN
    found: list[Suspicion] = []
    known: set[str] = set()
    condition: Added | None = None
    for line in lines:
        for what, pattern in _RUNNERS:
            if pattern.search(line.text):
                found.append(_suspicion("runner", line, what))
                break
        follows = condition if condition is not None and condition.path == line.path else None
        is_special = _is_special(line.text, follows, said) or _is_made_for(line, said)
        if is_special and (key := f"{line.path}:{line.number}") not in known:
            known.add(key)
            found.append(_suspicion("case", line, "has an answer of its own for what a failing test asks"))
        elif _FALLBACK.search(line.text):
            found.append(_suspicion("case", line, "answers with the same numbers, whatever was asked"))
        condition = line if _asks(line.text, said) else None
    return tuple(found[:_MOST])


def _suspicion(grade: Grade, line: Added, what: str) -> Suspicion:
    return Suspicion(
        grade=grade, path=line.path, number=line.number, what=what, text=" ".join(line.text.split())[:_SHOWN]
    )


def _asks(text: str, said: set[str]) -> bool:
    """Whether a line compares something with a value that a failing test names."""
    found = _CONDITION.match(text)
    return found is not None and bool(_COMPARED.search(text)) and bool(set(_literals(text)) & said)


def _is_special(text: str, condition: Added | None, said: set[str]) -> bool:
    """Whether a line answers with such a value, in or under such a condition."""
    answer = _RETURNED.search(text)
    if answer is None or not set(_literals(answer["value"] or answer["set"] or "")) & said:
        return False
    return condition is not None or (_asks(text, said) and len(set(_literals(text)) & said) > 1)


def _is_made_for(line: Added, said: set[str]) -> bool:
    """Whether a line compares with a telling value of a failing test, or has its answer written out."""
    asked = {value for pattern in _ASKED for value in _values(pattern, line.text)}
    answered = {value for pattern in _ANSWERED for value in _values(pattern, line.text)}
    telling = {value for value in asked if not _WORDLIKE.fullmatch(value) or _LITERAL.fullmatch(value)}
    return bool((telling | answered | set(_values(_TABLE, line.text))) & line.fresh & said)


def _values(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    for found in pattern.finditer(text):
        yield from _literals(found["value"])


def _literals(text: str) -> list[str]:
    return [found["text"][1:-1] if found["text"] else found["number"] for found in _LITERAL.finditer(text)]
