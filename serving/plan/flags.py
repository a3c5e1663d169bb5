"""The command line and environment of a vLLM server, each part with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

import msgspec
from msgspec import Struct

from r1code.serving.plan.decide import Choice, held_of
from r1code.serving.plan.facts import Gqa, Machine, Model

KEY = "VLLM_API_KEY"
_TOOLS = frozenset({"r1-0528", "v3"})
"""Families whose tokenizer has the tokens of DeepSeek's calls."""
_TEMPLATES = {"r1-0528": "tool_chat_template_deepseekr1.jinja", "v3": "tool_chat_template_deepseekv3.jinja"}
DRAIN_SECONDS = 120
_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
_BF16 = 8.0
THIS_MACHINE = "THIS-MACHINE"
"""Stands for an address that only who has the machines knows."""


class Flag(Struct, frozen=True, kw_only=True):
    name: str
    values: tuple[str, ...] = ()
    why: str


class Variable(Struct, frozen=True, kw_only=True):
    name: str
    value: str | None
    """None: it is a secret, and whoever starts the server sets it."""
    why: str


def flags_of(model: Model, machine: Machine, choice: Choice) -> Iterator[Flag]:
    wishes = choice.run.wishes
    yield flag("--served-model-name", model.served, why="what r1code's profile, and anybody's client, asks for")
    yield flag(
        "--host",
        listens_at(choice),
        why="vLLM answers some inference paths without a key: keep it off the network",
    )
    yield flag("--port", wishes.port, why="where clients, or a gateway, find it")
    yield from _division(model, machine, choice)
    yield from _numbers(machine, choice)
    yield from _memory(choice)
    yield from _cache()
    yield from _reasoning(model, choice)
    yield from _speculation(choice)
    yield from _tools(model, choice)
    yield from _sampling(model)
    yield from _extras(choice)


def flag(name: str, *values: object, why: str) -> Flag:
    return Flag(name=name, values=tuple(map(str, values)), why=why)


def listens_at(choice: Choice) -> str:
    """Of servers on several machines, no gateway reaches more than one on its own."""
    host = choice.run.wishes.host
    return THIS_MACHINE if choice.layout.replicas > 1 and only_here(host) else host


def addresses_of(choice: Choice) -> str:
    """Of servers on several machines, as a list in TOML."""
    port, count = choice.run.wishes.port, choice.layout.replicas
    return _json([f"http://MACHINE-{number}:{port}" for number in range(1, count + 1)])


def only_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _division(model: Model, machine: Machine, choice: Choice) -> Iterator[Flag]:
    layout = choice.layout
    if layout.tp > 1:
        yield flag("--tensor-parallel-size", layout.tp, why="each GPU holds a share of every layer")
    if layout.pp > 1:
        yield flag(
            "--pipeline-parallel-size",
            layout.pp,
            why="each machine holds a part of the layers: between machines only activations travel",
        )
    if layout.dp > 1:
        yield flag(
            "--data-parallel-size",
            layout.dp,
            why="attention and its cache are whole on each rank, so no GPU keeps what another has"
            if model.shape.experts
            else "copies of the model, behind one port",
        )
    if layout.expert:
        yield flag("--enable-expert-parallel", why="experts are kept whole, each on one GPU")
    if layout.dcp > 1:
        yield flag(
            "--decode-context-parallel-size",
            layout.dcp,
            why="MLA's cache would be the same on all GPUs; so each keeps a share of the tokens",
        )
    if layout.gpus > machine.count:
        yield flag(
            "--distributed-executor-backend", "mp", why="vLLM's own processes on all machines, without Ray"
        )


def _numbers(machine: Machine, choice: Choice) -> Iterator[Flag]:
    gpu = machine.gpu
    if choice.checkpoint.online:
        yield flag("--quantization", "fp8", why="the weights are rounded to 8 bits while they load")
    if gpu.vendor == "nvidia" and gpu.capability < _BF16:
        yield flag("--dtype", "half", why=f"{gpu.name} has no bf16")
    if choice.run.fp8_cache:
        yield flag("--kv-cache-dtype", "fp8", why="the cache takes half the memory, at a small loss of precision")


def _memory(choice: Choice) -> Iterator[Flag]:
    run, window = choice.run, choice.window
    held = held_of(choice, window)
    yield flag(
        "--max-model-len",
        window,
        why=f"{choice.users} such contexts fit at a time; shorter ones, more"
        if choice.users == held
        else f"the cache holds {held} such contexts; --max-num-seqs lets in fewer",
    )
    yield flag(
        "--gpu-memory-utilization",
        f"{run.utilization:.2f}",
        why="of a GPU's whole memory, for all that vLLM takes; said here, for the default has moved",
    )
    yield flag(
        "--max-num-seqs",
        run.batch.sequences,
        why="requests at a time; more wait, and --users lets in more. Their logits take memory, too",
    )
    yield flag(
        "--max-num-batched-tokens",
        run.batch.tokens,
        why="how much of a prompt is read between two tokens of others",
    )
    mode = {"latency": "interactivity", "throughput": "throughput"}.get(run.wishes.goal)
    if mode is not None:
        yield flag("--performance-mode", mode, why="CUDA graphs and kernels for this goal")


