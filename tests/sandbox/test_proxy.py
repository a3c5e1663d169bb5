"""The proxy's rules, and how it reads a request: pure."""

from __future__ import annotations

import ipaddress
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1code.sandbox.network import for_building
from r1code.sandbox.proxy import (
    Host,
    Malformed,
    Refused,
    Rules,
    Upstream,
    may_reach,
    read_request,
    read_rules,
    rule_for,
    write_rules,
)

LISTED = (Host("pypi.org"), Host("*.example.org", ports=(8080,)))


def rules(*hosts: Host, folder: str = "", upstream: Upstream | None = None) -> Rules:
    return Rules(hosts=hosts or LISTED, upstream=upstream, folder=folder)


def test_rules_come_through_the_argument_as_they_are() -> None:
    made = rules(Host("a.b", (1, 2), private=True), Host("c"), folder="/x", upstream=Upstream("p", 3, "Basic x"))
    assert read_rules(write_rules(made)) == made


@pytest.mark.parametrize(
    ("host", "port", "why"),
    [
        ("evil.com", 443, "not on the list"),
        ("pypi.org.evil.com", 443, "not on the list"),
        ("xpypi.org", 443, "not on the list"),
        ("a.pypi.org", 443, "not on the list"),
        ("example.org", 8080, "not on the list"),
        ("evilexample.org", 8080, "not on the list"),
        ("pypi.org", 22, "only port 80 and 443"),
        ("a.example.org", 443, "only port 8080"),
        *[
            (address, 443, "only names")
            for address in (
                "127.0.0.1", "169.254.169.254", "1.1.1.1", "::1", "2606:4700::1111", "0x7f.1", "2130706433",
                "127.1", "0177.0.0.1", "", "pypi.org\0.evil.com", "pypi.org%2eevil.com", "ev il", "a..b",
                "*.example.org",
            )
        ],
    ],
)  # fmt: skip
def test_what_is_not_named_is_refused(host: str, port: int, why: str) -> None:
    with pytest.raises(Refused, match=why):
        rule_for(rules(), host, port)


@pytest.mark.parametrize(("host", "port"), [("pypi.org", 80), ("pypi.org", 443), ("a.b.example.org", 8080)])
def test_what_is_named_passes(host: str, port: int) -> None:
    assert port in rule_for(rules(), host, port).ports


INSIDE = (
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "198.18.0.1", "192.0.2.1", "203.0.113.7", "240.0.0.1",
    "fd12::1", "2001:db8::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1",
)  # fmt: skip
NEVER = (
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "169.254.169.254", "169.254.0.1", "224.0.0.1", "239.1.1.1",
    "::1", "::", "fe80::1", "fe80::1%eth0", "ff02::1", "fd00:ec2::254", "100.100.100.200", "168.63.129.16",
    "192.0.0.192", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:7f00:1::",
)  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_of_private_networks_are_for_those_alone_who_were_told_so(address: str) -> None:
    assert not may_reach(address, private=False)
    assert may_reach(address, private=True)


@pytest.mark.parametrize("address", NEVER)
def test_loopbacks_and_metadata_are_for_nobody(address: str) -> None:
    assert not may_reach(address, private=False)
    assert not may_reach(address, private=True)


@pytest.mark.parametrize("address", ["1.1.1.1", "151.101.0.223", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_public_addresses_may_be_reached(address: str) -> None:
    assert may_reach(address, private=False)


@given(st.ip_addresses(v=4))
def test_an_address_in_another_spelling_is_the_same_address(address: ipaddress.IPv4Address) -> None:
    for private in (False, True):
        wanted = may_reach(str(address), private=private)
        assert may_reach(f"::ffff:{address}", private=private) == wanted
        assert may_reach(str(ipaddress.IPv6Address(0x64FF9B << 96 | int(address))), private=private) == wanted


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1", b"GET /x HTTP/1.1", b"GET https://pypi.org/ HTTP/1.1", b"GET ftp://pypi.org/ HTTP/1.1",
        b"GET http://pypi.org@evil.com/ HTTP/1.1", b"GET http:///x HTTP/1.1", b"GET http://a:b/ HTTP/1.1",
        b"CONNECT pypi.org HTTP/1.1", b"CONNECT pypi.org:x HTTP/1.1", b"CONNECT a@pypi.org:443 HTTP/1.1",
        b"CONNECT pypi.org:443/x HTTP/1.1", b"CONNECT pypi.org:443", b"CONNECT  pypi.org:443 HTTP/1.1", b"",
        b"CONNECT pypi.org:443 HTTP/2.0", b"CONNECT pypi.org:99999 HTTP/1.1", b"get http://pypi.org/ HTTP/1.1",
        b"GET http://pypi.org/ HTTP/1.1\r\nbroken", b"GET http://pypi.org/ HTTP/1.1\r\nA: b\nHost: evil.com",
        b"GET http://pypi.org/ HTTP/1.1\r\n folded: x", b"GET http://pypi.org/\tHTTP/1.1 HTTP/1.1",
    ],
)  # fmt: skip
def test_requests_that_can_be_read_in_two_ways_are_not_read(head: bytes) -> None:
    with pytest.raises(Malformed):
        read_request(head + b"\r\n\r\n")


@given(st.binary(max_size=200))
def test_whatever_comes_it_is_a_sentor_malformed(data: bytes) -> None:
    with suppress(Malformed):
        request = read_request(data + b"\r\n\r\n")
        assert 0 <= request.port <= 65535
        assert b"\n" not in b"".join(request.headers)


def test_the_server_hears_the_host_that_was_checked() -> None:
    request = read_request(
        b"GET http://PyPI.org./a?b HTTP/1.1\r\nHost: evil.com\r\nProxy-Authorization: x\r\n"
        b"Connection: keep-alive\r\nAccept: */*\r\n\r\n"
    )
    assert (request.host, request.port) == ("pypi.org", 80)
    assert (
        request.head(request.path)
        == b"GET /a?b HTTP/1.1\r\nHost: pypi.org\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    )


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 1\r\nContent-Length: 1", b"Content-Length: 1\r\nTransfer-Encoding: chunked",
        b"Content-Length: -1", b"Content-Length: 0x1", b"Content-Length: 1, 1", b"Content-Length:",
        b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked\r\nTRANSFER-ENCODING: chunked",
        b"Transfer-Encoding: xchunked",
    ],
)  # fmt: skip
def test_a_body_whose_end_can_be_read_in_two_ways_is_refused(headers: bytes) -> None:
    with pytest.raises(Malformed):
        read_request(b"POST http://pypi.org/ HTTP/1.1\r\n" + headers + b"\r\n\r\n")


@pytest.mark.parametrize("address", ["10.0.0.5", "fd00::5"])
def test_an_address_that_this_machine_calls_its_index_is_let_through_as_it_is_written(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    network = for_building("indexes", [f"http://{host}:3141/simple"], {})
    own = rules(*network.hosts)
    request = read_request(f"GET http://{host}:3141/simple/pip/ HTTP/1.1\r\n\r\n".encode())
    assert rule_for(own, request.host, request.port).private
    assert f"\r\nHost: {host}:3141\r\n".encode() in request.head(request.path)
    for other, port in ((address, 80), ("10.0.0.6", 3141), ("010.0.0.5", 3141), ("fd00:0::5", 3141)):
        with pytest.raises(Refused):
            rule_for(own, other, port)
