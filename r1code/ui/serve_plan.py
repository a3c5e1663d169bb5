"""A plan for a server, as a person reads it: what fits, the command, and why each part of it is there."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from r1code.serving.plan.alternatives import Refusal
from r1code.serving.plan.facts import GIB
from r1code.serving.plan.flags import Variable
from r1code.serving.plan.plan import Command, Plan
from r1code.ui.flow import cells
from r1code.ui.messages import localized
from r1code.ui.safe import safe, safe_line

_INDENT = "  "
_KIB = 1024
_Row = tuple[str, str, str]


def told_plan(plan: Plan) -> str:
    lines = [
        localized(f"{plan.label} in {plan.precision} on {plan.gpus}, planned for {plan.goal}"),
        *_section("memory of a GPU, in GiB", _table(_memory(plan))),
        *_section("what fits", map(localized, _fits(plan))),
        *_section("command", _commands(plan)),
        *_section("why", _reasons(plan)),
    ]
    if plan.warnings:
        lines += _section("mind", map(localized, plan.warnings))
    lines += _section("then", _use(plan))
    return safe("\n".join(lines))


def told_refusal(refusal: Refusal) -> str:
    lines = [
        localized(refusal.what),
        f"{_INDENT}{localized('why:')}  {localized(refusal.why)}",
    ]
    if not refusal.alternatives:
        lines.append(f"{_INDENT}{localized('next:')} {localized('nothing that r1code knows would fit there')}")
    for one in refusal.alternatives:
        lines.append(f"{_INDENT}{localized('next:')} {localized(one.what)}")
        lines.append(f"{_INDENT * 4}{shlex.join(['r1code', 'serve', 'plan', *one.flags])}")
    return safe("\n".join(lines))


def _section(title: str, lines: Iterator[str] | Sequence[str]) -> list[str]:
    return ["", localized(title), *(f"{_INDENT}{line}" for line in lines)]


def _memory(plan: Plan) -> Iterator[_Row]:
    memory = plan.memory
    used = f"{memory.total / GIB:.1f} x {memory.budget / memory.total:.2f}"
    yield "for vLLM", _gib(memory.budget), used
    yield "weights", _gib(memory.weights), _shares(plan)
    if memory.adapters:
        yield "adapters", _gib(memory.adapters), ""
    yield "to run", _gib(memory.running), "activations, CUDA graphs, libraries: an estimate"
    each = memory.token / _KIB
    yield "KV cache", _gib(memory.cache), f"{memory.per_engine:,} tokens of {each:.1f} KiB each"


def _shares(plan: Plan) -> str:
    layout = plan.layout
    parts = {"TP": layout.tp, "PP": layout.pp, "DP": layout.dp, "DCP": layout.dcp}
    told = [f"{name} {count}" for name, count in parts.items() if count > 1]
    return " ".join([*told, *["EP"] * layout.expert])


def _gib(count: int) -> str:
    return f"{count / GIB:.1f}"


def _table(rows: Iterator[_Row]) -> Iterator[str]:
    told = [(localized(name), figure, localized(note)) for name, figure, note in rows]
    first, second = (max(cells(row[place]) for row in told) for place in (0, 1))
    for name, figure, note in told:
        yield f"{name}{' ' * (first - cells(name))}  {figure:>{second}}  {note}".rstrip()


def _fits(plan: Plan) -> Iterator[str]:
    for one in plan.fits:
        users, tokens, held = f"{one.users:,}", f"{one.tokens:,}", f"{one.held:,}"
        if users == held:
            yield f"{users} at a time with {tokens} tokens each"
        else:
            yield f"{users} at a time with {tokens} tokens each, by --max-num-seqs; room for {held}"
    yield f"{plan.memory.tokens:,} tokens in all"


def _commands(plan: Plan) -> Iterator[str]:
    for one in plan.commands:
        if len(plan.commands) > 1:
            yield localized(f"# on machine {one.node + 1} of {len(plan.commands)}")
        elif plan.layout.replicas > 1:
            yield localized(f"# on each of {plan.layout.replicas} machines")
        yield from command_lines(one, plan.environment)


def command_lines(command: Command, environment: Sequence[Variable]) -> Iterator[str]:
    """To be pasted into a shell: a flag with its values on each line."""
    for one in environment:
        # The key is the person's own, in the environment already; without one, nothing starts.
        shown = f'"${{{one.name}:?}}"' if one.value is None else shlex.quote(one.value)
        yield f"{one.name}={shown} \\"
    words = list(command.argv)
    lines, rest = [shlex.join(words[:3])], words[3:]
    for word in rest:
        if word.startswith("--"):
            lines.append(f"{_INDENT}{word}")
        else:
            lines[-1] += f" {shlex.quote(word)}"
    yield from (f"{line} \\" for line in lines[:-1])
    yield lines[-1]


def _reasons(plan: Plan) -> Iterator[str]:
    for flag in plan.flags:
        yield f"{flag.name}: {localized(flag.why)}"
    for variable in plan.environment:
        yield f"{variable.name}: {localized(variable.why)}"


def _use(plan: Plan) -> Iterator[str]:
    if plan.layout.replicas > 1:
        # People are to ask the gateway, not one of the servers.
        yield shlex.join(["r1code", "serve", "gateway", "--config", "gateway.toml", "--with-nginx"])
        return
    address = safe_line(plan.base_url)
    if plan.profile is None:
        yield shlex.join(["r1code", "doctor", address, "--write", "NAME"])
    else:
        yield shlex.join(["r1code", "--profile", plan.profile, "--base-url", address])
