"""`--gpus`: 8xH200, 2x8xH100, 4x24GiB@8.9, or what the driver says."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from r1code.errors import UsageError
from r1code.serving.plan.facts import GIB, Gpu, Machine
from r1code.serving.plan.known import gpu_named, gpu_names, gpu_of_driver, unlisted_gpu

_SIZED = re.compile(r"(\d+(?:\.\d+)?)gi?b(?:@(?:sm)?(\d+(?:\.\d+)?))?", re.IGNORECASE)
_COUNTED = re.compile(r"(?:(\d+)[x×])?(?:(\d+)[x×])?(.+)", re.IGNORECASE)
_MOST = 1024
_USUAL_CAPABILITY = 8.0
_SM = 20


class Seen(Struct, frozen=True, kw_only=True):
    """A GPU as its driver shows it."""

    name: str
    total: int
    """Bytes."""
    free: int
    capability: float
    linked: bool = False
    """NVLink joins it with another."""


class Driver(Protocol):
    def gpus(self) -> list[Seen]:
        """Those of this machine. Raises UsageError where no driver answers."""
        ...


def machine_of(word: str, driver: Callable[[], Driver]) -> Machine:
    """Raises UsageError."""
    return _measured(driver().gpus()) if word == "auto" else _described(word)


def _described(word: str) -> Machine:
    match = _COUNTED.fullmatch(word.strip())
    first, second, name = match.groups() if match else (None, None, "")
    counts = [int(one) for one in (first, second) if one is not None]
    gpu = _gpu(name)
    if gpu is None:
        near = difflib.get_close_matches(name.upper(), list(gpu_names()), n=1, cutoff=0.4)
        raise UsageError(
            f"--gpus {word} names no GPU that is known",
            why=f"known are {', '.join(gpu_names())}",
            hint=f"did you mean {near[0]}?"
            if near
            else "any other by its memory and compute capability: --gpus 4x24GiB@8.9",
        )
    if any(not 0 < count <= _MOST for count in counts):
        raise UsageError(
            f"--gpus {word} is no number of GPUs",
            why=f"numbers are from 1 to {_MOST}",
            hint="--gpus 8xH200 are 8 in one machine, --gpus 2x8xH100 are two such machines",
        )
    nodes = counts[0] if len(counts) > 1 else 1
    return Machine(gpu=gpu, count=counts[-1] if counts else 1, nodes=nodes)


def _gpu(name: str) -> Gpu | None:
    sized = _SIZED.fullmatch(name)
    if sized is None:
        return gpu_named(name)
    said = float(sized.group(2) or _USUAL_CAPABILITY)
    return unlisted_gpu(name, float(sized.group(1)), said / 10 if said > _SM else said)


def _measured(seen: list[Seen]) -> Machine:
    """GPUs of one kind are planned with: the kind of which there are most; of these, the least memory counts."""
    kinds: dict[str, list[Seen]] = {}
    for one in seen:
        kinds.setdefault(one.name, []).append(one)
    alike = max(kinds.values(), key=lambda group: (len(group), group[0].total))
    least = min(alike, key=lambda one: one.total)
    gpu = gpu_of_driver(least.name, round(least.total / GIB, 2), least.capability)
    gpu = replace(gpu, nvlink=all(one.linked for one in alike))
    free = min(one.free for one in alike) / GIB
    return Machine(gpu=gpu, count=len(alike), free_gib=round(free, 2), measured=True)
