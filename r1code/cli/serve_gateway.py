"""`r1code serve gateway`: the handler."""

from __future__ import annotations

import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from r1code.ui.messages import localized

if TYPE_CHECKING:
    import argparse

    from r1code.serving.gateway.settings import Settings

_LOOK_SECONDS = 1.0
_NEEDED = ("uvicorn", "prometheus_client", "cryptography")


def gateway(options: argparse.Namespace) -> int:
    from r1code.types import ExitCode

    _need()
    if options.worker is not None:
        from r1code.app.keys import environment
        from r1code.serving.gateway.supervisor import load
        from r1code.serving.gateway.worker import run_worker

        # `serve up` may have made the servers' key, and kept it.
        run_worker(load(Path(options.settings)), options.worker, environment())
        return ExitCode.OK
    settings = settings_of(options)
    if options.unit:
        from r1code.cli.serve_unit import started_by
        from r1code.serving.run.unit import gateway_unit

        print(gateway_unit(started_by(options)), end="")
        return ExitCode.OK
    if options.nginx is not None:
        from r1code.serving.gateway.nginx import written

        print(localized(f"nginx takes {written(settings, Path(options.nginx))}"))
        return ExitCode.OK
    from r1code.serving.gateway.supervisor import run_all

    nginx = options.with_nginx or options.replica is not None
    run_all(settings, nginx=nginx, listening=lambda: _tell(settings, options, nginx=nginx))
    return ExitCode.OK


def settings_of(options: argparse.Namespace) -> Settings:
    """Raises UsageError."""
    from r1code.errors import UsageError
    from r1code.serving.gateway.settings import made_settings, read_settings

    if options.config is not None:
        if options.replica is not None or options.state is not None:
            raise UsageError(
                "--config goes with neither --replica nor --state",
                why="the file says which servers there are, and where the books lie",
                hint="change the file, or leave --config out",
            )
        return read_settings(Path(options.config))
    if options.replica is None:
        raise UsageError(
            "the gateway has no server behind it",
            why="neither --config nor --replica was given",
            hint="r1code serve gateway --replica http://127.0.0.1:8000",
        )
    given = {"listen": options.listen, "user": options.user}
    table = {"replicas": options.replica, "state": str(state_of(options))}
    return made_settings({**table, **{name: value for name, value in given.items() if value}}, "--replica")


def state_of(options: argparse.Namespace) -> Path:
    """Where the books are, without a file of settings."""
    from r1code.app.folders import state_folder

    return Path(options.state).absolute() if options.state is not None else state_folder() / "gateway"


def place_of(options: argparse.Namespace) -> str:
    """The flags with which other commands use the same books: a key in others does not work here."""
    books = {"--config": options.config, "--state": options.state}
    return "".join(f" {flag} {shlex.quote(value)}" for flag, value in books.items() if value is not None)


def _tell(settings: Settings, options: argparse.Namespace, *, nginx: bool) -> None:
    if not nginx:
        return
    print(localized(f"the gateway: https://{settings.listen}/v1"), flush=True)
    if settings.certificate is None:
        certificate = settings.folder / "tls/certificate.pem"
        print(localized(f"its certificate, which clients have to trust: {certificate}"), flush=True)
    print(localized(f"a key for somebody: r1code serve keys add NAME{place_of(options)}"), flush=True)
    for replica in settings.replicas:
        if not _answers(replica):
            print(localized(f"no server answers yet at {replica}"), flush=True)


def _answers(replica: str) -> bool:
    """Whether something listens there."""
    import socket
    from urllib.parse import urlsplit

    url = urlsplit(replica)
    try:
        socket.create_connection((str(url.hostname), url.port or 0), timeout=_LOOK_SECONDS).close()
    except OSError:
        return False
    return True


def _need() -> None:
    from r1code.errors import UsageError

    missing = ", ".join(name for name in _NEEDED if find_spec(name) is None)
    if missing:
        raise UsageError(
            "the gateway is not installed", why=f"it needs {missing}", hint="pip install 'r1code[serve]'"
        )
