"""What would fit instead: each alternative was planned."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice

from msgspec import Struct
from msgspec.structs import replace

from r1code.serving.plan.decide import LEAST_WINDOW
from r1code.serving.plan.facts import Machine, Model, Precision, Wishes
from r1code.serving.plan.known import gpu_named, known_models
from r1code.serving.plan.plan import Plan, planned

_MOST = 6
_LARGER = 2
_COUNTS = (1, 2, 4, 8)
_OTHERS = ("L40S", "H100", "H200", "B200", "B300")
_NODES = (2, 4)
_FLAGS = {
    "goal": "--goal",
    "quantization": "--quantization",
    "window": "--max-len",
    "users": "--users",
    "kv_cache": "--kv-cache",
    "speculation": "--speculation",
    "utilization": "--utilization",
    "host": "--host",
    "port": "--port",
    "tools": "--tools",
    "tool_template": "--tool-template",
    "sleep": "--sleep",
    "own_code": "--trust-remote-code",
    "thinking_end": "--thinking-end",
}
"""What of the wishes each flag of the command says."""
_DISTILLED = frozenset({"distill", "distill-0528"})


class Alternative(Struct, frozen=True, kw_only=True):
    what: str
    flags: tuple[str, ...]
    """Of `r1code serve plan`, which then makes a plan."""


class Refusal(Struct, frozen=True, kw_only=True, tag="refusal"):
    label: str
    gpus: str
    what: str
    why: str
    alternatives: tuple[Alternative, ...]


class _Case(Struct, frozen=True, kw_only=True):
    what: str
    word: str
    """How the model is named."""
    model: Model
    machine: Machine
    wishes: Wishes
    gpus: str


def plan(model: Model, machine: Machine, wishes: Wishes, *, word: str = "", gpus: str = "") -> Plan | Refusal:
    """`word` and `gpus`: how the person named them."""
    found = planned(model, machine, wishes)
    if isinstance(found, Plan):
        return found
    said = _Case(
        what="",
        word=word or model.name,
        model=model,
        machine=machine,
        wishes=wishes,
        gpus=gpus or machine.words,
    )
    fitting = (one for one in _cases(said) if isinstance(planned(one.model, one.machine, one.wishes), Plan))
    return Refusal(
        label=model.label,
        gpus=machine.words,
        what=found.what,
        why=found.why,
        alternatives=tuple(Alternative(what=one.what, flags=_flags(one)) for one in islice(fitting, _MOST)),
    )


def _cases(said: _Case) -> Iterator[_Case]:
    """In the order in which they cost quality, speed or money."""
    yield from _less(said)
    yield from _rounded(said)
    yield from _more_gpus(said)
    yield from _smaller_models(said)


def _changed(said: _Case, *, what: str, **other: object) -> _Case:
    return replace(said, what=what, **other)


def _less(said: _Case) -> Iterator[_Case]:
    """With a part of the wishes."""
    yield from _without(said)
    wishes = said.wishes
    if wishes.kv_cache != "bf16":
        other, words = ("fp8", "8") if wishes.kv_cache == "auto" else ("bf16", "16")
        changed = replace(wishes, kv_cache=other)
        yield _changed(said, what=f"with the cache in {words} bits", wishes=changed)
    if wishes.window is not None:
        longest = said.model.shape.window
        halves = [longest if wishes.window > longest else wishes.window >> 1]
        halves += [halves[0] >> step for step in range(1, 8)]
        smaller = [replace(wishes, window=one) for one in halves if one >= LEAST_WINDOW]
        yield from _best(said, smaller, what="with a smaller window")
    if wishes.users is not None:
        fewer = [wishes.users >> step for step in range(1, wishes.users.bit_length())]
        yield from _best(said, [replace(wishes, users=one) for one in fewer], what="for fewer users")


def _without(said: _Case) -> Iterator[_Case]:
    wishes = said.wishes
    if wishes.tools:
        yield _changed(said, what="without native function calls", wishes=replace(wishes, tools=False))
    if wishes.speculation == "mtp":
        yield _changed(said, what="without speculation", wishes=replace(wishes, speculation="off"))
    if wishes.loras:
        yield _changed(said, what="without adapters", wishes=replace(wishes, loras=()))
    if said.model.own_code and not wishes.own_code:
        agreed = replace(wishes, own_code=True)
        yield _changed(said, what="with your consent to run its code, if you have read it", wishes=agreed)


def _best(said: _Case, wishes: list[Wishes], *, what: str) -> Iterator[_Case]:
    """The first that fits."""
    for one in wishes:
        if isinstance(planned(said.model, said.machine, one), Plan):
            yield _changed(said, what=what, wishes=one)
            return


def _precisions(model: Model) -> list[Precision]:
    return list(dict.fromkeys(one.precision for one in model.checkpoints))


def _rounded(said: _Case) -> Iterator[_Case]:
    # What a GPU has no units for comes last.
    for one in sorted(_precisions(said.model), key=lambda one: one == "nvfp4" and not said.machine.gpu.fp4):
        if one != (said.wishes.quantization or said.model.checkpoints[0].precision):
            changed = replace(said.wishes, quantization=one)
            yield _changed(said, what=f"with its weights in {one}", wishes=changed)


def _more_gpus(said: _Case) -> Iterator[_Case]:
    machine = said.machine
    more = [replace(machine, count=count, nodes=1) for count in _COUNTS if count > machine.count]
    more += [replace(machine, count=8, nodes=nodes) for nodes in _NODES if nodes > machine.nodes]
    own = [replace(one, free_gib=None, measured=False) for one in more]
    yield from _first(said, own, what="on more of these GPUs")
    larger = [gpu for gpu in map(gpu_named, _OTHERS) if gpu is not None and gpu.gib > machine.gpu.gib]
    found = (
        _first(said, [Machine(gpu=gpu, count=count) for count in _COUNTS], what="on larger GPUs")
        for gpu in larger
    )
    yield from islice(chain.from_iterable(found), _LARGER)


def _first(said: _Case, machines: list[Machine], *, what: str) -> Iterator[_Case]:
    """The smallest that fits."""
    for machine in machines:
        if isinstance(planned(said.model, machine, said.wishes), Plan):
            yield _changed(said, what=what, machine=machine, gpus=machine.words)
            return


def _smaller_models(said: _Case) -> Iterator[_Case]:
    """The largest that fits, in each precision."""
    smaller = [
        one
        for one in known_models().values()
        if one.family in _DISTILLED and one.size < (said.model.size or 1 << 30) and one.name != said.model.name
    ]
    plain = replace(said.wishes, tools=False, loras=(), own_code=False, speculation="auto", window=None)
    for one in sorted(smaller, key=lambda one: -one.size):
        for precision in _precisions(one):
            native = precision == one.checkpoints[0].precision
            wishes = replace(plain, quantization=None if native else precision)
            if isinstance(planned(one, said.machine, wishes), Plan):
                yield _changed(said, what=f"{one.label}, another model", word=one.name, model=one, wishes=wishes)
                return


def _flags(one: _Case) -> tuple[str, ...]:
    wishes, plain = one.wishes, Wishes()
    words = [one.word, "--gpus", one.gpus]
    for name, flag in _FLAGS.items():
        value = getattr(wishes, name)
        if value != getattr(plain, name):
            words += [flag] if value is True else [flag, str(value)]
    for lora in wishes.loras:
        words += ["--lora", f"{lora.name}={lora.path}"]
    return tuple(words)
