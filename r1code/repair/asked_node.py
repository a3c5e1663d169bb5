"""What tests for Node ask: node:assert where it is strict, and `expect`. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from r1code.repair.asked_source import Pair, Side, Source, Test, goes_on
from r1code.repair.tokens import LIST, Call, Token, Value, closing, texts

_PREPARES = frozenset(
    {
        *("before", "beforeEach", "beforeAll", "after", "afterEach", "afterAll"),
        *("setup", "teardown", "suiteSetup", "suiteTeardown"),
        *("mock", "mocks", "jest", "vi", "sinon", "proxyquire", "globalThis", "global"),
    }
)
_STRICT = frozenset({"assert/strict", "node:assert/strict"})
_ASSERT = frozenset({"assert", "node:assert"}) | _STRICT
_EQUALS = frozenset({"strictEqual", "deepStrictEqual"})
_TO_BE = frozenset({"toBe", "toEqual", "toStrictEqual"})
_OWN = frozenset({"test", "it", "describe", "suite", "expect"})
"""What a runner brings along."""


class Node(Source):
    language = "javascript"

    def __init__(self, path: str, text: str, found: Sequence[Token]) -> None:
        super().__init__(path, text, found)
        self.bound: dict[str, str] = {}
        """Name -> the module that it was imported from."""
        for at in self.tops():
            self._import(at)

    def _import(self, at: int) -> None:
        """`import { a } from "x"` and `const { a } = require("x")`."""
        word = self.found[at].text
        if word not in {"import", "const"}:
            return
        names, end = self._names(at + 1)
        ahead = texts(self.found, end, 4)
        wanted = ["from"] if word == "import" else ["=", "require", "("]
        place = end + len(wanted)
        if not names or ahead[: len(wanted)] != wanted or place >= len(self.found):
            return
        if self.found[place].kind == "text" and not goes_on(self.found, place + 1 + (word == "const")):
            self.imports |= set(range(at, place + 1))
            self.bound |= dict.fromkeys(names, self.found[place].text[1:-1])

    def _names(self, at: int) -> tuple[list[str], int]:
        if at < len(self.found) and self.found[at].kind == "name":
            return [self.found[at].text], at + 1
        if texts(self.found, at, 2) == ["*", "as"]:
            return texts(self.found, at + 2, 1), at + 3
        close = closing(self.found, at) if texts(self.found, at, 1) == ["{"] else None
        if close is None:
            return [], at
        inner = [one.text for one in self.found[at + 1 : close] if one.kind != "line"]
        if inner[:2] == ["strict", "as"]:
            return ([] if inner[3:] else inner[2:]), close + 1
        plain = all(one == "," or one.isidentifier() for one in inner) and "as" not in inner
        return [one for one in inner if one != ","] if plain else [], close + 1

    def tests(self) -> Iterator[Test]:
        if any(one.kind == "name" and one.text in _PREPARES for one in self.found):
            return
        if all(self.is_bound(name) for name in _OWN):
            yield from self._inside(0, len(self.found), ())

    def _inside(self, start: int, end: int, groups: tuple[str, ...]) -> Iterator[Test]:
        for at in self.tops(start, end):
            word = self.found[at].text
            if word not in _OWN - {"expect"} or texts(self.found, at + 1, 1) != ["("]:
                continue
            if at and self.found[at - 1].text not in {";", "{", "}", ")"} and self.found[at - 1].kind != "line":
                continue
            body = self._body(at + 2)
            if body is None:
                continue
            names = (*groups, self.found[at + 2].text[1:-1])
            if word in {"describe", "suite"}:
                yield from self._inside(*body, names)
            else:
                yield Test(names=names, body=self.found[body[0] : body[1]])

    def _body(self, at: int) -> tuple[int, int] | None:
        """Of the function that is the only other argument after a name."""
        if at >= len(self.found) or self.found[at].kind != "text" or texts(self.found, at + 1, 1) != [","]:
            return None
        at += 2
        at += texts(self.found, at, 1) == ["async"]
        is_named = texts(self.found, at, 1) == ["function"]
        at += is_named
        if texts(self.found, at, 2) != ["(", ")"]:
            return None
        at += 2
        if not is_named:
            if texts(self.found, at, 1) != ["=>"]:
                return None
            at += 1
        close = closing(self.found, at) if texts(self.found, at, 1) == ["{"] else None
        return None if close is None or texts(self.found, close + 1, 1) != [")"] else (at + 1, close)

    def called(self, names: tuple[str, ...]) -> tuple[frozenset[str], str]:
        return frozenset({f"{self.path}::{'::'.join(names)}", f"{self.path}::{' '.join(names)}"}), ""

    def is_bound(self, name: str) -> bool:
        is_own = name not in _OWN
        return (not is_own or self.bound.get(name, "").startswith(".")) and super().is_bound(name)

    def statement(self, body: Sequence[Token], at: int, known: dict[str, Side]) -> Pair | int | None:
        ahead = texts(body, at, 4)
        if ahead[:1] == ["const"] and ahead[2:3] == ["="]:
            found = self.side(body, at + 3, {})
            if found is None or goes_on(body, found[1]):
                return None
            known[ahead[1]] = found[0]
            return found[1]
        pair = (
            self._expected(body, at, known) if ahead[:2] == ["expect", "("] else self._asserted(body, at, known)
        )
        return None if pair is None or goes_on(body, pair.end) else pair

    def _expected(self, body: Sequence[Token], at: int, known: Mapping[str, Side]) -> Pair | None:
        one = self.side(body, at + 2, known)
        if one is None:
            return None
        ahead = texts(body, one[1], 4)
        if ahead[:2] != [")", "."] or ahead[2] not in _TO_BE or ahead[3] != "(":
            return None
        other = self.side(body, one[1] + 4, known)
        if other is None or texts(body, other[1], 1) != [")"]:
            return None
        if not isinstance(one[0], Call) or not isinstance(other[0], Value) or other[0].kind == LIST:
            return None
        return Pair(call=one[0], value=other[0], line=body[at].line, end=other[1] + 1)

    def _asserted(self, body: Sequence[Token], at: int, known: Mapping[str, Side]) -> Pair | None:
        ahead = texts(body, at, 4)
        if ahead[1:2] != ["."] or ahead[3:4] != ["("]:
            return None
        module = self.bound.get(ahead[0], "")
        methods = _EQUALS | {"equal", "deepEqual"} if module in _STRICT else _EQUALS
        if module not in _ASSERT or ahead[2] not in methods or not super().is_bound(ahead[0]):
            return None
        pair, close = self.compared(body, at + 4, ",", known), closing(body, at + 3)
        if pair is None or close is None or body[pair.end].text not in {",", ")"}:
            return None
        return Pair(call=pair.call, value=pair.value, line=pair.line, end=close + 1)
