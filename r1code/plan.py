"""A plan as a Markdown file that a person reads and edits, and back."""

from __future__ import annotations

import re

from msgspec.structs import replace

from r1code.types import Plan

_INDENT = 4
_ITEM = re.compile(r" {0,1}(?:\d+[.)]|[-*+])[ \t]+")
_HEADING = re.compile(r"#{1,6}[ \t]+(?P<name>.+?)[ \t]*#*")
_MARK = re.compile(r"\\*#")
_TICK = re.compile(r"\[(?P<mark>[ xX])\](?:[ \t]+|\n|$)")
_CODE = re.compile(r"(?P<ticks>`+)(?P<text>(?:[^`]|(?!(?P=ticks)(?!`))`+)+)(?P=ticks)(?!`)")
_REMARK = re.compile("\\s+[-\u2014(]|:\\s")
_MOST_TRIED = 50
"""Places of a step that are looked at, in a file that holds other lists."""
_PARTS = {"goal": "goal", "plan": "goal", "steps": "steps", "files": "files", "tests": "tests"}


def tidy(text: str) -> str:
    """`text` as a plan can hold it: no space at the ends of its lines, no empty lines around it."""
    return "\n".join(line.rstrip() for line in re.split(r"\r\n?|\n", text)).strip()


def render(plan: Plan, *, numbered: bool = False) -> str:
    """The file. `parse` reads the same plan from it, if its texts are tidy, and files and tests are lines.

    `numbered`: for a model, which names a step by its number.
    """
    goal = "\n".join(f"\\{line}" if _MARK.match(line) else line for line in plan.goal.split("\n"))
    steps = "\n".join(
        f"{_begin(number, numbered=numbered, done=number in plan.done)} {step}".replace(
            "\n", f"\n{' ' * _INDENT}"
        )
        for number, step in enumerate(plan.steps, start=1)
    )
    parts = [f"# Plan\n\n{goal}", f"## Steps\n\n{steps}"]
    parts += [
        f"## {name}\n\n" + "\n".join(f"- {_code(one)}" for one in listed)
        for name, listed in (("Files", plan.files), ("Tests", plan.tests))
        if listed
    ]
    return "\n".join(line.rstrip() for line in "\n\n".join(parts).split("\n")).rstrip() + "\n"


def _begin(number: int, *, numbered: bool, done: bool) -> str:
    if numbered:
        return f"{number}. [x]" if done else f"{number}."
    return "- [x]" if done else "- [ ]"


def ticked(text: str, number: int, *, done: bool = True) -> str:
    """The file `text` with a tick at this step, from 1 on, or without it, and nothing else changed.

    Itself where there is no such step, or it is not certain where.
    """
    lines, plan = text.split("\n"), parse(text)
    wanted = replace(plan, done=tuple(sorted({*plan.done, number} if done else {*plan.done} - {number})))
    box = "[x]" if done else "[ ]"
    begins = [(at, item) for at, line in enumerate(lines) if (item := _ITEM.match(line))]
    # What else begins like an item stands before the steps, or says nothing.
    for at, item in begins[max(number, 1) - 1 :][:_MOST_TRIED]:
        mark = _TICK.match(lines[at], item.end())
        rest = lines[at][item.end() if mark is None else mark.end() :]
        changed = "\n".join([*lines[:at], f"{lines[at][: item.end()]}{box} {rest}".rstrip(" "), *lines[at + 1 :]])
        if parse(changed) == wanted:
            return changed
    return text


def parse(text: str) -> Plan:
    """The plan in a file, or in what a model wrote: never fails.

    Without headings, the items of a list are its steps, and what stands outside of them is its goal.
    """
    lines = tidy(text).split("\n")
    named = [_PARTS.get(found["name"].lower()) for line in lines if (found := _HEADING.fullmatch(line))]
    if "steps" not in named:
        goal, items = _split(lines)
        return _with_steps(Plan(goal=_goal(goal)), items)
    parts: dict[str, list[str]] = {"goal": [], "steps": [], "files": [], "tests": []}
    at = "goal"
    for line in lines:
        found = _HEADING.fullmatch(line)
        part = None if found is None else _PARTS.get(found["name"].lower())
        if part is None:
            parts[at].append(line)
        else:
            at = part
    plan = Plan(
        goal=_goal(parts["goal"]),
        files=tuple(_uncoded(one, remarks=True) for one in _split(parts["files"])[1]),
        tests=tuple(_uncoded(one, remarks=False) for one in _split(parts["tests"])[1]),
    )
    return _with_steps(plan, _split(parts["steps"])[1])


def _with_steps(plan: Plan, items: list[str]) -> Plan:
    marks = [_TICK.match(item) for item in items]
    texts = [item if mark is None else tidy(item[mark.end() :]) for item, mark in zip(items, marks, strict=True)]
    steps = [(text, mark) for text, mark in zip(texts, marks, strict=True) if text]
    done = (at for at, (_, mark) in enumerate(steps, start=1) if mark is not None and mark["mark"] != " ")
    return replace(plan, steps=tuple(text for text, _ in steps), done=tuple(done))


def _goal(lines: list[str]) -> str:
    return tidy("\n".join(line[1:] if line.startswith("\\") and _MARK.match(line) else line for line in lines))


def _split(lines: list[str]) -> tuple[list[str], list[str]]:
    """The lines before the first item, and the items of a list with the lines that belong to each."""
    before: list[str] = []
    items: list[list[str]] = []
    for line in lines:
        found = _ITEM.match(line)
        if found:
            items.append([line[found.end() :]])
        elif items:
            items[-1].append(line[min(_INDENT, len(line) - len(line.lstrip(" "))) :])
        else:
            before.append(line)
    texts = [tidy("\n".join(item)) for item in items]
    return before, [text for text in texts if text]


def _code(text: str) -> str:
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def _uncoded(text: str, *, remarks: bool) -> str:
    """A path or a command: what its code span holds, else its line, up to what is remarked on it."""
    found = _CODE.match(text)
    if found:
        return found["text"].strip()
    line = text.partition("\n")[0]
    return _REMARK.split(line, maxsplit=1)[0].strip() if remarks else line
