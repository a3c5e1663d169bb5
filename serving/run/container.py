"""vLLM in its image, as a process: the engine's own client, which stays as long as its container runs.

So a container is watched, stopped, read and started again as a process is. Its signals go on to the container.
"""

from __future__ import annotations

import csv
import io
import subprocess
from collections.abc import Iterator

from r1code.errors import UsageError
from r1code.serving.plan.compose import SHARED_MEMORY, inside
from r1code.serving.plan.plan import Plan

_LOOK_SECONDS = 30.0


def container_argv(plan: Plan, name: str, *, engine: str, image: str, more: tuple[str, ...]) -> tuple[str, ...]:
    """`engine`: the program docker. Of the key only the name is in it: the client has it in its environment."""
    argv, mounts = inside(plan)
    port = next(flag.values[0] for flag in plan.flags if flag.name == "--port")
    return (
        *(engine, "run", "--rm", "--pull", "never"),
        *("--name", container_name(name), "--label", f"r1code.server={name}"),
        *("--gpus", str(plan.layout.gpus), "--shm-size", SHARED_MEMORY),
        *("--cap-drop", "ALL", "--security-opt", "no-new-privileges:true"),
        *("--publish", f"127.0.0.1:{port}:{port}"),
        *_mounts(mounts),
        *_environment(plan),
        *("--entrypoint", "vllm", image, "serve", *argv, *more),
    )


def cleanup_of(name: str, engine: str) -> tuple[str, ...]:
    """What removes its container, whether it runs or not: a client that is killed leaves it there."""
    return (engine, "rm", "--force", container_name(name))


def container_name(name: str) -> str:
    return f"r1code-serve-{name}"


def demand_image(engine: str, image: str) -> None:
    """Raises UsageError where the engine has it not, or does not answer."""
    words = [engine, "image", "inspect", "--format", "{{.Id}}", image]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_LOOK_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise UsageError(
            "the engine of containers does not answer",
            why=f"{engine} said nothing for {_LOOK_SECONDS:.0f} s",
            hint="look at it: docker info has to work",
        ) from None
    if done.returncode:
        raise UsageError(
            f"the image {image} is not here",
            why=(done.stderr.strip().splitlines() or ["the engine has none of this name"])[-1],
            hint=f"docker pull {image}, or name another one with --image",
        )


def _mounts(mounts: list[tuple[str, str]]) -> Iterator[str]:
    for source, target in mounts:
        # The value is a line of CSV: a folder's name may hold commas.
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(
            ["type=bind", f"source={source}", f"target={target}", "readonly"]
        )
        yield from ("--mount", line.getvalue())


def _environment(plan: Plan) -> Iterator[str]:
    for one in plan.environment:
        yield from ("--env", one.name if one.value is None else f"{one.name}={one.value}")
