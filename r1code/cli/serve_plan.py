"""`r1code serve plan`: what serves a model on GPUs, and what fits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from r1code.serving.plan.alternatives import Refusal
    from r1code.serving.plan.facts import Lora, Machine, Model, Precision, Wishes
    from r1code.serving.plan.plan import Plan


def plan(options: argparse.Namespace) -> int:
    import msgspec

    from r1code.serving.plan.alternatives import Refusal
    from r1code.serving.plan.compose import compose_of
    from r1code.types import ExitCode
    from r1code.ui.safe import safe
    from r1code.ui.serve_plan import told_plan, told_refusal

    _, machine, made = made_plan(options)
    if options.json:
        print(msgspec.json.format(msgspec.json.encode(made), indent=2).decode())
    elif options.compose and not isinstance(made, Refusal):
        print(safe(compose_of(made, machine)), end="")
    else:
        print(told_refusal(made) if isinstance(made, Refusal) else told_plan(made))
    return ExitCode.USAGE if isinstance(made, Refusal) else ExitCode.OK


def made_plan(options: argparse.Namespace, weights: Path | None = None) -> tuple[Model, Machine, Plan | Refusal]:
    """`weights`: a folder with those of the model. Raises UsageError where the words mean nothing."""
    from r1code.serving.plan.alternatives import plan as make
    from r1code.serving.plan.checkpoint import with_weights
    from r1code.serving.plan.gpus import machine_of
    from r1code.serving.plan.nvml import Nvml

    model, precision = model_of(options.model)
    if weights is not None:
        model = with_weights(model, weights)
    wishes = _wishes(options, precision)
    machine = machine_of(options.gpus, Nvml)
    return model, machine, make(model, machine, wishes, word=options.model, gpus=options.gpus)


def model_of(word: str) -> tuple[Model, Precision | None]:
    """Raises UsageError."""
    from r1code.serving.plan.checkpoint import model_in
    from r1code.serving.plan.known import model_named, unknown_model

    folder = Path(word)
    if (folder / "config.json").is_file():
        return model_in(folder.resolve()), None
    found = model_named(word)
    if found is None:
        raise unknown_model(word)
    return found


def _wishes(options: argparse.Namespace, precision: Precision | None) -> Wishes:
    """Raises UsageError."""
    from msgspec.structs import replace

    return replace(
        sized(options, options.model, precision),
        speculation=options.speculation,
        host=options.host,
        port=options.port,
        tools=options.tools,
        tool_template=options.tool_template,
        sleep=options.sleep,
        own_code=options.trust_remote_code,
        thinking_end=options.thinking_end,
        loras=tuple(map(_lora, options.lora)),
    )


def sized(options: argparse.Namespace, word: str, precision: Precision | None) -> Wishes:
    """What all that plan can be told; `precision`: that of the weights that `word` names. Raises UsageError."""
    from r1code.errors import UsageError
    from r1code.serving.plan.facts import Wishes

    if precision is not None and options.quantization not in {None, precision}:
        raise UsageError(
            f"{word} is not in {options.quantization}",
            why=f"the weights under this name are in {precision}",
            hint="leave --quantization out, or name the model and not one of its checkpoints",
        )
    return Wishes(
        goal=options.goal,
        quantization=options.quantization or precision,
        window=options.max_len,
        users=options.users,
        kv_cache=options.kv_cache,
        utilization=options.utilization,
    )


def _lora(word: str) -> Lora:
    from r1code.errors import UsageError
    from r1code.serving.plan.checkpoint import adapter_in

    name, equals, path = word.partition("=")
    if not (name and equals and path):
        raise UsageError(
            f"--lora {word} names no adapter",
            why="it takes a name and a folder",
            hint="--lora mine=/srv/adapters/mine",
        )
    return adapter_in(name, Path(path).resolve())
