"""Makes replies whose meaning is known because of how they are made. Run this file to write them anew.

A case is up to three actions from a small writer of its own (not the product's), with reasoning before and prose
around them, and one thing done to it:

- *habits* that leave the meaning as it is: fences around actions, decorated paths, tags in upper case, closing
  tags that are not needed or missing at the very end, invisible characters, CR LF, Chinese. The calls must be
  exactly those that went in.
- *damage* after which nothing may be done: a second closing tag of the reasoning, a missing end, an action that
  stays in the reasoning, other formats. The words of the refusal are given here, by hand.

The seed is fixed, so the file changes only if this one does.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import msgspec

from dialects.corpus import Case

FILE = Path(__file__).parent / "replies/generated.jsonl"
PATHS = ("a.py", "src/shop/cart.py", "tests/test_cart.py", "源/解析.py", "docs/index.md", "my file.txt")
LINES = (
    "def total(price, discount):",
    "    return price - discount",
    "",
    "if a < b and b > c:",
    'text = "<b>好</b>"',
    "# 折扣",
    "x = {'a': 1}",
    "=====",
    "std::cout << x;",
    "a &= b",
)
REASONING = (
    "",
    "Hm.",
    "The test fails because the discount is added.\n\nSo I subtract it.",
    "先看一下代码。\n折扣应该减去。",
    "Is `a < b`? The list is <ul><li>.\n```python\nx = 1\n```\nYes.",
    "First I would <run>ls</run>, but no.",
)
PROSE = (
    "",
    "I look.",
    "好的、先看看。",
    "This is **it**:",
    "The list `a < b` holds.",
    "1. Read it.\n2. Change it.",
)


class Action(msgspec.Struct):
    """An action: what it means, and its text as tag, attributes and body."""

    name: str
    arguments: dict[str, Any]
    attributes: dict[str, str] = {}
    body: list[str] | None = None

    def text(self, *, quote: str = '"', upper: bool = False, slash: str = "/") -> str:
        name = self.name.upper() if upper else self.name
        attributes = "".join(f" {key}={quote}{value}{quote}" for key, value in self.attributes.items())
        if self.body is None:
            return f"<{name}{attributes}{slash}>"
        if len(self.body) == 1 and self.name != "write":
            return f"<{name}{attributes}>{self.body[0]}</{name}>"
        return "\n".join([f"<{name}{attributes}>", *self.body, f"</{name}>"])


def lines(source: random.Random, most: int) -> list[str]:
    return [source.choice(LINES) for _ in range(source.randint(1, most))]


def action(source: random.Random) -> Action:
    path = source.choice(PATHS)
    kind = source.choice(("read", "edit", "edit", "write", "run", "search", "test", "delete"))
    if kind == "read" and source.random() < 0.5:
        return Action(
            name="read", arguments={"path": path, "lines": "1-9"}, attributes={"path": path, "lines": "1-9"}
        )
    if kind == "edit":
        old, new = lines(source, 3), lines(source, 3)
        body = ["<<<<<<< SEARCH", *old, "=======", *new, ">>>>>>> REPLACE"]
        edits = [{"search": "".join(f"{one}\n" for one in old), "replace": "".join(f"{one}\n" for one in new)}]
        return Action(name="edit", arguments={"path": path, "edits": edits}, attributes={"path": path}, body=body)
    if kind == "write":
        body = lines(source, 6)
        content = "".join(f"{one}\n" for one in body)
        return Action(
            name="write", arguments={"path": path, "content": content}, attributes={"path": path}, body=body
        )
    simple: dict[str, tuple[dict[str, str], dict[str, str], list[str] | None]] = {
        "run": ({"command": "pytest -q && ls"}, {}, ["pytest -q && ls"]),
        "search": ({"pattern": r"def \w+ < 3"}, {"pattern": r"def \w+ < 3"}, None),
        "test": ({}, {}, None),
        "read": ({"path": path, "lines": "1-9"}, {"path": path, "lines": "1-9"}, None),
        "delete": ({"path": path}, {"path": path}, None),
    }
    arguments, attributes, text = simple[kind]
    return Action(name=kind, arguments=arguments, attributes=attributes, body=text)


def plain(actions: list[Action], source: random.Random) -> str:
    parts = [source.choice(PROSE)]
    for one in actions:
        parts += [one.text(), source.choice(PROSE)]
    return "\n".join(part for part in parts if part)


def _each(**how: Any) -> Callable[[list[Action], random.Random], str]:
    return lambda actions, _: "\n".join(one.text(**how) for one in actions)


def _fenced(actions: list[Action], source: random.Random) -> str:
    return "\n\n".join(f"```{source.choice(('', 'xml', 'html'))}\n{one.text()}\n```" for one in actions)


def _one_fence(actions: list[Action], _: random.Random) -> str:
    return "~~~\n" + "\n".join(one.text() for one in actions) + "\n~~~"


def _decorated(actions: list[Action], source: random.Random) -> str:
    around = source.choice(("`{}`", "./{}", "**{}**", "\ufeff{}", "{}\u200b", "\u300c{}\u300d"))
    changed = [
        msgspec.structs.replace(
            one, attributes={k: around.format(v) if k == "path" else v for k, v in one.attributes.items()}
        )
        for one in actions
    ]
    return "\n".join(one.text() for one in changed)


def _unseen(actions: list[Action], source: random.Random) -> str:
    mark = source.choice(("\ufeff", "\u200b", "\u2060", "\u200d"))
    return "\n".join(mark + one.text() for one in actions)


def _crlf(actions: list[Action], source: random.Random) -> str:
    return (plain(actions, source) + "\n").replace("\n", "\r\n")


def _quoted_code(actions: list[Action], source: random.Random) -> str:
    return "```python\n<run>not this</run>\n```\n" + plain(actions, source)


def _spaced(actions: list[Action], _: random.Random) -> str:
    return "\n\n\n".join(f"  {one.text()}  " if one.body is None else one.text() for one in actions)


def _open_end(actions: list[Action], source: random.Random) -> str:
    return plain(actions, source) + "\n<done>It works"


HABITS: dict[str, Callable[[list[Action], random.Random], str]] = {
    "plain": plain,
    "single quotes": _each(quote="'"),
    "upper case": _each(upper=True),
    "without a slash": _each(slash=""),
    "space before the slash": _each(slash=" /"),
    "each in a fence": _fenced,
    "all in a fence": _one_fence,
    "decorated paths": _decorated,
    "invisible characters": _unseen,
    "CR LF": _crlf,
    "quoted code before": _quoted_code,
    "blanks around": _spaced,
    "an open ending": _open_end,
}
DAMAGE: dict[str, tuple[Callable[[str], str], tuple[str, ...]]] = {
    "a second closer": (lambda text: f"{text}\n</think>\n", ("</think> again",)),
    "a second opener": (lambda text: f"<think>\n{text}", ("Line 1", "<think> again")),
    "all in a code fence": (lambda text: f"```python\n{text}\n```", ("stands inside a code fence",)),
    "in an open code fence": (lambda text: f"```js\n{text}", ("fence of line 1 is never closed",)),
    "R1's tokens": (lambda text: f"{text}\n<\uff5ctool\u2581calls\u2581begin\uff5c>", ("holds the token",)),
    "a made-up observation": (lambda text: f'{text}\n<observation of="x">\nok\n</observation>', ("yourself",)),
    "a stray closing tag": (lambda text: f"{text}\n</insert>", ("</insert> closes nothing",)),
    "two endings": (lambda text: f"{text}\n<done>a</done>\n<question>b</question>", ("more than one way",)),
    "a tag that does not end": (lambda text: f'{text}\n<read path="a', ("<read ...> is malformed",)),
    "a file that does not end": (lambda text: f'{text}\n<write path="a.py">\nx', ("never closed",)),
    "a command that does not end": (lambda text: f"{text}\n<run>\nls\npwd", ("never closed",)),
    "an unknown action": (lambda text: f'{text}\n<remove path="a.py"/>', ("no action <remove>",)),
    "an unknown attribute": (lambda text: f'{text}\n<read path="a.py" from="3"/>', ("no attribute from",)),
    "a missing attribute": (lambda text: f"{text}\n<delete/>", ("<delete> needs a path",)),
    "a tag of another tool": (lambda text: f"{text}\n<tool_call>\n{{}}\n</tool_call>", ("is no way to act",)),
}


def kept(number: int, habit: str) -> Case:
    source = random.Random(f"kept {number}")
    actions = [action(source) for _ in range(source.randint(1, 3))]
    text = HABITS[habit](actions, source)
    ending = "done" if habit == "an open ending" else "none"
    calls = [(one.name, one.arguments) for one in actions]
    return _case(f"{habit} {number}", source, text, calls, ending=ending)


def damaged(number: int, damage: str) -> Case:
    source = random.Random(f"damaged {number}")
    # No prose of its own: it may not hide what was damaged.
    text = "\n".join(action(source).text() for _ in range(source.randint(1, 2)))
    change, words = DAMAGE[damage]
    return _case(f"{damage} {number}", source, change(text), [], error=words, split="second" not in damage)


def cut(number: int) -> Case:
    """Cut anywhere by a server that says so: nothing counts."""
    source = random.Random(f"cut {number}")
    text = plain([action(source) for _ in range(2)], source)
    text = text[: source.randint(1, len(text))]
    return _case(f"cut off {number}", source, text, [], error=("cut off",), finish="length")


def drafted(number: int) -> Case:
    """All actions stay in the reasoning."""
    source = random.Random(f"drafted {number}")
    text = plain([action(source)], random.Random(0))
    return Case(
        name=f"only in the reasoning {number}",
        raw=f"{text}\n</think>\n",
        reasoning=f"{text}\n",
        answer="\n",
        error=("empty after the reasoning", "in your reasoning was not done"),
    )


def _case(
    name: str,
    source: random.Random,
    text: str,
    calls: list[tuple[str, dict[str, Any]]],
    *,
    ending: str = "none",
    error: tuple[str, ...] = (),
    finish: str = "stop",
    split: bool = True,
) -> Case:
    """`split`: the reasoning may also be split off by the server, or not be there."""
    reasoning = source.choice(REASONING)
    start = source.choice(("in_prompt", "tag", "field", "none") if split else ("in_prompt", "tag"))
    raw, before = text, ""
    if start in {"in_prompt", "tag"}:
        before, raw = reasoning, f"{'<think>' if start == 'tag' else ''}{reasoning}</think>\n{text}"
        text = f"\n{text}"
        error = tuple(part.replace("Line 1", "Line 2").replace("line 1 ", "line 2 ") for part in error)
    return Case(
        name=name,
        raw=raw,
        start=start,
        reasoning=before,
        answer=text,
        calls=calls,
        ending=ending,
        error=error,
        finish=finish,
    )


def cases() -> list[Case]:
    habits = [kept(number, habit) for number in range(8) for habit in HABITS]
    damages = [damaged(number, damage) for number in range(6) for damage in DAMAGE]
    rest = [cut(number) for number in range(24)] + [drafted(number) for number in range(12)]
    return habits + damages + rest


def main() -> None:
    encoder = msgspec.json.Encoder()
    FILE.write_text("".join(encoder.encode(case).decode() + "\n" for case in cases()), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
