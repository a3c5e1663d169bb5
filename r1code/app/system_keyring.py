"""The system's keyring, through the package `keyring`, which is optional: import this module late."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import keyring
from keyring.errors import KeyringError, PasswordDeleteError

from r1code.errors import UsageError

_SERVICE = "r1code"
_LEAST = 1.0
"""The priority of a backend that keeps secrets from other people: one that writes plain text has less."""


class SystemKeyring:
    """Methods raise UsageError."""

    @classmethod
    def usable(cls) -> SystemKeyring | None:
        """None: there is none that keeps a secret."""
        with _told("opened"):
            return cls() if keyring.get_keyring().priority >= _LEAST else None

    def get(self, name: str) -> str | None:
        with _told("read"):
            return keyring.get_password(_SERVICE, name)

    def set(self, name: str, key: str) -> None:
        with _told("written"):
            keyring.set_password(_SERVICE, name, key)

    def delete(self, name: str) -> None:
        """Also where somebody took it away already."""
        with _told("changed"):
            try:
                keyring.delete_password(_SERVICE, name)
            except PasswordDeleteError:
                if keyring.get_password(_SERVICE, name) is not None:
                    raise


@contextmanager
def _told(done: str) -> Generator[None, None, None]:
    """Says in words for a person what the keyring said."""
    try:
        yield
    except KeyringError as error:
        raise UsageError(
            f"the keyring cannot be {done}",
            why=str(error) or type(error).__name__,
            hint="unlock it, or set the key in the environment",
        ) from error
