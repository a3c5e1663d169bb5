"""What `--gpus` may say, and what a driver shows."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace

import pytest

from fakes.plans import NoDriver
from r1code.errors import UsageError
from r1code.serving.plan.facts import GIB
from r1code.serving.plan.gpus import Seen, machine_of
from r1code.serving.plan.known import gpu_named
from r1code.serving.plan.nvml import Nvml, _seen, are_here


class FakeDriver:
    def __init__(self, *seen: Seen) -> None:
        self._seen = list(seen)

    def gpus(self) -> list[Seen]:
        return self._seen


def seen(name: str, gib: float, *, free: float | None = None, capability: float = 9.0) -> Seen:
    return Seen(
        name=name,
        total=int(gib * GIB),
        free=int((gib if free is None else free) * GIB),
        capability=capability,
        linked=True,
    )


class NoGpu:
    def gpus(self) -> list[Seen]:
        raise UsageError("there is no NVIDIA GPU here", why="no driver", hint="")


def test_gpus_are_here_where_a_driver_shows_one():
    assert are_here(lambda: FakeDriver(seen("NVIDIA H100 80GB HBM3", 79.6)))
    assert not are_here(NoGpu)


@pytest.mark.parametrize(
    ("word", "name", "count", "nodes"),
    [
        ("H100", "H100", 1, 1),
        ("8xH200", "H200", 8, 1),
        ("8×h200", "H200", 8, 1),
        ("2x8xH100", "H100", 8, 2),
        ("4xrtx-4090", "RTX4090", 4, 1),
        ("A100-40", "A100-40", 1, 1),
        ("2x24GiB@8.9", "24GiB@8.9", 2, 1),
    ],
)
def test_gpus_are_named_with_their_numbers(word: str, name: str, count: int, nodes: int):
    found = machine_of(word, NoDriver)
    assert (found.gpu.name, found.count, found.nodes) == (name, count, nodes)


@pytest.mark.parametrize(
    ("word", "says"), [("8xH201", "did you mean H20"), ("0xH100", "no number"), ("x", "known")]
)
def test_what_names_no_gpus_is_an_error_that_helps(word: str, says: str):
    with pytest.raises(UsageError) as caught:
        machine_of(word, NoDriver)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("name", "gib", "kind"),
    [
        ("NVIDIA H100 80GB HBM3", 79.1, "H100"),
        ("NVIDIA H200", 139.8, "H200"),
        ("NVIDIA A100-SXM4-40GB", 39.4, "A100-40"),
        ("NVIDIA A100-SXM4-80GB", 79.1, "A100"),
        ("NVIDIA GeForce RTX 4090", 23.5, "RTX4090"),
        ("NVIDIA L40S", 44.4, "L40S"),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", 94.9, "RTXPRO6000"),
        ("NVIDIA GB200", 184.0, "GB200"),
        ("NVIDIA Future 9000", 500.0, "NVIDIA Future 9000"),
    ],
)
def test_a_driver_s_names_are_known(name: str, gib: float, kind: str):
    found = machine_of("auto", lambda: FakeDriver(seen(name, gib)))
    assert (found.gpu.name, found.gpu.gib, found.measured) == (kind, gib, True)


def test_the_least_memory_of_the_most_alike_gpus_counts():
    mixed = FakeDriver(
        seen("NVIDIA T1000", 4, capability=7.5),
        seen("NVIDIA H100 80GB HBM3", 79.0, free=70.0),
        seen("NVIDIA H100 80GB HBM3", 79.2, free=20.5),
    )
    found = machine_of("auto", lambda: mixed)
    assert (found.gpu.name, found.count, found.gpu.gib, found.free_gib) == ("H100", 2, 79.0, 20.5)


def test_without_a_driver_it_is_said_how_to_plan_for_gpus_elsewhere():
    with pytest.raises(UsageError, match="no NVIDIA GPU here") as caught:
        Nvml().gpus()
    assert "--gpus 8xH200" in caught.value.hint


class FakeError(Exception):
    pass


def no_link(handle: int, link: int) -> int:
    raise FakeError


FAKE = {
    "NVMLError": FakeError,
    "nvmlMemory_v2": 2,
    "nvmlDeviceGetHandleByIndex": lambda number: number,
    "nvmlDeviceGetMemoryInfo": lambda handle, version: SimpleNamespace(
        total=81559 << 20, reserved=551 << 20 if version == 2 else 0, free=81000 << 20
    ),
    "nvmlDeviceGetCudaComputeCapability": lambda handle: (9, 0),
    "nvmlDeviceGetName": lambda handle: b"NVIDIA H100 80GB HBM3",
    "nvmlDeviceGetNvLinkState": no_link,
}


def test_what_the_driver_keeps_for_itself_is_nobody_s():
    fake = ModuleType("pynvml")
    vars(fake).update(FAKE)
    found = _seen(fake, 0)
    assert found.total == (81559 - 551) << 20
    assert (found.name, found.capability, found.linked) == ("NVIDIA H100 80GB HBM3", 9.0, False)
    # What is faked is there in the real one.
    assert [name for name in FAKE if not hasattr(pytest.importorskip("pynvml"), name)] == []


def test_every_gpu_is_found_by_each_of_its_names():
    assert gpu_named("NVIDIA GeForce RTX 3090") is not None
    assert gpu_named("h800") == gpu_named("H100")
