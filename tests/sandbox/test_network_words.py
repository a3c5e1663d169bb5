"""What `--network` may say, and what that comes to on this machine."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from r1code.app.sandboxes import network_of
from r1code.config import Config
from r1code.errors import UsageError
from r1code.sandbox.network import Network, find_upstream, for_building, indexes, parse_network, through
from r1code.sandbox.proxy import Host, Upstream


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("pypi.org", (Host("pypi.org"),)),
        (" PyPI.org. , *.a.example:8080 ", (Host("pypi.org"), Host("*.a.example", (8080,)))),
        ("private:index.corp:8443", (Host("index.corp", (8443,), private=True),)),
        ("a.example,indexes", (Host("a.example"), *indexes())),
    ],
)
def test_hosts_are_named_with_ports_and_where_they_may_be(text: str, hosts: tuple[Host, ...]) -> None:
    network = parse_network(text)
    assert (network.kind, network.hosts) == ("allow-list", hosts)


@pytest.mark.parametrize("text", ["none", "full"])
def test_none_and_full_are_words_of_their_own(text: str) -> None:
    assert parse_network(text) == Network(kind=text, text=text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "", ",", "none,pypi.org", "pypi.org,full", "*", "*.", "a*b.org", "https://pypi.org", "pypi.org/simple",
        "::1", "127.0.0.1", "2130706433", "pypi.org:0x50", "pypi.org:99999", "pypi org", "user@pypi.org",
        "пример.рф", "a..b",
    ],
)  # fmt: skip
def test_what_names_no_host_is_refused_in_words(text: str) -> None:
    with pytest.raises(UsageError, match="network") as raised:
        parse_network(text)
    assert "docs/isolation.md" in raised.value.hint


@pytest.mark.parametrize(
    ("sandbox", "network"), [("none", "pypi.org"), ("bubblewrap", "pypi.org"), ("seatbelt", "full")]
)
def test_what_a_sandbox_cannot_hold_or_give_is_not_promised(sandbox: Any, network: str) -> None:
    config = Config(network=network, sandbox=sandbox, origins={"network": "a flag"})
    with pytest.raises(UsageError, match="cannot be") as raised:
        network_of(config)
    assert "a flag" in raised.value.why
    assert network_of(replace(config, network="none")).kind == "none"
    assert network_of(Config(network="full", sandbox="none")).kind == "full"


def test_a_build_reaches_indexes_and_what_this_machine_calls_its_own() -> None:
    network = for_building(
        "indexes,git.example", ["https://index.corp/simple", "http://apt.corp:8080/x", "x"], {}
    )
    assert Host("index.corp", (443,), private=True) in network.hosts
    assert Host("apt.corp", (8080,), private=True) in network.hosts
    assert Host("git.example", private=True) in network.hosts
    assert {host.name for host in indexes()} <= {host.name for host in network.hosts}
    for text in ("none", "full"):
        assert for_building(text, ["https://index.corp/"], {}).hosts == ()


@pytest.mark.parametrize(
    ("environ", "upstream"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://proxy.corp:3128"}, Upstream("proxy.corp", 3128)),
        ({"http_proxy": "proxy.corp"}, Upstream("proxy.corp", 80)),
        ({"https_proxy": "http://me:p%40@proxy.corp:1/"}, Upstream("proxy.corp", 1, "Basic bWU6cEA=")),
        ({"ALL_PROXY": "socks5://a:1080", "http_proxy": "http://proxy.corp:1"}, Upstream("proxy.corp", 1)),
    ],
)
def test_the_proxy_of_this_machine_is_found(environ: dict[str, str], upstream: Upstream | None) -> None:
    assert find_upstream(environ) == (upstream, "")


@pytest.mark.parametrize(
    "url", ["http://[::1", "http://proxy.corp:port", "http://me:word@proxy.corp:99999", "http://"]
)
def test_a_proxy_that_cannot_be_read_is_refused_in_words_where_a_list_needs_it(url: str) -> None:
    environ = {"HTTPS_PROXY": url}
    for text in ("none", "full"):
        assert through(parse_network(text), environ) == parse_network(text)
    with pytest.raises(UsageError, match="HTTPS_PROXY cannot be read") as raised:
        through(parse_network("pypi.org"), environ)
    assert "word" not in str(raised.value)


@pytest.mark.parametrize("kind", ["socks5", "https"])
def test_a_proxy_of_a_kind_that_cannot_be_used_is_named(kind: str) -> None:
    network = through(parse_network("pypi.org"), {"ALL_PROXY": f"{kind}://me:word@proxy.corp:1080"})
    assert network.upstream is None
    assert network.remark == f"the {kind} proxy in ALL_PROXY is not used: only http:// proxies can be"


@pytest.mark.parametrize("url", ["http://index.corp:99999/simple", "https://[fd00::1/simple"])
def test_an_index_that_cannot_be_read_is_refused_in_words(url: str) -> None:
    with pytest.raises(UsageError, match="package index") as raised:
        for_building("indexes", [url], {})
    assert url in raised.value.what


def test_hosts_that_the_machine_reaches_without_its_proxy_are_reached_so() -> None:
    environ = {"https_proxy": "http://localhost:3128", "no_proxy": ".corp,b.example"}
    network = through(parse_network("a.example,b.example,*.corp"), environ)
    assert [host.direct for host in network.hosts] == [False, True, True]
    assert network.upstream == Upstream("host.docker.internal", 3128)
    assert network.known == {"host.docker.internal": "host-gateway"}
