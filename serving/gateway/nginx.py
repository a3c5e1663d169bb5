"""nginx's configuration, made from the settings, and whether nginx takes it."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from pkgutil import get_data

from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from r1code.errors import StateError, UsageError
from r1code.serving.gateway.certificate import self_signed
from r1code.serving.gateway.refusals import NO_SERVER
from r1code.serving.gateway.settings import Settings

PATHS = ("/health", "/v1/models", "/v1/chat/completions", "/v1/completions")
_ERRORS = (
    (400, "invalid_request", "this is no HTTP request that the gateway takes"),
    (404, "not_found", "there is nothing here"),
    (405, "not_found", "there is nothing here"),
    (408, "request_timeout", "the request did not come in time"),
    (413, "request_too_large", "the request is too large"),
    (414, "request_too_large", "the address is too long"),
    (429, "rate_limit_exceeded", "there are too many connections"),
    (500, "server_error", "the gateway failed"),
    (501, "invalid_request", "this is no HTTP request that the gateway takes"),
    (502, "unavailable", "the gateway is being started, or failed"),
    (503, "unavailable", "the gateway is busy"),
    (504, "timeout", "the gateway got no answer in time"),
)
"""What nginx says by itself, in the form of OpenAI's API, as the proxy does."""
_BROKEN = (
    (502, "the model's server took the request and broke off before it answered"),
    (504, "the model's server took the request and has been silent for too long"),
)
"""What the router says by itself, of a server that took a connection."""
_FILE = "nginx.conf"


LookUp = Callable[[str], Sequence[str]]
"""The addresses of a name."""


def addresses_of(host: str) -> Sequence[str]:
    """Those of IPv4, in order; none where nobody knows the name."""
    try:
        found = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)
    except socket.gaierror:
        return ()
    return sorted({str(address[0]) for *_, address in found})


def looked_up(replicas: Sequence[str], look_up: LookUp) -> Sequence[tuple[str, Sequence[str]]]:
    """The servers, each with its addresses, where it is called by a name."""
    servers = [replica.removeprefix("http://").rstrip("/") for replica in replicas]
    hosts = [server.rpartition(":")[0] for server in servers]
    return [
        (server, () if host.startswith("[") else look_up(host))
        for server, host in zip(servers, hosts, strict=True)
    ]


def _servers(replicas: Sequence[str], look_up: LookUp) -> Iterator[str]:
    """Each address of a name that has several: nginx hashes names, and would take a name's addresses in turn."""
    for server, addresses in looked_up(replicas, look_up):
        port = server.rpartition(":")[2]
        yield from [f"{address}:{port}" for address in addresses] if len(addresses) > 1 else [server]


def rendered(
    settings: Settings,
    certificate: tuple[Path, Path],
    look_up: LookUp = addresses_of,
) -> str:
    data = get_data("r1code.serving.gateway", "nginx.conf.jinja")
    if data is None:
        raise StateError(
            "nginx's configuration cannot be made",
            why="its template is not where r1code is installed",
            hint="install r1code again",
        )
    environment = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
    environment.filters["milliseconds"] = _milliseconds
    return environment.from_string(data.decode()).render(
        user=settings.user if os.geteuid() == 0 else None,
        run=settings.run,
        pid=settings.pid,
        worker_connections=max(1024, 4 * settings.bounds.connections),
        access_log=settings.access_log,
        sockets=[settings.socket(worker) for worker in range(settings.workers)],
        replicas=list(_servers(settings.replicas, look_up)),
        listen=settings.listen,
        certificate=certificate[0],
        certificate_key=certificate[1],
        bounds=settings.bounds,
        errors=_ERRORS,
        broken=_BROKEN,
        nobody=NO_SERVER,
        paths=PATHS,
        session_header=settings.session_header,
        session_variable=f"http_{settings.session_header.replace('-', '_')}",
        router=settings.router,
    )


def _milliseconds(seconds: float) -> str:
    return f"{round(1_000 * seconds)}ms"


def written(settings: Settings, folder: Path, look_up: LookUp = addresses_of) -> Path:
    """The configuration in `folder`, which nginx has looked at. Raises UsageError and StateError."""
    prepare(settings)
    if settings.certificate is not None and settings.certificate_key is not None:
        certificate = Path(settings.certificate), Path(settings.certificate_key)
    else:
        certificate = self_signed(settings.folder / "tls", settings.names)
    file = folder / _FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(rendered(settings, certificate, look_up))
    except OSError as error:
        raise UsageError(
            f"{file} cannot be written", why=str(error), hint="choose another folder, or fix its permissions"
        ) from error
    _check(file)
    return file


def prepare(settings: Settings) -> None:
    """The folder for what goes on now, which is its user's alone. Raises UsageError."""
    user = settings.user
    if os.geteuid() == 0 and user is None:
        raise UsageError(
            "the gateway is not run as root",
            why="nginx's processes would be root's, and they speak with everybody",
            hint="use a user of its own (docs/gateway.md), or --user www-data (`user` in the settings)",
        )
    try:
        settings.folder.mkdir(parents=True, exist_ok=True, mode=0o711)
        settings.run.mkdir(exist_ok=True, mode=0o700)
        settings.run.chmod(0o700)
        if os.geteuid() == 0 and user is not None:
            owner = pwd.getpwnam(user)
            os.chown(settings.run, owner.pw_uid, owner.pw_gid)
            # `serve keys` may have made it, for its own user alone: nginx's has to pass through.
            settings.folder.chmod(0o711)
            _check_way(settings.run, owner)
    except KeyError as error:
        raise UsageError(
            f"there is no user {user}", why="the settings name it as `user`", hint="add it, or name another one"
        ) from error
    except OSError as error:
        raise UsageError(
            f"{settings.run} cannot be used", why=str(error), hint="choose another folder for `state`"
        ) from error


def _check_way(folder: Path, user: pwd.struct_passwd) -> None:
    """Raises UsageError where `user` does not come to the folder: nginx would find none of the sockets in it."""
    for parent in folder.resolve().parents:
        there = parent.stat()
        needed = stat.S_IXUSR if there.st_uid == user.pw_uid else stat.S_IXOTH
        if user.pw_uid != 0 and not there.st_mode & needed:
            raise UsageError(
                f"{user.pw_name} cannot reach {folder}",
                why=f"nginx's processes are {user.pw_name}'s, and {parent} is closed to others",
                hint="choose another folder: --state /var/lib/r1code-gateway, or `state` in the settings",
            )


def command(file: Path) -> Sequence[str]:
    """That runs nginx until it gets SIGQUIT, or SIGTERM. Raises UsageError."""
    return [_nginx(), "-e", "stderr", "-c", str(file.absolute()), "-g", "daemon off;"]


def _nginx() -> str:
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise UsageError(
            "there is no nginx",
            why="the gateway's way in is nginx, and no program of that name is installed",
            hint="apt-get install nginx-light, or what your system calls it",
        )
    return found


def _check(file: Path) -> None:
    checked = subprocess.run(
        [_nginx(), "-e", "stderr", "-t", "-q", "-c", str(file.absolute())],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if checked.returncode != 0:
        raise UsageError(
            f"nginx does not take {file}",
            why=" ".join(checked.stderr.split()),
            hint="correct the settings that it names: addresses, certificate, user",
        )
