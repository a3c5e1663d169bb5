"""What tests in Python ask. Pure.

It is strict about what it reads: calls of what a file imports, with arguments that
are written out, in tests without parameters, fixtures and decorators, and before anything else could happen.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from r1code.repair.asked import Asked

_LONGEST = 300_000
_PREPARES = frozenset({"setUp", "setUpClass", "setup_method", "setup_class", "asyncSetUp"})
_PREPARES_MODULE = frozenset({"setUpModule", "setup_module", "setup_function"})
_MARKS = "pytestmark"
_BASES = frozenset({"object", "TestCase", "unittest.TestCase"})
_EQUALS = frozenset({"assertEqual", "assertEquals", "assertIs"})


def asked(path: str, text: str) -> Iterator[Asked]:
    """What the tests of a file ask that can be read for certain."""
    if len(text) > _LONGEST:
        return
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    bound = _bound(module)
    names = {node.name for node in module.body if isinstance(node, ast.FunctionDef)}
    if names & _PREPARES_MODULE or _MARKS in _assigned(module):
        return
    for node in module.body:
        if isinstance(node, ast.FunctionDef):
            yield from _of_test(path, (), node, bound)
        elif isinstance(node, ast.ClassDef) and _is_plain(node):
            methods = [one for one in node.body if isinstance(one, ast.FunctionDef)]
            if not {one.name for one in methods} & _PREPARES:
                for method in methods:
                    yield from _of_test(path, (node.name,), method, bound)


def _is_plain(node: ast.ClassDef) -> bool:
    """Whether a class of tests has nothing from elsewhere."""
    is_free = not node.decorator_list and not node.keywords and _MARKS not in _assigned(node)
    return is_free and all(ast.unparse(base) in _BASES for base in node.bases)


def _assigned(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load)}


def _of_test(
    path: str, group: tuple[str, ...], test: ast.FunctionDef, bound: Mapping[str, str]
) -> Iterator[Asked]:
    taken = [one.arg for one in (*test.args.posonlyargs, *test.args.args, *test.args.kwonlyargs)]
    if not test.name.startswith("test") or test.decorator_list or taken != ["self"] * len(group):
        return
    names, dotted = (*group, test.name), path.removesuffix(".py").replace("/", ".")
    here, known = dict(bound), dict[str, ast.expr]()
    for statement in test.body:
        if isinstance(statement, ast.ImportFrom | ast.Import):
            here |= _imported(statement)
            continue
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        if (named := _named(statement, here)) is not None:
            known[named[0]] = named[1]
            continue
        pair = _pair(statement, known)
        if pair is None:
            # What comes after it may ask in another state.
            return
        call, expected, value = pair
        key = _key(call, here)
        if key is not None:
            yield Asked(
                path=path,
                line=statement.lineno,
                names=names,
                call=key,
                shown=ast.unparse(call),
                expected=expected,
                value=value,
                ids=frozenset({"::".join((path, *names)), "::".join((dotted, *names))}),
            )


def _named(statement: ast.stmt, bound: Mapping[str, str]) -> tuple[str, ast.expr] | None:
    """A name, and the literal or the call that it is to stand for."""
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    target, value = statement.targets[0], statement.value
    can_be_read = _literal(value) is not None or _key(value, bound) is not None
    return (target.id, value) if isinstance(target, ast.Name) and can_be_read else None


def _pair(statement: ast.stmt, known: Mapping[str, ast.expr]) -> tuple[ast.expr, str, str] | None:
    """The call, and the literal that a statement compares for equality. `known`: what names stand for."""
    sides: Sequence[ast.expr] = ()
    if isinstance(statement, ast.Assert) and isinstance(statement.test, ast.Compare):
        compare = statement.test
        if len(compare.ops) == 1 and isinstance(compare.ops[0], ast.Eq | ast.Is):
            sides = (compare.left, compare.comparators[0])
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        method = statement.value.func
        if isinstance(method, ast.Attribute) and method.attr in _EQUALS and len(statement.value.args) > 1:
            sides = statement.value.args[:2]
    sides = [known.get(one.id, one) if isinstance(one, ast.Name) else one for one in sides]
    for call, value in (tuple(sides), tuple(sides[::-1])) if sides else ():
        literal = _literal(value)
        if isinstance(call, ast.Call) and literal is not None:
            return call, literal, ast.unparse(value)
    return None


def _literal(node: ast.expr) -> str | None:
    """A value that is written out, as one text for all that are equal; None: it is none."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return _told(value)


def _told(value: object) -> str | None:
    if isinstance(value, bool | int):
        return f"number {int(value)}"
    if isinstance(value, float):
        # 1.0 is 1, and nothing is equal to what is no number.
        return None if math.isnan(value) else f"number {int(value) if value.is_integer() else value}"
    if isinstance(value, str | bytes) or value is None:
        return repr(value)
    if isinstance(value, tuple | list):
        kind = "tuple" if isinstance(value, tuple) else "list"
        parts = [_told(one) for one in cast("list[object]", value)]
        return None if None in parts else f"{kind}({', '.join(map(str, parts))})"
    if isinstance(value, dict):
        pairs = [(_told(key), _told(one)) for key, one in cast("dict[object, object]", value).items()]
        bad = any(None in pair for pair in pairs)
        return None if bad else f"dict({', '.join(sorted(f'{key}: {one}' for key, one in pairs))})"
    return None


def _key(call: ast.expr, bound: Mapping[str, str]) -> str | None:
    """The call as one text for all that mean the same; None: what it does may depend on something else."""
    if not isinstance(call, ast.Call) or not (call.args or call.keywords):
        # Without an argument, an answer is likely to depend on what was asked before.
        return None
    chain: list[str] = []
    name = call.func
    while isinstance(name, ast.Attribute):
        chain.append(name.attr)
        name = name.value
    if not isinstance(name, ast.Name) or name.id not in bound:
        return None
    given = [_literal(one) for one in call.args]
    named = sorted((one.arg or "", _literal(one.value) or "") for one in call.keywords)
    if None in given or any(not key or not value for key, value in named):
        return None
    whole = ".".join([bound[name.id], *reversed(chain)])
    return f"{whole}({', '.join(map(str, given))}; {named})"


def _bound(module: ast.Module) -> dict[str, str]:
    """What a name of the file was imported as, where it is bound once and nowhere else."""
    found: dict[str, str] = {}
    for node in module.body:
        if isinstance(node, ast.ImportFrom | ast.Import):
            found |= _imported(node)
    others = _assigned(module)
    changed = {
        node.value.id
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute)
        and not isinstance(node.ctx, ast.Load)
        and isinstance(node.value, ast.Name)
    }
    return {name: what for name, what in found.items() if name not in others | changed}


def _imported(statement: ast.ImportFrom | ast.Import) -> dict[str, str]:
    if isinstance(statement, ast.ImportFrom):
        where = "." * statement.level + (statement.module or "")
        # What is relative means another module in another folder.
        return (
            {} if statement.level else {one.asname or one.name: f"{where}.{one.name}" for one in statement.names}
        )
    return {one.asname or one.name: one.name for one in statement.names if one.asname or "." not in one.name}
