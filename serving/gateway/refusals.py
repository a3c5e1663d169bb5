"""What a client is told instead of an answer, in the form of OpenAI's API."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Any, Literal

import msgspec

Reason = Literal[
    "path",
    "key",
    "request",
    "too_large",
    "too_slow",
    "rate",
    "concurrency",
    "tokens",
    "upstream",
    "books",
    "stopped",
]
"""What the metrics call it."""


NO_SERVER = (
    "no server answers behind the gateway, and nothing was asked: try again in a minute; if it stays so, tell"
    " whoever runs the servers (r1code serve status shows them, and the gateway's replicas have to name them)"
)


class Refusal(Exception):
    """The words of an error are the gateway's own, or a server's, and never the client's."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        reason: Reason,
        code: str,
        param: str | None = None,
        wait_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.reason: Reason = reason
        self.code = code
        self.param = param
        self.wait_seconds = wait_seconds

    def body(self) -> bytes:
        kind = _TYPES.get(self.status, "server_error")
        error = {"message": self.message, "type": kind, "param": self.param, "code": self.code}
        return msgspec.json.encode({"error": error})

    def headers(self) -> dict[str, str]:
        found = {"content-type": "application/json"}
        if self.wait_seconds is not None:
            found["retry-after"] = str(max(1, math.ceil(self.wait_seconds)))
        if self.status == HTTPStatus.UNAUTHORIZED:
            found["www-authenticate"] = "Bearer"
        return found

    def event(self) -> bytes:
        """As the last event of a stream that has begun. Its code is a number, as vLLM's: clients read it so."""
        error: dict[str, Any] = {"message": self.message, "type": self.code, "param": None, "code": self.status}
        return b"data: " + msgspec.json.encode({"error": error}) + b"\n\n"


_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    408: "invalid_request_error",
    413: "invalid_request_error",
    415: "invalid_request_error",
    429: "rate_limit_error",
}


def not_found() -> Refusal:
    return Refusal(404, "there is nothing here", reason="path", code="not_found")


def bad_request(message: str, param: str | None = None) -> Refusal:
    return Refusal(400, message, reason="request", code="invalid_request", param=param)


def no_key() -> Refusal:
    """The same whatever is wrong with it: nobody learns which keys there are or were."""
    return Refusal(401, "the key is missing or not accepted", reason="key", code="invalid_api_key")


def failed_upstream(message: str, status: int = 502) -> Refusal:
    return Refusal(status, message, reason="upstream", code="upstream_error")
