"""Records every connection that a Python process and its Python children open, and every name they look up."""

from __future__ import annotations

from pathlib import Path

import msgspec

_HOOK = """
import os, sys

_log = os.open({log!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def _told(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
        where = arguments[0] if event == "socket.getaddrinfo" else arguments[1]
        host = where if isinstance(where, (str, bytes)) or where is None else where[0]
        host = host.decode() if isinstance(host, bytes) else str(host)
        import json
        os.write(_log, (json.dumps(host) + "\\n").encode())


sys.addaudithook(_told)
"""


class Connections:
    """`env` makes a command record; `hosts` are the addresses and socket paths that it connected to."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "connections.log"
        hook = folder / "hook"
        hook.mkdir(parents=True)
        (hook / "sitecustomize.py").write_text(_HOOK.format(log=str(self._log)))
        self.env = {"PYTHONPATH": str(hook)}

    @property
    def hosts(self) -> set[str]:
        return {msgspec.json.decode(line) for line in self._log.read_bytes().splitlines()}
