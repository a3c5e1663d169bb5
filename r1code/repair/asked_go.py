"""What tests in Go ask: `if got != 3 { t.Errorf(...) }`, and testify's Equal. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence

from r1code.repair.asked_source import Pair, Side, Source, Test, goes_on
from r1code.repair.tokens import Token, closing, texts

_CONSTRAINED = re.compile(r"^//(?:go:build| \+build) ", re.MULTILINE)
_TESTIFY = re.compile(r'"github\.com/stretchr/testify/(assert|require)"')
_FAILS = frozenset({"Error", "Errorf", "Fatal", "Fatalf", "Fail", "FailNow"})


class Go(Source):
    language = "go"

    def tests(self) -> Iterator[Test]:
        if _CONSTRAINED.search(self.text):
            return
        for at in self.tops():
            head = texts(self.found, at, 10)
            if head[:1] != ["func"] or [*head[2:3], *head[4:]] != ["(", "*", "testing", ".", "T", ")", "{"]:
                continue
            close = closing(self.found, at + 9)
            if close is not None and head[1].startswith("Test") and head[3] == "t":
                yield Test(names=(head[1],), body=self.found[at + 10 : close])

    def called(self, names: tuple[str, ...]) -> tuple[frozenset[str], str]:
        folder = posixpath.dirname(self.path)
        return frozenset(), f"/{folder}::{names[0]}" if folder else f"::{names[0]}"

    def statement(self, body: Sequence[Token], at: int, known: dict[str, Side]) -> Pair | int | None:
        ahead = texts(body, at, 5)
        if ahead in (["t", ".", "Parallel", "(", ")"], ["t", ".", "Helper", "(", ")"]):
            return at + 5
        if (named := self._named(body, at)) is not None:
            known[named[0]] = named[1]
            return named[2]
        if ahead[:1] == ["if"]:
            return self._checked(body, at + 1, known)
        if ahead[1:5] != [".", "Equal", "(", "t"] or ahead[0] not in _TESTIFY.findall(self.text):
            return None
        close = closing(body, at + 3)
        pair = self.compared(body, at + 6, ",", known) if texts(body, at + 5, 1) == [","] else None
        if pair is None or close is None or not self.is_bound(ahead[0]) or body[pair.end].text not in {",", ")"}:
            return None
        return Pair(call=pair.call, value=pair.value, line=pair.line, end=close + 1)

    def _named(self, body: Sequence[Token], at: int) -> tuple[str, Side, int] | None:
        if texts(body, at + 1, 1) != [":="] or body[at].kind != "name":
            return None
        found = self.side(body, at + 2, {})
        return None if found is None or goes_on(body, found[1]) else (body[at].text, *found)

    def _checked(self, body: Sequence[Token], at: int, known: Mapping[str, Side]) -> Pair | None:
        """`if got != 3 {` and a body that begins with the test's failure."""
        if (named := self._named(body, at)) is not None:
            known, at = {**known, named[0]: named[1]}, named[2] + 1
            if body[at - 1].text != ";":
                return None
        pair = self.compared(body, at, "!=", known)
        if pair is None or texts(body, pair.end, 1) != ["{"]:
            return None
        close = closing(body, pair.end)
        inner = [one.text for one in body[pair.end + 1 : close] if one.kind != "line"][:4]
        if close is None or inner[:2] != ["t", "."] or inner[2:3] == [] or inner[2] not in _FAILS:
            return None
        if texts(body, close + 1, 1) == ["else"]:
            return None
        return Pair(call=pair.call, value=pair.value, line=pair.line, end=close + 1)
