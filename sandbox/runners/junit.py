"""JUnit's XML, which many runners write and each in its own way.

`junitparser` is not used: it reads with a parser that expands entities, and has no notion of an id.
"""

from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import fromstring

from r1code.sandbox.runners.base import Cases, case, merged, number
from r1code.types import Case, CaseState

_BAD = {"error", "failure"}
_UNRUN = {"notrun", "disabled"}


def parse(data: bytes, read: Callable[[Element], Case] | None = None) -> Cases:
    """The cases of a report, each id once, with its worst state. None: it is no such report.

    The report comes from code that is not trusted: entities and external references are refused.
    """
    root = root_of(data)
    return None if root is None else merged(map(read or plain, root.iter("testcase")))


def root_of(data: bytes) -> Element | None:
    """The report's outermost element. None: it is no such report, or is refused."""
    try:
        root: Element = fromstring(data.decode("utf-8", errors="replace"))
    except (ParseError, ValueError):
        # What defusedxml refuses is a ValueError, too.
        return None
    return root if root.tag in {"testsuites", "testsuite"} else None


def plain(element: Element) -> Case:
    """A case as most runners write it: `class::name`."""
    name, group = element.get("name", ""), element.get("classname", "")
    identity = name if not group or group == name else f"{group}::{name}"
    state, text = outcome(element)
    return case(identity, state, text=text, seconds=number(element.get("time")))


def outcome(element: Element) -> tuple[CaseState, str]:
    """How a case ended, and what is said about it."""
    for result in element:
        if result.tag == "skipped":
            return "skipped", ""
        if result.tag in _BAD:
            return "failed", said(result) or (element.findtext("system-out") or "")
    return ("skipped" if element.get("status") in _UNRUN else "passed"), ""


def said(result: Element) -> str:
    """The text of a failure, which some write into an attribute."""
    text = (result.text or "").strip("\n").rstrip()
    return text or (result.get("message") or "").strip()


def line_of(element: Element) -> int | None:
    text = element.get("line", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < len(str(10**9)) else None
