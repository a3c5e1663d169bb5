"""What a stranger sends to a gateway, byte by byte, and what is then looked at."""

from __future__ import annotations

import json

from fakes.gateway import Gateway, chat

CHAT = b"POST /v1/chat/completions HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\n"
BODY = json.dumps(chat()).encode()


def untouched(gateway: Gateway) -> bool:
    """Nothing has reached a server, but the list of models, which the gateway itself asks for."""
    return {seen.path for one in gateway.replicas for seen in one.seen} <= {"/v1/models"}


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def request(key: str | None, *headers: str, line: bytes = b"", body: bytes = BODY, length: bool = True) -> bytes:
    head = line + b"\r\nHost: g\r\nContent-Type: application/json\r\n" if line else CHAT
    lines = [*headers, "Connection: close"]
    if key is not None:
        lines.append(f"Authorization: Bearer {key}")
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return head + "".join(f"{one}\r\n" for one in lines).encode("latin-1") + b"\r\n" + body
