"""By what tests judge, and no name says that it is theirs: helpers, data, tests in the source files. Pure.

Such files may have to change in a repair, so they are not protected; a person should look.
"""

from __future__ import annotations

import ast
import doctest
import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from r1code.repair.suspicion import Suspicion

_HELPERS = re.compile(
    r"(?:^|/)(?:testing|testutils?|tests?[_-]?(?:utils?|helpers?|support|lib|data|tools|base|case)|fixtures?|goldens?"
    r"|snapshots?|expected|__(?:mocks|fixtures|snapshots)__)(?:[/.]|$)",
    re.IGNORECASE,
)
_DATA = re.compile(
    r"\.(?:json5?|jsonl|ya?ml|toml|ini|cfg|txt|csv|tsv|xml|html?|md|sql|golden|snap|out|expected|dat|bin|pickle|lock)$",
    re.IGNORECASE,
)
_FEWEST = 4
"""Characters of a name that a test cannot have by chance."""
_RUST_TESTS = re.compile(r"#\[cfg\(test\)\][^{;]*\{|#\[test\][^{;]*\bfn[ ]+(?P<name>\w+)[^{;]*\{")
_TOKENS = re.compile(r"//[^\n]*|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\\n]|\\.)'|[{}]", re.DOTALL)
_MAIN = "__main__"
_TESTING = re.compile(r"\bassert\b|\btest|doctest|unittest")


class Edited(Struct, frozen=True, kw_only=True):
    """A file that a patch changes. Empty: it was not there, or is not, or is not text."""

    path: str
    before: str
    after: str


def judging(edited: Iterable[Edited], tests: Mapping[str, str]) -> Iterator[Suspicion]:
    """What of a patch tests may judge by. `tests`: the texts of protected files, by path."""
    for one in edited:
        if _HELPERS.search(one.path):
            yield _seen(one.path, 1, "is what tests judge by, by its name", "")
        elif (by := _named_by(one.path, tests)) is not None:
            yield _seen(one.path, 1, "is data that a test names", by)
        yield from _own_tests(one)


def reads(path: str) -> bool:
    """Whether it has to be known what the tests say, to judge a change of this path."""
    return _DATA.search(path) is not None


def _seen(path: str, number: int, what: str, text: str) -> Suspicion:
    return Suspicion(grade="judge", path=path, number=number, what=what, text=text)


def _named_by(path: str, tests: Mapping[str, str]) -> str | None:
    name = path.rpartition("/")[2]
    if not reads(path) or len(name) < _FEWEST:
        return None
    named = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-])")
    return next((test for test, text in tests.items() if name in text and named.search(text)), None)


def _own_tests(one: Edited) -> Iterator[Suspicion]:
    """The tests in a source file that are not as they were. New ones are none of them."""
    find = _of_python if one.path.endswith(".py") else _of_rust if one.path.endswith(".rs") else None
    if find is None or not one.before:
        return
    left = list(find(one.after)) if one.after else []
    texts = [text for _, text in left]
    for number, text in find(one.before):
        if text in texts:
            texts.remove(text)
        else:
            shown = " ".join(text.split())[:100]
            yield _seen(one.path, number, "changes a test that was in the source file", shown)
            return


def _of_python(text: str) -> Iterator[tuple[int, str]]:
    """Examples of docstrings, and what a program asserts about itself."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    parser = doctest.DocTestParser()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            name, line = getattr(node, "name", ""), getattr(node, "lineno", 1)
            try:
                examples = parser.get_examples(ast.get_docstring(node) or "")
            except ValueError:
                continue
            for example in examples:
                yield line, f"{name}: >>> {example.source}{example.want}"
        elif isinstance(node, ast.If) and _MAIN in ast.unparse(node.test):
            block = ast.unparse(node)
            if _TESTING.search(block):
                yield node.lineno, block


def _of_rust(text: str) -> Iterator[tuple[int, str]]:
    """The tests, and each line of what is there for tests only."""
    for found in _RUST_TESTS.finditer(text):
        block = text[found.start() : _end(text, found.end())]
        number = text.count("\n", 0, found.start()) + 1
        if found["name"] is not None:
            yield number, block
        else:
            lines = block.splitlines()
            yield from ((number + at, line.strip()) for at, line in enumerate(lines) if line.strip(" \t{}"))


def _end(text: str, at: int) -> int:
    """Where the braces end that were opened before `at`."""
    depth = 1
    for token in _TOKENS.finditer(text, at):
        depth += {"{": 1, "}": -1}.get(token[0], 0)
        if depth == 0:
            return token.end()
    return len(text)
