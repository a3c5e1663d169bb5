"""Ports of this machine."""

from __future__ import annotations

import random
import socket

# The system gives none of these to whoever wants any: what is free now stays free until it is bound.
_OURS = range(20_000, 32_000)
_chance = random.SystemRandom()


def free_port() -> int:
    """One that nobody listens on, and that nobody gets by chance."""
    while True:
        port = _chance.choice(_OURS)
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
