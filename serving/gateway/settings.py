"""gateway.toml: where the gateway listens, who answers behind it, and what it lets through."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, cast

import msgspec
from msgspec import Meta, Struct

from r1code.errors import UsageError
from r1code.serving.gateway.limits import Limits

_Port = r"(?::[0-9]{1,5})"
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])"
Address = Annotated[str, Meta(pattern=rf"^{_HOST}{_Port}$")]
_REPLICA = rf"^http://{_HOST}{_Port}/?$"
Replica = Annotated[str, Meta(pattern=_REPLICA)]
Host = Annotated[str, Meta(pattern=rf"^{_HOST}$")]
Header = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
Size = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0)]
_PATH = re.compile(r"/[\w./+@ -]*")
_SOCKET_PATH = 100
"""Bytes: what the kernel takes is 107."""


class Bounds(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of the gateway itself, whoever asks."""

    body_bytes: Size = 4 << 20
    body_seconds: Seconds = 30.0
    """For the whole of a request's body."""
    header_seconds: Seconds = 10.0
    connections_per_address: Size = 64
    connections: Size = 512
    """Requests at a time."""
    answer_seconds: Seconds = 3_600.0
    """For the whole of an answer."""
    silence_seconds: Seconds = 1_800.0
    """In which a model's server may say nothing: it reads a long prompt, or does not stream."""
    connect_seconds: Seconds = 3.0
    """After that another replica is tried."""
    drain_seconds: Seconds = 30.0
    """For what runs, when the gateway is stopped."""


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    replicas: Annotated[Sequence[Replica], Meta(min_length=1)]
    state: str
    """A folder: the books, and what goes on now."""
    listen: Address = "127.0.0.1:8443"
    names: Annotated[Sequence[Host], Meta(min_length=1)] = ("localhost", "127.0.0.1")
    """For a certificate that is made for a try-out."""
    certificate: str | None = None
    certificate_key: str | None = None
    upstream_key_env: str = "VLLM_API_KEY"
    session_header: Header = "x-session-id"
    metrics: Address = "127.0.0.1:9464"
    """A worker's is this port and its number."""
    workers: Annotated[int, Meta(ge=1, le=64)] = 1
    access_log: str | None = None
    user: str | None = None
    """Whom nginx's processes belong to, where it is started as root."""
    limits: Limits = Limits()
    """Of a key, where it has none of its own."""
    bounds: Bounds = Bounds()

    @property
    def folder(self) -> Path:
        return Path(self.state)

    @property
    def books(self) -> Path:
        return self.folder / "gateway.sqlite"

    @property
    def run(self) -> Path:
        """Sockets, locks and temporary files, for whoever runs the gateway alone."""
        return self.folder / "run"

    def socket(self, worker: int) -> Path:
        return self.run / f"proxy-{worker}.sock"

    @property
    def pid(self) -> Path:
        """Of nginx, once it listens."""
        return self.run / "nginx.pid"

    @property
    def router(self) -> Path:
        return self.run / "router.sock"


def read_settings(file: Path) -> Settings:
    """Raises UsageError. Paths in it are seen from the file."""
    try:
        table = msgspec.toml.decode(file.read_bytes(), type=dict[str, object])
    except (OSError, msgspec.MsgspecError) as error:
        raise UsageError(
            f"{file} cannot be read", why=str(error), hint="docs/gateway.md shows what stands in it"
        ) from error
    table.setdefault("state", ".")
    for name in ("state", "certificate", "certificate_key", "access_log"):
        if isinstance(path := table.get(name), str):
            table[name] = str((file.parent / path).absolute())
    return made_settings(table, str(file))


def made_settings(table: dict[str, object], place: str) -> Settings:
    """Raises UsageError. `place` is what people call where it came from."""
    if isinstance(limits := table.get("limits"), dict):
        # TOML has no word for nothing.
        named = cast("dict[str, object]", limits)
        table = {**table, "limits": {name: None if value == "off" else value for name, value in named.items()}}
    given = table.get("replicas")
    for replica in cast("list[object]", given) if isinstance(given, list) else ():
        if isinstance(replica, str) and not re.match(_REPLICA, replica):
            raise UsageError(
                f"{place} cannot be used",
                why=f"{replica!r} is no address of a model's server",
                hint="write http://HOST:PORT: with the port, without a path; between them there is no TLS",
            )
    try:
        settings = msgspec.convert(table, Settings)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"{place} cannot be used", why=str(error), hint="docs/gateway.md shows what stands in it"
        ) from error
    for path in (settings.state, settings.certificate, settings.certificate_key, settings.access_log):
        if path is not None and _PATH.fullmatch(path) is None:
            raise UsageError(
                f"{place} cannot be used",
                why=f"nginx's configuration takes no such path: {path}",
                hint="use letters, digits and dots",
            )
    if len(str(settings.socket(settings.workers)).encode()) > _SOCKET_PATH:
        raise UsageError(
            f"{place} cannot be used",
            why=f"a socket's path would be too long for the system: {settings.socket(settings.workers)}",
            hint="choose a shorter folder for `state`",
        )
    if (settings.certificate is None) != (settings.certificate_key is None):
        raise UsageError(
            f"{place} cannot be used",
            why="certificate and certificate_key belong together",
            hint="set both, or none for a certificate of its own",
        )
    return settings
