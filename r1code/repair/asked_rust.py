"""What tests in Rust ask: `assert_eq!` in the files below `tests`. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from r1code.repair.asked_source import Pair, Side, Source, Test
from r1code.repair.tokens import Token, closing, texts

_INTEGRATION = re.compile(r"(?:.*/)?(tests/[^/]+\.rs)")


class Rust(Source):
    language = "rust"

    def __init__(self, path: str, text: str, found: Sequence[Token]) -> None:
        super().__init__(path, text, [one for one in found if one.kind != "line"])
        for at in self.tops():
            if self.found[at].text == "use":
                self.imports |= set(range(at, self._end(at)))

    def _end(self, at: int) -> int:
        return next((index for index in range(at, len(self.found)) if self.found[index].text == ";"), at)

    def tests(self) -> Iterator[Test]:
        marks = ["#", "[", "test", "]"]
        for at in range(len(self.found)):
            if texts(self.found, at, 2) == ["#", "!"]:
                return
        for at in self.tops():
            head = texts(self.found, at, 9)
            before = self.found[at - 1].text if at else ""
            if head[:5] != [*marks, "fn"] or head[6:] != ["(", ")", "{"] or before == "]":
                continue
            close = closing(self.found, at + 8)
            if close is not None:
                yield Test(names=(head[5],), body=self.found[at + 9 : close])

    def called(self, names: tuple[str, ...]) -> tuple[frozenset[str], str]:
        """Only of a file below `tests`: others are the code itself, which a repair may change."""
        found = _INTEGRATION.fullmatch(self.path)
        return frozenset(), "" if found is None else f":{found[1]}::{names[0]}"

    def statement(self, body: Sequence[Token], at: int, known: dict[str, Side]) -> Pair | int | None:
        if texts(body, at, 1) == ["let"] and texts(body, at + 2, 1) == ["="]:
            found = self.side(body, at + 3, {})
            if found is None or texts(body, found[1], 1) != [";"]:
                return None
            known[body[at + 1].text] = found[0]
            return found[1]
        if texts(body, at, 3) != ["assert_eq", "!", "("]:
            return None
        pair, close = self.compared(body, at + 3, ",", known), closing(body, at + 2)
        if pair is None or close is None or body[pair.end].text not in {",", ")"}:
            return None
        return Pair(call=pair.call, value=pair.value, line=pair.line, end=close + 1)
