from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1code.errors import ToolError
from r1code.repo.files import decode, encode, is_binary, is_secret


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        "a/.env",
        ".env.local",
        ".env.production",
        ".ENV",
        "prod.env",
        ".envrc",
        ".env-prod",
        ".env~",
        ".bash_history",
        "kubeconfig",
        "AuthKey.p8",
        "local.settings.json",
        "server.pem",
        "tls/Server.KEY",
        "id_rsa",
        "deploy/id_rsa_backup",
        "id_ed25519",
        "cert.p12",
        "cert.pfx",
        ".netrc",
        ".npmrc",
        ".pypirc",
        ".aws/credentials",
        "home/.aws/sso/cache/x.json",
        ".ssh/config",
        ".git-credentials",
        "credentials.json",
        "service-account-prod.json",
        "vault.kdbx",
        ".docker/config.json",
        "x/.kube/config",
        ".git/config",
        "sub/.git/config",
        "terraform.tfstate",
        "config/secrets.yml",
        "new\nline/.env",
    ],
)
def test_files_with_credentials_are_known_by_name(path: str):
    assert is_secret(path)


@pytest.mark.parametrize(
    "path",
    [
        ".env.example",
        ".env.sample",
        "a/.env.template",
        "id_rsa.pub",
        "env.py",
        "environment.ts",
        "docker/config.json",
        "kube/config",
        "keyboard.py",
        "key/main.py",
        "pem.go",
        "src/credentials.py",
        "secrets.py",
        "tests/test_env.py",
        ".github/workflows/ci.yml",
        "",
    ],
)
def test_ordinary_files_are_not_taken_for_secrets(path: str):
    assert not is_secret(path)


_texts = st.lists(st.sampled_from(["a", "é", "名", "\n", "\r\n", "\r", "\t", "\x0c", "\u2028", "\ufeff"])).map(
    "".join
)


@given(
    st.one_of(
        st.binary(max_size=40),
        _texts.map(str.encode),
        _texts.map(lambda text: b"\xef\xbb\xbf" + text.encode()),
        _texts.map(lambda text: b"\xff\xfe" + text.encode("utf-16-le")),
        _texts.map(lambda text: b"\xfe\xff" + text.encode("utf-16-be")),
        st.binary(max_size=9).map(b"\xff\xfe".__add__),
        st.binary(max_size=9).map(b"\xef\xbb\xbf".__add__),
    )
)
def test_any_bytes_come_back_exactly(data: bytes):
    assert encode(decode(data)) == data


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", ("", "utf-8", "\n", False)),
        (b"a\nb", ("a\nb", "utf-8", "\n", False)),
        (b"a\r\nb\r\n", ("a\nb\n", "utf-8", "\r\n", False)),
        (b"a\r\nb\n", ("a\r\nb\n", "utf-8", "mixed", False)),
        (b"a\r\nb\rc\r\n", ("a\r\nb\rc\r\n", "utf-8", "mixed", False)),
        (b"a\rb", ("a\rb", "utf-8", "mixed", False)),
        (b"\xef\xbb\xbfa\n", ("a\n", "utf-8", "\n", True)),
        (b"\xff\xfea\0\r\0\n\0", ("a\n", "utf-16-le", "\r\n", True)),
        (b"\xfe\xff\0a", ("a", "utf-16-be", "\n", True)),
        (b"caf\xe9\r\n", ("café\n", "latin-1", "\r\n", False)),
    ],
)
def test_what_a_text_was_written_in_is_known(data: bytes, expected: tuple[str, str, str, bool]):
    found = decode(data)
    assert (found.text, found.encoding, found.newline, found.bom) == expected


def test_new_text_takes_the_line_ends_of_the_file():
    before = decode(b"a\r\n")
    assert encode(msgspec.structs.replace(before, text="a\nb\r\nc\n")) == b"a\r\nb\r\nc\r\n"


def test_a_character_that_the_encoding_lacks_is_named():
    before = decode(b"caf\xe9")
    with pytest.raises(ToolError, match="latin-1, which has no '→'"):
        encode(msgspec.structs.replace(before, text="café →"))


@pytest.mark.parametrize(
    ("data", "binary"),
    [
        (b"", False),
        (b"text \xff", False),
        (b"a\0b", True),
        (b"x" * 10_000 + b"\0", True),
        (b"\xff\xfea\0", False),
        (b"\xff\xfea\0\0\0", True),
        (b"\xff\xfea", False),
        (b"\x7fELF\0", True),
    ],
)
def test_a_nul_makes_a_file_binary(data: bytes, binary: bool):
    assert is_binary(data) is binary
