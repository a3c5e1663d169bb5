"""What a killed attempt left behind, and what of it still runs, does not reach the next one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from r1code.batch.result import Result
from r1code.batch.task import BatchTask
from r1code.batch.work import Done, Job, run_task
from r1code.control import Control

WRITES = """
import pathlib, time
ends = time.monotonic() + 0.5
while time.monotonic() < ends:
    for number in range(50):
        pathlib.Path("deep/er").mkdir(parents=True, exist_ok=True)
        pathlib.Path(f"deep/er/{number}").touch()
"""


def test_somebody_who_got_away_and_still_writes_there_is_left_alone(tmp_path: Path) -> None:
    left: list[subprocess.Popen[bytes]] = []
    seen: list[list[Path]] = []

    def once(job: Job, folder: Path, _: Control) -> Done:
        seen.append(list(folder.iterdir()))
        killed = len(seen) < 5
        if killed:
            (folder / "repo").mkdir()
            left.append(subprocess.Popen([sys.executable, "-S", "-c", WRITES], cwd=folder / "repo"))
            while not (folder / "repo/deep/er/0").exists():
                pass
        return Done(result=Result(id=job.task.id, outcome="killed" if killed else "fixed", solved=not killed))

    job = Job(task=BatchTask(id="a", repo="x", test="x"), work=str(tmp_path / "work"), attempts=9, backoff=0.0)
    result = run_task(job, Control(), once).result
    assert (result.outcome, result.attempts) == ("fixed", 5)
    assert seen == [[]] * 5
    for one in left:
        one.wait()
    assert list((tmp_path / "work").iterdir()) == []
