"""Splitting a reply and reading its actions: tokens a second, and whether those of a long reply cost more.

A token is four characters. The floor is what no reader in Python can go below: a loop that keeps each delta, one
text made of them, and one look through it for the tag that ends the reasoning. Figures are processor time, the
best of several runs of everything in turns, so that a busy machine slows down all of them alike.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

from r1code.dialects.function import RawCalls, raw_call
from r1code.dialects.native import NativeDialect
from r1code.dialects.reasoning import CLOSE, Splitter
from r1code.dialects.text import TextDialect
from r1code.tools.write import Write
from r1code.types import Reply, ToolCall, ToolSpec

TOKEN = 4
SIZES = (2_000, 20_000, 200_000)
DELTAS = (1, 64)
"""Tokens in a delta."""
TARGET = 1_000_000
FLAT = 1.5
"""A token of the longest reply may cost this many times what one of the shortest does."""

THOUGHT = (
    "The test calls `total(price, discount)` and wants `price - discount`. If a < b the list is\nempty, so the "
    "fault is in cart.py, line 12: `return price + discount`. 先看一下代码。 I check `for x in xs:` as well.\n\n"
)
EDIT = """\
I change one line.
<edit path="shop/cart.py">
<<<<<<< SEARCH
def total(price, discount):
    \"\"\"What is to be paid.\"\"\"
    if price < discount:
        return 0
    return price + discount
=======
def total(price, discount):
    \"\"\"What is to be paid.\"\"\"
    if price < discount:
        return 0
    return price - discount
>>>>>>> REPLACE
</edit>
"""
PAGE = '  <li class="item"><a href="/shop/{{ id }}">{{ name }}</a> &lt; <b>{{ price }}</b></li>\n'
Run = Callable[[list[str]], object]
Key = tuple[str, int]


def filled(piece: str, characters: int) -> str:
    return piece * max(1, characters // len(piece))


def reply(tokens: int) -> str:
    """Three parts of reasoning and two of edits."""
    characters = tokens * TOKEN
    return f"{filled(THOUGHT, characters * 3 // 5)}{CLOSE}\n{filled(EDIT, characters * 2 // 5)}"


def page(tokens: int) -> str:
    """One file that is all tags: every line of it may be one of ours."""
    body = filled(PAGE, tokens * TOKEN)
    return f'hm{CLOSE}<write path="a.html">\n{body}</write>\n'


def prose(tokens: int) -> str:
    """An answer that is all lines in which something could stand."""
    return f"hm{CLOSE}{filled('- `a` < b, see <b>c</b> ~ and </div>' + chr(10), tokens * TOKEN)}"


def cut(text: str, tokens: int) -> list[str]:
    size = tokens * TOKEN
    return [text[at : at + size] for at in range(0, len(text), size)]


def read(deltas: list[str]) -> object:
    splitter = Splitter("in_prompt")
    for delta in deltas:
        for _ in splitter.feed("content", delta):
            pass
    split = splitter.finish()[1]
    return TextDialect().parse(Reply(text=split.answer, reasoning=split.reasoning), first_call=1)


def floor(deltas: list[str]) -> object:
    kept: list[str] = []
    size = 0
    for delta in deltas:
        kept.append(delta)
        size += len(delta)
    return "".join(kept).find(CLOSE)


NATIVE = NativeDialect([ToolSpec(name="write", arguments=Write.arguments)])


def read_native(deltas: list[str]) -> object:
    calls = RawCalls()
    for delta in deltas:
        calls.feed(0, "", "write", delta)
    [raw] = calls.whole()
    return NATIVE.parse(Reply(text="", raw_calls=(raw,), finish="calls"), first_call=1)


def arguments(tokens: int) -> str:
    content = filled(EDIT, tokens * TOKEN * 9 // 10)
    return raw_call(ToolCall(id="", name="write", arguments={"path": "a", "content": content})).arguments


KINDS: dict[str, tuple[Run, Callable[[int], str]]] = {
    "reasoning and edits": (read, reply),
    "a page of tags": (read, page),
    "prose": (read, prose),
    "a call of a function": (read_native, arguments),
}


def best(runs: dict[Key, tuple[Run, list[str]]], rounds: int) -> dict[Key, float]:
    """Seconds of processor time of the best run of each, all in turns."""
    found = dict.fromkeys(runs, float("inf"))
    for _ in range(rounds):
        for key, (run, deltas) in runs.items():
            began = time.process_time()
            run(deltas)
            found[key] = min(found[key], time.process_time() - began)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    failed = False
    print(f"{'reply':22}{'delta':>8}{'tokens':>9}{'M tokens/s':>12}{'ns/token':>10}{'x floor':>9}")
    for kind, (run, make) in KINDS.items():
        for delta in DELTAS:
            replies = {size: cut(make(size), delta) for size in SIZES}
            found = best(
                {
                    (what, size): (how, replies[size])
                    for size in SIZES
                    for what, how in (("read", run), ("floor", floor))
                },
                rounds,
            )
            costs = {size: found["read", size] * TOKEN / sum(map(len, replies[size])) for size in SIZES}
            for size, cost in costs.items():
                ratio = found["read", size] / found["floor", size]
                print(f"{kind:22}{delta:>8}{size:>9}{1e-6 / cost:>12.2f}{cost * 1e9:>10.0f}{ratio:>9.1f}")
            growth = costs[SIZES[-1]] / costs[SIZES[0]]
            print(f"{'':39}{'':>12}{'x':>9}{growth:>10.2f}")
            failed |= growth > FLAT or max(costs.values()) > 1 / TARGET
    print("below the target" if failed else f"all above {TARGET / 1e6:.0f} M tokens/s, and flat")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
