"""Ray as the pool of a batch: the same function, on as many machines as there are. Only here Ray is imported."""

# Ray's functions are made at run time, and its types say little about them.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingImports=false, reportMissingTypeStubs=false

from __future__ import annotations

from collections.abc import Generator, Iterable
from importlib import import_module
from typing import Any

import msgspec
from msgspec.structs import replace

from r1code.batch.pool import Begun, News
from r1code.batch.work import Done, Job, run_task
from r1code.control import POLL_SECONDS, Control
from r1code.errors import UsageError

_MAX_RETRIES = 5
"""Times that Ray begins a task anew whose worker or machine is gone. Results are written by the driver alone."""


class RayPool:
    """`count`: tasks at a time; None: as many as the cluster has processors. `address` as Ray understands it."""

    def __init__(self, address: str, count: int | None) -> None:
        try:
            self._ray: Any = import_module("ray")
        except ImportError as error:
            raise UsageError(
                "Ray is not installed",
                why=f"--ray needs it: {error}",
                hint="pip install 'r1code[ray]', or leave out --ray: processes of this machine work then",
            ) from error
        self._address = address
        self._count = count

    def work(self, jobs: Iterable[Job], control: Control) -> Generator[News, None, None]:
        ray = self._ray
        self._connect()
        try:
            count = self._count or max(1, int(ray.cluster_resources().get("CPU", 1)))
            remote = ray.remote(num_cpus=1, max_retries=_MAX_RETRIES)(_remotely)
            running: list[Any] = []
            waiting = iter(jobs)
            try:
                while True:
                    control.check()
                    while len(running) < count and (job := next(waiting, None)) is not None:
                        yield Begun(id=job.task.id)
                        # A folder of the machine where it runs.
                        running.append(remote.remote(msgspec.msgpack.encode(replace(job, work=""))))
                    if not running:
                        return
                    ended, running = ray.wait(running, num_returns=1, timeout=POLL_SECONDS)
                    for one in ended:
                        yield msgspec.msgpack.decode(ray.get(one), type=Done)
            finally:
                for one in running:
                    # Its child ends with the worker's process.
                    ray.cancel(one, force=True)
        finally:
            ray.shutdown()

    def _connect(self) -> None:
        more = {} if self._address else {"num_cpus": self._count, "include_dashboard": False}
        try:
            self._ray.init(address=self._address or "local", log_to_driver=False, configure_logging=False, **more)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise UsageError(
                f"Ray cannot be used at {self._address or 'this machine'}",
                why=str(error).partition("\n")[0],
                hint="start it with `ray start --head`, or leave out the address",
            ) from error


def _remotely(job: bytes) -> bytes:
    """Runs in a worker of Ray; what it takes and gives are bytes, which no version of Ray reads differently."""
    return msgspec.msgpack.encode(run_task(msgspec.msgpack.decode(job, type=Job), Control()))
