"""A plan: the command that serves a model on GPUs, what fits, and why. Pure: the same facts, the same plan."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import PurePath

from msgspec import Struct

from r1code.serving.plan.decide import Choice, Shortage, decide, held_of, users_of
from r1code.serving.plan.facts import Goal, Machine, Mla, Model, Precision, Wishes
from r1code.serving.plan.flags import (
    Flag,
    Variable,
    environment_of,
    flags_of,
    has_tools,
    listens_at,
    node_flags,
)
from r1code.serving.plan.layout import Layout
from r1code.serving.plan.memory import Memory
from r1code.serving.plan.warned import SHORT, warnings_of

_SIX = 6


class Command(Struct, frozen=True, kw_only=True):
    node: int
    argv: tuple[str, ...]


class Fit(Struct, frozen=True, kw_only=True):
    """How many contexts of a length fit at the same time."""

    tokens: int
    users: int
    held: int
    """What the cache has room for. `users` are fewer where no more requests run at the same time."""


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
        base_url=f"http://{_address(listens_at(choice))}:{wishes.port}/v1",
        layout=choice.layout,
        window=choice.window,
        memory=choice.memory,
        fits=tuple(_fits(choice)),
        flags=flags,
        environment=tuple(environment_of(machine, choice, local=local)),
        commands=tuple(_commands(choice, flags, machine)),
        warnings=tuple(warnings_of(model, machine, choice)),
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
    yield Fit(tokens=choice.window, users=choice.users, held=held_of(choice, choice.window))
    if choice.window > SHORT:
        yield Fit(tokens=SHORT, users=users_of(choice, SHORT), held=held_of(choice, SHORT))


def _commands(choice: Choice, flags: tuple[Flag, ...], machine: Machine) -> Iterator[Command]:
    nodes = 1 if choice.layout.pp == 1 else machine.nodes
    for number in range(nodes):
        more = node_flags(number, nodes) if nodes > 1 else ()
        words = (word for one in (*flags, *more) for word in (one.name, *one.values))
        yield Command(node=number, argv=("vllm", "serve", choice.checkpoint.id, *words))
