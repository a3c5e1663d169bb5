"""A language server that finds BAD, WARN and HINT in lines: `python language_server.py MODE [LOG]`.

Modes: `good`; `asks` (wants answers before it says anything); `mute` (never answers); `silent` (says nothing of
files); `dies` (with the first file); `late` (says half at first, with no version); `huge` (one without end).
LOG gets what it was told, one JSON object a line; its first line is its process id.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any, TextIO

KINDS = {"BAD": 1, "WARN": 2, "HINT": 4}


def send(message: dict[str, Any]) -> None:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    sys.stdout.buffer.flush()


waiting: list[dict[str, Any]] = []
"""Messages that came while an answer was waited for."""


def receive() -> dict[str, Any]:
    return waiting.pop(0) if waiting else read()


def answer(number: int) -> dict[str, Any]:
    while (message := read()).get("id") != number or "method" in message:
        waiting.append(message)
    return message


def read() -> dict[str, Any]:
    size = 0
    while line := sys.stdin.buffer.readline().strip():
        name, _, value = line.partition(b":")
        size = int(value) if name == b"Content-Length" else size
    if not size:
        sys.exit(0)
    return json.loads(sys.stdin.buffer.read(size))


def found(text: str) -> list[dict[str, Any]]:
    return [
        {
            "range": {"start": {"line": row, "character": 0}, "end": {"line": row, "character": 1}},
            "severity": severity,
            "message": f"{word} is\n  {line.split()[-1]}",
        }
        for row, line in enumerate(text.split("\n"))
        for word, severity in KINDS.items()
        if word in line
    ]


def publish(uri: str, diagnostics: list[dict[str, Any]], version: int | None) -> None:
    params = {"uri": uri, "diagnostics": diagnostics} | ({} if version is None else {"version": version})
    send({"method": "textDocument/publishDiagnostics", "params": params})


def ask() -> None:
    """What a server may want to know before it goes on."""
    send({"id": 7, "method": "workspace/configuration", "params": {"items": [{"section": "fake"}]}})
    assert answer(7)["result"] == [None]
    send({"id": 8, "method": "client/registerCapability", "params": {"registrations": []}})
    assert "error" not in answer(8)
    send({"method": "fake/unheardOf", "params": {}})


def look(mode: str, message: dict[str, Any]) -> None:
    params = message["params"]
    document = params["textDocument"]
    opened = message["method"] == "textDocument/didOpen"
    diagnostics = found(document["text"] if opened else params["contentChanges"][0]["text"])
    if mode == "dies":
        sys.exit(3)
    if mode == "huge":
        sys.stdout.buffer.write(b"Content-Length: 99999999999\r\n\r\n")
        sys.stdout.buffer.flush()
        time.sleep(60)
    if mode == "late":
        publish(document["uri"], diagnostics[:1], None)
        time.sleep(0.05)
    if mode != "silent":
        publish(document["uri"], diagnostics, None if mode == "late" else document["version"])


def main() -> None:
    mode = sys.argv[1]
    with Path(sys.argv[2] if len(sys.argv) > 2 else os.devnull).open("a") as log:
        serve(mode, log)


def serve(mode: str, log: TextIO) -> None:
    log.write(f"{os.getpid()}\n")
    sys.stderr.write("to be seen by nobody\n")
    while True:
        log.flush()
        message = receive()
        log.write(f"{json.dumps(message)}\n")
        method = message.get("method")
        if method == "initialize":
            if mode == "mute":
                log.flush()
                time.sleep(60)
            send({"id": message["id"], "result": {"capabilities": {"textDocumentSync": 1}}})
        elif method == "initialized" and mode == "asks":
            ask()
        elif method in {"textDocument/didOpen", "textDocument/didChange"}:
            log.flush()
            look(mode, message)


def starts(log: Path) -> list[int]:
    """The process ids of those that wrote this log."""
    return [int(line) for line in log.read_text().splitlines() if line.isdigit()]


def gone(pid: int, seconds: float = 40.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False


if __name__ == "__main__":
    main()
