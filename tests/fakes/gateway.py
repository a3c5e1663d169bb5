"""A gateway that runs: nginx, a proxy and two servers behind them, as `r1code serve gateway` starts them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx2
import pytest

from fakes.ports import free_port
from fakes.server import FakeServer, Reply, Seen
from fakes.spawned import until
from r1code.serving.gateway.limits import read_limits
from r1code.serving.gateway.store import Holder, Store, Sum

UPSTREAM_KEY = "the-key-of-the-servers"
HELLO = Reply(text="hello", reasoning="Hm.")
_START_SECONDS = 50.0


def need_nginx() -> None:
    """Skips, or fails with CI=true."""
    if shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI runs the tests of the gateway, and there is no nginx (tests/docker.sh installs it)")
        pytest.skip("THE GATEWAY IS NOT TESTED: there is no nginx")


class Gateway:
    def __init__(
        self,
        folder: Path,
        replicas: Sequence[FakeServer],
        settings: str = "",
        key: str | None = UPSTREAM_KEY,
        *,
        ports: Sequence[int] = (),
    ) -> None:
        """`key` is the servers', in the gateway's environment; None: not there. `ports`: of real servers."""
        self._key = key
        self.folder = folder
        self.replicas = replicas
        self.port, self.metrics = free_port(), free_port()
        self.config = folder / "gateway.toml"
        urls = ", ".join(f'"http://127.0.0.1:{one}"' for one in (*(one.port for one in replicas), *ports))
        user = 'user = "root"\n' if os.geteuid() == 0 else ""
        self.config.write_text(
            f'replicas = [{urls}]\nlisten = "127.0.0.1:{self.port}"\nmetrics = "127.0.0.1:{self.metrics}"\n'
            f"{user}{settings}"
        )
        self.store = Store(folder / "gateway.sqlite")
        self._log = folder / "output.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def certificate(self) -> Path:
        return self.folder / "tls/certificate.pem"

    @cached_property
    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))

    @property
    def output(self) -> str:
        """What nginx and the proxies wrote."""
        return self._log.read_text()

    def start(self) -> None:
        words = [sys.executable, "-P", "-m", "r1code", "serve", "gateway", "--with-nginx", "--config"]
        environment = {**os.environ, **({} if self._key is None else {"VLLM_API_KEY": self._key})}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([*words, str(self.config)], stdout=log, stderr=log, env=environment)
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            if self.certificate.exists():
                try:
                    with self.client() as client:
                        if client.get("/health").status_code == 200:
                            return
                except httpx2.TransportError:
                    pass
            time.sleep(0.05)
        pytest.fail(f"the gateway did not start:\n{self.output}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(60)

    def workers(self) -> list[int]:
        """The processes of the proxies."""
        assert self._process is not None
        pids = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return [int(pid) for pid in pids if b"--worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]

    def key(self, name: str, *limits: str, team: str = "team") -> str:
        """A new key, which the proxies know."""
        key = self.store.add(Holder(name=name, team=team, limits=read_limits(limits)))
        self.known(key, 200)
        return key

    def known(self, key: str, status: int) -> None:
        """Waits until all proxies answer so who has this key: each of them reads the books for itself."""
        places = sorted(self.folder.glob("run/proxy-*.sock"))
        assert len(places) == len(self.workers())
        for place in places:
            wire = httpx2.HTTPTransport(uds=str(place))
            with httpx2.Client(transport=wire, headers={"authorization": f"Bearer {key}"}) as client:
                until(lambda: client.get("http://proxy/v1/models").status_code == status)

    def name(self, key: str) -> str:
        return next(one.holder for one in self.store.issued() if one.id == key.split("_")[1])

    def settled(self, name: str) -> Sum:
        """What somebody used, when nothing runs any more."""
        until(lambda: not self.store.usage(0, name)[0].open)
        return self.store.usage(0, name)[0]

    def client(self, key: str | None = None, **headers: str) -> httpx2.Client:
        known = {} if key is None else {"authorization": f"Bearer {key}"}
        return httpx2.Client(
            base_url=self.url,
            verify=self.tls,
            headers={**known, **headers},
            timeout=30,
            trust_env=False,
        )

    def ask(self, key: str | None, **body: Any) -> httpx2.Response:
        with self.client(key) as client:
            return client.post("/v1/chat/completions", json=chat(**body))

    def raw(self) -> ssl.SSLSocket:
        """A connection for what no client would write."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        return self.tls.wrap_socket(plain, server_hostname="localhost")

    def said(self, data: bytes, *, quiet: float = 10.0) -> bytes:
        """All that comes back for these bytes, until the gateway closes or has been quiet since its last word."""
        with self.raw() as end:
            end.settimeout(10)
            with suppress(OSError):
                # What is refused early is not read to its end.
                end.sendall(data)
            return received(end, quiet)

    def chats(self) -> list[Seen]:
        return [seen for one in self.replicas for seen in one.chats]

    def counted(self, metric: str) -> float:
        """The sum over all labels that begin so."""
        text = httpx2.get(f"http://127.0.0.1:{self.metrics}/metrics", trust_env=False).text
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(metric))


def received(end: ssl.SSLSocket, quiet: float = 10.0) -> bytes:
    found = b""
    try:
        while data := end.recv(65_536):
            found += data
            end.settimeout(quiet)
    except (TimeoutError, ConnectionError, ssl.SSLError):
        pass
    return found


def chat(text: str = "hi", **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": text}], **more}


@contextmanager
def running(
    folder: Path, settings: str = "", *, replicas: int = 2, upstream_key: str | None = UPSTREAM_KEY
) -> Generator[Gateway, None, None]:
    need_nginx()
    servers = [FakeServer([HELLO], key=UPSTREAM_KEY) for _ in range(replicas)]
    for one in servers:
        one.__enter__()
    gateway = Gateway(folder, servers, settings, upstream_key)
    try:
        gateway.start()
        yield gateway
    finally:
        # Whatever hangs: the servers' threads would keep the tests from ending.
        for one in servers:
            one.stop()
        if gateway._process is not None and gateway._process.poll() is None:
            gateway.stop()
        gateway.store.close()
