"""What commands reach: nothing, named hosts, or everything. A server of this machine plays the outside world."""

from __future__ import annotations

import json
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from threading import Thread
from typing import Any

import docker
import pytest

from fakes.bench import Bench, Cancelling, Make
from r1code.control import Control
from r1code.sandbox.network import Network, indexes, parse_network
from r1code.sandbox.proxy import Host
from r1code.sandbox.prune import labels, prune
from r1code.tree.store import Store

docker_test = pytest.mark.docker


class World(BaseHTTPRequestHandler):
    """Answers whatever it is asked, and keeps who it was asked as."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.headers["Host"])
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"world")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the base class gives
        return


@pytest.fixture
def world() -> Iterator[tuple[int, list[str]]]:
    """The port of a server on all addresses of this machine, and the names it was asked under."""
    asked: list[str] = []
    handler = type("Handler", (World,), {"asked": asked})
    with ThreadingHTTPServer(("0.0.0.0", 0), handler) as server:
        thread = Thread(target=partial(server.serve_forever, 0.05))
        thread.start()
        try:
            yield server.server_port, asked
        finally:
            server.shutdown()
            thread.join()


def allowing(port: int) -> Network:
    """Of these names all lead to this machine, and one to where clouds keep secrets."""
    known = dict.fromkeys(("allowed.example", "public.example", "other.example"), "host-gateway")
    return Network(
        kind="allow-list",
        text="allowed.example",
        hosts=(
            Host("allowed.example", (port,), private=True),
            Host("public.example", (port,)),
            Host("meta.example", (port, 80), private=True),
        ),
        known={**known, "meta.example": "169.254.169.254"},
    )


ASK = """
import json, sys, urllib.request
for url in sys.argv[1:]:
    try:
        print(json.dumps([url, urllib.request.urlopen(url, timeout=10).read().decode()]))
    except OSError as error:
        print(json.dumps([url, str(error)]))
"""


def asked(bench: Bench, *urls: str) -> dict[str, str]:
    ran = bench.run(f"python3 -c {shlex.quote(ASK)} {shlex.join(urls)}")
    return dict(json.loads(line) for line in ran.output.splitlines() if line.startswith('["'))


class Engine:
    """What the engine has of this test."""

    def __init__(self, client: docker.DockerClient, store: Store) -> None:
        self._client = client
        self._mark = f"r1code.state={labels('', store.folder)['r1code.state']}"
        # Not every engine names the gateway: it is the first address then.
        plan = client.api.inspect_network("bridge")["IPAM"]["Config"][0]
        self.gateway = plan.get("Gateway") or str(next(ip_network(plan["Subnet"]).hosts()))

    @property
    def counts(self) -> tuple[int, int]:
        """Containers and networks."""
        found = self._client.api.containers(all=True, filters={"label": self._mark})
        return len(found), len(self._client.api.networks(filters={"label": self._mark}))

    def containers(self, hostname: str, owner: str = "test") -> list[Any]:
        return [
            one
            for one in self._client.containers.list(filters={"label": [self._mark, f"r1code.owner={owner}"]})
            if one.attrs["Config"]["Hostname"] == hostname
        ]

    @property
    def networks(self) -> list[Any]:
        """With what is on them."""
        found = self._client.api.networks(filters={"label": self._mark})
        return [self._client.networks.get(str(one["Id"])) for one in found]

    def wait_until_empty(self) -> None:
        deadline = time.monotonic() + 40
        while self.counts != (0, 0):
            left = [one.attrs for one in self.networks] if time.monotonic() > deadline else []
            assert time.monotonic() < deadline, (self.counts, left)
            time.sleep(0.05)


@pytest.fixture
def has(engine: docker.DockerClient, store: Store) -> Engine:
    return Engine(engine, store)


@docker_test
def test_named_hosts_are_reached_and_what_is_refused_is_said_in_the_result(
    make: Make, has: Engine, world: tuple[int, list[str]]
) -> None:
    port, heard = world
    bench = make(network=allowing(port))
    bench.sync({"a": "1"})
    assert bench.sandbox.kind.endswith(", network: allowed.example")
    good = f"http://allowed.example:{port}/x"
    assert asked(bench, good) == {good: "world"}
    assert heard == [f"allowed.example:{port}"]
    result = bench.run(f"python3 -c {shlex.quote(ASK)} http://evil.example/ https://evil.example/ {good}")
    assert result.output == bench.live
    note = "[the network allows only: allowed.example; refused: evil.example:443 (not on the list), "
    assert result.output.splitlines()[-1] == f"{note}evil.example:80 (not on the list)]"
    assert bench.run("true").output == ""
    assert has.counts == (2, 2)
    bench.sandbox.close()
    assert has.counts == (0, 0)


@docker_test
def test_a_quiet_command_leaves_what_was_refused_for_who_asks(make: Make) -> None:
    bench = make(network=parse_network("allowed.example"))
    command = f"python3 -c {shlex.quote(ASK)} http://evil.example/"
    assert "refused" not in bench.run(command, quiet=True).output
    refused = "[the network allows only: allowed.example; refused: evil.example:80 (not on the list)]"
    assert bench.sandbox.refused(bench.control) == refused
    assert bench.sandbox.refused(bench.control) == ""
    assert bench.run(command).output.endswith(f"\n{refused}\n")


OUT = """
import json, socket, struct, sys
port, gateway, inside = int(sys.argv[1]), sys.argv[2], sys.argv[3]
proxy = sys.argv[4]