def _cache() -> Iterator[Flag]:
    yield flag(
        "--enable-prefix-caching",
        why="an agent's prompt begins as the one before: only what is new is computed (a default, made sure of)",
    )
    yield flag("--enable-chunked-prefill", why="a long prompt does not stop the answers of others")
    yield flag("--enable-prompt-tokens-details", why="answers say how many tokens came from the cache")


def _reasoning(model: Model, choice: Choice) -> Iterator[Flag]:
    if model.parser is None:
        return
    yield flag(
        "--reasoning-parser",
        model.parser,
        why="reasoning comes in a field of its own, and thinking_token_budget is heeded",
    )
    if (end := choice.run.wishes.thinking_end) is not None:
        said = {"reasoning_start_str": "<think>", "reasoning_end_str": f"{end}</think>"}
        yield flag(
            "--reasoning-config", _json(said), why="what the model is made to say when its budget is used up"
        )


def _speculation(choice: Choice) -> Iterator[Flag]:
    if choice.run.mtp:
        yield flag(
            "--speculative-config",
            _json({"method": "mtp", "num_speculative_tokens": 1}),
            why="the model's own layer guesses the next token: faster for few users, and the same answers",
        )
    elif choice.run.wishes.speculation == "ngram":
        lookup = {"prompt_lookup_min": 2, "prompt_lookup_max": 5}
        yield flag(
            "--speculative-config",
            _json({"method": "ngram", "num_speculative_tokens": 4, **lookup}),
            why="code that the prompt holds is guessed from there; pays where answers repeat it, costs where not",
        )
    elif choice.run.wishes.speculation == "suffix":
        yield flag(
            "--speculative-config",
            _json({"method": "suffix", "num_speculative_tokens": 32}),
            why="what prompts and answers repeated is guessed; needs the package arctic-inference",
        )


def _tools(model: Model, choice: Choice) -> Iterator[Flag]:
    if not choice.run.wishes.tools or model.family not in _TOOLS:
        return
    yield flag("--enable-auto-tool-choice", why="native function calls, as you asked; r1code works without")
    yield flag("--tool-call-parser", "deepseek_v3", why="the form in which DeepSeek's models write calls")
    template = choice.run.wishes.tool_template or f"examples/{_TEMPLATES[model.family]}"
    yield flag("--chat-template", template, why="the model's own one does not show it the functions")


def has_tools(model: Model) -> bool:
    return model.family in _TOOLS


def _sampling(model: Model) -> Iterator[Flag]:
    if not model.sampling and model.parser is not None:
        said = {"temperature": 0.6, "top_p": 0.95}
        yield flag(
            "--override-generation-config",
            _json(said),
            why="the checkpoint does not say how to sample; R1 repeats itself without end at other temperatures",
        )


def _extras(choice: Choice) -> Iterator[Flag]:
    wishes = choice.run.wishes
    if wishes.own_code:
        yield flag("--trust-remote-code", why="Python of the checkpoint runs as you, as you agreed")
    if wishes.sleep:
        yield flag("--enable-sleep-mode", why="the GPUs' memory can be given back while nobody asks")
    if wishes.loras:
        rank = max(one.rank for one in wishes.loras)
        yield flag("--enable-lora", why="adapters beside the model, each under its own name")
        yield flag("--max-loras", len(wishes.loras), why="all of them at the same time")
        yield flag(
            "--max-lora-rank",
            next((one for one in _RANKS if one >= rank), _RANKS[-1]),
            why=f"the highest of theirs is {rank}",
        )
        modules = [f"{one.name}={one.path}" for one in wishes.loras]
        yield flag("--lora-modules", *modules, why="what each is called, and where it is")
    yield flag(
        "--shutdown-timeout", DRAIN_SECONDS, why="answers under way may end before it stops, for so many seconds"
    )


def node_flags(number: int, nodes: int) -> Iterator[Flag]:
    """For an engine that spans machines: what each of them is told."""
    yield flag("--nnodes", nodes, why="machines that the engine spans")
    yield flag("--node-rank", number, why="which of them this is")
    yield flag("--master-addr", "FIRST-MACHINE", why="the address of the first of them, in your private network")
    if number:
        yield flag("--headless", why="only the first one answers clients")


def environment_of(machine: Machine, choice: Choice, *, local: bool) -> Iterator[Variable]:
    yield Variable(
        name=KEY, value=None, why="the key that clients send; as a flag, every user of the machine could read it"
    )
    yield Variable(name="VLLM_NO_USAGE_STATS", value="1", why="vLLM tells nobody what runs here")
    yield Variable(name="DO_NOT_TRACK", value="1", why="nor do the libraries that it uses")
    if local:
        yield Variable(
            name="HF_HUB_OFFLINE", value="1", why="all that it needs is in the folder: no hub is asked"
        )
    if choice.run.wishes.sleep:
        yield Variable(name="VLLM_SERVER_DEV_MODE", value="1", why="/sleep and /wake_up answer only so")
    if machine.gpu.vendor == "amd":
        yield Variable(name="VLLM_ROCM_USE_AITER", value="1", why="AMD's faster kernels")


def unshared_cache(model: Model, choice: Choice) -> bool:
    """Whether GPUs keep the same keys and values, because there are more of them than heads."""
    one, tp = model.shape.attention, choice.layout.tp
    return tp > one.kv_heads if isinstance(one, Gqa) else tp > choice.layout.dcp


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
