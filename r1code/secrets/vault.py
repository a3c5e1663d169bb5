"""The secrets of a session: each has one placeholder, which is all that a model, a log or a screen ever gets.

A placeholder is made of the secret and a key of this machine: equal secrets have equal ones in every session, no
list of them is kept anywhere, and from a placeholder nothing can be learned.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from r1code.errors import StateError
from r1code.secrets.scan import PLACEHOLDER, scan

_KEY_BYTES = 32
_STRONG = 10
"""Characters from which on a secret is looked for in every text, also where nothing else tells that it is one."""
_DIGITS = 8
_DIGEST_BYTES = 16
_REMEMBERED = 100_000
_WORTH = 200
"""Characters from which on the result for a text is worth remembering."""


class Vault:
    """Thread-safe as far as Python's dicts are. The secrets are in memory only."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._placeholders: dict[str, str] = {}
        self._secrets: dict[str, str] = {}
        self._everywhere: list[str] = []
        """Secrets that are replaced wherever they stand, the longest first."""
        self._exempt: set[str] = set()
        self._clean: dict[bytes, int] = {}
        """Digests of texts without a secret, and how many secrets were known then."""

    @property
    def clean(self) -> bytes:
        """Digests of texts that hold nothing that looks like a secret, for `trust_clean` of another vault."""
        return b"".join(self._clean)

    def trust_clean(self, digests: bytes) -> None:
        """These were scanned before; what is known to be secret is still looked for in them."""
        parts = (digests[at : at + _DIGEST_BYTES] for at in range(0, len(digests), _DIGEST_BYTES))
        self._clean.update((part, 0) for part in parts)

    @property
    def count(self) -> int:
        """How many secrets are known."""
        return len(self._secrets)

    def exempt_data(self, data: bytes) -> None:
        """Whatever looks like a secret in this content is none, wherever it stands."""
        text = data.decode("utf-8" if _is_utf8(data) else "latin-1")
        self._exempt.update(text[one.start : one.end] for one in scan(text))

    def add(self, value: str, kind: str) -> str:
        """Makes a secret known; its placeholder."""
        known = self._placeholders.get(value)
        if known is not None:
            return known
        mac = hmac.new(self._key, value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
        placeholder = f"hidden_{kind}_{mac[:_DIGITS]}"
        self._placeholders[value] = placeholder
        self._secrets[placeholder] = value
        if len(value) >= _STRONG:
            self._everywhere = sorted([*self._everywhere, value], key=lambda one: (-len(one), one))
        return placeholder

    def add_known(self, values: Iterable[str], kind: str) -> None:
        """Makes values known that are secrets whatever they look like. Very short ones are left out."""
        for value in values:
            if len(value) >= _DIGITS:
                self.add(value, kind)
                if value not in self._everywhere:
                    self._everywhere.append(value)

    def hide(self, text: str) -> str:
        """`text` with a placeholder for each secret in it. Idempotent; what it finds is known from then on."""
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).digest()
        known = self._clean.get(digest)
        hidden = text
        if known is None:
            for one in reversed(scan(text)):
                value = text[one.start : one.end]
                if value not in self._exempt:
                    hidden = f"{hidden[: one.start]}{self.add(value, one.kind)}{hidden[one.end :]}"
        elif known == len(self._secrets):
            return text
        for value in self._everywhere:
            if value in hidden:
                hidden = hidden.replace(value, self._placeholders[value])
        if hidden == text and len(text) >= _WORTH:
            if len(self._clean) >= _REMEMBERED:
                self._clean.pop(next(iter(self._clean)))
            self._clean[digest] = len(self._secrets)
        return hidden

    def restore(self, text: str) -> str:
        """`text` with the secrets that its placeholders stand for; those that nobody made stay."""
        if "hidden_" not in text:
            return text
        return PLACEHOLDER.sub(lambda match: self._secrets.get(match.group(), match.group()), text)

    def hide_data(self, data: bytes) -> bytes:
        """The same for the content of a file. Binary files are left as they are."""
        if b"\0" in data:
            return data
        # Both ways every byte is kept.
        encoding = "utf-8" if _is_utf8(data) else "latin-1"
        text = data.decode(encoding)
        hidden = self.hide(text)
        return data if hidden == text else hidden.encode(encoding)

    def secrets_in(self, data: bytes) -> frozenset[str]:
        """The placeholders of the secrets in the content of a file; of a binary file none."""
        hidden = PLACEHOLDER.findall(self.hide_data(data).decode("latin-1"))
        return frozenset(hidden) - frozenset(PLACEHOLDER.findall(data.decode("latin-1")))

    def restore_data(self, data: bytes) -> bytes:
        if b"hidden_" not in data:
            return data
        encoding = "utf-8" if _is_utf8(data) else "latin-1"
        return self.restore(data.decode(encoding)).encode(encoding, "surrogateescape")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def machine_key(state: Path) -> bytes:
    """The key of this machine, made at the first use. Raises StateError."""
    file = state / "placeholder-key"
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(descriptor, "wb") as made:
                made.write(secrets.token_bytes(_KEY_BYTES))
        key = file.read_bytes()
    except OSError as error:
        raise StateError(
            "the key for placeholders cannot be kept",
            why=str(error),
            hint="point R1CODE_STATE_DIR at a folder that you can write",
        ) from error
    if len(key) != _KEY_BYTES:
        raise StateError(
            "the key for placeholders is damaged",
            why=f"{file} has {len(key)} bytes instead of {_KEY_BYTES}",
            hint="delete that file; a new one is made",
        )
    return key
