"""A plan as a project for Docker Compose: vLLM's own image, one version, reached from this machine only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address
from pathlib import PurePath

import msgspec
from msgspec import Struct

from r1code.errors import UsageError
from r1code.serving.plan.facts import Machine
from r1code.serving.plan.flags import DRAIN_SECONDS
from r1code.serving.plan.plan import Plan

IMAGE = "vllm/vllm-openai:v0.33.0"
SHARED_MEMORY = "16gb"
SERVICE = "vllm"
_MODEL, _ADAPTERS, _HUB = "/weights", "/adapters", "/root/.cache/huggingface"
_INSIDE = str(IPv4Address(0))
_START_SECONDS = 3600
"""Of weights that have to be downloaded first."""
_GRACE_SECONDS = 30
_PLAIN = re.compile(r"[a-z][a-z_]*")
_Value = str | int | bool | Sequence["_Value"] | Mapping[str, "_Value"]


class Project(Struct, frozen=True, kw_only=True):
    """What of a project no plan says."""

    name: str = "r1code-vllm"
    image: str = IMAGE
    more: tuple[str, ...] = ()
    """Words for vLLM after the plan's."""
    watched: bool = False
    """r1code starts it again, and the engine does not: two that did would each undo what the other one is at.
    Nothing is pulled then, either."""


def compose_of(plan: Plan, machine: Machine, project: Project | None = None) -> str:
    """YAML. Raises UsageError where a plan is for several machines, or for GPUs that Compose cannot give."""
    project = project or Project()
    if len(plan.commands) > 1 or plan.layout.replicas > 1:
        raise UsageError(
            "the plan is for several machines",
            why="a project of Compose runs on one",
            hint="plan for the GPUs of one machine, or run the commands of the plan on each",
        )
    demand_nvidia(machine)
    return "\n".join([*_head(plan, project), *_block({"name": project.name, **_project(plan, project)}), ""])


def demand_nvidia(machine: Machine) -> None:
    """Raises UsageError where the image is of no use."""
    if machine.gpu.vendor != "nvidia":
        raise UsageError(
            f"no container is made for {machine.gpu.name}",
            why="the image is vLLM's for NVIDIA's GPUs",
            hint="run the command of the plan in vLLM's image for ROCm",
        )


def _head(plan: Plan, project: Project) -> Iterator[str]:
    by = "r1code serve up" if project.watched else "r1code serve plan"
    yield f"# {plan.label} in {plan.precision} on {plan.gpus}, planned for {plan.goal} by {by}."
    if project.watched:
        yield "# It is written anew at each start; r1code serve down ends it."
    else:
        yield "# VLLM_API_KEY=... docker compose up -d; then: docker compose logs -f"


def _project(plan: Plan, project: Project) -> dict[str, _Value]:
    port = _value(plan, "--port")
    argv, mounts = inside(plan)
    environment: dict[str, _Value] = {
        one.name: "${VLLM_API_KEY:?}" if one.value is None else _escaped(one.value) for one in plan.environment
    }
    gpus: dict[str, _Value] = {"driver": "nvidia", "count": plan.layout.gpus, "capabilities": ["gpu"]}
    alive = f"import urllib.request as u; u.urlopen('http://127.0.0.1:{port}/health', timeout=5)"
    # With its weights in a folder, vLLM asks no hub and keeps nothing of one.
    hub: dict[str, _Value] = {} if argv[0] == _MODEL else {"hub": {}}
    service: dict[str, _Value] = {
        "image": project.image,
        **({"pull_policy": "never"} if project.watched else {}),
        "entrypoint": ["vllm", "serve"],
        "command": [_escaped(word) for word in (*argv, *project.more)],
        "environment": environment,
        "ports": [f"127.0.0.1:{port}:{port}"],
        "volumes": [*(f"{name}:{_HUB}" for name in hub), *(_mount(*one) for one in mounts)],
        "shm_size": SHARED_MEMORY,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "deploy": {"resources": {"reservations": {"devices": [gpus]}}},
        "healthcheck": {
            "test": ["CMD", "python3", "-c", alive],
            "interval": "15s",
            "timeout": "10s",
            "retries": 4,
            "start_period": f"{_START_SECONDS}s",
        },
        "restart": "no" if project.watched else "on-failure:5",
        "stop_grace_period": f"{DRAIN_SECONDS + _GRACE_SECONDS}s",
        "logging": {"driver": "json-file", "options": {"max-size": "50m", "max-file": "3"}},
    }
    return {"services": {SERVICE: service}, "volumes": hub}


def inside(plan: Plan) -> tuple[list[str], list[tuple[str, str]]]:
    """What vLLM is told in its container, and which folders of this machine it sees where, without writing."""
    mounts: list[tuple[str, str]] = []
    model = plan.checkpoint
    if PurePath(model).is_absolute():
        mounts.append((model, _MODEL))
        model = _MODEL
    argv = [model]
    for flag in plan.flags:
        values = list(flag.values)
        if flag.name == "--host":
            # Of the container: from outside, only this machine reaches the port.
            values = [_INSIDE]
        elif flag.name == "--lora-modules":
            named = [value.partition("=") for value in values]
            mounts += [(path, f"{_ADAPTERS}/{name}") for name, _, path in named]
            values = [f"{name}={_ADAPTERS}/{name}" for name, _, _ in named]
        argv += [flag.name, *values]
    return argv, mounts


def _mount(source: str, target: str) -> _Value:
    # Without this, a folder that is gone would be made, empty, and as root.
    there: _Value = {"create_host_path": False}
    return {"type": "bind", "source": _escaped(source), "target": target, "read_only": True, "bind": there}


def _value(plan: Plan, name: str) -> str:
    return next(flag.values[0] for flag in plan.flags if flag.name == name)


def _escaped(word: str) -> str:
    """Compose fills in variables wherever there is a dollar."""
    return word.replace("$", "$$")


def _block(value: Mapping[str, _Value], indent: str = "") -> Iterator[str]:
    """YAML in which every text is quoted as in JSON, which YAML reads alike."""
    for key, one in value.items():
        name = key if _PLAIN.fullmatch(key) else _quoted(key)
        if isinstance(one, Mapping) and one:
            yield f"{indent}{name}:"
            yield from _block(one, f"{indent}  ")
        elif isinstance(one, Sequence) and not isinstance(one, str):
            yield f"{indent}{name}:"
            yield from (f"{indent}  - {_quoted(item)}" for item in one)
        else:
            yield f"{indent}{name}: {_quoted(one)}"


def _quoted(value: _Value) -> str:
    return msgspec.json.encode(value).decode()
