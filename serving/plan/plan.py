"""A plan: the command that serves a model on GPUs, what fits, and why. Pure: the same facts, the same plan."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import PurePath

from msgspec import Struct

from r1code.serving.plan.decide import LEAST_WINDOW, Choice, Shortage, decide
from r1code.serving.plan.facts import Goal, Machine, Mla, Model, Precision, Wishes
from r1code.serving.plan.flags import (
    Flag,
    Variable,
    environment_of,
    flags_of,
    has_tools,
    node_flags,
    unshared_cache,
)
from r1code.serving.plan.layout import Layout
from r1code.serving.plan.memory import Memory

_SIX = 6
SHORT = 32_768
"""Tokens: what a step of r1code takes with its reasoning, mostly."""


class Command(Struct, frozen=True, kw_only=True):
    node: int
    argv: tuple[str, ...]


class Fit(Struct, frozen=True, kw_only=True):
    """How many contexts of a length fit at the same time."""

    tokens: int
    users: int


class Plan(Struct, frozen=True, kw_only=True, tag="plan"):
    model: str
    label: str
    checkpoint: str
    precision: Precision
    goal: Goal
    gpus: str
    unused_gpus: int
    served: str
    profile: str | None
    base_url: str
    layout: Layout
    window: int
    memory: Memory
    fits: tuple[Fit, ...]
    flags: tuple[Flag, ...]
    environment: tuple[Variable, ...]
    commands: tuple[Command, ...]
    """One for each machine."""
    warnings: tuple[str, ...]


def planned(model: Model, machine: Machine, wishes: Wishes) -> Plan | Shortage:
    """A plan that fits, or what is missing."""
    blocked = _blocked(model, wishes)
    choice = blocked or decide(model, machine, wishes)
    if isinstance(choice, Shortage):
        return choice
    flags = tuple(flags_of(model, machine, choice))
    local = PurePath(choice.checkpoint.id).is_absolute()
    return Plan(
        model=model.name,
        label=model.label,
        checkpoint=choice.checkpoint.id,
        precision=choice.checkpoint.precision,
        goal=wishes.goal,
        gpus=machine.words,
        unused_gpus=machine.count * machine.nodes - choice.layout.gpus * choice.layout.replicas,
        served=model.served,
        profile=model.profile,
        base_url=f"http://{_address(wishes.host)}:{wishes.port}/v1",
        layout=choice.layout,
        window=choice.window,
        memory=choice.memory,
        fits=tuple(_fits(choice)),
        flags=flags,
        environment=tuple(environment_of(machine, choice, local=local)),
        commands=tuple(_commands(choice, flags, machine)),
        warnings=tuple(_warnings(model, machine, choice)),
    )


def _address(host: str) -> str:
    """At which a client on this machine finds it."""
    try:
        one = ip_address(host)
    except ValueError:
        return host
    if one.is_unspecified or one.is_loopback:
        return "localhost"
    return f"[{host}]" if one.version == _SIX else host


def _only_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _blocked(model: Model, wishes: Wishes) -> Shortage | None:
    if model.own_code and not wishes.own_code:
        return Shortage(
            what=f"{model.label} brings code of its own",
            why="vLLM does not know its architecture, and would run Python from its folder as you",
        )
    if wishes.tools and not has_tools(model):
        return Shortage(
            what=f"{model.label} has no native function calls",
            why="its tokenizer or its template lacks them; r1code writes its calls as text and needs none",
        )
    if wishes.loras and isinstance(model.shape.attention, Mla):
        return Shortage(
            what=f"{model.label} takes no adapters here",
            why="how much memory adapters of MLA and of experts take is not known to r1code",
        )
    return None


def _fits(choice: Choice) -> Iterator[Fit]:
    yield Fit(tokens=choice.window, users=choice.users)
    if choice.window > SHORT:
        engines = choice.layout.dp * choice.layout.replicas
        yield Fit(tokens=SHORT, users=choice.memory.per_engine // SHORT * engines)


def _commands(choice: Choice, flags: tuple[Flag, ...], machine: Machine) -> Iterator[Command]:
    nodes = 1 if choice.layout.pp == 1 else machine.nodes
    for number in range(nodes):
        more = node_flags(number, nodes) if nodes > 1 else ()
        words = (word for one in (*flags, *more) for word in (one.name, *one.values))
        yield Command(node=number, argv=("vllm", "serve", choice.checkpoint.id, *words))


def _warnings(model: Model, machine: Machine, choice: Choice) -> Iterator[str]:
    yield from model.notes
    yield from _of_gpus(machine, choice)
    yield from _of_memory(model, choice)
    yield from _of_engines(model, choice)
    yield from _of_wishes(model, choice)


def _of_gpus(machine: Machine, choice: Choice) -> Iterator[str]:
    gpu, precision = machine.gpu, choice.checkpoint.precision
    if gpu.vendor == "amd":
        yield "on AMD's GPUs vLLM's build for ROCm is needed; nothing of this plan was tried there"
    elif precision == "fp8" and not gpu.fp8:
        yield f"{gpu.name} computes in 16 bits: weights in fp8 save memory and not time there"
    elif precision == "nvfp4" and not gpu.fp4:
        yield f"{gpu.name} computes in 16 bits: weights in NVFP4 save memory and not time there"
    if choice.layout.tp > 1 and not gpu.nvlink:
        yield f"{gpu.name} without NVLink: tensor parallelism waits for the bus with every layer"
    if choice.layout.tp * choice.layout.dp < machine.count:
        yield f"{machine.count - choice.layout.tp * choice.layout.dp} GPUs of each machine stay unused"
    if machine.free_gib is not None and choice.run.utilization < choice.run.wishes.utilization:
        yield f"others use the GPUs: {machine.free_gib:.1f} GiB are free, and vLLM gets no more than that"


def _of_memory(model: Model, choice: Choice) -> Iterator[str]:
    if choice.window < LEAST_WINDOW:
        yield f"r1code needs a window of {LEAST_WINDOW:,} tokens"
    elif choice.window < SHORT:
        yield f"long reasoning will not fit into {choice.window:,} tokens"
    if choice.layout.tp > 1 and unshared_cache(model, choice):
        yield "some GPUs keep the same part of the cache: --goal context or throughput holds more tokens"


def _of_engines(model: Model, choice: Choice) -> Iterator[str]:
    layout = choice.layout
    if layout.replicas > 1:
        yield f"{layout.replicas} servers, one on each machine: a gateway should keep a session on one of them"
    if layout.dp > 1 and model.shape.experts is None:
        yield "a session's turns may reach different copies, whose caches do not know each other"
    if layout.pp > 1:
        yield "all machines need the same weights, vLLM and a fast private network; nothing encrypts it"


def _of_wishes(model: Model, choice: Choice) -> Iterator[str]:
    wishes = choice.run.wishes
    speculates = choice.run.mtp or wishes.speculation in {"ngram", "suffix"}
    if wishes.tools:
        yield "ask for native calls with stream=false: vLLM loses arguments where a piece holds several tokens"
    if wishes.tools and speculates:
        yield "with speculation, pieces of several tokens are the rule: calls will be lost in streams"
    if wishes.tools and wishes.tool_template is None:
        yield "--chat-template is in vLLM's sources, not in its package: give the file with --tool-template"
    if wishes.sleep:
        yield "sleep mode opens vLLM's developer paths to whoever reaches the port: a gateway has to be in front"
    if not _only_here(wishes.host):
        yield "the port can be reached from elsewhere, and /invocations answers without a key"
    if not model.template:
        yield "the checkpoint has no chat template: vLLM refuses to chat until --chat-template names one"
