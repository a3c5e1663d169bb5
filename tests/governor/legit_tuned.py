"""Reasoning that only looks repetitive, with content that is computed. The thresholds were chosen on these."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator

Lines = Iterator[str]

NAMES = "user order invoice cart item price stock token session cache queue worker batch report export import "
NAMES += "config parser lexer node edge graph tree index store query filter sort merge split join align pad trim"
WORDS = NAMES.split()


def truth_table(rng: random.Random) -> Lines:
    """Rows of a random formula, bare."""
    while True:
        names = rng.sample("pqrstuvwxyz", 6)
        parts = [(rng.sample(names, 2), rng.choice(["and", "or", "xor"])) for _ in range(3)]
        yield "| " + " | ".join(names) + " | a | b | c | all |"
        for row in itertools.product([True, False], repeat=6):
            values = dict(zip(names, row, strict=True))
            found = [_apply(kind, *(values[one] for one in pair)) for pair, kind in parts]
            yield "| " + " | ".join("T" if one else "F" for one in (*row, *found, all(found))) + " |"


def _apply(kind: str, left: bool, right: bool) -> bool:
    return left and right if kind == "and" else left or right if kind == "or" else left != right


def truth_table_in_words(rng: random.Random) -> Lines:
    for count in itertools.count(1):
        names = rng.sample("pqrs", 4)
        for row in itertools.product([True, False], repeat=4):
            v = dict(zip(names, row, strict=True))
            a, b, c, d = names
            left, right = v[a] and v[b], v[c] or not v[d]
            yield (
                f"Row {count}: if {a} is {v[a]}, {b} is {v[b]}, {c} is {v[c]} and {d} is {v[d]}, then {a} and "
                f"{b} is "
                f"{left}, {c} or not {d} is {right}, so the implication is {not left or right}."
            )


def listing(rng: random.Random) -> Lines:
    while True:
        folder = f"src/{rng.choice(WORDS)}/{rng.choice(WORDS)}"
        for name in rng.sample(WORDS, 12):
            day, hour = rng.randrange(1, 29), rng.randrange(24)
            yield (
                f"-rw-r--r-- 1 app app {rng.randrange(90_000):6d} Mar {day:2d} "
                f"{hour:02d}:{rng.randrange(60):02d} {folder}/{name}.py"
            )


def tree(rng: random.Random) -> Lines:
    while True:
        yield f"├── {rng.choice(WORDS)}"
        for name in rng.sample(WORDS, rng.randrange(2, 7)):
            yield f"│   ├── {name}_{rng.choice(WORDS)}.py"


def cases(rng: random.Random) -> Lines:
    """Each case has the same frame, and is really worked out."""
    for number in itertools.count(1):
        x, y = rng.randrange(-50, 50), rng.randrange(1, 60)
        yield (
            f"Case {number}: x = {x}, y = {y}. Then x // y is {x // y} and x % y is {x % y}, so the function "
            "returns "
            f"{(x // y) * y + x % y}, which is {'even' if x % 2 == 0 else 'odd'}. The test expects {x}, so "
            "this case is fine."
        )


def proof(rng: random.Random) -> Lines:
    while True:
        modulus = rng.choice([7, 11, 13, 17, 19, 23])
        a, b = rng.randrange(1, modulus), rng.randrange(modulus)
        yield f"Let us show that n^2 + {a}n + {b} takes few values modulo {modulus}."
        for n in range(modulus):
            square = n * n % modulus
            total = (square + a * n + b) % modulus
            yield (
                f"If n ≡ {n} (mod {modulus}), then n^2 ≡ {n * n} ≡ {square} and {a}n ≡ {a * n % modulus}, "
                f"so the sum is {square + a * n % modulus + b} ≡ {total} (mod {modulus})."
            )


def code(rng: random.Random) -> Lines:
    while True:
        one, other, third = rng.sample(WORDS, 3)
        yield f"    def get_{one}_{other}(self) -> {third.title()}:"
        yield f'        """Returns the {other} of the {one}."""'
        yield f"        if self._{one} is None:"
        yield f"            self._{one} = self.load_{third}(self.{other}_path)"
        yield f"        return self._{one}.{other}"
        yield ""


def tests(rng: random.Random) -> Lines:
    number = 0
    while True:
        number += 1
        state = rng.choices(["PASSED", "FAILED", "SKIPPED"], [90, 6, 4])[0]
        name = "_".join(rng.sample(WORDS, 3))
        yield f"tests/test_{rng.choice(WORDS)}.py::test_{name} {state} [{number % 100:3d}%]"


def chinese(rng: random.Random) -> Lines:
    things = [
        "订单",
        "用户",
        "库存",
        "价格",
        "缓存",
        "队列",
        "会话",
        "令牌",
        "报表",
        "配置",
        "索引",
        "节点",
        "路径",
        "文件",
        "线程",
        "连接",
        "请求",
        "响应",
    ]
    for number in itertools.count(1):
        a, b = rng.sample(things, 2)
        x, y = rng.randrange(2, 100), rng.randrange(2, 100)
        yield (
            f"情况{number}：如果{a}的数量是{x}，{b}的数量是{y}，那么总和是{x + y}，"
            f"乘积是{x * y}，所以{a if x > y else b}更多，检查通过。"
        )


def hexdump(rng: random.Random) -> Lines:
    at = 0
    while True:
        data = rng.randbytes(16)
        shown = "".join(chr(one) if 32 <= one < 127 else "." for one in data)
        yield f"{at:08x}  {data[:8].hex(' ')}  {data[8:].hex(' ')}  |{shown}|"
        at += 16


def knapsack(rng: random.Random) -> Lines:
    while True:
        items = [(rng.randrange(2, 9), rng.randrange(1, 40)) for _ in range(6)]
        table = [[0] * 21]
        for number, (weight, worth) in enumerate(items, start=1):
            above, row = table[-1], [0]
            for w in range(1, 21):
                if w < weight:
                    row.append(above[w])
                    yield f"dp[{number}][{w}] = dp[{number - 1}][{w}] = {above[w]}"
                else:
                    taken = above[w - weight] + worth
                    row.append(max(above[w], taken))
                    yield (
                        f"dp[{number}][{w}] = max(dp[{number - 1}][{w}], dp[{number - 1}][{w - weight}] + "
                        f"{worth}) = max({above[w]}, {taken}) = {row[-1]}"
                    )
            table.append(row)


def distances(rng: random.Random) -> Lines:
    while True:
        left, right = rng.choice(WORDS) + rng.choice(WORDS), rng.choice(WORDS) + rng.choice(WORDS)
        before = list(range(len(right) + 1))
        for i, one in enumerate(left, start=1):
            row = [i]
            for j, other in enumerate(right, start=1):
                cost = int(one != other)
                row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + cost))
                yield (
                    f"D[{i}][{j}]: '{one}' vs '{other}': min({before[j] + 1}, {row[-2] + 1}, "
                    f"{before[j - 1] + cost}) = {row[-1]}"
                )
            before = row


def diff(rng: random.Random) -> Lines:
    at = 1
    while True:
        old, new = rng.choice(WORDS), rng.choice(WORDS)
        yield f"@@ -{at},4 +{at},4 @@ def {rng.choice(WORDS)}_{old}(self):"
        yield f"     {rng.choice(WORDS)} = self.{rng.choice(WORDS)}"
        yield f"-    return {old}({rng.choice(WORDS)})"
        yield f"+    return {new}({rng.choice(WORDS)})"
        at += rng.randrange(5, 40)


def records(rng: random.Random) -> Lines:
    for number in itertools.count(1):
        yield (
            f'  {{"id": {number}, "name": "{rng.choice(WORDS)}", "kind": "{rng.choice(["new", "old", "gone"])}", '
            f'"count": {rng.randrange(400)}, "active": {rng.choice(["true", "false"])}}},'
        )


def checking(rng: random.Random) -> Lines:
    """Wait, let me check that again: R1's usual way to think, and each time about something else."""
    starts = ["Wait, let me check", "Hmm, but what about", "Let me re-read", "Actually, look at", "Now", "OK so"]
    ends = ["That looks right.", "So this is not the bug.", "But is that ever called?", "Let me verify.", "Fine."]
    while True:
        a, b, c = rng.sample(WORDS, 3)
        yield (
            f"{rng.choice(starts)} the {a} function in {b}.py. It takes the {c} and returns the "
            f"{rng.choice(WORDS)}, "
            f"so with {rng.randrange(30)} it gives {rng.randrange(900)}. {rng.choice(ends)}"
        )


def drafts(rng: random.Random) -> Lines:
    """The same function is written down again and again, each time a little better."""
    while True:
        names = rng.sample(WORDS, 8)
        body = [
            f"    {one} = {other}({rng.choice(WORDS)}, {rng.randrange(9)})"
            for one, other in itertools.pairwise(names)
        ] * 2
        for attempt in range(4):
            yield f"Attempt {attempt + 1} at {names[0]}:"
            body[rng.randrange(len(body))] = (
                f"    {rng.choice(WORDS)} = {rng.choice(WORDS)}.{rng.choice(WORDS)}()"
            )
            yield from body
            yield f"With this {rng.choice(WORDS)} breaks, because {rng.choice(WORDS)} is {rng.choice(WORDS)}."


KINDS: tuple[Callable[[random.Random], Lines], ...] = (
    truth_table,
    truth_table_in_words,
    listing,
    tree,
    cases,
    proof,
    code,
    tests,
    chinese,
    hexdump,
    knapsack,
    distances,
    diff,
    records,
    checking,
    drafts,
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
