"""What is the same for the tests of every language that Python cannot parse. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from r1code.repair.tokens import (
    LIST,
    Call,
    Language,
    Token,
    Value,
    call,
    closing,
    texts,
    value,
    without_inner_lines,
)

_DEFINES = frozenset(
    {
        *("func", "function", "class", "const", "let", "var", "fn"),
        *("mod", "struct", "static", "mut", "type", "enum", "trait"),
    }
)
_BEGINS = frozenset({"name", "number", "text"})
"""What a line begins with that does not go on with the one before."""

Side = Call | Value


class Test(Struct, frozen=True, kw_only=True):
    names: tuple[str, ...]
    body: Sequence[Token]


class Pair(Struct, frozen=True, kw_only=True):
    call: Call
    value: Value
    line: int
    end: int


class Source:
    """A file with tests. What is in `_known` of it, names stand for."""

    language: Language

    def __init__(self, path: str, text: str, found: Sequence[Token]) -> None:
        self.path = path
        self.text = text
        self.found = without_inner_lines(found)
        self.imports: set[int] = set()
        """The tokens that only say where names come from."""

    def tests(self) -> Iterator[Test]:
        raise NotImplementedError

    def called(self, names: tuple[str, ...]) -> tuple[frozenset[str], str]:
        """How reports call a test: as in Asked."""
        raise NotImplementedError

    def statement(self, body: Sequence[Token], at: int, known: dict[str, Side]) -> Pair | int | None:
        """What stands at a token: a comparison, or the end of what asks nothing. None: something else."""
        raise NotImplementedError

    def is_bound(self, name: str) -> bool:
        """Whether a name means the same thing everywhere in the file."""
        for at, one in enumerate(self.found):
            before = self.found[at - 1].text if at else ""
            if one.text != name or one.kind != "name" or at in self.imports or before in {".", "::"}:
                continue
            after = self.found[at + 1].text if at + 1 < len(self.found) else ""
            if before in _DEFINES or after not in {"(", ".", "::"}:
                return False
        return True

    def pairs(self, body: Sequence[Token]) -> Iterator[Pair]:
        at, known = 0, dict[str, Side]()
        while at < len(body):
            if body[at].kind == "line" or body[at].text == ";":
                at += 1
                continue
            one = self.statement(body, at, known)
            if one is None:
                # What comes after it may ask in another state.
                return
            if isinstance(one, Pair):
                yield one
                one = one.end
            at = one

    def side(self, body: Sequence[Token], at: int, known: Mapping[str, Side]) -> tuple[Side, int] | None:
        found = call(body, at, self.language) or value(body, at, self.language)
        if found is not None:
            return found, found.end
        name = body[at].text if at < len(body) else ""
        return (known[name], at + 1) if name in known else None

    def compared(self, body: Sequence[Token], at: int, between: str, known: Mapping[str, Side]) -> Pair | None:
        """Two sides: a call, and a single value."""
        one = self.side(body, at, known)
        if one is None or texts(body, one[1], 1) != [between]:
            return None
        other = self.side(body, one[1] + 1, known)
        if other is None:
            return None
        for first, second in ((one[0], other[0]), (other[0], one[0])):
            if isinstance(first, Call) and isinstance(second, Value) and second.kind != LIST:
                return Pair(call=first, value=second, line=body[at].line, end=other[1])
        return None

    def tops(self, start: int = 0, end: int | None = None) -> Iterator[int]:
        """The tokens in no bracket, of those from `start` on."""
        at, end = start, len(self.found) if end is None else end
        while at < end:
            yield at
            close = closing(self.found, at) if self.found[at].text in {"(", "[", "{"} else None
            at = at + 1 if close is None else close + 1


def goes_on(body: Sequence[Token], at: int) -> bool:
    """Whether a statement may go on at a token, also on the next line."""
    if at < len(body) and body[at].text in {";", "}"}:
        return False
    if at < len(body) and body[at].kind != "line":
        return True
    rest = (one for one in body[at:] if one.kind != "line")
    following = next(rest, None)
    return following is not None and following.kind not in _BEGINS and following.text != "}"