def tcp(address, port, family=socket.AF_INET):
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(2)
        s.connect((address, port))

def ask(request, proxy_port=3128):
    with socket.create_connection((proxy, proxy_port), 5) as s:
        s.sendall(request)
        s.settimeout(5)
        answer = s.recv(100)
    if not answer.split(b" ")[1:2] == [b"200"]:
        raise OSError(answer)

def connect(place):
    ask(b"CONNECT %s HTTP/1.1\\r\\n\\r\\n" % place.encode())

def dns(address, name):
    query = b"\\1\\2\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0" + b"".join(
        bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\\0\\0\\1\\0\\1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(3)
        s.sendto(query, (address, 53))
        answer = s.recv(1000)
    if struct.unpack(">H", answer[6:8])[0] == 0:
        raise OSError("no answers")

ways = {
    "the machine by its gateway": lambda: tcp(gateway, port),
    "the machine by its address": lambda: tcp(inside, port),
    "an address outside": lambda: tcp("1.1.1.1", 443),
    "an address outside, v6": lambda: tcp("2606:4700:4700::1111", 443, socket.AF_INET6),
    "the link of the network, v6": lambda: tcp("fe80::1%eth0", port, socket.AF_INET6),
    "metadata": lambda: tcp("169.254.169.254", 80),
    "another session's container": lambda: tcp(sys.argv[5], 8000),
    "a name server": lambda: dns("1.1.1.1", "data.evil.example"),
    "the machine's name server": lambda: dns(sys.argv[6], sys.argv[7]),
    "the engine's name server": lambda: dns("127.0.0.11", sys.argv[7]),
    "the proxy as a name server": lambda: dns(proxy, sys.argv[7]),
    "another host": lambda: connect("evil.example:%d" % port),
    "a known name that is not allowed": lambda: connect("other.example:%d" % port),
    "an allowed name, another port": lambda: connect("allowed.example:" + sys.argv[8]),
    "ssh at an allowed name": lambda: connect("allowed.example:22"),
    "an address": lambda: connect("%s:%d" % (gateway, port)),
    "an address in v6": lambda: connect("[::1]:%d" % port),
    "an address mapped to v6": lambda: connect("[::ffff:%s]:%d" % (gateway, port)),
    "an address as a number": lambda: connect("2130706433:%d" % port),
    "the proxy's own loopback": lambda: connect("127.0.0.1:3128"),
    "the proxy by its name": lambda: connect("proxy:3128"),
    "metadata through the proxy": lambda: connect("169.254.169.254:80"),
    "metadata behind an allowed name": lambda: connect("meta.example:80"),
    "a private address behind an allowed name": lambda: connect("public.example:%d" % port),
    "a host in a header only": lambda: ask(
        b"GET / HTTP/1.1\\r\\nHost: allowed.example:%d\\r\\n\\r\\n" % port),
    "two hosts in a URL": lambda: ask(
        b"GET http://allowed.example:%d@evil.example/ HTTP/1.1\\r\\n\\r\\n" % port),
    "a second line in a URL": lambda: ask(
        b"CONNECT allowed.example:%d\\nCONNECT evil.example:443 HTTP/1.1\\r\\n\\r\\n" % port),
    "another way to name the scheme": lambda: ask(b"GET file:///etc/passwd HTTP/1.1\\r\\n\\r\\n"),
}
found = {}
for way, work in ways.items():
    try:
        work()
        found[way] = "worked"
    except OSError:
        found[way] = None
connect("allowed.example:%d" % port)
print(json.dumps(found))
"""


@docker_test
def test_of_many_ways_around_the_list_none_works(make: Make, has: Engine, world: tuple[int, list[str]]) -> None:
    port, heard = world
    bench, other = make(network=allowing(port)), make(network=allowing(port), owner="other")
    for one in (bench, other):
        one.sandbox.start(one.control)
    (stranger,) = has.containers("sandbox", "other")
    (joined,) = stranger.attrs["NetworkSettings"]["Networks"].values()
    proxy = bench.out("echo $http_proxy").strip().removeprefix("http://").partition(":")[0]
    inside = ".".join([*proxy.split(".")[:3], "1"])
    servers = re.findall(r"(?m)^nameserver (\S+)", Path("/etc/resolv.conf").read_text())
    arguments = [str(port), has.gateway, inside, proxy, joined["IPAddress"], servers[0], indexes()[0].name]
    with socket.create_server(("0.0.0.0", 0)) as another:
        arguments.append(str(another.getsockname()[1]))
        ran = bench.run(f"python3 -c {shlex.quote(OUT)} {shlex.join(arguments)}", seconds=120.0)
    found = json.loads(ran.output.splitlines()[0])
    assert len(found) > 25
    assert {way: what for way, what in found.items() if what is not None} == {}
    assert heard == []


@docker_test
def test_the_proxy_has_no_rights_to_lose(make: Make, has: Engine) -> None:
    bench = make(network=parse_network("pypi.org"))
    bench.sandbox.start(bench.control)
    (proxy,) = has.containers("proxy")
    status = proxy.exec_run(["cat", "/proc/1/status", "/proc/self/status"]).output.decode()
    capabilities = re.findall(r"(?m)^Cap\w+:\t(\w+)$", status)
    assert set(capabilities) == {"0" * 16}
    assert status.count("NoNewPrivs:\t1") == status.count("Seccomp:\t2") == 2
    assert proxy.exec_run(["id", "-u"]).output == b"1000\n"
    for place in ("/x", "/etc/x", "/tmp/x", "/usr/bin/x"):
        assert proxy.exec_run(["touch", place]).exit_code != 0
    assert proxy.attrs["Mounts"] == []


@docker_test
def test_a_lost_proxy_is_told_and_the_next_command_has_a_new_one(
    make: Make, has: Engine, world: tuple[int, list[str]]
) -> None:
    bench = make(network=allowing(world[0]))
    bench.sync({"a": "1"})
    (proxy,) = has.containers("proxy")
    proxy.remove(force=True)
    assert "proxy was removed from outside" in bench.run("true").output
    good = f"http://allowed.example:{world[0]}/"
    assert asked(bench, good) == {good: "world"}
    assert bench.out("cat a") == "1"
    bench.sandbox.close()
    has.wait_until_empty()


@docker_test
def test_with_a_full_network_another_machine_answers(make: Make, world: tuple[int, list[str]]) -> None:
    bench = make(network=parse_network("full"))
    gateway = bench.out("awk '$2 == \"00000000\" {print $3}' /proc/net/route").strip()
    address = ".".join(str(int(gateway[at : at + 2], 16)) for at in (6, 4, 2, 0))
    url = f"http://{address}:{world[0]}/"
    assert asked(bench, url) == {url: "world"}


@docker_test
def test_a_network_is_removed_also_where_something_else_is_on_it(make: Make, has: Engine) -> None:
    other = make(network=parse_network("full"))
    assert other.out("echo on") == "on\n"
    (kept,) = has.networks
    bench = make(network=parse_network("full"))
    assert bench.out("echo on") == "on\n"
    (network,) = [one for one in has.networks if one.id != kept.id]
    (guest,) = kept.containers
    network.connect(guest)
    bench.sandbox.close()
    assert [one.id for one in has.networks] == [kept.id]
    assert other.out("echo on") == "on\n"


OWNER = """
import sys, time
from ipaddress import ip_network
from pathlib import Path
from r1code.control import Control
from r1code.sandbox.base import Limits
from r1code.sandbox.docker import DockerSandbox
from r1code.sandbox.network import parse_network
from r1code.tree.store import Store

sandbox = DockerSandbox(
    image=None, store=Store(Path(sys.argv[1])), owner="dead-session", limits=Limits(), say=print,
    network=parse_network("pypi.org"),
)
running = sandbox.run("echo ready; sleep 1000", Control())
sys.stdout.write(next(running))
sys.stdout.flush()
time.sleep(1000)
"""


@docker_test
def test_proxies_and_networks_of_a_killed_process_are_pruned(has: Engine, store: Store) -> None:
    with subprocess.Popen(
        [sys.executable, "-P", "-c", OWNER, str(store.folder)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.kill()
    assert has.counts == (2, 2)
    assert prune(lambda _: True, store.folder, Control()) == []
    assert has.counts == (2, 2)
    assert len(prune(lambda _: False, store.folder, Control())) == 2
    assert has.counts == (0, 0)


@docker_test
@pytest.mark.parametrize("after", [0.1, 0.4, 0.8])
def test_a_start_that_is_cancelled_leaves_nothing(
    make: Make, has: Engine, cancelling: Cancelling, after: float
) -> None:
    bench = make(network=parse_network("pypi.org"))

    def work() -> None:
        bench.sandbox.start(bench.control)
        bench.run("sleep 60")

    assert cancelling(bench.control, work, after) < 2
    bench.sandbox.close()
    has.wait_until_empty()
