"""The GPUs of this machine, as NVIDIA's driver shows them (nvidia-ml-py, the extra `serve`)."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from r1code.errors import UsageError
from r1code.serving.plan.gpus import Driver, Seen


class Nvml:
    def gpus(self) -> list[Seen]:
        if find_spec("pynvml") is None:
            raise UsageError(
                "the GPUs of this machine cannot be looked at",
                why="r1code is installed without the extra `serve`",
                hint="pipx install 'r1code[serve]', or say which GPUs you mean: --gpus 8xH200",
            )
        nvml = import_module("pynvml")
        try:
            nvml.nvmlInit()
        except nvml.NVMLError as error:
            raise UsageError(
                "there is no NVIDIA GPU here", why=str(error), hint="say which GPUs you mean: --gpus 8xH200"
            ) from error
        try:
            found = [_seen(nvml, number) for number in range(nvml.nvmlDeviceGetCount())]
        except nvml.NVMLError as error:
            raise UsageError(
                "the driver does not show its GPUs", why=str(error), hint="say which GPUs you mean: --gpus 8xH200"
            ) from error
        finally:
            nvml.nvmlShutdown()
        if not found:
            raise UsageError(
                "there is no NVIDIA GPU here",
                why="the driver shows none",
                hint="say which GPUs you mean: --gpus 8xH200",
            )
        return found


def are_here(driver: Callable[[], Driver]) -> bool:
    """Whether this machine shows any GPU of NVIDIA's: what was planned for others is not measured here."""
    try:
        return bool(driver().gpus())
    except UsageError:
        return False


def _seen(nvml: ModuleType, number: int) -> Seen:
    handle = nvml.nvmlDeviceGetHandleByIndex(number)
    # The second form leaves out what the driver keeps, as CUDA does.
    memory = nvml.nvmlDeviceGetMemoryInfo(handle, version=nvml.nvmlMemory_v2)
    major, minor = nvml.nvmlDeviceGetCudaComputeCapability(handle)
    name = nvml.nvmlDeviceGetName(handle)
    return Seen(
        name=name.decode() if isinstance(name, bytes) else name,
        total=memory.total - memory.reserved,
        free=memory.free,
        capability=major + minor / 10,
        linked=_linked(nvml, handle),
    )


def _linked(nvml: ModuleType, handle: object) -> bool:
    try:
        return bool(nvml.nvmlDeviceGetNvLinkState(handle, 0))
    except nvml.NVMLError:
        return False
