"""A server with a chat API, the real one or a fake, asked in plain HTTP."""

from __future__ import annotations

from typing import Any

import httpx2

from fakes.requests import KEY


class Served:
    """A server with a chat API, the real one or a fake."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.http = httpx2.Client(timeout=300, trust_env=False)

    @property
    def url(self) -> str:
        return f"{self.root}/v1"

    def get(self, path: str, key: str | None = None) -> httpx2.Response:
        return self.http.get(self.root + path, headers=_headers(key))

    def post(self, body: Any, key: str | None = KEY, path: str = "/v1/chat/completions") -> httpx2.Response:
        return self.http.post(self.root + path, json=body, headers=_headers(key))

    def counter(self, name: str) -> float:
        """A figure of /metrics, summed over its labels."""
        lines = self.get("/metrics").text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith((f"{name}{{", f"{name} ")))


def _headers(key: str | None) -> dict[str, str]:
    return {} if key is None else {"authorization": f"Bearer {key}"}
