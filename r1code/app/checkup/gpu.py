"""The GPUs of this machine, where nvidia-ml-py is installed: for a server that runs on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType

from r1code.app.checkup.evidence import Card, Gpus
from r1code.app.checkup.finding import Finding, ok, warning

_CUDA = (12, 9)
"""Of vLLM's wheels; a driver that offers less makes kernels fail, or be compiled for minutes."""
_CAPABILITY = (7, 5)
"""What they are built for at least."""


def look(load: Callable[[str], ModuleType] = import_module) -> Gpus | None:
    """None: nvidia-ml-py is not installed, or there is no driver."""
    try:
        nvml = load("pynvml")
    except ImportError:
        return None
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return None
    try:
        cuda = int(nvml.nvmlSystemGetCudaDriverVersion_v2())
        cards = [_card(nvml, nvml.nvmlDeviceGetHandleByIndex(at)) for at in range(nvml.nvmlDeviceGetCount())]
        driver = str(nvml.nvmlSystemGetDriverVersion())
        return Gpus(driver=driver, cuda=(cuda // 1000, cuda % 1000 // 10), cards=tuple(cards))
    except nvml.NVMLError:
        return None
    finally:
        nvml.nvmlShutdown()


def _card(nvml: ModuleType, handle: object) -> Card:
    memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    major, minor = nvml.nvmlDeviceGetCudaComputeCapability(handle)
    return Card(
        name=str(nvml.nvmlDeviceGetName(handle)),
        total=int(memory.total),
        used=int(memory.used),
        capability=(int(major), int(minor)),
    )


def diagnose(gpus: Gpus) -> Iterator[Finding]:
    if not gpus.cards:
        return
    cards = ", ".join(f"{one.name} ({one.used / 1e9:.0f} of {one.total / 1e9:.0f} GB used)" for one in gpus.cards)
    words = f"{cards}; driver {gpus.driver}, CUDA {gpus.cuda[0]}.{gpus.cuda[1]}"
    old = [one for one in gpus.cards if one.capability < _CAPABILITY]
    if gpus.cuda < _CUDA:
        advice = f"update the driver: vLLM's wheels are built with CUDA {_CUDA[0]}.{_CUDA[1]}"
        yield warning("gpu", words, advice)
    elif old:
        least = f"{_CAPABILITY[0]}.{_CAPABILITY[1]}"
        yield warning("gpu", words, f"vLLM's wheels need compute capability {least}, and {old[0].name} has less")
    elif len({one.name for one in gpus.cards}) > 1:
        yield warning("gpu", words, "let one vLLM use GPUs of one kind only (CUDA_VISIBLE_DEVICES)")
    else:
        yield ok("gpu", words)
