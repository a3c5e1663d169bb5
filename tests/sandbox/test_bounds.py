"""Control groups where they are laid out like this; the real ones are used by the tests of bubblewrap."""

from __future__ import annotations

from pathlib import Path

from r1code.sandbox.base import Limits
from r1code.sandbox.bounds import Scope, control_group
from r1code.sandbox.inside import PLAIN_PATH

LIMITS = Limits(memory_mb=100, pids=50, cpus=1.5)


def laid_out(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root / "own"


def values(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.iterdir()}


def test_version_2_is_limited_beside_a_group_with_processes(tmp_path: Path):
    own = laid_out(
        tmp_path,
        {"own": "0::/a/b\n", "cg/a/cgroup.subtree_control": "cpu memory pids\n", "cg/a/b/cgroup.procs": "1"},
    )
    group = control_group(LIMITS, root=tmp_path / "cg", own=own)
    assert group is not None
    (folder,) = (tmp_path / "cg/a").glob("r1code-*")
    assert values(folder) == {
        "memory.max": "104857600", "memory.swap.max": "0", "pids.max": "58", "cpu.max": "150000 100000",
    }  # fmt: skip
    assert group.kind == "memory and processes by cgroup"
    assert str(folder / "cgroup.procs") in group.around
    assert group.events == {
        str(folder / name): f"/sys/fs/cgroup/{name}" for name in ("memory.events", "pids.events")
    }


def test_version_1_has_a_folder_for_each_controller(tmp_path: Path):
    own = laid_out(
        tmp_path,
        {
            "own": "3:cpu,cpuacct:/\n2:memory:/x\n1:pids:/\n0::/\n",
            "cg/memory/x/y": "",
            "cg/pids/y": "",
            "cg/other": "",
        },
    )
    group = control_group(LIMITS, root=tmp_path / "cg", own=own)
    assert group is not None
    (memory,) = (tmp_path / "cg/memory/x").glob("r1code-*")
    (pids,) = (tmp_path / "cg/pids").glob("r1code-*")
    assert values(memory) == {"memory.limit_in_bytes": "104857600", "memory.memsw.limit_in_bytes": "104857600"}
    assert values(pids) == {"pids.max": "58"}
    assert group.kind == "memory and processes by cgroup, processors not limited"


def test_where_no_group_can_be_made_there_is_none(tmp_path: Path):
    own = laid_out(
        tmp_path, {"own": "0::/a\n", "cg/a/cgroup.subtree_control": "cpu\n", "cg/cgroup.controllers": ""}
    )
    assert control_group(LIMITS, root=tmp_path / "cg", own=own) is None
    assert control_group(LIMITS, root=tmp_path / "cg", own=tmp_path / "none") is None
    assert not list((tmp_path / "cg").rglob("r1code-*"))


def test_what_a_dead_process_left_is_swept(tmp_path: Path):
    own = laid_out(tmp_path, {"own": "0::/\n", "cg/cgroup.subtree_control": "memory pids"})
    dead, alive = tmp_path / "cg/r1code-999999999-aa", tmp_path / "cg/r1code-1-aa"
    dead.mkdir()
    alive.mkdir()
    assert control_group(LIMITS, root=tmp_path / "cg", own=own) is not None
    assert (dead.exists(), alive.exists()) == (False, True)


def test_a_scope_of_systemd_has_every_limit():
    assert Scope(LIMITS, "/usr/bin/systemd-run").around == [
        *("/usr/bin/systemd-run", "--user", "--scope", "--quiet", "--collect", "-p", "MemoryMax=100M"),
        *("-p", "MemorySwapMax=0", "-p", "TasksMax=58", "-p", "CPUQuota=150%", "--"),
        *("/usr/bin/env", "-i", f"PATH={PLAIN_PATH}"),
    ]
