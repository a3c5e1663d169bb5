"""What a sandbox may reach: nothing, hosts that are named, or everything."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Literal
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Struct

from r1code.errors import UsageError
from r1code.sandbox.proxy import NAME, Host, Upstream

INDEXES = "indexes"
"""Stands for the public package indexes."""
_ENTRY = re.compile(r"(?P<private>private:)?(?P<name>(?:\*\.)?[^:*]+)(?::(?P<port>[0-9]{1,5}))?")
_MOST_PORT = 65535
_SCHEMES = {"http": 80, "https": 443}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_MACHINE = "host.docker.internal"
_PROXIES = ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
_HINT = "it is none, full, or hosts: `pypi.org,*.example.org,host.example.org:8080` (docs/isolation.md)"


class Network(Struct, frozen=True, kw_only=True):
    """The policy of one sandbox."""

    kind: Literal["none", "allow-list", "full"] = "none"
    text: str = "none"
    """As a person wrote it."""
    hosts: tuple[Host, ...] = ()
    upstream: Upstream | None = None
    """The proxy through which this machine reaches them."""
    known: dict[str, str] = {}
    """Addresses of names that no name server knows; `host-gateway` is the engine's machine."""
    remark: str = ""
    """What a person should know of it."""


NO_NETWORK = Network()


def parse_network(text: str, key: str = "network") -> Network:
    """The policy that a setting names. Raises UsageError."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    if words == ["none"]:
        return NO_NETWORK
    if words == ["full"]:
        return Network(kind="full", text="full")
    hosts: list[Host] = []
    for word in words:
        hosts += indexes() if word == INDEXES else [_host(word, key)]
    if not hosts:
        raise UsageError(f"the setting {key} is empty", why="it names no host", hint=_HINT)
    return Network(kind="allow-list", text=", ".join(words), hosts=tuple(hosts))


def _host(word: str, key: str) -> Host:
    found = _ENTRY.fullmatch(word)
    name = found["name"].lower().rstrip(".") if found else ""
    port = int(found["port"] or 0) if found else 0
    if found is None or not NAME.fullmatch(name.removeprefix("*.")) or port > _MOST_PORT:
        raise UsageError(
            f"{word!r} in the setting {key} is not the name of a host",
            why="only names can be allowed, in ASCII, with a port at most: no addresses, no URLs",
            hint=_HINT,
        )
    if word in {"none", "full"}:
        raise UsageError(f"the setting {key} says {word} and more", why="each is an answer by itself", hint=_HINT)
    return Host(name, ports=(port,) if port else Host(name).ports, private=found["private"] is not None)


def indexes() -> tuple[Host, ...]:
    """The public package indexes, as the data file has them."""
    data = resources.files("r1code.sandbox").joinpath("indexes.toml").read_bytes()
    named = msgspec.toml.decode(data, type=dict[str, tuple[str, ...]])
    return tuple(_host(name, INDEXES) for names in named.values() for name in names)


def for_building(text: str, urls: Iterable[str], environ: Mapping[str, str]) -> Network:
    """What a build may reach: what the setting says, and the servers of these addresses. Raises UsageError.

    They may lie in a private network: what this machine calls its index is one, wherever it is.
    """
    network = parse_network(text, "build_network")
    if network.kind != "allow-list":
        return network
    hosts = [host._replace(private=True) for host in network.hosts]
    for url in urls:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise UsageError(
                f"the package index {url} cannot be read", why=str(error), hint="correct it where it is set"
            ) from error
        if host and parts.scheme in _SCHEMES:
            hosts.append(Host(host, ports=(port or _SCHEMES[parts.scheme],), private=True))
    return through(msgspec.structs.replace(network, hosts=tuple(dict.fromkeys(hosts))), environ)


def through(network: Network, environ: Mapping[str, str]) -> Network:
    """The same policy, through the proxy that the environment of this machine names. Raises UsageError."""
    if network.kind != "allow-list":
        return network
    upstream, remark = find_upstream(environ)
    if upstream is None:
        return msgspec.structs.replace(network, remark=remark)
    known = network.known
    if upstream.host in _LOOPBACK:
        # Seen from a container it is not on the loopback; whether it listens elsewhere, too, shows.
        upstream, known = upstream._replace(host=_MACHINE), {**known, _MACHINE: "host-gateway"}
    bypass = (environ.get("no_proxy") or environ.get("NO_PROXY") or "").split(",")
    hosts = tuple(host._replace(direct=_is_below(host.name.removeprefix("*."), bypass)) for host in network.hosts)
    return msgspec.structs.replace(network, upstream=upstream, hosts=hosts, known=known)


def _is_below(name: str, names: Iterable[str]) -> bool:
    """Whether a list as in `no_proxy` names it, or a domain that it is in."""
    domains = [one.strip().lower().lstrip(".") for one in names]
    return any(domain == "*" or f".{name}".endswith(f".{domain}") for domain in domains if domain)


def find_upstream(environ: Mapping[str, str]) -> tuple[Upstream | None, str]:
    """The HTTP proxy of this machine, where it has one, or why another kind is not used. Raises UsageError."""
    remark = ""
    for name in _PROXIES:
        url = environ.get(name, "")
        if not url:
            continue
        bad = UsageError(
            f"the proxy in {name} cannot be read",
            why="it is no address such as http://proxy.example:3128",
            hint=f"correct {name}, or unset it",
        )
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
            host, port = parts.hostname, parts.port
        except ValueError:
            # What the error says may be a part of a password.
            raise bad from None
        if not host:
            raise bad
        if parts.scheme != "http":
            remark = remark or f"the {parts.scheme} proxy in {name} is not used: only http:// proxies can be"
            continue
        user = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        known = f"Basic {base64.b64encode(user.encode()).decode()}" if parts.username else ""
        return Upstream(host, port or _SCHEMES["http"], known), ""
    return None, remark
