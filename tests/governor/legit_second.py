"""More reasoning that only looks repetitive: the second half that the thresholds were chosen on."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator

Lines = Iterator[str]

PEOPLE = [
    "Ada",
    "Bela",
    "Carl",
    "Dora",
    "Emil",
    "Fay",
    "Gus",
    "Hana",
    "Ivan",
    "Jill",
    "Kurt",
    "Lena",
    "Milo",
    "Nora",
    "Omar",
    "Pia",
    "Quin",
    "Rosa",
    "Sven",
    "Tina",
]
VERBS = [
    "open",
    "close",
    "read",
    "write",
    "flush",
    "seek",
    "lock",
    "unlock",
    "fetch",
    "retry",
    "cancel",
    "resume",
    "encode",
    "decode",
    "hash",
    "sign",
    "verify",
]
NOUNS = [
    "buffer",
    "socket",
    "header",
    "packet",
    "frame",
    "record",
    "ledger",
    "cursor",
    "window",
    "schema",
    "table",
    "column",
    "row",
    "page",
    "block",
]


def boolean_search(rng: random.Random) -> Lines:
    """Every assignment of a random 3-SAT formula, tried in order."""
    while True:
        clauses = [[(rng.randrange(7), rng.random() < 0.5) for _ in range(3)] for _ in range(9)]
        for bits in itertools.product([0, 1], repeat=7):
            broken = [n for n, clause in enumerate(clauses) if not any(bits[v] == want for v, want in clause)]
            row = ", ".join(f"x{n}={bit}" for n, bit in enumerate(bits))
            yield f"{row}: " + (f"clause {broken[0]} fails ({len(broken)} in all)" if broken else "satisfies all")


def many_tables(rng: random.Random) -> Lines:
    """Table after table over the same variables, each of another formula: only the last column differs."""
    count = rng.randrange(3, 8)
    while True:
        names, inverted = "pqrstuvw"[:count], [rng.random() < 0.3 for _ in range(count)]
        signs = [rng.choice(["and", "or", "->", "xor"]) for _ in range(count - 1)]
        yield f"Truth table of {' '.join(itertools.chain(*zip(names, [*signs, ''], strict=True)))}:"
        for row in itertools.product([False, True], repeat=count):
            first, *rest = (one != flip for one, flip in zip(row, inverted, strict=True))
            for sign, one in zip(signs, rest, strict=True):
                steps = {"and": first and one, "or": first or one, "->": not first or one, "xor": first != one}
                first = steps[sign]
            yield "| " + " | ".join(str(int(one)) for one in (*row, first)) + " |"


def gates(rng: random.Random) -> Lines:
    while True:
        one, two = rng.sample(["AND", "OR", "NAND", "NOR", "XOR"], 2)
        table = {"AND": lambda a, b: a & b, "OR": lambda a, b: a | b, "NAND": lambda a, b: 1 - (a & b)}
        table |= {"NOR": lambda a, b: 1 - (a | b), "XOR": lambda a, b: a ^ b}
        yield f"Now {one} of the first two, then {two} with the third, then {one} with the fourth:"
        for a, b, c, d in itertools.product([0, 1], repeat=4):
            first = table[one](a, b)
            second = table[two](first, c)
            yield f"a={a} b={b} c={c} d={d} -> {first} -> {second} -> {table[one](second, d)}"


def disk_usage(rng: random.Random) -> Lines:
    while True:
        where = "/".join(rng.choices(NOUNS, k=rng.randrange(1, 4)))
        yield f"{rng.randrange(4, 90_000)}\t./{where}/{rng.choice(VERBS)}.{rng.choice(['c', 'h', 'o', 'txt'])}"


def grep_output(rng: random.Random) -> Lines:
    while True:
        yield (
            f"lib/{rng.choice(NOUNS)}.rb:{rng.randrange(900)}:    "
            f"{rng.choice(VERBS)}_{rng.choice(NOUNS)}({rng.choice(NOUNS)})"
        )


def seating(rng: random.Random) -> Lines:
    """A puzzle by cases: who sits where."""
    for number in itertools.count(1):
        a, b, c = rng.sample(PEOPLE, 3)
        at, to = rng.randrange(8), rng.randrange(8)
        yield (
            f"Case {number}: {a} sits at seat {at} and {b} at seat {to}. The distance is {abs(at - to)}, so "
            f"{c} cannot sit "
            f"between them{'' if abs(at - to) < 2 else ' unless ' + rng.choice(PEOPLE) + ' moves'}. "
            "Contradiction or not: "
            f"{'contradiction' if at == to else 'possible'}."
        )


def collatz(rng: random.Random) -> Lines:
    known = {1}
    while True:
        n = rng.randrange(1000, 99_999)
        yield f"Start at {n}:"
        while n not in known:
            known.add(n)
            yield f"{n} is odd, so 3 * {n} + 1 = {3 * n + 1}" if n % 2 else f"{n} is even, so {n} / 2 = {n // 2}"
            n = 3 * n + 1 if n % 2 else n // 2
        yield f"From {n} on it is known, so this one ends, too."


def induction(rng: random.Random) -> Lines:
    """Divisibility, case by case, with long words around few numbers."""
    for k in itertools.count(2):
        p = rng.choice([3, 5, 7, 9])
        value = k**3 - k
        yield (
            f"For k = {k} we have k^3 - k = {k**3} - {k} = {value}, and dividing by {p} leaves the remainder "
            f"{value % p}, "
            f"since {p} * {value // p} = {p * (value // p)}; so the claim "
            f"{'holds' if value % p == 0 else 'fails'} here "
            f"and we continue with the next value."
        )


def setters(rng: random.Random) -> Lines:
    while True:
        name, kind = (
            f"{rng.choice(VERBS)}{rng.choice(NOUNS).title()}",
            rng.choice(["int", "String", "long", "boolean"]),
        )
        yield f"    public void set{name.title()}({kind} {name}) {{"
        yield f"        this.{name} = {name};"
        yield f'        log.debug("{name} is now {{}}", {name});'
        yield "    }"
        yield ""


def dispatch(rng: random.Random) -> Lines:
    while True:
        yield f"        case {rng.choice(NOUNS).upper()}_{rng.choice(VERBS).upper()}:"
        yield f"            return {rng.choice(VERBS)}_{rng.choice(NOUNS)}(ctx, {rng.randrange(64)});"


def go_tests(rng: random.Random) -> Lines:
    while True:
        name = f"Test{rng.choice(VERBS).title()}{rng.choice(NOUNS).title()}/{rng.choice(PEOPLE).lower()}"
        yield f"=== RUN   {name}"
        yield (
            f"--- {rng.choices(['PASS', 'FAIL'], [19, 1])[0]}: {name} "
            f"({rng.randrange(9)}.{rng.randrange(100):02d}s)"
        )


def chinese_proof(rng: random.Random) -> Lines:
    while True:
        m, a = rng.choice([9, 11, 13, 16]), rng.randrange(2, 9)
        yield f"我们来证明{a}的幂在模{m}下的性质。"
        value = 1
        for n in range(1, m + 1):
            before, value = value, value * a % m
            yield (
                f"当指数为{n}时，"
                f"前一个余数是{before}，乘以{a}得到{before * a}，"
                f"除以{m}余{value}，{'出现了循环' if value == 1 else '继续计算'}。"
            )


def chinese_review(rng: random.Random) -> Lines:
    things = [
        "接口",
        "模块",
        "参数",
        "变量",
        "返回值",
        "异常",
        "日志",
        "锁",
        "事务",
        "索引",
        "连接池",
        "缓冲区",
        "解析器",
        "调度器",
        "定时器",
        "序列化",
    ]
    doubts = ["没有问题", "可能为空", "需要加锁", "顺序不对", "类型不匹配", "没有关闭", "已经检查过", "不会执行"]
    while True:
        a, b = rng.sample(things, 2)
        yield (
            f"再看第{rng.randrange(10, 900)}行的{a}：它调用了{b}，{rng.choice(doubts)}，"
            f"而{rng.choice(things)}{rng.choice(doubts)}。"
        )


def binary_dump(rng: random.Random) -> Lines:
    at = 0x1000
    while True:
        zeros = rng.random() < 0.3
        data = [0] * 8 if zeros else [rng.randrange(65536) for _ in range(8)]
        yield f"{at:07x}: " + " ".join(f"{one:04x}" for one in data)
        at += 16


def lcs(rng: random.Random) -> Lines:
    while True:
        a, b = ("".join(rng.choices("ACGT", k=12)) for _ in range(2))
        yield f"LCS of {a} and {b}:"
        above = [0] * 13
        for i in range(12):
            row = [0]
            for j in range(12):
                row.append(above[j] + 1 if a[i] == b[j] else max(above[j + 1], row[-1]))
            yield f"row {i + 1} ({a[i]}): " + " ".join(map(str, row))
            above = row


def coins(rng: random.Random) -> Lines:
    while True:
        kinds = sorted(rng.sample(range(2, 20), 3))
        best = [0]
        yield f"Coins {kinds}:"
        for amount in range(1, 40):
            ways = [(best[amount - c], c) for c in kinds if amount >= c and best[amount - c] >= 0]
            best.append(min(ways)[0] + 1 if ways else -1)
            tried = ", ".join(f"best[{amount - c}] + 1 = {count + 1}" for count, c in ways)
            yield f"best[{amount}]: " + (f"{tried}; so {best[-1]}" if ways else "no coin fits")


def patch_text(rng: random.Random) -> Lines:
    while True:
        name = rng.choice(NOUNS)
        yield f"diff --git a/{name}.js b/{name}.js"
        for _ in range(rng.randrange(3, 9)):
            old, new = rng.choice(VERBS), rng.choice(VERBS)
            yield f"-  const {name} = require('{old}').{rng.choice(NOUNS)};"
            yield f"+  import {{ {rng.choice(NOUNS)} as {name} }} from '{new}';"


def json_lines(rng: random.Random) -> Lines:
    for number in itertools.count(1):
        yield (
            f'{{"ts": "2026-03-{number % 28 + 1:02d}T{rng.randrange(24):02d}:{rng.randrange(60):02d}:00Z", '
            f'"level": '
            f'"{rng.choice(["info", "warn", "debug"])}", "user": "{rng.choice(PEOPLE)}", '
            f'"event": "{rng.choice(VERBS)}", '
            f'"ms": {rng.randrange(5000)}}}'
        )


def trace(rng: random.Random) -> Lines:
    """A loop of a program stepped through by hand."""
    while True:
        values = [rng.randrange(100) for _ in range(14)]
        total, best = 0, values[0]
        yield f"Let me trace it with {values}."
        for i, value in enumerate(values):
            total += value
            best = max(best, value)
            yield (
                f"i = {i}: value = {value}, total = {total}, best = {best}, so the branch is "
                f"{'' if value > 50 else 'not '}taken."
            )


def rewriting(rng: random.Random) -> Lines:
    """The same test file, written again with another case each time."""
    while True:
        names = rng.sample(NOUNS, 5)
        lines = [
            f"def test_{one}():\n    assert {rng.choice(VERBS)}({rng.randrange(99)}) == {rng.randrange(99)}"
            for one in names
        ]
        for _ in range(3):
            yield "So the file becomes:"
            yield from lines
            at = rng.randrange(len(lines))
            lines[at] = (
                f"def test_{rng.choice(NOUNS)}():\n    assert {rng.choice(VERBS)}({rng.randrange(99)}) == "
                f"{rng.randrange(99)}"
            )
            lines.append(f"def test_{rng.choice(VERBS)}():\n    assert {rng.choice(VERBS)}({rng.randrange(99)})")
            yield (
                f"No: {rng.choice(NOUNS)} needs {rng.choice(VERBS)}, since {rng.choice(PEOPLE)} asked for "
                f"{rng.randrange(99)} of them."
            )


KINDS: tuple[Callable[[random.Random], Lines], ...] = (
    boolean_search,
    many_tables,
    gates,
    disk_usage,
    grep_output,
    seating,
    collatz,
    induction,
    setters,
    dispatch,
    go_tests,
    chinese_proof,
    chinese_review,
    binary_dump,
    lcs,
    coins,
    patch_text,
    json_lines,
    trace,
    rewriting,
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
