"""A source as tokens, and the calls and values that are written out in it: where Python has no parser.

It knows little on purpose. A file with anything in it that it does not know for certain is not read at all. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

Language = Literal["go", "javascript", "rust"]
_LONGEST = 300_000
_MOST_EXACT = 2**24
"""Up to here numbers that differ do so in every type, that of 32 bits with a fraction included."""
_COMMON = r"""
(?P<space>[ \t\r]+|//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)
|(?P<line>\n)
|(?P<number>\d+(?:\.\d+)?)
|(?P<name>[A-Za-z_$][\w$]*)
|(?P<sign>::|:=|=>|->|===|!==|==|!=|<=|>=|&&|\|\||\.\.\.|\+\+|--|[-+*<>=!&|?:;,.(){}\[\]#@%^])
"""
_QUOTED, _CHARACTER = r'"(?:[^"\\]|\\.)*"', r"'(?:[^'\\\n]|\\[^\n]+?)'"
_STRINGS: dict[Language, str] = {
    "go": rf"""|(?P<text>"[^"\\\n]*"|`[^`\\\r\n]*`)|(?P<other>{_QUOTED}|`[^`]*`|{_CHARACTER})""",
    "javascript": rf"""|(?P<text>"[^"\\\n]*"|'[^'\\\n]*')|(?P<other>{_QUOTED}|'(?:[^'\\]|\\.)*'|`[^`\\$]*`)""",
    "rust": rf"""|(?P<text>"[^"\\\n]*")|(?P<other>{_QUOTED}|{_CHARACTER})""",
}
"""`text`: it means what it says. `other`: it would have to be unescaped."""
_TOKENS = {
    language: re.compile(f"{_COMMON}{more}", re.VERBOSE | re.DOTALL | re.ASCII)
    for language, more in _STRINGS.items()
}
_SUFFIX = re.compile(r"[iu](?:8|16|32|64|128|size)")
_GO_TYPES = frozenset({"bool", "string", "int", "int64", "uint", "uint64", "byte"})
_OCTAL = re.compile(r"0\d")
_RAW = re.compile(r'\b(?:r|br|cr)#*"')
"""Of Rust: where such a text ends is said by more than a quote."""


class Token(Struct, frozen=True, kw_only=True):
    kind: str
    """`line` (its end), `number`, `name`, `sign`, `text` (as it is written), or `other` (it has escapes)."""
    text: str
    line: int


class Value(Struct, frozen=True, kw_only=True):
    """What is written out."""

    kind: str
    """Values of different kinds are not compared: what a call answers may depend on what is asked for."""
    told: str
    """One text for all that are equal."""
    shown: str
    """As it is written."""
    end: int
    """The token after it."""


class Call(Struct, frozen=True, kw_only=True):
    name: str
    """With what it is reached by: `shop.total`."""
    told: str
    shown: str
    end: int


LIST = "list"
"""The kind of what is none of its own, but holds some."""


def tokens(text: str, language: Language) -> list[Token] | None:
    """None: something in it is not known. Spaces and comments are left out, line ends are not."""
    if len(text) > _LONGEST or (language == "rust" and _RAW.search(text)):
        return None
    found: list[Token] = []
    at, line = 0, 1
    while at < len(text):
        match = _TOKENS[language].match(text, at)
        if match is None:
            return None
        if match.lastgroup is not None and match.lastgroup != "space":
            found.append(Token(kind=match.lastgroup, text=match[0], line=line))
        line += match[0].count("\n")
        at = match.end()
    return found


def texts(found: Sequence[Token], at: int, count: int) -> list[str]:
    """The next tokens as texts; fewer where there are fewer."""
    return [one.text for one in found[at : at + count]]


def as_written(found: Sequence[Token], at: int, end: int) -> str:
    """Tokens as a person would write them on one line."""
    return "".join(f"{one.text} " if one.text == "," else one.text for one in found[at:end])


def value(found: Sequence[Token], at: int, language: Language) -> Value | None:
    """The value that begins at a token. None: it is none, or one that cannot be told apart for certain."""
    if at >= len(found):
        return None
    one = found[at]
    if one.kind == "text":
        return Value(kind="text", told=repr(one.text[1:-1]), shown=one.text, end=at + 1)
    if one.kind == "number" or one.text == "-":
        return _number(found, at, language)
    if one.text in {"true", "false"}:
        return Value(kind="truth", told=one.text, shown=one.text, end=at + 1)
    if language == "javascript" and one.text in {"null", "undefined"}:
        return Value(kind="nothing", told=one.text, shown=one.text, end=at + 1)
    return _list(found, at, language)


def _number(found: Sequence[Token], start: int, language: Language) -> Value | None:
    at = start + (found[start].text == "-")
    if at >= len(found) or found[at].kind != "number":
        return None
    digits, end, suffix = found[at].text, at + 1, ""
    if end < len(found) and found[end].kind in {"name", "number"}:
        # Another way to write a number, unless it is the type of one.
        if language != "rust" or _SUFFIX.fullmatch(found[end].text) is None:
            return None
        suffix, end = found[end].text, end + 1
    number = float(f"{'-' * (at - start)}{digits}")
    is_odd = _OCTAL.match(digits) is not None or (number == 0 and at > start)
    if is_odd or (language != "javascript" and ("." in digits or abs(number) > _MOST_EXACT)):
        return None
    kind = f"number{suffix}"
    return Value(kind=kind, told=f"{number!r}{suffix}", shown=as_written(found, start, end), end=end)


def _list(found: Sequence[Token], start: int, language: Language) -> Value | None:
    ahead, at, close = texts(found, start, 4), start, "]"
    if language == "go":
        if [*ahead[:2], *ahead[3:]] != ["[", "]", "{"] or ahead[2] not in _GO_TYPES:
            return None
        at, close = start + 4, "}"
    else:
        opens = [["["]] if language == "javascript" else [["["], ["&", "["], ["vec", "!", "["]]
        head = next((one for one in opens if ahead[: len(one)] == one), None)
        if head is None:
            return None
        at = start + len(head)
    several = values(found, at, language, close)
    if several is None:
        return None
    told, end = several
    return Value(
        kind=LIST, told=f"{''.join(ahead[: at - start])}{told}", shown=as_written(found, start, end), end=end
    )


def values(found: Sequence[Token], at: int, language: Language, close: str) -> tuple[str, int] | None:
    """Values with commas between them up to `close`, and the token after that. None: something else is there."""
    told: list[str] = []
    while texts(found, at, 1) != [close]:
        if told:
            if texts(found, at, 1) != [","]:
                return None
            at += 1
            if texts(found, at, 1) == [close]:
                break
        one = value(found, at, language)
        if one is None:
            return None
        told.append(f"{one.kind} {one.told}")
        at = one.end
    return ", ".join(told), at + 1


def without_inner_lines(found: Sequence[Token]) -> list[Token]:
    """Line ends say nothing in brackets that are not curly."""
    kept, opened = list[Token](), [""]
    for one in found:
        if one.kind == "sign" and one.text in {"(", "[", "{"}:
            opened.append(one.text)
        elif one.kind == "sign" and one.text in {")", "]", "}"} and len(opened) > 1:
            opened.pop()
        if one.kind != "line" or opened[-1] in {"", "{"}:
            kept.append(one)
    return kept


def closing(found: Sequence[Token], at: int) -> int | None:
    """The token that closes the bracket at `at`. None: nothing does."""
    depth = 0
    for index in range(at, len(found)):
        if found[index].kind == "sign":
            depth += (found[index].text in {"(", "[", "{"}) - (found[index].text in {")", "]", "}"})
            if depth == 0:
                return index
    return None


def call(found: Sequence[Token], start: int, language: Language) -> Call | None:
    """A call with at least one argument, all of them written out. None: it is none."""
    if start >= len(found) or found[start].kind != "name":
        return None
    name, at = found[start].text, start + 1
    while at + 1 < len(found) and found[at].text in {".", "::"} and found[at + 1].kind == "name":
        name, at = f"{name}{found[at].text}{found[at + 1].text}", at + 2
    given = values(found, at + 1, language, ")") if texts(found, at, 1) == ["("] else None
    if given is None or not given[0]:
        return None
    told, end = given
    return Call(name=name, told=f"{name}({told})", shown=as_written(found, start, end), end=end)
