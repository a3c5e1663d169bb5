"""Counter-tests: the tests that a patch repaired, changed so that they cannot pass. Pure.

Code under test that runs in the runner's own process can make any report say anything. Whoever does so for a test
that passes does it for one that cannot pass, too, and that is seen.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from r1code.repair.spoiled import COMPILED, Spoiled, go, rust
from r1code.types import TestReport

_COMPARING = frozenset(
    {
        "assertEqual",
        "assertEquals",
        "assertIs",
        "assertAlmostEqual",
        "assertListEqual",
        "assertDictEqual",
        "assertSetEqual",
        "assertTupleEqual",
        "assertSequenceEqual",
        "assertCountEqual",
        "assertMultiLineEqual",
    }
)
_CLAIMING = frozenset({"assertTrue", "assertFalse"})
_NODE = re.compile(
    r"\bassert(?P<name>\.(?:equal|strictEqual|deepEqual|deepStrictEqual|notEqual|notStrictEqual))\((?=\S)"
)
_NODE_CLAIM = re.compile(r"\bassert(?P<name>\.ok|)\((?=\S)")
_ASSERTED = re.compile(r"\bassert(?:\.\w+)*\(|\bexpect\(|\.should\b")
_CASE = re.compile(r"\b(?:test|it)(?:\.\w+)?\(")
_SCRIPTS = (".js", ".cjs", ".mjs", ".ts", ".cts", ".mts")


def spoiled(path: str, text: str, names: Collection[str], word: str) -> Spoiled | None:
    """A test file in which the tests of these names cannot pass; None: nobody knows how to do that.

    No names: none of its tests can, and in a Python program its own assertions neither. `word`, which the tests
    do not hold and nobody can guess, stands in place of what they expect.
    """
    if path.endswith(".py"):
        return _python(text, names, word)
    if path.endswith(COMPILED):
        return go(text, names) if path.endswith(".go") else rust(text, names, word)
    return _javascript(text, word) if path.endswith(_SCRIPTS) else None


def _python(text: str, names: Collection[str], word: str) -> Spoiled | None:
    try:
        tree = ast.parse(text)
        spoiler = _Spoiler(names, word)
        spoiler.visit(tree)
        found = frozenset(spoiler.found - spoiler.left)
        if not spoiler.found and not names:
            tree.body = [*(_inverted(one, word) for one in tree.body), _never(word)]
        elif not found:
            return None
        changed = f"{ast.unparse(ast.fix_missing_locations(tree))}\n"
        return Spoiled(text=changed, names=found if names else None)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _javascript(text: str, word: str) -> Spoiled | None:
    changed, some = _NODE.subn(rf'assert\g<name>("{word}", ', text)
    changed, more = _NODE_CLAIM.subn(r"assert\g<name>(false, ", changed)
    if changed == text:
        return None
    # What throws, or asserts in another way, may pass in earnest; so may a test that asserts nothing.
    asserted = len(_ASSERTED.findall(text))
    is_sure = asserted == some + more >= len(_CASE.findall(text))
    return Spoiled(text=changed, names=None, is_sure=is_sure)


class _Spoiler(ast.NodeTransformer):
    """Makes test functions fail: each of their assertions, and their ends."""

    def __init__(self, names: Collection[str], word: str) -> None:
        self._names = names
        self._word = word
        self.found: set[str] = set()
        self.left: set[str] = set()
        """May pass in earnest."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        if node.name not in self._names if self._names else not node.name.startswith("test"):
            return node
        if any(isinstance(one, ast.Return) for one in _own(node)):
            self.left.add(node.name)
            return node
        self.found.add(node.name)
        by_methods = any(_method(one) for one in ast.walk(node))
        last = _never_method(self._word) if by_methods else _never(self._word)
        # What equals anything is seen only where nothing else fails.
        is_certain = any(_compares(one) for one in node.body)
        node.body = [*(_inverted(one, self._word) for one in node.body), *([] if is_certain else [last])]
        return node


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """What is in a function, but not in those that it defines."""
    for one in ast.iter_child_nodes(node):
        yield one
        if not isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            yield from _own(one)


def _inverted(statement: ast.stmt, word: str) -> ast.stmt:
    inverted: ast.stmt = _Inverter(word).visit(statement)
    return inverted


class _Inverter(ast.NodeTransformer):
    """No assertion of what is right holds any more."""

    def __init__(self, word: str) -> None:
        self._word = ast.Constant(word)

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        test = node.test
        if isinstance(test, ast.Compare) and _compares(node):
            asked = test.comparators[0] if isinstance(test.left, ast.Constant) else test.left
            node.test = ast.Compare(left=asked, ops=[ast.Eq()], comparators=[self._word])
        else:
            node.test = ast.UnaryOp(op=ast.Not(), operand=test)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = _method(node)
        if name in _COMPARING and len(node.args) > 1:
            asked = node.args[1] if isinstance(node.args[0], ast.Constant) else node.args[0]
            node.args = [asked, self._word, *node.args[2:]]
        elif name in _CLAIMING and node.args:
            node.args = [ast.UnaryOp(op=ast.Not(), operand=node.args[0]), *node.args[1:]]
        return node


def _method(node: ast.AST) -> str:
    """The name of the assertion of unittest that it calls; empty: none."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return ""
    owner, name = node.func.value, node.func.attr
    return name if isinstance(owner, ast.Name) and owner.id == "self" and name.startswith("assert") else ""


def _compares(statement: ast.stmt) -> bool:
    """Whether it asserts that two things are equal."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return _method(statement.value) in _COMPARING and len(statement.value.args) > 1
    test = statement.test if isinstance(statement, ast.Assert) else None
    return isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq | ast.Is)


def _never(word: str) -> ast.stmt:
    return ast.parse(f"assert {word!r} == 0").body[0]


def _never_method(word: str) -> ast.stmt:
    return ast.parse(f"self.assertEqual({word!r}, 0)").body[0]


def places(ids: Sequence[str], files: Mapping[str, str], paths: Collection[str]) -> dict[str, frozenset[str]]:
    """The test files that ids belong to, and the names of the functions that are meant there; none: all of them.

    `files`: what reports say of where a test is, by id.
    """
    found: dict[str, set[str] | None] = {}
    for identity in ids:
        head, _, rest = identity.partition("::")
        near = (head, f"{head.replace('.', '/')}.py", files.get(identity, ""))
        path = next((one for one in near if one in paths), None)
        if path is None:
            continue
        known = found.setdefault(path, set())
        name = rest.rpartition("::")[2].partition("[")[0] if rest else ""
        found[path] = None if known is None or not name else {*known, name}
    return {path: frozenset(names or ()) for path, names in found.items()}


def deceived(report: TestReport, ids: Collection[str]) -> tuple[str, ...]:
    """What a run of counter-tests says that cannot be: which of the tests passed, or that all did."""
    if report.timed_out:
        return ()
    passed = tuple(one for one in ids if one in report.passed)
    return passed or (tuple(ids) if report.exit_code == 0 else ())
