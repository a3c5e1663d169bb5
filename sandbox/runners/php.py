"""PHPUnit and Pest: a JUnit report by a flag."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element

from r1code.sandbox.runners import junit
from r1code.sandbox.runners.base import Cases, Left, Runner, case, merged, number, relative
from r1code.sandbox.runners.command import quoted, words
from r1code.sandbox.runners.frames import place_in
from r1code.types import Case


def read(left: Left) -> Cases:
    def read_case(element: Element) -> Case:
        file = relative(element.get("file", ""), left.root)
        state, text = junit.outcome(element)
        group = file or element.get("class") or element.get("classname") or ""
        return case(
            f"{group}::{element.get('name', '')}",
            state,
            text=text,
            file=file,
            line=place_in(text, file) or junit.line_of(element),
            seconds=number(element.get("time")),
        )

    reports = [found for data in left.named("phpunit") if (found := junit.parse(data, read_case)) is not None]
    return merged(one for found in reports for one in found) if reports else None


def _only(command: str, cases: Sequence[Case]) -> str | None:
    given = words(command)
    if given is None:
        return None
    names = dict.fromkeys(re.escape(one.id.partition("::")[2].partition(" with data set")[0]) for one in cases)
    return quoted([*given, "--filter", rf"::({'|'.join(names)})( with data set .*)?$"])


RUNNER = Runner(
    name="phpunit",
    program="(?:phpunit|pest)",
    read=read,
    flags=lambda path: f"--log-junit {path}.xml",
    only=_only,
)
