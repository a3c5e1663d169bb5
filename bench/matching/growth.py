"""How the time of matching grows: with the file, with the number of blocks, and where nothing is found."""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random

from r1code.errors import ToolError
from r1code.tools.matching import Block, replace_all

WORDS = [f"{one}_{two}" for one in ("read", "write", "find", "open", "make") for two in ("line", "file", "part")]


def source(lines: int) -> list[str]:
    """Lines as in a program: some differ, many are the same."""
    rng = Random(lines)
    usual = ["", "    }", "    return result", "        pass", "    else:"]
    return [
        rng.choice(usual) if rng.random() < 0.4 else f"    {rng.choice(WORDS)}({rng.choice(WORDS)}, {number})"
        for number in range(lines)
    ]


def text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def blocks(lines: list[str], count: int, said: Callable[[str], str]) -> list[Block]:
    """`count` edits all over the file, each of ten lines, as the model says them."""
    step = len(lines) // count
    found = [list(map(said, lines[start : start + 10])) for start in range(0, step * count, step)]
    return [Block(text(one), text([*one[:5], said("    new()"), *one[5:]])) for one in found]


def measure(content: str, edits: list[Block]) -> str:
    began, outcome = time.perf_counter(), "applied"
    try:
        replace_all(content, edits, path="big.c")
    except ToolError:
        outcome = "refused"
    return f"{1000 * (time.perf_counter() - began):>9.1f} ms  {outcome}"


def main() -> None:
    for size in (12_500, 25_000, 50_000, 100_000):
        lines = source(size)
        content = text(lines)
        rows = {
            "1 block": blocks(lines, 1, str),
            "1,000 exact blocks": blocks(lines, 1000, str),
            "1,000 shifted blocks": blocks(lines, 1000, lambda line: line.removeprefix("    ")),
            "1 block of 1,000 lines": [Block(text(lines[500:1500]), text(["new", *lines[500:1500]]))],
            "1 block, nothing near": [Block("class Other:\n    pass\n", "x\n")],
            "1 block, near": [Block(text([*lines[size // 2 : size // 2 + 9], "changed(line)"]), "x\n")],
            "1,000 lines, near": [Block(text(["changed()", *lines[501:1500]]), "x\n")],
        }
        print(f"{size:>7} lines, {len(content) / 1e6:.1f} MB")
        for name, edits in rows.items():
            print(f"  {name:<24}{measure(content, edits)}")


main()
