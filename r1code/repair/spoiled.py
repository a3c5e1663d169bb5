"""Counter-tests of Go and Rust: a test that ends by failing, whatever it did. Pure.

What they assert stays as it is, so the code under test does all that it does in earnest; the end fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from msgspec import Struct


class Spoiled(Struct, frozen=True, kw_only=True):
    """A test file in which tests cannot pass."""

    text: str
    names: frozenset[str] | None
    """Those that cannot; None: none of the file can."""
    is_sure: bool = True
    """False: some of them may pass in earnest, but not all."""


_GO = re.compile(r"^func (?P<name>Test\w*)\((?P<t>[A-Za-z]\w*) \*testing\.T\) \{", re.MULTILINE)
_RUST = re.compile(
    r"^[ \t]*#\[test\]\s*\n(?P<more>(?:[ \t]*(?:#\[[^\n]*\]|//[^\n]*)\n)*)"
    r"[ \t]*(?:pub(?:\([^)\n]*\))? )?fn (?P<name>\w+)\(\)[^{;\n]*\{",
    re.MULTILINE,
)
COMPILED = ("_test.go", ".rs")
_ABOVE = re.compile(r"#\[should_panic[^\n]*\n\s*\Z")
_GUARD = (
    " struct R1code{word}; impl Drop for R1code{word} {{ fn drop(&mut self) {{ if !::std::thread::panicking() "
    '{{ ::std::panic!("{word}") }} }} }} let _r1code = R1code{word};'
)


def go(text: str, names: Collection[str]) -> Spoiled | None:
    """A test fails when it returns, also where it skipped itself."""
    return _ended(_GO, text, names, lambda found: f" defer {found['t']}.Fail();")


def rust(text: str, names: Collection[str], word: str) -> Spoiled | None:
    """A test panics when it returns. One that is to panic is left alone."""
    return _ended(_RUST, text, names, lambda found: None if _panics(found) else _GUARD.format(word=word))


def _ended(
    pattern: re.Pattern[str], text: str, names: Collection[str], end: Callable[[re.Match[str]], str | None]
) -> Spoiled | None:
    """The text with `end` behind the head of each test of these names that is there once."""
    heads: dict[str, list[re.Match[str]]] = {}
    for found in pattern.finditer(text):
        heads.setdefault(found["name"], []).append(found)
    chosen = [heads[name][0] for name in names if len(heads.get(name, ())) == 1]
    ends = {found: more for found in chosen if (more := end(found)) is not None}
    for found in sorted(ends, key=lambda one: -one.end()):
        text = f"{text[: found.end()]}{ends[found]}{text[found.end() :]}"
    return Spoiled(text=text, names=frozenset(found["name"] for found in ends)) if ends else None


def _panics(found: re.Match[str]) -> bool:
    above = found.string[: found.start()]
    return "should_panic" in found["more"] or _ABOVE.search(above) is not None


def function_of(identity: str) -> str:
    """The function of a test by its id, in Go or Rust; empty: it is none of its own, but a part of one."""
    rest = identity.partition("::")[2]
    return "" if "/" in rest or not rest else rest.rpartition("::")[2]


def defines(text: str, name: str) -> bool:
    """Whether a source has a test of that name, as it can be spoiled."""
    return name in text and any(found["name"] == name for one in (_GO, _RUST) for found in one.finditer(text))
