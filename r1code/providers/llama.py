"""The process that runs the embedded model: llama.cpp's own server, on a port of this machine.

Its first line of standard input is a LlamaOptions in JSON; its one line of output the address. It ends when
standard input ends: so with the process that started it, however that dies.
"""

from __future__ import annotations

import fcntl
import importlib
import os
import select
import sys
from pathlib import Path

import msgspec
from msgspec import Struct


class LlamaOptions(Struct, frozen=True, kw_only=True):
    model: str
    key: str
    """Only who knows it may use the server."""
    context: int


def main() -> None:
    options = msgspec.json.decode(sys.stdin.buffer.readline(), type=LlamaOptions)
    _end_with_standard_input()
    # llama.cpp may write anything anywhere; the answer has a descriptor of its own.
    answer = os.dup(1)
    os.dup2(2, 1)
    xllamacpp = importlib.import_module("xllamacpp")
    parameters = xllamacpp.CommonParams()
    parameters.model.path = options.model
    parameters.api_keys = [options.key]
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.n_ctx = options.context
    parameters.n_parallel = 1
    # Between batches a cancel is noticed; smaller ones are no slower on a CPU.
    parameters.n_batch = parameters.n_ubatch = 128
    parameters.cache_ram_mib = 0
    parameters.cpuparams.n_threads = thread_count()
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.verbosity = 1
    try:
        server = xllamacpp.Server(parameters)
    except RuntimeError as error:
        os.write(2, f"{error}\n".encode())
        os._exit(1)
    os.write(answer, server.listening_address.encode() + b"\n")
    os.close(answer)
    sys.stdin.buffer.read()
    os._exit(0)


def _end_with_standard_input() -> None:
    """Loading holds the interpreter for seconds; the signal's default action ends even that (on Linux)."""
    fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([0], [], [], 0)[0]:
        os._exit(0)


def thread_count() -> int:
    """The physical cores that this process may use: hyper-threads and others' cores only slow it down."""
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if not usable:
        return os.cpu_count() or 1
    cores = {_siblings(cpu) for cpu in usable}
    return max(1, min(len(cores), _quota() or len(cores)))


def _siblings(cpu: int) -> str:
    path = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
    return path.read_text() if path.exists() else str(cpu)


def _quota() -> int | None:
    """The processors that a container may use, where it has a limit."""
    path = Path("/sys/fs/cgroup/cpu.max")
    quota, _, period = path.read_text().partition(" ") if path.exists() else ("max", "", "")
    return None if quota == "max" else int(quota) // int(period)


if __name__ == "__main__":
    main()
