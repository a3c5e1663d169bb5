"""How this machine reaches package indexes: what a build is told of it, and never keeps."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

PLACE = "/run/r1code"
"""A folder of a building container that is not part of what is kept of it."""
CA = f"{PLACE}/ca.pem"
_CA_VARIABLES = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "GIT_SSL_CAINFO",
    "CARGO_HTTP_CAINFO",
)
_PIP_KEYS = {
    "index-url": "PIP_INDEX_URL",
    "extra-index-url": "PIP_EXTRA_INDEX_URL",
    "trusted-host": "PIP_TRUSTED_HOST",
    "timeout": "PIP_DEFAULT_TIMEOUT",
}
_PIP_FILES = (".config/pip/pip.conf", ".pip/pip.conf", "Library/Application Support/pip/pip.conf")
_APT_FILES = tuple(
    Path("/etc/apt") / name
    for name in ("sources.list.d/debian.sources", "sources.list.d/ubuntu.sources", "sources.list")
)
_URL = re.compile(r"https?://[^\s\]]+")
_REGISTRY = re.compile(r"(?m)^\s*registry\s*=\s*(\S+)")
_PLAIN = ("GOPROXY", "GONOSUMDB", "GOSUMDB", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT", "no_proxy", "NO_PROXY")
_INDEXES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "npm_config_registry")
_URLS = (*_INDEXES, "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
_CREDENTIALS = re.compile(r"(https?://)[^/@\s\"']+@")


class Mirrors(Struct, frozen=True, kw_only=True):
    variables: dict[str, str] = {}
    """For the commands of a build, and for nothing that is kept."""
    ca: bytes = b""
    """Certificates that this machine trusts, where it was told to trust its own."""
    packages: tuple[str, ...] = ()
    """Addresses of this machine's own package sources, from which a base image may have been made."""
    notes: tuple[str, ...] = ()


def urls_in(mirrors: Mirrors) -> list[str]:
    """The addresses of its indexes."""
    found = [url for name in _INDEXES for url in mirrors.variables.get(name, "").split()]
    return [
        *found,
        *mirrors.packages,
        *(url for url in re.split(r"[,|]", mirrors.variables.get("GOPROXY", "")) if "://" in url),
    ]


def without_credentials(text: str) -> str:
    return _CREDENTIALS.sub(r"\1", text)


def find_mirrors(environ: Mapping[str, str], home: Path) -> Mirrors:
    """What pip, npm and the environment are set up for. Credentials and places of this machine are left out."""
    found = dict(_of_files(home))
    found |= {name: environ[name] for name in (*_URLS, *_PLAIN) if environ.get(name)}
    if registry := environ.get("NPM_CONFIG_REGISTRY"):
        found["npm_config_registry"] = registry
    notes: list[str] = []
    for name in [name for name in found if name in _URLS]:
        urls = [url for url in found[name].split() if url.startswith(("http://", "https://"))]
        clean = [without_credentials(url) for url in urls]
        if clean != urls:
            notes.append(f"{name} holds credentials, which a build is not told: that index may refuse it")
        found[name] = " ".join(clean)
    variables = {name: value for name, value in found.items() if value}
    if index := variables.get("PIP_INDEX_URL"):
        variables["UV_DEFAULT_INDEX"] = index
    ca = _certificates(environ)
    if ca:
        variables |= dict.fromkeys(_CA_VARIABLES, CA)
    return Mirrors(variables=variables, ca=ca, packages=tuple(_sources()), notes=tuple(notes))


def _certificates(environ: Mapping[str, str]) -> bytes:
    for name in _CA_VARIABLES:
        try:
            data = Path(environ.get(name, "")).read_bytes()
        except OSError:
            continue
        if b"BEGIN CERTIFICATE" in data:
            return data
    return b""


def _sources() -> Iterator[str]:
    for path in _APT_FILES:
        try:
            lines = path.read_text(errors="replace").splitlines()
        except OSError:
            continue
        for line in lines:
            yield from _URL.findall(line.partition("#")[0])


def _of_files(home: Path) -> Iterator[tuple[str, str]]:
    for path in (Path("/etc/pip.conf"), Path("/etc/xdg/pip/pip.conf"), *(home / name for name in _PIP_FILES)):
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read_string(path.read_text(errors="replace"))
        except (OSError, configparser.Error):
            continue
        for section in ("global", "install"):
            for key, name in _PIP_KEYS.items():
                if value := parser.get(section, key, fallback=""):
                    yield name, value
    for path in (Path("/etc/npmrc"), home / ".npmrc"):
        try:
            match = _REGISTRY.search(path.read_text(errors="replace"))
        except OSError:
            continue
        if match:
            yield "npm_config_registry", match[1]
