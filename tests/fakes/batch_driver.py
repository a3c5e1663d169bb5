"""Does the tasks of FOLDER/tasks.jsonl with the fake of `r1code fix`.

    batch_driver.py FOLDER WORKERS [ray | real]

`real`: with r1code itself, whose scripted model says what FOLDER/replies.toml has.

Tells after each task how much memory this process holds: `ID KILOBYTES`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from r1code.batch.bundle import Bundle, Machine, Manifest
from r1code.batch.pool import Pool, Threads
from r1code.batch.ray_pool import RayPool
from r1code.batch.run import Plan, Started, TaskEnded, run_batch
from r1code.batch.task import read_tasks
from r1code.batch.work import Job
from r1code.control import Control

FAKE = Path(__file__).with_name("batch_fix.py")
MANIFEST = Manifest(
    r1code="0",
    begun="2026-01-01",
    profile="scripted",
    model="none",
    settings={},
    machine=Machine(system="Linux", kind="x", python="3", processors=1),
    tasks=0,
)


def plan_of(folder: Path, *, real: bool = False) -> Plan:
    tasks = read_tasks(folder / "tasks.jsonl")
    # -S: nothing that is installed is looked for, which would take most of the time.
    command = (sys.executable, "-P", "-m", "r1code") if real else (sys.executable, "-S", str(FAKE))
    words = ("--profile", "scripted", "--replies", str(folder / "replies.toml"))
    flags = (*words, "--sandbox", "none", "--allow-host-exec") if real else ()
    job = Job(task=tasks[0], command=command, flags=flags, backoff=0.0, seconds=60, attempts=100)
    return Plan(tasks=tasks, manifest=MANIFEST, job=job)


def held() -> int:
    """Kilobytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def main() -> None:
    folder, workers = Path(sys.argv[1]), int(sys.argv[2])
    pool: Pool = RayPool("", workers) if sys.argv[3:] == ["ray"] else Threads(workers)
    for event in run_batch(
        plan_of(folder, real=sys.argv[3:] == ["real"]), Bundle(folder / "out"), pool, Control()
    ):
        if isinstance(event, Started):
            sys.stderr.write("the batch has begun\n")
        if isinstance(event, TaskEnded):
            sys.stdout.write(f"{event.result.id} {held()}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
