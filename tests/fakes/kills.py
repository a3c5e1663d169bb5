"""A repair whose whole process group is killed at some moment, and then resumed: what is there in the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

from msgspec import Struct

from e2e.conftest import FIX, PROJECT, Repo, commit, passes, write
from r1code.log import Concluded, Exited, Judged, Replied
from r1code.log_file import LOG, candidates_of, entries_of

STEPS = ('<read path="shop/cart.py"/>', FIX, "<test/>", "<done>It is subtracted.</done>")
FIXING = ["fix", "--test", "python3 -m pytest -q", "--strategy", "loop", "--json"]


class Killed(Struct, frozen=True, kw_only=True):
    at: float
    """Seconds after the start."""
    stood: str
    """How far it had come: the last kind of entry in its log."""
    code: int
    """Of what went on, or began anew."""
    wrong: tuple[str, ...]
    """What is not as it is after an undisturbed run."""


def fresh(folder: Path) -> Repo:
    root = folder / "repo"
    write(root, PROJECT)
    commit(root)
    return Repo(root=root, state=folder / "state")


def undisturbed(folder: Path, candidates: int) -> float:
    """The seconds that it takes when nobody kills it."""
    began = time.monotonic()
    with begun(fresh(folder), candidates) as process:
        assert process.wait(300) == 0
    return time.monotonic() - began


def several(candidates: int) -> list[str]:
    return [] if candidates == 1 else ["--candidates", str(candidates), "--parallel", "2", "--pick", "best"]


def flags(repo: Repo, left: dict[int, int]) -> list[str]:
    """A script that goes on after so many replies of each candidate; 0: there is only one."""
    rows = [
        f"[[reply]]\ntext = {json.dumps(text)}\ndelay_seconds = 0.02"
        + (f"\ncandidate = {number}" if number else "")
        for number, said in left.items()
        for text in STEPS[said:]
    ]
    file = repo.state / "kills.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(rows))
    return ["--profile", "scripted", "--replies", str(file)]


def begun(repo: Repo, candidates: int) -> subprocess.Popen[bytes]:
    numbers = [0] if candidates == 1 else list(range(1, candidates + 1))
    script = flags(repo, dict.fromkeys(numbers, 0))
    return subprocess.Popen(
        [str(repo.script), *FIXING, *several(candidates), *script],
        cwd=repo.root,
        env=repo.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def killed(repo: Repo, at: float, candidates: int = 1) -> Killed:
    """Kills it `at` seconds after its start; then resumes its session, or begins anew where there is none."""
    before = repo.files()
    with begun(repo, candidates) as process:
        time.sleep(at)
        os.killpg(process.pid, signal.SIGKILL)
    logs = sorted((repo.state / "sessions").glob(f"*/{LOG}"))
    if not logs or not entries_or_none(logs[-1].parent):
        code = repo.run(*FIXING, *several(candidates), *flags(repo, numbered(candidates))).code
        return Killed(at=at, stood="nothing", code=code, wrong=wrong(repo, before))
    folder = logs[-1].parent
    entries = entries_of(folder)
    stood = type(entries[-1].item).__name__
    # All that is left then is to leave: it cannot be resumed.
    if isinstance(entries[-1].item, Concluded | Exited):
        return Killed(at=at, stood=stood, code=0, wrong=wrong(repo, before))
    said = {0: answers(folder)} if candidates == 1 else numbered(candidates)
    said.update({int(one.name): answers(one) for one in candidates_of(folder)})
    code = repo.run("resume", folder.name, "--json", *flags(repo, said)[2:]).code
    return Killed(at=at, stood=stood, code=code, wrong=wrong(repo, before))


def numbered(candidates: int) -> dict[int, int]:
    return {0: 0} if candidates == 1 else dict.fromkeys(range(1, candidates + 1), 0)


def entries_or_none(folder: Path) -> int:
    return (folder / LOG).stat().st_size


def answers(folder: Path) -> int:
    return sum(isinstance(entry.item, Replied) for entry in entries_of(folder)) if entries_or_none(folder) else 0


def wrong(repo: Repo, before: dict[str, bytes]) -> tuple[str, ...]:
    """What differs from the tree, the log and the machine after a repair that nobody disturbed."""
    after, folder = repo.files(), max((repo.state / "sessions").glob(f"*/{LOG}")).parent
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    verdicts = [entry.item.verdict.outcome for entry in entries_of(folder) if isinstance(entry.item, Judged)]
    found = {
        f"changed: {sorted(changed)}": changed != {"shop/cart.py"},
        "the tests fail": not passes(repo.root),
        f"verdicts: {verdicts}": verdicts[-1:] != ["fixed"],
        "containers are left": bool(repo.containers()),
        "copies are left": any(folder.rglob("scratch/*")),
    }
    return tuple(what for what, applies in found.items() if applies)
