from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from fakes.batch_driver import FAKE, MANIFEST
from fakes.repository import Repository
from r1code.batch.bundle import Bundle
from r1code.batch.pool import Threads
from r1code.batch.run import BatchEvent, Plan, run_batch
from r1code.batch.task import BatchTask
from r1code.batch.work import Job
from r1code.control import Control


class Place:
    """Where a batch of the fake is done."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.journal = folder / "journal"
        self.journal.touch()
        self.tasks = dict[str, BatchTask]()
        self.bundle = Bundle(folder / "out")

    def task(self, name: str, how: str = "fixed", **more: object) -> BatchTask:
        repository = Repository(self.folder / "repos" / name)
        repository.write("name", f"{name}\n")
        repository.write("value", "1\n")
        repository.commit()
        given = {"id": name, "repo": str(repository.root), "test": how, **more}
        self.tasks[name] = msgspec.convert(given, BatchTask)
        return self.tasks[name]

    def plan(self, *tasks: BatchTask, **more: object) -> Plan:
        # -S: nothing that is installed is looked for, which takes most of the time.
        job = Job(task=tasks[0], command=(sys.executable, "-S", str(FAKE)), backoff=0.01, seconds=30)
        return Plan(tasks=tasks, manifest=MANIFEST, job=replace(job, **more))

    def run(self, plan: Plan, workers: int = 2, control: Control | None = None) -> list[BatchEvent]:
        return list(run_batch(plan, self.bundle, Threads(workers), control or Control()))

    def write(self, tasks: Sequence[BatchTask]) -> None:
        (self.folder / "tasks.jsonl").write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in tasks))

    def driver(self, *more: str) -> subprocess.Popen[bytes]:
        """A batch of the tasks that were written, in a process of its own."""
        script = FAKE.with_name("batch_driver.py")
        return subprocess.Popen(
            [sys.executable, "-P", str(script), str(self.folder), "2", *more], stdout=subprocess.PIPE
        )

    def began(self) -> Counter[str]:
        lines = self.journal.read_text().splitlines()
        return Counter(line.split()[0] for line in lines if line.split()[1] == "began")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    found = Place(tmp_path)
    monkeypatch.setenv("FAKE_JOURNAL", str(found.journal))
    return found
