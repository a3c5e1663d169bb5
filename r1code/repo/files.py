"""What a file is, by its name and by its bytes. Pure."""

from __future__ import annotations

import codecs
import re
from fnmatch import translate
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from r1code.errors import ToolError

_SECRET = [
    ".env",
    ".env.*",
    ".env[-_~]*",
    "*.env",
    ".envrc",
    ".*_history",
    ".netrc",
    "_netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    ".my.cnf",
    ".htpasswd",
    ".git-credentials",
    ".boto",
    ".s3cfg",
    "kubeconfig",
    "*.kubeconfig",
    ".dockercfg",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.pkcs12",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "*.ppk",
    "*.p8",
    "*.ovpn",
    "*.tfstate",
    "*.tfstate.*",
    "*.tfvars",
    ".terraformrc",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    ".vault-token",
    ".vault_pass*",
    "secring.*",
    "credentials.json",
    "credentials.tfrc.json",
    "application_default_credentials.json",
    "*firebase-adminsdk*.json",
    "local.settings.json",
    "client_secret*.json",
    "service-account*.json",
    "service_account*.json",
    "secrets.json",
    "secrets.toml",
    "secrets.yml",
    "secrets.yaml",
    "master.key",
]
"""File names, wherever they are."""

_SECRET_PLACES = [
    ".aws/**",
    ".ssh/**",
    ".gnupg/**",
    ".azure/**",
    ".config/gcloud/**",
    ".config/git/credentials",
    ".docker/config.json",
    ".kube/config",
    ".cargo/credentials*",
    ".gem/credentials",
    ".config/gh/hosts.yml",
    ".git/config",
]
"""Ends of paths."""

_PUBLIC = [
    ".env.example",
    ".env.sample",
    ".env.template",
    ".env.dist",
    ".env.defaults",
    "*.env.example",
    "*.env.sample",
    "*.env.template",
    "example.env",
    "sample.env",
    "template.env",
    "id_rsa*.pub",
    "id_dsa*.pub",
    "id_ecdsa*.pub",
    "id_ed25519*.pub",
    "*.tfvars.example",
]
"""File names that look like secrets and are written to be read."""


def _any_of(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(translate(pattern) for pattern in patterns))


_SECRET_NAMES = _any_of(_SECRET)
_PUBLIC_NAMES = _any_of(_PUBLIC)
_SECRET_ENDS = _any_of([f"*/{place}" for place in _SECRET_PLACES])


@lru_cache(maxsize=1 << 17)
def is_secret(path: str) -> bool:
    """Whether the name says that the file holds credentials. Upper and lower case are the same."""
    path = path.casefold()
    if _SECRET_ENDS.match(f"/{path}"):
        return True
    name = path.rpartition("/")[2]
    return bool(_SECRET_NAMES.match(name)) and not _PUBLIC_NAMES.match(name)


Encoding = Literal["utf-8", "utf-16-le", "utf-16-be", "latin-1"]

_BOMS: tuple[tuple[bytes, Encoding], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Text(Struct, frozen=True, kw_only=True):
    """A text file's content and how it was written down."""

    text: str
    """With `\\n` between lines; verbatim when they are mixed."""
    encoding: Encoding = "utf-8"
    newline: Literal["\n", "\r\n", "mixed"] = "\n"
    bom: bool = False


def is_binary(data: bytes) -> bool:
    """Whether the bytes are no text: they hold a NUL, also after decoding UTF-16."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "\0" in _decode(data)[0]
    return b"\0" in data


def decode(data: bytes) -> Text:
    """Any bytes as text; `encode` gives exactly the same bytes back."""
    text, encoding, bom = _decode(data)
    windows = text.count("\r\n")
    if windows and windows == text.count("\n") == text.count("\r"):
        return Text(text=text.replace("\r\n", "\n"), encoding=encoding, newline="\r\n", bom=bom)
    return Text(text=text, encoding=encoding, newline="mixed" if "\r" in text else "\n", bom=bom)


def _decode(data: bytes) -> tuple[str, Encoding, bool]:
    plain: tuple[bytes, Encoding] = (b"", "utf-8")
    for mark, encoding in (*_BOMS, plain):
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding), encoding, bool(mark)
            except UnicodeDecodeError:
                continue
    return data.decode("latin-1"), "latin-1", False


def encode(text: Text) -> bytes:
    """The bytes of the file. Raises ToolError when its encoding lacks a character."""
    body = text.text
    if text.newline == "\r\n":
        body = body.replace("\r\n", "\n").replace("\n", "\r\n")
    mark = next(mark for mark, encoding in (*_BOMS, (b"", "latin-1")) if encoding == text.encoding)
    try:
        return (mark if text.bom else b"") + body.encode(text.encoding)
    except UnicodeEncodeError as error:
        raise ToolError(
            f"The file's encoding is {text.encoding}, which has no {body[error.start]!r}. "
            "Write it without that character."
        ) from error
