"""Plans as files: where they lie, and how they are written and read."""

from __future__ import annotations

import re
from pathlib import Path

from r1code.errors import UsageError
from r1code.plan import parse, render
from r1code.types import Plan

FOLDER = ".r1code/plans"
_MOST_NAME = 40


def place_for(root: Path, task: str, named: str | None) -> Path:
    """Where the plan for `task` will be written: nothing is there yet. Raises UsageError."""
    if named is not None:
        path = Path(named)
        if path.exists() or path.is_symlink():
            raise UsageError(
                f"{named} exists", why="a plan is never written over a file", hint="name another file with --plan"
            )
        return path
    folder = root / FOLDER
    if not folder.resolve().is_relative_to(root.resolve()):
        raise UsageError(
            f"{FOLDER} leads out of the repository",
            why="it is a link, or below one, and plans are written nowhere that you did not name",
            hint="name the file with --plan",
        )
    stem = re.sub(r"[^a-z0-9]+", "-", task.lower())[:_MOST_NAME].strip("-") or "plan"
    numbered = (folder / f"{stem}{'' if number == 1 else f'-{number}'}.md" for number in range(1, 1_000))
    return next(path for path in numbered if not path.exists() and not path.is_symlink())


def write_plan(path: Path, plan: Plan) -> str:
    """Writes a new file; its name. Raises UsageError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(render(plan))
    except OSError as error:
        raise UsageError(
            f"the plan cannot be written to {path}", why=str(error), hint="name another file with --plan"
        ) from error
    return str(path)


def read_plan(path: Path, *, within: Path | None = None) -> Plan:
    """The plan that a person wrote or corrected. Raises UsageError, also for a file that is not `within`."""
    if within is not None and not path.resolve().is_relative_to(within.resolve()):
        raise UsageError(
            f"the plan {path} leads out of the repository",
            why="it is a link, or below one, and it was none when it was made",
            hint="look at the file; /act FILE takes one that you name",
        )
    try:
        plan = parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"the plan {path} cannot be read", why=str(error), hint="r1code plan TASK makes one"
        ) from error
    if not (plan.goal or plan.steps):
        raise UsageError(f"the plan {path} is empty", why="it says nothing", hint="r1code plan TASK makes one")
    return plan
