"""Reasoning that only looks repetitive, by a third set of generators: written when the thresholds were committed.

Nothing of it was used to choose them.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator

Lines = Iterator[str]

CITIES = [
    "Oslo",
    "Rome",
    "Lima",
    "Cairo",
    "Delhi",
    "Paris",
    "Quito",
    "Sofia",
    "Tokyo",
    "Hanoi",
    "Accra",
    "Berlin",
    "Dublin",
    "Havana",
    "Lisbon",
    "Madrid",
]
PARTS = [
    "reader",
    "writer",
    "handler",
    "router",
    "loader",
    "mapper",
    "filter",
    "signer",
    "cleaner",
    "watcher",
    "planner",
    "runner",
]
FIELDS = [
    "name",
    "email",
    "phone",
    "street",
    "zip",
    "country",
    "birthday",
    "language",
    "currency",
    "timezone",
    "avatar",
    "role",
]


def equivalence(rng: random.Random) -> Lines:
    """Whether two formulas agree, by a table in Markdown; each time two other formulas."""
    signs = {
        "∧": lambda x, y: x and y,
        "+": lambda x, y: x or y,
        "→": lambda x, y: not x or y,
        "↔": lambda x, y: x == y,
    }
    while True:
        a, b, c, d = rng.sample("ABCDEFGH", 4)
        one, two, three, four = (rng.choice(list(signs)) for _ in range(4))
        yield f"| {a} | {b} | {c} | {d} | {a} {one} {b} | {c} {two} ¬{d} | {three} | {four} | equal |"
        for row in itertools.product([False, True], repeat=4):
            first, second = signs[one](row[0], row[1]), signs[two](row[2], not row[3])
            left, right = signs[three](first, second), signs[four](first, second)
            yield "| " + " | ".join(str(int(x)) for x in (*row, first, second, left, right, left == right)) + " |"


def parity(rng: random.Random) -> Lines:
    for number in itertools.count(rng.randrange(512)):
        bits = f"{number % 1024:010b}"
        yield (
            f"input {bits}: ones = {bits.count('1')}, longest run = {max(map(len, bits.split('0')))}, value = "
            f"{number % 1024}"
        )


def archive(rng: random.Random) -> Lines:
    while True:
        yield (
            f"  {rng.randrange(100, 99_999):>8}  2026-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d} "
            f"{rng.randrange(24):02d}:{rng.randrange(60):02d}   "
            f"pkg/{rng.choice(PARTS)}/{rng.choice(FIELDS)}_{rng.choice(PARTS)}.go"
        )


def imports(rng: random.Random) -> Lines:
    while True:
        yield (
            f"from app.{rng.choice(PARTS)}.{rng.choice(FIELDS)} import "
            f"{rng.choice(FIELDS).title()}{rng.choice(PARTS).title()}"
        )


def triangles(rng: random.Random) -> Lines:
    for number in itertools.count(1):
        a, b, c = (rng.randrange(1, 40) for _ in range(3))
        fits = a + b > c and a + c > b and b + c > a
        kind = (
            "no triangle"
            if not fits
            else "equilateral"
            if a == b == c
            else "isosceles"
            if len({a, b, c}) < 3
            else "scalene"
        )
        yield (
            f"{number}) sides {a}, {b}, {c}: {a} + {b} = {a + b}, {a} + {c} = {a + c}, {b} + {c} = {b + c}, "
            f"so it is {kind}, "
            f"and classify({a}, {b}, {c}) has to return '{kind}'."
        )


def routes(rng: random.Random) -> Lines:
    while True:
        stops = rng.sample(CITIES, 4)
        legs = [rng.randrange(80, 2000) for _ in range(3)]
        yield (
            f"Route {' - '.join(stops)}: {legs[0]} + {legs[1]} + {legs[2]} = {sum(legs)} km, which is "
            f"{'better' if sum(legs) < 2500 else 'worse'} than before."
        )


def squares(rng: random.Random) -> Lines:
    """A proof by exhaustion over residues, in long sentences."""
    while True:
        m = rng.choice([8, 12, 15, 16, 20, 24])
        target = rng.randrange(m)
        yield f"Claim: x^2 + y^2 = {target} has solutions modulo {m}. I go through all x."
        for x in range(m):
            rest = (target - x * x) % m
            found = [y for y in range(m) if y * y % m == rest]
            yield (
                f"Suppose x = {x}. Then x^2 = {x * x}, that is {x * x % m} modulo {m}, and y^2 has to be "
                f"{rest}. "
                f"{'This works for y = ' + str(found[0]) if found else 'There is no such y'}, so we go on."
            )


def properties(rng: random.Random) -> Lines:
    while True:
        field, part = rng.choice(FIELDS), rng.choice(PARTS)
        yield "    @property"
        yield f"    def {part}_{field}(self) -> str:"
        yield f'        return self._{part}.get("{field}", {rng.choice(["None", "0", repr(rng.choice(CITIES))])})'
        yield ""


def tables(rng: random.Random) -> Lines:
    while True:
        yield f"CREATE TABLE {rng.choice(PARTS)}_{rng.choice(FIELDS)} ("
        for field in rng.sample(FIELDS, 5):
            yield (
                f"    {field} {rng.choice(['TEXT', 'INTEGER', 'DATE', 'REAL'])} "
                f"{rng.choice(['NOT NULL', 'NULL', 'UNIQUE'])},"
            )
        yield f"    PRIMARY KEY ({rng.choice(FIELDS)}));"


def pytest_failures(rng: random.Random) -> Lines:
    while True:
        name, line = f"test_{rng.choice(PARTS)}_{rng.choice(FIELDS)}", rng.randrange(10, 400)
        yield (
            f"FAILED tests/unit/test_{rng.choice(PARTS)}.py::{name}[{rng.choice(CITIES)}] - assert "
            f"{rng.randrange(99)} == {rng.randrange(99)}"
        )
        yield f"tests/unit/test_{rng.choice(PARTS)}.py:{line}: AssertionError"


def chinese_cases(rng: random.Random) -> Lines:
    for number in itertools.count(1):
        speed, hours = rng.randrange(20, 120), rng.randrange(2, 9)
        a, b = rng.sample(["甲", "乙", "丙", "丁", "戊"], 2)
        yield (
            f"第{number}种情况：假设{a}每小时走{speed}公里，{b}晚出发{hours}小时，"
            f"那么{a}已经走了{speed * hours}公里。"
            f"{b}要追上{a}，速度至少是{speed + hours}公里，"
            f"剩下的距离是{speed * hours - speed - hours}公里，{'可以追上' if speed % 2 else '追不上'}。"
        )


def registers(rng: random.Random) -> Lines:
    for step in itertools.count(0):
        yield f"pc={0x400000 + 4 * step:#x} " + " ".join(f"r{n}={rng.randrange(2**32):08x}" for n in range(4))


def bytes_of(rng: random.Random) -> Lines:
    while True:
        yield "    " + ", ".join(f"0x{rng.randrange(256):02X}" for _ in range(12)) + ","


def floyd(rng: random.Random) -> Lines:
    while True:
        n = 6
        d = [[0 if i == j else rng.randrange(1, 60) for j in range(n)] for i in range(n)]
        for k, i, j in itertools.product(range(n), repeat=3):
            through = d[i][k] + d[k][j]
            yield (
                f"k={k} i={i} j={j}: d[i][j] = {d[i][j]}, d[i][k] + d[k][j] = {d[i][k]} + {d[k][j]} = "
                f"{through}, {'update' if through < d[i][j] else 'keep'}"
            )
            d[i][j] = min(d[i][j], through)


def pascal(rng: random.Random) -> Lines:
    while True:
        m, row = rng.randrange(50, 1000), [rng.randrange(2, 50)]
        for n in range(24):
            yield f"n = {n} (mod {m}): " + " ".join(map(str, row))
            row = [row[0], *((a + b) % m for a, b in itertools.pairwise(row)), row[0]]


def config_diff(rng: random.Random) -> Lines:
    while True:
        yield f"--- a/deploy/{rng.choice(CITIES).lower()}.yaml"
        for _ in range(rng.randrange(2, 6)):
            field, old, new = rng.choice(FIELDS), rng.randrange(999), rng.randrange(999)
            yield f"-    {field}_{rng.choice(PARTS)}: {old}"
            yield f"+    {field}_{rng.choice(PARTS)}: {new}"
            yield f"     {rng.choice(FIELDS)}: {rng.choice(CITIES)}"


def nested_json(rng: random.Random) -> Lines:
    while True:
        yield "    {"
        for field in rng.sample(FIELDS, 4):
            yield f'      "{field}": "{rng.choice(CITIES)}",'
        yield f'      "limits": {{"low": {rng.randrange(50)}, "high": {rng.randrange(50, 999)}}}'
        yield "    },"


def doubting(rng: random.Random) -> Lines:
    """Hypotheses about a bug, each in the same words, about another place."""
    while True:
        part, field = rng.choice(PARTS), rng.choice(FIELDS)
        yield (
            f"Wait. What if the {part} gets the {field} before the {rng.choice(PARTS)} has set it? In that "
            "case line "
            f"{rng.randrange(900)} of {part}.ts would throw, and "
            f'the log would say "{rng.choice(FIELDS)} of undefined". '
            f"But the log says {rng.choice(CITIES)}, so "
            f"{rng.choice(['no', 'not that', 'it is something else'])}."
        )


def two_versions(rng: random.Random) -> Lines:
    """A function before and after, then the next one."""
    while True:
        names = rng.sample(FIELDS, 6)
        lines = [
            f"    {one} = {rng.choice(PARTS)}({other}, {rng.randrange(50)})"
            for one, other in itertools.pairwise(names)
        ]
        yield f"Before, {rng.choice(PARTS)} is:"
        yield from lines
        at = rng.randrange(len(lines))
        yield f"After, with {rng.choice(FIELDS)} in line {at}:"
        yield from (
            line if n != at else line.replace("(", f"(self.{rng.choice(FIELDS)}, ")
            for n, line in enumerate(lines)
        )


KINDS: tuple[Callable[[random.Random], Lines], ...] = (
    equivalence,
    parity,
    archive,
    imports,
    triangles,
    routes,
    squares,
    properties,
    tables,
    pytest_failures,
    chinese_cases,
    registers,
    bytes_of,
    floyd,
    pascal,
    config_diff,
    nested_json,
    doubting,
    two_versions,
)


def text_of(kind: Callable[[random.Random], Lines], seed: int, characters: int = 40_000) -> str:
    rng = random.Random(f"{kind.__name__} {seed}")
    lines: list[str] = []
    size = 0
    for line in kind(rng):
        lines.append(line)
        size += len(line) + 1
        if size >= characters:
            break
    return "\n".join(lines) + "\n"
