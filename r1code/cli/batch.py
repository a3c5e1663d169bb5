"""`r1code batch ...`: the handlers."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from r1code.ui.messages import localized

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from r1code.batch.bundle import Manifest
    from r1code.batch.pool import Pool
    from r1code.batch.task import BatchTask
    from r1code.batch.work import Job
    from r1code.config import Config

_TIMEOUT = 3600.0
_OWN_FLAGS = {
    "folder": "-C",
    "test": "--test",
    "json": "--json",
    "check": "--check",
    "worktree": "--worktree",
    "commit": "--commit",
    "commit_first": "--commit-first",
    "record": "--record",
    "reports": "--report",
}
"""Flags of `fix` that are the batch's to set, or would make its tasks meet."""


def batch(options: argparse.Namespace) -> int:
    actions = {"run": _run, "show": _show, "compare": _compare, "rescore": _rescore, "import": _import}
    return actions[options.action](options)


def _run(options: argparse.Namespace) -> int:
    from contextlib import closing

    from r1code.app.signals import cancel_on_signals
    from r1code.batch.bundle import Bundle
    from r1code.batch.run import BatchEnded, Plan, run_batch
    from r1code.batch.task import read_tasks
    from r1code.control import Control
    from r1code.errors import Cancelled
    from r1code.types import ExitCode
    from r1code.ui.batch_live import teller

    tasks = read_tasks(Path(options.tasks), fetch=options.fetch)
    if options.tries is not None:
        tasks = tuple(_with_tries(task, options.tries) for task in tasks)
    config = _checked("fix", options.flags, tasks)
    job = _job(options, tasks[0])
    plan = Plan(tasks=tasks, manifest=_manifest(config, len(tasks), job), job=job, retry=options.retry)
    pool, control, faults = _pool(options), Control(), 0
    bundle = Bundle(Path(options.output).resolve())
    tell = teller(sys.stdout, json=options.json, color=options.color or "auto")
    try:
        with cancel_on_signals(control), closing(tell):
            for event in run_batch(plan, bundle, pool, control):
                tell.on(event)
                if isinstance(event, BatchEnded):
                    faults = event.faults
    except Cancelled:
        print(localized("stopped; the same command goes on with what has no result yet"), file=sys.stderr)
        raise
    return ExitCode.NOT_FIXED if faults else ExitCode.OK


def _with_tries(task: BatchTask, tries: int) -> BatchTask:
    import msgspec

    from r1code.batch.task import BatchTask
    from r1code.errors import UsageError

    try:
        return msgspec.convert({**msgspec.to_builtins(task), "tries": tries}, BatchTask)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"--tries {tries} cannot be used", why=str(error), hint="--tries 2, for example"
        ) from error


def _checked(command: str, flags: Sequence[str], tasks: Sequence[BatchTask] = ()) -> Config:
    """The configuration that the children will have. Raises UsageError where they could not start.

    Flags that nobody knows are refused as they are for `fix` itself.
    """
    from r1code.app.backend import chosen_profile
    from r1code.app.folders import user_config
    from r1code.app.keys import environment
    from r1code.config import load_config
    from r1code.errors import UsageError
    from r1code.options.grammar import parser
    from r1code.profiles import key_of

    grammar = parser()
    first = ["verify", "-"] if command == "verify" else [command]
    bare = vars(grammar.parsed(first))
    wanted = dict[str, object]()
    own = {(*(("--from-issue", "-") if task.text else ()), *task.flags) for task in tasks}
    for task_flags in [(), *sorted(own)]:
        given = vars(grammar.parsed([*first, *flags, *task_flags]))
        for name, flag in _OWN_FLAGS.items():
            if given.get(name) != bare.get(name):
                raise UsageError(
                    f"{flag} cannot be given to all tasks",
                    why="the batch sets it, task by task",
                    hint="say it in the file of tasks, or leave it out (docs/batch.md)",
                )
        wanted = wanted or given
    config = load_config(flags=wanted, environ=os.environ, user_file=user_config(), project=None)
    if command == "fix":
        key_of(chosen_profile(config)[1], environment())
    return config


def _manifest(config: Config, tasks: int, job: Job) -> Manifest:
    from r1code.app.backend import chosen_profile
    from r1code.batch.bundle import manifest_of
    from r1code.config import Config

    name, profile = chosen_profile(config)
    return manifest_of(
        config.values, Config().values, (name, profile.model), tasks, seconds=job.seconds, attempts=job.attempts
    )


