"""A key: what it looks like, what is kept of it, and how the two are compared."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

from msgspec import Struct

_FORM = re.compile(r"r1k_([a-z0-9]{10})_([A-Za-z0-9_-]{43})")
_ID_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_NOBODY = bytes(32)
NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
"""Of a person, bot or team: it is a label of metrics and a word of the command line."""


class Key(Struct, frozen=True, kw_only=True):
    """What is kept of it.

    The secret half has 256 random bits, so nobody can try them all, and a plain SHA-256 is enough: salt and slow
    hashes are for words that people choose.
    """

    id: str
    holder: str
    digest: bytes
    created: float
    expires: float | None = None
    revoked: float | None = None

    def valid(self, now: float) -> bool:
        return self.revoked is None and (self.expires is None or now < self.expires)


class Presented(Struct, frozen=True):
    id: str
    digest: bytes


def mint() -> tuple[str, str, bytes]:
    """A new key's id, the key itself, and the digest of it that is kept."""
    name = "".join(secrets.choice(_ID_LETTERS) for _ in range(10))
    text = f"r1k_{name}_{secrets.token_urlsafe(32)}"
    return name, text, _digest(text)


def presented(header: bytes | None) -> Presented | None:
    """What an Authorization header shows; None: no key of ours."""
    scheme, _, text = (header or b"").partition(b" ")
    found = _FORM.fullmatch(text.decode("latin-1")) if scheme.lower() == b"bearer" else None
    return None if found is None else Presented(found[1], _digest(found[0]))


def matches(shown: Presented, key: Key | None) -> bool:
    """In the same time whether there is a key of that id or not, and wherever the digests differ."""
    return hmac.compare_digest(shown.digest, _NOBODY if key is None else key.digest)


def derived(secret: bytes, *words: str) -> str:
    """A name for `words` that tells nothing of them and cannot be chosen by whoever chooses one of them."""
    lengths_and_words = b"".join(len(word.encode()).to_bytes(4, "big") + word.encode() for word in words)
    return hmac.new(secret, lengths_and_words, hashlib.sha256).hexdigest()


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
