"""What a person gives vLLM: words that the files can take, for the GPUs that they give."""

from __future__ import annotations

import math
from collections.abc import Sequence

from r1code.errors import UsageError

OURS = frozenset(
    {"--host", "--port", "--nnodes", "--node-rank", "--master-addr", "--master-port", "--headless"}
    | {"-n", "-r", "--distributed-executor-backend", "--api-key"}
)
"""What the files say themselves."""
_KEY = "--api-key"
_SIZES = {
    **dict.fromkeys(("--tensor-parallel-size", "-tp"), "tensor"),
    **dict.fromkeys(("--pipeline-parallel-size", "-pp"), "pipeline"),
    **dict.fromkeys(("--data-parallel-size", "-dp"), "data"),
    **dict.fromkeys(("--prefill-context-parallel-size", "-pcp"), "prefill"),
}
"""What divides a model between GPUs. Experts, and the cache of what is decoded, lie on the same ones."""


def check_words(argv: Sequence[str], *, nodes: int, gpus: int) -> None:
    """`gpus`: of each machine. Raises UsageError."""
    if not argv or argv[0].startswith("-"):
        raise UsageError(
            "there is no model",
            why="what follows `--` is what vLLM gets, and it begins with the model",
            hint=f"r1code serve files KIND --out FOLDER -- {_fitting('MODEL', nodes, gpus)}",
        )
    if not all(word and word.isprintable() for word in argv):
        raise UsageError(
            "a word for vLLM cannot be used",
            why="it is empty, or has characters in it that nobody sees",
            hint="leave it out",
        )
    taken = OURS & {_name(word) for word in argv}
    if _KEY in taken:
        raise UsageError(
            "--api-key cannot be given",
            why="it would stand in the files, and whoever sees a machine's processes could read it",
            hint="it belongs in VLLM_API_KEY, for which Compose's files ask; in a cluster, policies guard it",
        )
    if taken:
        raise UsageError(
            f"{min(taken)} cannot be given",
            why="the files say it themselves, differently for each machine",
            hint="leave it out",
        )
    used, given = gpus_of(argv), nodes * gpus
    if used != given:
        machines = (used // gpus, gpus) if used % gpus == 0 else (1, used)
        raise UsageError(
            "the words and the machines do not fit",
            why=f"the words use {used} GPUs, the files give {given}",
            hint=f"-- {_fitting(argv[0], nodes, gpus)}; or --nodes {machines[0]} --gpus-per-node {machines[1]}",
        )


def _fitting(model: str, nodes: int, gpus: int) -> str:
    over = f" --pipeline-parallel-size {nodes}" if nodes > 1 else ""
    return f"{model} --tensor-parallel-size {gpus}{over}"


def _name(word: str) -> str:
    """Of a flag, as vLLM reads it: with - for each _."""
    name = word.partition("=")[0]
    return name.replace("_", "-") if name.startswith("--") else name


def gpus_of(argv: Sequence[str]) -> int:
    """How many GPUs the words divide a model between. Of a flag that comes twice the last one counts.

    Raises UsageError where a size is no number.
    """
    sizes: dict[str, int] = {}
    for number, word in enumerate(argv):
        size = _SIZES.get(_name(word))
        if size is None:
            continue
        _, equals, value = word.partition("=")
        said = value if equals else next(iter(argv[number + 1 :]), "")
        if not said.isdecimal() or int(said) < 1:
            raise UsageError(
                f"{word} says no number of GPUs",
                why="it says how many parts there are, from 1 on",
                hint="--tensor-parallel-size 8",
            )
        sizes[size] = int(said)
    return math.prod(sizes.values())


def served_name(argv: Sequence[str]) -> str:
    """What clients call the model."""
    flags = [word.partition("=") for word in argv]
    for number, (flag, equals, value) in enumerate(flags):
        if _name(flag) == "--served-model-name":
            return value if equals else next(iter(argv[number + 1 :]), argv[0])
    return argv[0]
