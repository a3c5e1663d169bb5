"""The command line's words about what `fix` is given, and where it works."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from r1code.ui.messages import localized

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from r1code.config import Config
    from r1code.errors import UsageError
    from r1code.repo.git import Git
    from r1code.symptoms.symptom import Symptom


def symptoms_of(options: argparse.Namespace, git: Git) -> tuple[Symptom, ...]:
    """All that shows the failure. Raises UsageError, before anything is started."""
    from r1code.app.symptoms import range_of, read_symptoms
    from r1code.cli.git import note
    from r1code.errors import UsageError

    found = list(read_symptoms(options, sys.stdin.buffer))
    if options.from_range is not None:
        found.append(range_of(git, options.from_range, bisect=options.bisect))
    elif options.bisect:
        raise UsageError(
            "there is no range to search",
            why="--bisect looks for the first bad commit between a good and a bad one",
            hint="r1code fix --from-range v1.2..HEAD --bisect",
        )
    head = (git.head() or "") if git.is_repository else ""
    for symptom in found:
        if symptom.kind == "log" and symptom.commit and not head.startswith(symptom.commit):
            note(f"{symptom.origin} is about the commit {symptom.commit[:10]}, and HEAD is {head[:10] or 'none'}")
        for remark in symptom.remarks:
            note(remark)
        if symptom.tests and symptom.kind != "issue":
            note(f"{symptom.origin}: {len(symptom.tests)} named as failing")
    return tuple(found)


def check_clean(options: argparse.Namespace, git: Git) -> None:
    """Raises UsageError for uncommitted changes, where they are not wanted: a report names a commit."""
    from pathlib import Path

    from r1code.app.symptoms import given_files
    from r1code.errors import UsageError
    from r1code.naming import first_of

    wanted = options.require_clean or os.environ.get("CI", "").lower() in {"true", "1"}
    if not wanted or options.allow_dirty or not git.is_repository:
        return
    ours = {os.path.realpath(path) for path in given_files(options)}
    dirty = [path for path in git.changes() if os.path.realpath(Path(git.root) / path) not in ours]
    if dirty:
        raise UsageError(
            "there are uncommitted changes",
            why=f"{first_of(dirty)}; in CI, and with --require-clean, a repair is of a commit",
            hint="commit or remove them, or take them as they are: --allow-dirty",
        )


def part_of(options: argparse.Namespace, git: Git) -> str:
    """The folder of `--path`, from the root; empty: the whole repository. Raises UsageError."""
    if options.path is None:
        return ""
    from pathlib import Path

    from r1code.errors import UsageError

    root = git.root.resolve()
    folder = Path(options.folder, options.path).resolve()
    if not folder.is_dir() or not folder.is_relative_to(root):
        raise UsageError(
            f"{options.path} is no folder of this repository",
            why=f"{folder} is not there" if not folder.is_dir() else f"it is not below {root}",
            hint="name a folder inside: r1code fix --path packages/shop",
        )
    return "" if folder == root else folder.relative_to(root).as_posix()


def configured(flags: Mapping[str, Any], root: Path, part: str) -> Config:
    """The configuration; with a `part` of the repository, its own file counts, too."""
    from msgspec.structs import replace

    from r1code.app.folders import user_config
    from r1code.app.tests import gates_of, in_folder
    from r1code.config import load_config

    user = user_config()
    config = load_config(flags=flags, environ=os.environ, user_file=user, project=root)
    if not part or config.sandbox == "none":
        # Trust is about the root's file: without a sandbox, no other one says what runs.
        return config
    config = load_config(flags=flags, environ=os.environ, user_file=user, project=root, part=part)
    return replace(config, **{key: in_folder(part, getattr(config, key)) for key in gates_of(config, part)})


def with_logged_command(config: Config, symptoms: Sequence[Symptom]) -> tuple[Config, str]:
    """The configuration with the command that failed in a log, where there is no other, and what to tell.

    A log is written by others: its command counts only where it does nothing but call a test runner that r1code
    knows, and only in a sandbox.
    """
    from msgspec.structs import replace

    from r1code.app.symptoms import runnable
    from r1code.config import DETECTED

    command = runnable(symptoms)
    if config.test is not None or command is None or config.sandbox == "none":
        return config, ""
    config = replace(config, test=command, origins={**config.origins, "test": DETECTED})
    return config, f"tests: `{command}` (the step that failed in the log); --test sets another"


def no_command(symptoms: Sequence[Symptom], why: str) -> UsageError:
    """That there is no test command, with what the logs ran."""
    from r1code.errors import UsageError
    from r1code.ui.safe import safe_line

    ran = next((line for symptom in symptoms for line in symptom.commands), "")
    if ran and not why:
        return UsageError(
            "there is no test command",
            why=f"the log's failing step ran more than a test runner: {safe_line(ran.partition(chr(10))[0])}",
            hint="look at it, and name what runs the tests: r1code fix --test 'pytest -q'",
        )
    return UsageError(
        "there is no test command",
        why=why or "fix needs to know how the tests are run, and nothing in the repository shows it",
        hint="r1code fix --test 'pytest -q', or set test = \"pytest -q\" in .r1code/config.toml",
    )


def at_revision(options: argparse.Namespace, work: Callable[[argparse.Namespace], int]) -> int:
    """Does `work` in a new linked worktree of a commit: of this repository, or of a bare one."""
    from argparse import Namespace
    from pathlib import Path

    from r1code.app.folders import state_folder
    from r1code.app.worktrees import Worktrees
    from r1code.cli.git import note
    from r1code.control import Control
    from r1code.errors import Cancelled, R1CodeError
    from r1code.repo.git import Git
    from r1code.types import ExitCode

    folder, state = Path(options.folder), state_folder()
    found = Worktrees(Git.bare(folder) or Git.find(folder, state), state)
    linked = found.create(options.worktree or "", f"fix {options.at}", note, at=options.at)
    again = Namespace(**{**vars(options), "at": None, "worktree": None, "folder": str(linked.root)})
    try:
        code = work(again)
    except (Cancelled, R1CodeError):
        found.drop_unused(linked.root.name, Control(), note)
        raise
    if code in {ExitCode.BUDGET, ExitCode.INTERRUPTED, ExitCode.BACKEND}:
        # A session that can be resumed works there.
        print(localized(f"the worktree stays: {linked.root}"), file=sys.stderr)
    else:
        found.drop_unused(linked.root.name, Control(), note)
    return code
