"""A plan as a Markdown file that a person reads and edits, and back."""

from __future__ import annotations

import re

from r1code.types import Plan

_INDENT = 4
_ITEM = re.compile(r" {0,1}(?:\d+[.)]|[-*+])[ \t]+")
_HEADING = re.compile(r"#{1,6}[ \t]+(?P<name>.+?)[ \t]*#*")
_MARK = re.compile(r"\\*#")
_CODE = re.compile(r"(?P<ticks>`+)(?P<text>(?:[^`]|(?!(?P=ticks)(?!`))`+)+)(?P=ticks)(?!`)")
_REMARK = re.compile("\\s+[-\u2014(]|:\\s")
_PARTS = {"goal": "goal", "plan": "goal", "steps": "steps", "files": "files", "tests": "tests"}


def tidy(text: str) -> str:
    """`text` as a plan can hold it: no space at the ends of its lines, no empty lines around it."""
    return "\n".join(line.rstrip() for line in re.split(r"\r\n?|\n", text)).strip()


def render(plan: Plan) -> str:
    """The file. `parse` reads the same plan from it, if its texts are tidy, and files and tests are lines."""
    goal = "\n".join(f"\\{line}" if _MARK.match(line) else line for line in plan.goal.split("\n"))
    steps = "\n".join(
        f"{number}. {step}".replace("\n", f"\n{' ' * _INDENT}") for number, step in enumerate(plan.steps, start=1)
    )
    parts = [f"# Plan\n\n{goal}", f"## Steps\n\n{steps}"]
    parts += [
        f"## {name}\n\n" + "\n".join(f"- {_code(one)}" for one in listed)
        for name, listed in (("Files", plan.files), ("Tests", plan.tests))
        if listed
    ]
    return "\n".join(line.rstrip() for line in "\n\n".join(parts).split("\n")).rstrip() + "\n"


def parse(text: str) -> Plan:
    """The plan in a file, or in what a model wrote: never fails.

    Without headings, the items of a list are its steps, and what stands outside of them is its goal.
    """
    lines = tidy(text).split("\n")
    named = [_PARTS.get(found["name"].lower()) for line in lines if (found := _HEADING.fullmatch(line))]
    if "steps" not in named:
        goal, items = _split(lines)
        return Plan(goal=_goal(goal), steps=tuple(items))
    parts: dict[str, list[str]] = {"goal": [], "steps": [], "files": [], "tests": []}
    at = "goal"
    for line in lines:
        found = _HEADING.fullmatch(line)
        part = None if found is None else _PARTS.get(found["name"].lower())
        if part is None:
            parts[at].append(line)
        else:
            at = part
    return Plan(
        goal=_goal(parts["goal"]),
        steps=tuple(_split(parts["steps"])[1]),
        files=tuple(_uncoded(one, remarks=True) for one in _split(parts["files"])[1]),
        tests=tuple(_uncoded(one, remarks=False) for one in _split(parts["tests"])[1]),
    )


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
