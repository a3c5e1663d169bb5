"""A certificate that nobody vouches for, so that the gateway can be tried out with TLS."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from r1code.errors import UsageError

_DAYS = 90
_LEFT_DAYS = 7


def self_signed(folder: Path, names: Sequence[str]) -> tuple[Path, Path]:
    """Certificate and key, from before where they still serve. Raises UsageError."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subject = x509.SubjectAlternativeName([_name(name) for name in names])
    try:
        if not _serves(certificate, key, subject):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _make(certificate, key, subject)
    except OSError as error:
        raise UsageError(
            "the certificate cannot be kept", why=f"{folder}: {error}", hint="choose another folder for `state`"
        ) from error
    return certificate, key


def _serves(certificate: Path, key: Path, subject: x509.SubjectAlternativeName) -> bool:
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        secret = serialization.load_pem_private_key(key.read_bytes(), None)
    except (FileNotFoundError, ValueError):
        return False
    left = found.not_valid_after_utc - dt.datetime.now(dt.UTC)
    held = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    belong = secret.public_key() == found.public_key()
    return belong and left > dt.timedelta(days=_LEFT_DAYS) and held == subject


def _make(certificate: Path, key: Path, subject: x509.SubjectAlternativeName) -> None:
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "r1code gateway, for trying out")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=_DAYS))
        .add_extension(subject, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(secret, hashes.SHA256())
    )
    private = serialization.PrivateFormat.PKCS8
    _replace(key, secret.private_bytes(serialization.Encoding.PEM, private, serialization.NoEncryption()), 0o600)
    _replace(certificate, made.public_bytes(serialization.Encoding.PEM), 0o644)


def _replace(file: Path, data: bytes, mode: int) -> None:
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, mode), "wb") as written:
        written.write(data)
    fresh.replace(file)


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        return x509.DNSName(text)
