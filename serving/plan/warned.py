"""What a person should know before a plan is carried out. Every text here is for people."""

from __future__ import annotations

from collections.abc import Iterator

from r1code.serving.plan.decide import LEAST_WINDOW, Choice
from r1code.serving.plan.facts import Machine, Model
from r1code.serving.plan.flags import THIS_MACHINE, addresses_of, listens_at, only_here, unshared_cache

SHORT = 32_768
"""Tokens: what a step of r1code takes with its reasoning, mostly."""


def warnings_of(model: Model, machine: Machine, choice: Choice) -> Iterator[str]:
    yield from _of_model(model)
    yield from _of_gpus(machine, choice)
    yield from _of_memory(model, choice)
    yield from _of_engines(model, choice)
    yield from _of_wishes(choice)


def _of_model(model: Model) -> Iterator[str]:
    if model.family == "v3":
        yield "it is not R1, and does not think: it is for acting on a plan"
    if model.partial:
        yield "some of its layers keep less of the context: the plan counts them as if they kept all"
    if not model.weights:
        yield "there are no weights in safetensors in its folder: their size is computed"
    if not model.template:
        yield "the checkpoint has no chat template: vLLM refuses to chat until --chat-template names one"


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
        yield from _of_replicas(choice)
    if layout.dp > 1 and model.shape.experts is None:
        yield "a session's turns may reach different copies, whose caches do not know each other"
    if layout.pp > 1:
        yield "all machines need the same weights, vLLM and a fast private network; nothing encrypts it"


def _of_replicas(choice: Choice) -> Iterator[str]:
    yield f"{choice.layout.replicas} servers: run the command on each of the machines, with the same VLLM_API_KEY"
    if listens_at(choice) == THIS_MACHINE:
        yield (
            "THIS-MACHINE is the private address of the machine that it runs on: only the gateway may reach the"
            " port, for /invocations answers without a key"
        )
    yield f"the gateway keeps a session on one of them; its gateway.toml gets replicas = {addresses_of(choice)}"


def _of_wishes(choice: Choice) -> Iterator[str]:
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
    if not only_here(wishes.host):
        yield "the port can be reached from elsewhere, and /invocations answers without a key"