def _job(options: argparse.Namespace, first: BatchTask) -> Job:
    from r1code.batch.work import COMMAND, Job
    from r1code.errors import UsageError

    if options.attempts < 1 or (options.workers is not None and options.workers < 1):
        raise UsageError(
            "nothing would be done", why="--workers and --attempts take numbers from 1 on", hint="--workers 2"
        )
    return Job(
        task=first,
        command=COMMAND if options.started is None else (sys.executable, "-S", options.started),
        flags=tuple(options.flags),
        seconds=_TIMEOUT if options.timeout is None else options.timeout,
        attempts=options.attempts,
        keep=getattr(options, "keep", False),
        cwd=str(Path.cwd()),
    )


def _pool(options: argparse.Namespace) -> Pool:
    if options.ray is not None:
        from r1code.batch.ray_pool import RayPool

        return RayPool(options.ray, options.workers)
    from r1code.batch.pool import Threads

    return Threads(_workers(options))


def _workers(options: argparse.Namespace) -> int:
    return options.workers or max(1, (os.cpu_count() or 2) // 2)


def _show(options: argparse.Namespace) -> int:
    import msgspec

    from r1code.batch.bundle import Bundle
    from r1code.batch.summary import summary_of
    from r1code.ui.batch_table import told_summary
    from r1code.ui.safe import safe

    summary = summary_of(Bundle.open(Path(options.folder)))
    if options.html is not None:
        from r1code.ui.batch_page import page

        _write(options, options.html, page(summary).encode("utf-8", "backslashreplace"))
    if options.png is not None:
        from r1code.ui.batch_plots import picture

        _write(options, options.png, picture(summary))
    if options.json:
        print(msgspec.json.encode(summary).decode())
    elif options.html is None and options.png is None:
        print(safe(told_summary(summary)))
    return 0


def _write(options: argparse.Namespace, name: str, data: bytes) -> None:
    from r1code.batch.bundle import write_whole
    from r1code.errors import UsageError
    from r1code.ui.safe import safe_line

    file = Path(name)
    if file.exists() and not options.force:
        raise UsageError(f"{file} is there", why="it may be yours", hint="--force overwrites it")
    write_whole(file, data)
    print(localized(f"written: {safe_line(name)}"), file=sys.stderr)


def _compare(options: argparse.Namespace) -> int:
    import msgspec

    from r1code.batch.bundle import Bundle
    from r1code.batch.compare import compare
    from r1code.ui.batch_table import told_comparison
    from r1code.ui.safe import safe

    found = compare(Bundle.open(Path(options.first)), Bundle.open(Path(options.second)))
    print(msgspec.json.encode(found).decode() if options.json else safe(told_comparison(found)))
    return 0


def _rescore(options: argparse.Namespace) -> int:
    from tempfile import TemporaryDirectory

    from msgspec.structs import replace

    from r1code.app.signals import cancel_on_signals
    from r1code.batch.bundle import Bundle
    from r1code.batch.rescore import rescore
    from r1code.control import Control
    from r1code.types import ExitCode
    from r1code.ui.batch_table import told_rescored, told_rescoring
    from r1code.ui.plain import json_line

    bundle = Bundle.open(Path(options.folder))
    tasks = bundle.tasks
    _checked("verify", options.flags)
    repos = None if options.repos is None else Path(options.repos)
    control, agreeing, differing, unknown = Control(), 0, 0, 0
    with cancel_on_signals(control), TemporaryDirectory(prefix="r1code-rescore-") as work:
        job = replace(_job(options, tasks[0]), work=work)
        for one in rescore(bundle, repos, job, control, workers=_workers(options), fetch=options.fetch):
            agreeing += one.is_known and one.agrees
            differing += one.is_known and not one.agrees
            unknown += not one.is_known
            print(json_line(one) if options.json else told_rescored(one), flush=True)
    print(told_rescoring(agreeing, differing, unknown), file=sys.stderr)
    return ExitCode.NOT_FIXED if differing or unknown else ExitCode.OK


def _import(options: argparse.Namespace) -> int:
    import msgspec

    from r1code.batch.bundle import write_whole
    from r1code.ui.safe import safe_line

    if options.source == "exercism":
        from r1code.batch.exercism import exercism

        tasks = exercism(Path(options.folder), options.test)
    else:
        from r1code.batch.swebench import DEFAULT_TEST, Places, swebench

        repos = None if options.repos is None else Path(options.repos)
        places = Places(repos=repos, test=options.test or DEFAULT_TEST, image=options.image or "")
        tasks = swebench(Path(options.file), places)
    write_whole(Path(options.output), (msgspec.json.encode(task) + b"\n" for task in tasks))
    print(localized(f"{len(tasks)} tasks written: {safe_line(options.output)}"), file=sys.stderr)
    return 0
