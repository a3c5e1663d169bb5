"""A program that behaves like `vllm serve` as far as one who starts it can see: a log, a port, answers, an end.

    python -P -m fakes.vllm ...       # in place of vllm, made by `program`

What it does is said in a file beside it, `plan.json`: lines of the log, how it ends at once, how many starts
crash after they were ready, and whether it ignores SIGTERM.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

LOG = (
    "INFO [serve.py] vLLM API server version 0.33.0",
    "Loading safetensors checkpoint shards:  50% Completed | 1/2 [00:01<00:01,  1.00s/it]",
    "Loading safetensors checkpoint shards: 100% Completed | 2/2 [00:02<00:00,  1.00s/it]",
    "INFO [gpu_model_runner.py] Model loading took 14.25 GiB memory and 12.31 seconds",
    "INFO [monitor.py] torch.compile took 31.20 s in total",
    "INFO [kv_cache_utils.py] GPU KV cache size: 61,952 tokens, Maximum concurrency for 61,440 tokens: 1.01x",
    "Capturing CUDA graphs (decode, FULL):  50%|█████     | 1/2 [00:00<00:00]",
    "INFO [gpu_model_runner.py] Graph capturing finished in 4 secs, took 0.51 GiB",
)


def program(folder: Path, **plan: Any) -> Path:
    """The file of such a program."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plan.json").write_text(json.dumps({"log": LOG, **plan}))
    made = folder / "vllm"
    here = Path(__file__).parents[1]
    made.write_text(f"#!/bin/sh\nPYTHONPATH='{here}' exec '{sys.executable}' -m fakes.vllm '{folder}' \"$@\"\n")
    made.chmod(0o700)
    return made


asked = threading.Event()
"""Once a question was answered."""


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._head(200 if self.path == "/health" else 404, "text/plain")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.headers["authorization"] != f"Bearer {os.environ['VLLM_API_KEY']}":
            self._head(401, "application/json")
            return
        self._head(200, "text/event-stream")
        deltas = [{"role": "assistant", "reasoning": "17 * 3"}, {"content": "51"}]
        for number, delta in enumerate(deltas):
            ending = "stop" if number else None
            choice = {"index": 0, "delta": delta, "finish_reason": ending}
            self._event(
                {"id": "x", "object": "chat.completion.chunk", "model": body["model"], "choices": [choice]}
            )
        self.wfile.write(b"data: [DONE]\n\n")
        asked.set()

    def _event(self, what: dict[str, Any]) -> None:
        self.wfile.write(f"data: {json.dumps({'created': 0, **what})}\n\n".encode())

    def _head(self, status: int, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("connection", "close")
        self.end_headers()

    def log_message(self, *words: Any) -> None:
        pass


def main() -> None:
    folder, words = Path(sys.argv[1]), sys.argv[2:]
    plan = json.loads((folder / "plan.json").read_text())
    with (folder / "starts").open("a") as starts:
        said = {"key": os.environ.get("VLLM_API_KEY"), "offline": os.environ.get("HF_HUB_OFFLINE")}
        starts.write(json.dumps({"argv": words, **said}) + "\n")
    count = len((folder / "starts").read_text().splitlines())
    sys.stdout.writelines(f"{line}\n" for line in plan["log"])
    sys.stdout.flush()
    if "exit" in plan:
        sys.exit(plan["exit"])
    host = words[words.index("--host") + 1] if "--host" in words else "127.0.0.1"
    server = ThreadingHTTPServer((host, int(words[words.index("--port") + 1])), Answers)

    def end(_number: int, _frame: object) -> None:
        (folder / "asked").touch()
        if not plan.get("stubborn"):
            threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, end)
    if count <= plan.get("crashes", 0):
        # A crash while it is asked for the first time would be a failed start.
        ends = threading.Thread(
            target=lambda: (asked.wait(), time.sleep(plan["lives"]), os._exit(3)), daemon=True
        )
        ends.start()
    server.serve_forever(poll_interval=0.05)


if __name__ == "__main__":
    main()
