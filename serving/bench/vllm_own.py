"""Plain throughput by vLLM's own `vllm bench serve`: independent prompts of random tokens, no sessions."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from msgspec import Struct

from r1code.control import Control
from r1code.errors import StateError, UsageError
from r1code.serving.bench.plan import Plan

_KEY = "OPENAI_API_KEY"
_POLL_SECONDS = 0.1
_LAST_LINES = 4


class Own(Struct, frozen=True, kw_only=True):
    """What its file says; milliseconds, as it has them."""

    max_concurrency: int | None = None
    duration: float = 0.0
    completed: int = 0
    failed: int = 0
    total_input_tokens: int = 0
    total_output_tokens: int = 0
    request_throughput: float = 0.0
    output_throughput: float = 0.0
    total_token_throughput: float = 0.0
    median_ttft_ms: float | None = None
    p95_ttft_ms: float | None = None
    median_tpot_ms: float | None = None
    p95_tpot_ms: float | None = None
    median_itl_ms: float | None = None
    p95_itl_ms: float | None = None


def run_own(
    plan: Plan, key: str | None, control: Control, *, environ: Mapping[str, str] = os.environ
) -> Iterator[Own]:
    """One result for each concurrency. The model's tokenizer is the program's to find (HF_HUB_OFFLINE=1: here).

    Raises UsageError where there is no `vllm`, StateError where it fails, and Cancelled.
    """
    program = shutil.which("vllm", path=environ.get("PATH"))
    if program is None:
        raise UsageError(
            "there is no `vllm` on the path",
            why="--with vllm runs `vllm bench serve`, which comes with vLLM",
            hint="activate the environment that vLLM is installed in, or leave --with out",
        )
    # The key in the environment, for a command line can be read by all on the machine.
    own = {**environ, **({} if key is None else {_KEY: key})}
    for concurrency in plan.concurrency:
        with TemporaryDirectory(prefix="r1code-bench-") as name:
            folder = Path(name)
            yield _run(arguments(program, plan, concurrency, folder), folder, own, control)


def arguments(program: str, plan: Plan, concurrency: int, folder: Path) -> list[str]:
    work, root = plan.workload, plan.served.root
    # A name that the server gave it is no tokenizer's.
    tokenizer = ["--tokenizer", root] if root and root != plan.served.model else []
    return [
        program, "bench", "serve", "--backend", "openai-chat",
        "--base-url", plan.profile.base_url.rstrip("/").removesuffix("/v1"),
        "--endpoint", "/v1/chat/completions", "--model", plan.served.model, "--dataset-name", "random",
        "--random-input-len", str(work.prefix + work.task), "--random-output-len", str(round(work.output.median)),
        "--num-prompts", str(work.turns * work.sessions(concurrency)), "--max-concurrency", str(concurrency),
        "--seed", str(work.seed), "--ignore-eos", "--percentile-metrics", "ttft,tpot,itl",
        "--metric-percentiles", "95", "--save-result",
        "--result-dir", str(folder), "--result-filename", "own.json", *tokenizer,
    ]  # fmt: skip


def _run(command: list[str], folder: Path, environ: Mapping[str, str], control: Control) -> Own:
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environ)
        try:
            with control.on_cancel(process.terminate):
                while process.poll() is None:
                    control.sleep(_POLL_SECONDS)
        finally:
            process.kill()
            process.wait()
    last = " / ".join(log.read_text(errors="replace").strip().splitlines()[-_LAST_LINES:])
    if process.returncode != 0:
        raise StateError(
            f"`vllm bench serve` ended with {process.returncode}",
            why=last or "it said nothing",
            hint="it has to find the model's tokenizer; run it by itself to see all that it says",
        )
    try:
        return msgspec.json.decode((folder / "own.json").read_bytes(), type=Own)
    except (OSError, msgspec.MsgspecError) as error:
        raise StateError(
            "the result of `vllm bench serve` cannot be read",
            why=f"{error}; it ended with: {last}",
            hint="another version of vLLM may write another file; leave --with out",
        ) from error
