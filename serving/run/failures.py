"""Why a server did not start, from its log: the first of these that is in it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct


class Failure(Struct, frozen=True, kw_only=True):
    pattern: str
    what: str
    why: str
    hint: str


FAILURES: tuple[Failure, ...] = (
    Failure(
        pattern=r"unrecognized arguments: ",
        what="vLLM does not know a flag",
        why="it is of another version than those that r1code plans for (0.32, 0.33)",
        hint="install vLLM 0.33, or leave that flag out",
    ),
    Failure(
        pattern=r"Free memory on device .* is less than desired GPU memory utilization",
        what="others use the GPU",
        why="less memory is free than vLLM may use",
        hint="stop what else runs there (nvidia-smi shows it), or lower --utilization",
    ),
    Failure(
        pattern=r"No available memory for the cache blocks",
        what="no memory is left for the KV cache",
        why="weights and the trial run took all that vLLM may use",
        hint="plan again with other weights, more GPUs or a higher --utilization: r1code serve plan",
    ),
    Failure(
        pattern=r"To serve at least one request with the model's max seq len",
        what="not even one full context fits",
        why="the trial run took more memory than was planned for",
        hint="start it with a smaller --max-len",
    ),
    Failure(
        pattern=r"CUDA out of memory|torch\.OutOfMemoryError|OutOfMemoryError",
        what="a GPU ran out of memory",
        why="more was needed than it has, or others use it as well",
        hint="nvidia-smi shows who uses it; else start with a lower --utilization or a smaller --max-len",
    ),
    Failure(
        pattern=r"[Aa]ddress already in use|Errno 98|Errno 48|port is already allocated",
        what="the port is in use",
        why="another program listens there",
        hint="choose another one with --port, or stop that program",
    ),
    Failure(
        pattern=r"driver version is insufficient|NVIDIA driver on your system is too old",
        what="the NVIDIA driver is too old",
        why="vLLM's CUDA needs a newer one",
        hint="update the driver, or install a vLLM that was built for an older CUDA",
    ),
    Failure(
        pattern=r"No CUDA GPUs are available|Failed to infer device type|CUDA unknown error",
        what="vLLM sees no GPU",
        why="the driver does not show one to it",
        hint="nvidia-smi has to list the GPUs; in a container, --gpus all has to be given",
    ),
    Failure(
        pattern=r"Model architectures? .* (?:are|is) not supported|does not recognize this architecture",
        what="vLLM does not know this model's architecture",
        why="it is newer than this vLLM, or no text model",
        hint="use a newer vLLM, or another model",
    ),
    Failure(
        pattern=r"trust_remote_code=True",
        what="the checkpoint wants to run code of its own",
        why="vLLM does not know its architecture without it",
        hint="read that code; --trust-remote-code agrees to it",
    ),
    Failure(
        pattern=r"SafetensorError|HeaderTooLarge|InvalidHeaderDeserialization|MetadataIncompleteBuffer",
        what="a file of weights is damaged",
        why="it is not what its header says, or was not downloaded in full",
        hint="compare its size and checksum with the hub's, and download it again",
    ),
    Failure(
        pattern=r"were not initialized from checkpoint|Cannot find any model weights",
        what="weights are missing",
        why="the folder does not hold all that the model needs",
        hint="download the checkpoint again",
    ),
    Failure(
        pattern=r"LocalEntryNotFoundError|OfflineModeIsEnabled|Repository Not Found|RepositoryNotFoundError"
        r"|is not a local folder and is not a valid model identifier|couldn't connect to",
        what="the weights are not here",
        why="the hub has none of this name, or cannot be reached",
        hint="download them where a hub can be reached, and name their folder instead of the model",
    ),
    Failure(
        pattern=r"GatedRepoError|401 Client Error|403 Client Error",
        what="the hub does not give out these weights",
        why="they want an account that agreed to their licence",
        hint="agree on the model's page, and set HF_TOKEN",
    ),
    Failure(
        pattern=r"No space left on device|Errno 28",
        what="the disk is full",
        why="weights and compiled code need room",
        hint="free some, or point HF_HOME and VLLM_CACHE_ROOT at a larger disk",
    ),
    Failure(
        pattern=r"could not select device driver|nvidia-container-cli|unresolvable CDI devices"
        r"|failed to discover GPU vendor",
        what="the engine gives no GPU to a container",
        why="NVIDIA's container toolkit is not set up for it",
        hint="install nvidia-container-toolkit, then: nvidia-ctk runtime configure --runtime=docker",
    ),
    Failure(
        pattern=r"Cannot connect to the Docker daemon|trying to connect to the [Dd]ocker (?:daemon|API)",
        what="the engine of containers does not answer",
        why="it does not run, or you may not use it",
        hint="start it, or add yourself to its group: docker info has to work",
    ),
    Failure(
        pattern=r"NCCL error|ncclSystemError|ncclInternalError|ncclUnhandledCudaError",
        what="the GPUs cannot speak with each other",
        why="NCCL failed",
        hint="NCCL_DEBUG=INFO says more; in a container, shared memory has to be large (--ipc=host)",
    ),
)
_KILLED = Failure(
    pattern="",
    what="vLLM was killed",
    why="nothing in its log says why; the kernel kills what takes too much of the machine's memory",
    hint="look at dmesg, and have as much free memory as the weights take",
)
_UNKNOWN = Failure(
    pattern="",
    what="vLLM ended",
    why="its log holds nothing that r1code knows",
    hint="r1code serve logs shows its last lines",
)
_KILLS = frozenset({-9, 137})
"""As the kernel says it, and as an engine does."""


def failure_in(lines: Iterable[str], code: int | None) -> Failure:
    """The most telling one: the first of the table that any line holds."""
    told = list(lines)
    for one in FAILURES:
        if any(re.search(one.pattern, line) for line in told):
            return one
    return _KILLED if code in _KILLS else _UNKNOWN
