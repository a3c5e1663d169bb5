"""A hub of weights as huggingface_hub asks one, its store of large files at another port, and what goes wrong."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "c0ffee" * 6 + "abcd"
REPOSITORY = "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"
LARGE = 4096
"""Files from this size on are in the store, with a SHA-256."""


def tensors(*names: str, size: int = 20_000) -> bytes:
    """A file of weights."""
    ends = {
        name: {"dtype": "U8", "shape": [size], "data_offsets": [at * size, at * size + size]}
        for at, name in enumerate(names)
    }
    header = json.dumps({"__metadata__": {"format": "pt"}, **ends}).encode()
    data = b"".join(hashlib.sha256(name.encode()).digest() * (size // 32 + 1) for name in names)
    return len(header).to_bytes(8, "little") + header + data[: size * len(names)]


def checkpoint() -> dict[str, bytes]:
    """In the shape of a distill, with weights of some bytes."""
    config = {
        "architectures": ["Qwen2ForCausalLM"],
        "num_hidden_layers": 28,
        "hidden_size": 3584,
        "vocab_size": 152064,
        "intermediate_size": 18944,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "max_position_embeddings": 131072,
        "torch_dtype": "bfloat16",
    }
    names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    index = {
        "metadata": {"total_size": 15_231_233_024},
        "weight_map": {"a": names[0], "b": names[0], "c": names[1]},
    }
    return {
        "config.json": json.dumps(config).encode(),
        "generation_config.json": b'{"temperature": 0.6}',
        "tokenizer.json": b"{}",
        "tokenizer_config.json": b'{"chat_template": "</think>"}',
        "model.safetensors.index.json": json.dumps(index).encode(),
        names[0]: tensors("a", "b"),
        names[1]: tensors("c"),
    }


class Hub:
    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.asked: list[tuple[str, str, str | None, str | None]] = []
        """Of each request: hub or store, path, range, who asks."""
        self.cuts: dict[str, int] = {}
        """File -> after so many bytes its connection breaks, once."""
        self.holds: dict[str, int] = {}
        """File -> after so many bytes nothing comes any more, once."""
        self.wrong: set[str] = set()
        """Files of which a byte is another one."""
        self.busy = 0
        """So many requests of the store are answered with 503."""
        self.ended = threading.Event()
        self.url = self.store = ""

    def of_store(self) -> list[tuple[str, str | None, str | None]]:
        return [(path, span, who) for place, path, span, who in list(self.asked) if place == "store"]


@contextmanager
def hub(files: dict[str, bytes] | None = None) -> Iterator[Hub]:
    one = Hub(checkpoint() if files is None else files)
    kinds = [type("Handler", (Handler,), {"hub": one, "place": place}) for place in ("hub", "store")]
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), kind) for kind in kinds]
    one.url, one.store = (f"http://127.0.0.1:{server.server_port}" for server in servers)
    threads = [threading.Thread(target=server.serve_forever, args=(0.02,)) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield one
    finally:
        one.ended.set()
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()


class Handler(BaseHTTPRequestHandler):
    hub: Hub
    place: str

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.hub.asked.append((self.place, path, self.headers["range"], self.headers["authorization"]))
        if self.place == "store":
            self._large(path.lstrip("/"))
            return
        known = f"/{REPOSITORY}/resolve/{COMMIT}/"
        if path.startswith(known):
            self._file(path.removeprefix(known))
        elif path in {f"/api/models/{REPOSITORY}", f"/api/models/{REPOSITORY}/revision/{COMMIT}"}:
            self._json({"id": REPOSITORY, "sha": COMMIT, "siblings": []})
        elif path == f"/api/models/{REPOSITORY}/tree/{COMMIT}":
            self._json([_entry(name, data) for name, data in self.hub.files.items()])
        else:
            self._head(404, {"x-error-code": "RepoNotFound", "content-length": "0"})

    def _file(self, name: str) -> None:
        if len(self.hub.files[name]) >= LARGE:
            self._head(302, {"location": f"{self.hub.store}/{name}", "content-length": "0"})
        else:
            self._head(200, {"content-length": str(len(self.hub.files[name]))})
            self.wfile.write(self._data(name))

    def _data(self, name: str) -> bytes:
        data = self.hub.files[name]
        return data[:-1] + bytes([data[-1] ^ 1]) if name in self.hub.wrong else data

    def _large(self, name: str) -> None:
        if self.hub.busy:
            self.hub.busy -= 1
            self._head(503, {"content-length": "0"})
            return
        data, at = self._data(name), 0
        if (span := self.headers["range"]) is not None:
            at = int(span.removeprefix("bytes=").rstrip("-"))
        headers = {"content-length": str(len(data) - at)}
        if at:
            headers["content-range"] = f"bytes {at}-{len(data) - 1}/{len(data)}"
        self._head(206 if at else 200, headers)
        cut, hold = self.hub.cuts.pop(name, None), self.hub.holds.pop(name, None)
        self.wfile.write(data[at:] if cut is None and hold is None else data[at : at + (cut or hold or 0)])
        if hold is not None:
            self.wfile.flush()
            self.hub.ended.wait(20)
        if cut is not None or hold is not None:
            self.close_connection = True

    def _json(self, what: Any) -> None:
        body = json.dumps(what).encode()
        self._head(200, {"content-type": "application/json", "content-length": str(len(body))})
        self.wfile.write(body)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *words: Any) -> None:
        pass


def _entry(name: str, data: bytes) -> dict[str, Any]:
    git = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    entry: dict[str, Any] = {"type": "file", "path": name, "size": len(data), "oid": git}
    if len(data) >= LARGE:
        entry["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
    return entry
