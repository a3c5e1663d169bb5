"""Damage of class A around the lines of a block: fences and line numbers."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random

from cases import (
    Case,
    Unsuitable,
    plain,
    text,
)
from sources import Edit


def unfenced(edit: Edit) -> None:
    if any(line.strip().startswith(("```", "~~~")) for line in [*edit.file, *edit.replace]):
        raise Unsuitable


def fenced(edit: Edit, rng: Random) -> Case:
    unfenced(edit)
    case = plain(edit, rng)
    opener = rng.choice(["```", "```python", "``` js", "````text"]).replace(" ", "")
    closer = "````" if opener.startswith("````") else "```"
    search, new = (f"{opener}\n{part}{closer}\n" for part in (case.search, case.replace))
    return replace(case, search=search, replace=rng.choice([new, new, case.replace]))


def fenced_together(edit: Edit, rng: Random) -> Case:
    """One fence that opens before SEARCH and closes after REPLACE."""
    unfenced(edit)
    case = plain(edit, rng)
    return replace(case, search=f"```\n{case.search}", replace=f"{case.replace}```\n")


def _numbered(edit: Edit, rng: Random, form: str) -> Case:
    first = len(edit.before) + 1
    search, new = (
        [form.format(number) + line for number, line in enumerate(lines, start=first)]
        for lines in (edit.search, edit.replace)
    )
    if any(re.match(r"\s*\d+\s*[:|\t\u2192]", line) for line in [*edit.search, *edit.replace]):
        raise Unsuitable
    if rng.random() < 0.5:
        search, new = ([re.sub("([:|]) $", "\\1", line) for line in lines] for lines in (search, new))
    case = plain(edit, rng)
    return replace(case, search=text(search), replace=text(rng.choice([new, new, edit.replace])))


def numbered_colon(edit: Edit, rng: Random) -> Case:
    return _numbered(edit, rng, rng.choice(["{}: ", "{}:", "{:>4}: "]))


def numbered_bar(edit: Edit, rng: Random) -> Case:
    return _numbered(edit, rng, rng.choice(["{}| ", "{} | ", "{:>5}| ", "{}|"]))


def numbered_tab(edit: Edit, rng: Random) -> Case:
    return _numbered(edit, rng, rng.choice(["{}\t", "{:>6}\t", "{:>6}\u2192"]))
