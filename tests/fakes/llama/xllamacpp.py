"""Stands for the package of this name in a child process. The name of the model says what happens."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}


class CommonParams:
    def __init__(self) -> None:
        self.model = SimpleNamespace(path="")
        self.cpuparams = SimpleNamespace(n_threads=-1)
        self.api_keys: list[str] = []
        self.hostnames: list[str] = []


class Server:
    def __init__(self, parameters: Any) -> None:
        sys.stdout.write("this is not the address\n")
        sys.stdout.flush()
        path = Path(parameters.model.path)
        path.with_suffix(".pid").write_text(str(os.getpid()))
        if path.stem == "slow":
            # As the real one: it holds the interpreter, so that no thread and no handler runs.
            ctypes.PyDLL(None).sleep(60)
        if path.stem in {"broken", "large"}:
            why = "invalid magic characters" if path.stem == "broken" else "ggml: insufficient memory"
            sys.stderr.write(f"E load: {why}\n")
            raise RuntimeError("Failed to init server, please check the input params.")
        if path.stem == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        Handler.key, Handler.folder = parameters.api_keys[0], path.parent
        server = ThreadingHTTPServer((parameters.hostnames[0], 0), Handler)
        self.listening_address = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    key = ""
    folder = Path()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with (self.folder / "requests").open("a") as file:
            file.write(json.dumps(body) + "\n")
        if self.headers["Authorization"] != f"Bearer {self.key}":
            self.send_error(401)
            return
        task = body["messages"][-1]["content"]
        if task == "too long":
            error = {"code": 400, "message": "request (9 tokens) exceeds 8", "type": "exceed_context_size_error"}
            self.send_response(400)
            self.end_headers()
            self.wfile.write(json.dumps({"error": error}).encode())
            return
        if task == "read for ever":
            self._until_gone(lambda: None)
            return
        self.send_response(200)
        self.end_headers()
        self._say(delta={"role": "assistant", "content": None})
        self._say(delta={"reasoning_content": "Hm. "})
        if task == "write for ever":
            self._until_gone(lambda: self._say(delta={"content": "and "}))
            return
        self._say(delta={"content": "Hel"})
        if task == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        self._say(delta={"content": "lo"})
        if task == "break off":
            return
        self._say(delta={}, finish_reason="length" if body.get("max_tokens") == 2 else "stop")
        self._send({"choices": [], "usage": USAGE})
        self.wfile.write(b"data: [DONE]\n\n")

    def _say(self, **choice: Any) -> None:
        self._send({"choices": [{"index": 0, **choice}]})

    def _send(self, data: dict[str, Any]) -> None:
        self.wfile.write(b"data: " + json.dumps(data).encode() + b"\n\n")

    def _until_gone(self, work: Any) -> None:
        self.connection.setblocking(False)
        while True:
            try:
                work()
                gone = self.connection.recv(1) == b""
            except BlockingIOError:
                gone = False
            except OSError:
                gone = True
            if gone:
                (self.folder / "gone").touch()
                return
            time.sleep(0.02)

    def log_message(self, *_: Any) -> None:
        pass
