"""JUnit files of any runner, as a source of failing tests.

Every runner writes them in its own way (docs/fix.md lists what is known); an id that is not as r1code's own
runners have it is matched afterwards, by `matching`.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from msgspec.structs import replace

from r1code.sandbox.runners import junit, pytest
from r1code.sandbox.runners.base import bounded
from r1code.symptoms.places import distinct, spots_in
from r1code.symptoms.symptom import MOST_ERRORS, MOST_TESTS, NamedTest, Symptom

_DEEPEST = 20
_MOST_TEXTS = 100
"""Failures whose words are kept; of the others, the names."""


def read_junit(data: bytes, origin: str) -> Symptom:
    """What a report says failed. Never fails: a remark says what could not be read."""
    root = junit.root_of(data)
    if root is None:
        remark = f"{origin} is no JUnit report: nothing was taken from it"
        return Symptom(kind="junit", origin=origin, remarks=(remark,))
    count = 0
    tests: dict[tuple[str, str], NamedTest] = {}
    for element, file in _cases(root, "", _DEEPEST):
        count += 1
        one = _failed(element, file)
        if one is not None and len(tests) >= _MOST_TEXTS:
            one = replace(one, text="")
        if one is not None and len(tests) < MOST_TESTS:
            tests.setdefault((one.id, one.file), one)
    texts = [one.text for one in tests.values()]
    remarks = () if count else (f"{origin} names no test at all",)
    errors = dict.fromkeys(line for text in texts if (line := _headline(text)))
    return Symptom(
        kind="junit",
        origin=origin,
        tests=tuple(tests.values()),
        errors=tuple(errors)[:MOST_ERRORS],
        places=distinct(spots_in(line for text in texts for line in text.splitlines())),
        failed=bool(tests),
        remarks=remarks,
    )


def _cases(element: Element, file: str, depth: int) -> Iterator[tuple[Element, str]]:
    """All cases, each with the file that its suites name: Mocha and PHPUnit write it there."""
    file = element.get("file") or element.get("filepath") or file
    for child in element:
        if child.tag == "testcase":
            yield child, child.get("file") or file
        elif child.tag == "testsuite" and depth:
            yield from _cases(child, file, depth - 1)


def _failed(element: Element, file: str) -> NamedTest | None:
    state, text = junit.outcome(element)
    if state != "failed":
        return None
    name, group = element.get("name", ""), element.get("classname", "")
    own = element.get("file", "")
    if own.endswith(".py"):
        one = pytest.case_of(element)
        return NamedTest(id=one.id, name=_last(one.id), file=one.file, text=one.text)
    if element.find("error") is not None and not group:
        # pytest gives a module that it could not load no class.
        return NamedTest(id=name, file=file, text=bounded(text))
    return NamedTest(id=junit.plain(element).id, name=name, file=file, text=bounded(text))


def _last(identity: str) -> str:
    return identity.partition("::")[2]


def _headline(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")[:300]
